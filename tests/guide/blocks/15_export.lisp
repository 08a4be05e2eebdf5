; Save final trained model
(torch_save_model model "final_transformer.pt")

; Export individual components
(torch_save_model embedding "embedding_final.pt")
(torch_save_model attention "attention_final.pt")
