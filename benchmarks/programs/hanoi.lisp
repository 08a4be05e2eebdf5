(defun move (disks from to spare pegs)
    (if (= disks 0)
        0
        (block
            (setq moves (move (- disks 1) from spare to pegs))
            (push (@ pegs to) (last (@ pegs from)))
            (poplast (@ pegs from))
            (+ moves 1 (move (- disks 1) spare to from pegs)))))

(defun run (n)
    (setq pegs (list (reverse (iota n)) (integers) (integers)))
    (setq moves (move n 0 2 1 pegs))
    (+ (* moves 100) (size (@ pegs 2)) (car (@ pegs 2))))
