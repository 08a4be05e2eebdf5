(defun run (n)
    (setq x 0.5)
    (setq total 0.0)
    (loopcount n i
        (setq x (* 3.9 x (- 1.0 x)))
        (setq total (+ total (/ x (+ i 1)))))
    total)
