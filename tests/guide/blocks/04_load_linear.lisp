(setq new_linear (torch_linear 512 256))
(torch_load_model "my_layer.pt" new_linear)
