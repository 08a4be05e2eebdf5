; LoRA: adapters that start at nothing, learn, merge, travel and switch.

(defun expect (claim holds)
    "Stop with an error when a claim does not hold."
    (if holds true (throw (+ "FAILED: " claim))))

(defun difference (a b)
    "The largest difference of two tensors."
    (tensor_max (tensor_abs (tensor_sub a b))))

(torch_manual_seed 11)
(setq base (torch_linear 64 48))
(setq x (tensor_randn '(5 64)))
(setq before (torch_linear_forward base x))

(setq lora (torch_lora_apply_to_linear base 4 8.0))
(expect "it prints what it is"
    (= (string lora) "LoRA Linear Layer (64 -> 48, rank=4, alpha=8, merged=false)"))
(expect "an adapter that learned nothing changes nothing"
    (= (difference before (torch_lora_forward lora x)) 0.0))

; A few steps of training move the adapter and leave the base alone.
(setq target (tensor_randn '(5 48)))
(setq optimizer (torch_optimizer lora 0.05 "adam"))
(loopcount 30 step
    (torch_optimizer_zero_grad optimizer)
    (setq loss (torch_mse_loss (torch_lora_forward lora x) target))
    (check (= step 0) (setq first_loss (tensor_item loss)))
    (torch_backward loss)
    (torch_optimizer_step optimizer))
(setq last_loss (tensor_item (torch_mse_loss (torch_lora_forward lora x) target)))
(expect (f_ "training helps: {first_loss} to {last_loss}") (< last_loss (* 0.5 first_loss)))
(expect "the base layer is as it was" (= (difference before (torch_linear_forward base x)) 0.0))

; Adapters travel in a file of their own, much smaller than the layer.
(setq adapted (torch_lora_forward lora x))
(torch_lora_save_adapters lora "task_adapters.pt")
(setq other (torch_lora_apply_to_linear base 4 8.0))
(expect "a fresh adapter differs" (> (difference adapted (torch_lora_forward other x)) 0.001))
(torch_lora_load_adapters other "task_adapters.pt")
(expect "loaded adapters compute what the saved ones did"
    (< (difference adapted (torch_lora_forward other x)) 0.000001))
(expect "an adapter of another rank is refused"
    (maybe (block (torch_lora_load_adapters (torch_lora_apply_to_linear base 8 8.0) "task_adapters.pt") nil) true))

; Merged weights need no adapter, and load into a plain layer.
(torch_lora_merge_weights lora)
(expect "merging keeps the function" (< (difference adapted (torch_lora_forward lora x)) 0.0001))
(torch_save_model lora "merged_model.pt")
(setq plain (torch_linear 64 48))
(torch_load_model "merged_model.pt" plain)
(expect "a merged file is a plain layer"
    (< (difference adapted (torch_linear_forward plain x)) 0.0001))

; The guide's sizes: 131,072 adapter numbers beside 16,781,312.
(setq big (torch_lora_linear 4096 4096 16 32.0))
(torch_lora_save_adapters big "big_adapters.pt")
(setq saved (size (bread "big_adapters.pt")))
(expect (f_ "a rank-16 adapter takes about 512 KiB, not {saved} bytes")
    (and (>= saved 524288) (< saved 600000)))
(println "✅ LoRA Fine-tuning: Parameter-efficient adaptation ready")
