(torch_load_model path model)
