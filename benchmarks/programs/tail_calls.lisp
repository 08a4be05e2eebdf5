(defun gcd_sum (n acc)
    (if (= n 0) acc (gcd_sum (- n 1) (+ acc (* n 3)))))
(defun run (n) (gcd_sum n 0))
