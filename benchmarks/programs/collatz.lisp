(defpat steps (1) 0)
(defpat steps ((eq 0 (% n 2))) (+ 1 (steps (>> n 1))))
(defpat steps (n) (+ 1 (steps (+ (* 3 n) 1))))

(defun run (n)
    (setq total 0)
    (loop (i 1 n) (+= total (steps i)))
    total)
