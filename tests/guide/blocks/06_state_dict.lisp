(setq state_dict (torch_state_dict my_model))
; Returns: PyTorch State Dict (N parameters)
