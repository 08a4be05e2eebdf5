(defun element (i j)
    (setq s (+ i j))
    (/ 1.0 (+ (>> (* s (+ s 1)) 1) i 1)))

(defun times (u)
    (setq n (size u))
    (setq result (list))
    (loopcount n i
        (setq total 0.0)
        (loopcount n j (+= total (* (element i j) (@ u j))))
        (push result total))
    result)

(defun transposed (u)
    (setq n (size u))
    (setq result (list))
    (loopcount n i
        (setq total 0.0)
        (loopcount n j (+= total (* (element j i) (@ u j))))
        (push result total))
    result)

(defun run (n)
    (setq u (to_list 1.0 n))
    (loopcount 3 i
        (setq v (transposed (times u)))
        (setq u (transposed (times v))))
    (sqrt (/ (sum (* u v)) (sum (* v v)))))
