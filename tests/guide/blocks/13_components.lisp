; Build your Transformer
(setq transformer_components (list
    (torch_embedding vocab_size embed_dim)
    (torch_positional_encoding embed_dim max_seq)
    (torch_multihead_attention embed_dim num_heads)
    (torch_layer_norm (list embed_dim))
))
