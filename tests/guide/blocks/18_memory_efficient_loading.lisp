; Load specific layers for fine-tuning
(setq embedding_only (torch_embedding vocab_size embed_dim))
(torch_load_model "pre_trained_embedding.pt" embedding_only)

; Fine-tune just the embedding layer
