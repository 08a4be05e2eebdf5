; Save training state
(torch_save_checkpoint model optimizer epoch path)

; Load checkpoint
(setq checkpoint (torch_load_checkpoint path))
