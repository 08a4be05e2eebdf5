(defun terrain (n)
    (setq seed 7)
    (setq grid (list))
    (loopcount n y
        (setq row (list))
        (loopcount n x
            (setq seed (% (+ (* seed 1103515245) 12345) 2147483648))
            (push row (if (< (% (>> seed 8) 100) 60) "." "#")))
        (push grid row))
    grid)

(defun fill_from (grid x y)
    (setq n (size grid))
    (setq area 0)
    (setq waiting (list (list x y)))
    (while waiting
        (setq (x y) (last waiting))
        (poplast waiting)
        (check (and (>= x 0) (< x n) (>= y 0) (< y n) (= (@ grid y x) "."))
            (set@ grid y x "~")
            (+= area 1)
            (push waiting (list (+ x 1) y) (list (- x 1) y) (list x (+ y 1)) (list x (- y 1)))))
    area)

(defun run (n)
    (setq grid (terrain n))
    (setq lakes 0)
    (setq largest 0)
    (loopcount n y
        (loopcount n x
            (check (= (@ grid y x) ".")
                (+= lakes 1)
                (setq largest (max largest (fill_from grid x y))))))
    (+ (* lakes 100000) largest))
