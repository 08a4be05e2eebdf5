(torch_state_dict model)
