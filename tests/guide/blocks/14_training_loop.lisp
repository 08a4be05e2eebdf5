; Training with checkpoints
(loop (i 0 num_epochs)
    ; ... training step ...
    
    ; Save checkpoint every 100 steps
    (if (= (% i 100) 0)
        (torch_save_checkpoint model optimizer i 
            (+ "checkpoint_" (string i) ".pt")))
)
