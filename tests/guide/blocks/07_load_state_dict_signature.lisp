(torch_load_state_dict model state_dict)
