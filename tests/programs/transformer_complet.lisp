; The guide's complete pipeline, with every shape and every claim checked.

(defun expect (claim holds)
    "Stop with an error when a claim does not hold."
    (if holds true (throw (+ "FAILED: " claim))))

(torch_manual_seed 5)
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
(expect "the tokens are those of the reference"
    (= (tensor_to_list tokens) (integers 2 4 5 6 7 8 9 4 10 11 3)))
(setq padded_tokens (torch_pad_sequence (list tokens) (config @ "seq_length")))
(expect "padding gives one row of the sequence length" (= (tensor_shape padded_tokens) (integers 1 128)))

; Forward pass
(setq embedded (torch_embedding_forward embedding padded_tokens))
(setq pos_embedded (torch_positional_encoding_forward pos_encoding embedded))
(setq attention_mask (torch_create_attention_mask padded_tokens 0))
(expect "the mask keeps the eleven tokens" (= (tensor_sum attention_mask) 11.0))
(setq attention_out (torch_multihead_attention_forward attention pos_embedded attention_mask))
(setq output (torch_layer_norm_forward layer_norm attention_out))
(loop result (list embedded pos_embedded attention_out output)
    (expect "every stage keeps batch, sequence and embedding" (= (tensor_shape result) (integers 1 128 512))))
(expect "a layer norm centres each position" (< (fabs (tensor_mean output)) 0.00001))
(expect "and scales it to a deviation of one" (< (fabs (- (tensor_std output) 1.0)) 0.01))

; What stands under padding must not reach the tokens.
(setq altered (tensor_set_item padded_tokens '(0 100) 9999))
(setq altered_out (torch_multihead_attention_forward attention
    (torch_positional_encoding_forward pos_encoding (torch_embedding_forward embedding altered)) attention_mask))
(expect "the mask hides what is padding"
    (< (tensor_max (tensor_abs (tensor_sub (tensor_slice attention_out 1 0 11) (tensor_slice altered_out 1 0 11))))
       0.00001))

; Save complete pipeline, load it into fresh modules, and get the same output
(torch_save_model embedding "embedding.pt")
(torch_save_model pos_encoding "pos_encoding.pt")
(torch_save_model attention "attention.pt")
(torch_save_model layer_norm "layer_norm.pt")
(setq embedding2 (torch_embedding 10000 512))
(setq pos_encoding2 (torch_positional_encoding 512 128))
(setq attention2 (torch_multihead_attention 512 8))
(setq layer_norm2 (torch_layer_norm (list 512)))
(torch_load_model "embedding.pt" embedding2)
(torch_load_model "pos_encoding.pt" pos_encoding2)
(torch_load_model "attention.pt" attention2)
(torch_load_model "layer_norm.pt" layer_norm2)
(setq output2 (torch_layer_norm_forward layer_norm2
    (torch_multihead_attention_forward attention2
        (torch_positional_encoding_forward pos_encoding2
            (torch_embedding_forward embedding2 padded_tokens)) attention_mask)))
(expect "the loaded pipeline computes the same"
    (= (tensor_max (tensor_abs (tensor_sub output output2))) 0.0))
(println "✅ Complete Pipeline: End-to-end Transformer ready")
