; Complex model with multiple components
(setq full_transformer (@
    (@ "embedding" (torch_embedding 50000 768))
    (@ "pos_encoding" (torch_positional_encoding 768 2048))
    (@ "attention" (torch_multihead_attention 768 12))
    (@ "layer_norm" (torch_layer_norm (list 768)))
))

; Save all components
(torch_save_model (full_transformer @ "embedding") "transformer_embedding.pt")
(torch_save_model (full_transformer @ "pos_encoding") "transformer_pos.pt")
(torch_save_model (full_transformer @ "attention") "transformer_attention.pt")
(torch_save_model (full_transformer @ "layer_norm") "transformer_norm.pt")
