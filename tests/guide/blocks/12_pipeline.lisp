; Configuration
(setq config (@
    (@ "vocab_size" 10000)
    (@ "embed_dim" 512)  
    (@ "num_heads" 8)
    (@ "seq_length" 128)
))

; Components
(setq tokenizer (torch_simple_tokenizer))
(setq embedding (torch_embedding (config @ "vocab_size") (config @ "embed_dim")))
(setq pos_encoding (torch_positional_encoding (config @ "embed_dim") (config @ "seq_length")))
(setq attention (torch_multihead_attention (config @ "embed_dim") (config @ "num_heads")))
(setq layer_norm (torch_layer_norm (list (config @ "embed_dim"))))

; Text processing
(setq text "The quick brown fox jumps over the lazy dog")
(setq tokens (torch_tokenizer_encode tokenizer text))
(setq padded_tokens (torch_pad_sequence (list tokens) (config @ "seq_length")))

; Forward pass
(setq embedded (torch_embedding_forward embedding padded_tokens))
(setq pos_embedded (torch_positional_encoding_forward pos_encoding embedded))
(setq attention_mask (torch_create_attention_mask padded_tokens 0))
(setq attention_out (torch_multihead_attention_forward attention pos_embedded attention_mask))
(setq output (torch_layer_norm_forward layer_norm attention_out))

; Save complete pipeline
(torch_save_model embedding "embedding.pt")
(torch_save_model pos_encoding "pos_encoding.pt") 
(torch_save_model attention "attention.pt")
(torch_save_model layer_norm "layer_norm.pt")
