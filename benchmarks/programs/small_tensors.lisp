(defun run (n)
    (setq a (tensor_ones '(4 4)))
    (setq b (tensor_full '(4 4) 0.01))
    (loopcount n i
        (setq a (+ (* a 0.9) b))
        (setq a (tensor_matmul a b)))
    (tensor_sum a))
