; During training
(setq lora_model (torch_lora_linear 4096 4096 16 32.0))
; ... training ...

; For deployment: merge weights for zero overhead
(torch_lora_merge_weights lora_model)
(torch_save_model lora_model "production_model.pt")

; Load in production (no LoRA overhead)
(setq prod_model (torch_linear 4096 4096))
(torch_load_model "production_model.pt" prod_model)
