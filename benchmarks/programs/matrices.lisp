(defun build (n start)
    (setq rows (list))
    (loopcount n i
        (setq row (list))
        (loopcount n j (push row (% (+ start (* i n) j) 7)))
        (push rows row))
    rows)

(defun flipped (m)
    (setq rows (list))
    (loopcount (size (car m)) j
        (push rows (maplist (λ (row) (@ row j)) m)))
    rows)

(defun dot (a b)
    (setq total 0)
    (loopcount (size a) k (+= total (* (@ a k) (@ b k))))
    total)

(defun multiply (a b)
    (setq columns (flipped b))
    (maplist (λ (row) (maplist (λ (column) (dot row column)) columns)) a))

(defun run (n)
    (setq result (multiply (build n 1) (build n 3)))
    (setq diagonal 0)
    (loopcount n i (+= diagonal (* (+ i 1) (@ result i i))))
    diagonal)
