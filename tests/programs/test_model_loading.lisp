; Saving and loading: what is written must come back, number by number.
; Run in any folder: lispe test_model_loading.lisp. A wrong value ends the program with an error.

(defun expect (claim holds)
    "Stop with an error when a claim does not hold."
    (if holds true (throw (+ "FAILED: " claim))))

(defun same (a b)
    "Whether two tensors hold the same numbers."
    (= (tensor_max (tensor_abs (tensor_sub a b))) 0.0))

(torch_manual_seed 7)
(setq x (tensor_randn '(3 512)))

; -- a linear layer to a file and back --------------------------------------------------------------
(setq linear (torch_linear 512 256))
(expect "saving answers with its message"
    (= (torch_save_model linear "my_layer.pt") "Model saved successfully"))
(expect "the file exists and holds the numbers"
    (> (size (bread "my_layer.pt")) (* 4 (+ (* 512 256) 256))))
(println "✅ Model Save: Successfully saved to file")

(setq new_linear (torch_linear 512 256))
(expect "two fresh layers differ"
    (not (same (torch_linear_forward linear x) (torch_linear_forward new_linear x))))
(expect "loading answers with its message"
    (= (torch_load_model "my_layer.pt" new_linear) "Model loaded successfully"))
(expect "a loaded layer computes what the saved one computes"
    (same (torch_linear_forward linear x) (torch_linear_forward new_linear x)))
(expect "a layer of another shape refuses the file"
    (maybe (block (torch_load_model "my_layer.pt" (torch_linear 256 512)) nil) true))
(expect "a missing file is an error"
    (maybe (block (torch_load_model "no_such_file.pt" new_linear) nil) true))
(expect "a failed load leaves the model as it was"
    (same (torch_linear_forward linear x) (torch_linear_forward new_linear x)))

; -- every other kind of module ----------------------------------------------------------------------
(setq embedding (torch_embedding 100 32))
(setq other_embedding (torch_embedding 100 32))
(torch_save_model embedding "embedding.pt")
(torch_load_model "embedding.pt" other_embedding)
(setq ids (torch_tensor (integers 0 5 99)))
(expect "an embedding comes back"
    (same (torch_embedding_forward embedding ids) (torch_embedding_forward other_embedding ids)))

(setq attention (torch_multihead_attention 32 4))
(setq other_attention (torch_multihead_attention 32 4))
(setq sequence (tensor_randn '(2 5 32)))
(torch_save_model attention "attention.pt")
(torch_load_model "attention.pt" other_attention)
(expect "attention comes back"
    (same (torch_multihead_attention_forward attention sequence)
          (torch_multihead_attention_forward other_attention sequence)))
(println "✅ Model Load: Successfully loaded from file")

; -- state dicts and checkpoints --------------------------------------------------------------------
(setq state_dict (torch_state_dict linear))
(expect "a linear layer has a weight and a bias"
    (= (string state_dict) "PyTorch State Dict (2 parameters)"))
(setq third (torch_linear 512 256))
(torch_load_state_dict third state_dict)
(expect "a state dict carries the weights"
    (same (torch_linear_forward linear x) (torch_linear_forward third x)))

(setq model (torch_model 8 16 2))
(setq optimizer (torch_optimizer model 0.01 "adam"))
(torch_save_checkpoint model optimizer 12 "checkpoint.pt")
(setq checkpoint (torch_load_checkpoint "checkpoint.pt"))
(expect "a checkpoint knows its epoch" (= (checkpoint @ "epoch") 12))
(setq fresh (torch_model 8 16 2))
(torch_load_state_dict fresh checkpoint)
(setq input (tensor_randn '(4 8)))
(expect "a checkpoint carries the model"
    (same (torch_forward model input) (torch_forward fresh input)))
(println (f_ "✅ State Dict: {size state_dict} parameters extracted"))
