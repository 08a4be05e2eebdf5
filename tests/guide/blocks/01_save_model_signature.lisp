(torch_save_model model path)
