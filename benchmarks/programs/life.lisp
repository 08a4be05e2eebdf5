(defun start (n)
    (setq grid (list))
    (loopcount n y
        (setq row (list))
        (loopcount n x (push row (if (< (% (+ (* x x 7) (* y 13) (* x y)) 10) 4) 1 0)))
        (push grid row))
    grid)

(defun neighbours (grid x y n)
    (setq total 0)
    (loop dy '(-1 0 1)
        (setq row (@ grid (% (+ y dy n) n)))
        (loop dx '(-1 0 1)
            (check (or (!= dx 0) (!= dy 0))
                (+= total (@ row (% (+ x dx n) n))))))
    total)

(defun generation (grid)
    (setq n (size grid))
    (setq result (list))
    (loopcount n y
        (setq row (list))
        (loopcount n x
            (setq around (neighbours grid x y n))
            (push row (cond
                ((= around 3) 1)
                ((= around 2) (@ grid y x))
                (true 0))))
        (push result row))
    result)

(defun run (n)
    (setq grid (start 24))
    (loopcount n i (setq grid (generation grid)))
    (setq alive 0)
    (loop row grid (+= alive (sum row)))
    alive)
