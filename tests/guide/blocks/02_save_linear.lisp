(setq linear (torch_linear 512 256))
(torch_save_model linear "my_layer.pt")
