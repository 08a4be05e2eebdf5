; Load pre-trained model in production
(setq production_model (torch_embedding vocab_size embed_dim))
(torch_load_model "embedding_final.pt" production_model)

; Inference pipeline ready!
