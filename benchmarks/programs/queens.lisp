(defun safe (queens column)
    (setq distance 1)
    (loop queen queens
        (check (or (= queen column) (= queen (+ column distance)) (= queen (- column distance)))
            (return nil))
        (+= distance 1))
    true)

(defun place (queens row n)
    (check (= row n) (return 1))
    (setq solutions 0)
    (loopcount n column
        (check (safe queens column)
            (+= solutions (place (cons column queens) (+ row 1) n))))
    solutions)

(defun run (n) (place () 0 n))
