(setq pos_encoder (torch_positional_encoding 512 1024))
