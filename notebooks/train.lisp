; A training on one screen, to be read, copied and changed:
;
;   (load "train.lisp")
;   (train model optimizer batches loss (? epochs 10) (? clip 1.0) (? file "run.pt"))
;
; loss        a function of the model and a batch: the loss of the model on it
; batches     what torch_batches gives
; epochs      how many passes over the batches
; accumulate  how many batches make one step of the optimizer
; clip        the largest norm of the gradients
; scheduler   a schedule of the learning rate, one step of it for each of the optimizer
; average     a moving average of the weights: what torch_ema gives
; validate    a function of the model: its loss on data that it is not trained on
; patience    stop after so many passes that brought nothing better
; file        a checkpoint, written after each pass; where it is already there the training goes on from it, bit for bit
;
; The value is the list of losses, one a pass: those of validate, or the means over the batches.

(defun train (model optimizer batches loss
              (epochs 1) (accumulate 1) (clip nil) (scheduler nil) (average nil) (validate nil) (patience nil) (file nil))
   (setq epoch 0)
   (setq history (list))

   ; One step of the optimizer with the gradients that are there.
   (setq step (λ ()
      (check clip (torch_clip_grad_norm optimizer clip))
      (torch_optimizer_step optimizer)
      (torch_optimizer_zero_grad optimizer)
      (check scheduler (torch_scheduler_step scheduler))
      (check average (torch_ema_update average model))))

   ; One pass over the batches; the mean of their losses.
   (setq pass (λ ()
      (setq seen 0)
      (setq total 0)
      (torch_model_train model)
      (loop batch batches
         (setq now (loss model batch))
         (torch_backward (/ now accumulate))
         (+= total (tensor_item now))
         (+= seen 1)
         (check (= 0 (% seen accumulate)) (step)))
      (check (< 0 (% seen accumulate)) (step))
      (/ total seen)))

   ; The loss on other data, without gradients and without dropout.
   (setq judge (λ ()
      (torch_model_eval model)
      (setq found (torch_no_grad validate model))
      (if (numberp found) found (tensor_item found))))

   ; Go on where the file ended.
   (check (and file (file_exists file))
      (setq epoch (torch_resume_checkpoint file model optimizer scheduler batches))
      (setq kept (torch_load_checkpoint file))
      (setq history (@ kept "metrics" "losses"))
      (check average (torch_load_state_dict average (@ kept "average"))))

   (torch_optimizer_zero_grad optimizer)
   (while (and (< epoch epochs)
               (not (and patience (torch_should_stop history patience))))
      (setq mean (pass))
      (push history (if validate (judge) mean))
      (+= epoch 1)
      (check file
         (torch_save_checkpoint model optimizer epoch file
            (? metrics (dictionary "losses" history))
            (? scheduler scheduler)
            (? batches batches)
            (? extra (if average (dictionary "average" (torch_state_dict average)) nil)))))
   history)
