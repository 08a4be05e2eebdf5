; Production server with multiple tasks
(setq base_model (torch_linear 4096 4096))
(torch_load_model "base_model.pt" base_model)

(setq lora_model (torch_lora_apply_to_linear base_model 16 32.0))

; Runtime task switching
(defun switch_task (task_name)
    (torch_lora_load_adapters lora_model 
        (+ task_name "_adapters.pt")))

(switch_task "summarization")  ; Load summarization adapters
(switch_task "translation")    ; Switch to translation adapters
