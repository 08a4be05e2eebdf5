; Base model loading
(setq base_model (torch_linear 4096 4096))
(torch_load_model "pretrained_base.pt" base_model)

; Convert to LoRA for task adaptation
(setq lora_adapted (torch_lora_apply_to_linear base_model 16 32.0))

; Load task-specific adapters
(torch_lora_load_adapters lora_adapted "summarization_adapters.pt")

; Switch to different task
(torch_lora_load_adapters lora_adapted "translation_adapters.pt")
