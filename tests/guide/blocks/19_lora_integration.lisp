; Create LoRA-adapted layer
(setq lora_layer (torch_lora_linear 4096 4096 16 32.0))

; Save only LoRA adapters (much smaller!)
(torch_lora_save_adapters lora_layer "task_adapters.pt")

; Save complete model with LoRA merged
(torch_lora_merge_weights lora_layer)
(torch_save_model lora_layer "merged_model.pt")
