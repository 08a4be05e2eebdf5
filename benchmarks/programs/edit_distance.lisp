(defun distance (a b)
    (setq previous (iota0 (+ (size b) 1)))
    (setq row 0)
    (loop x a
        (+= row 1)
        (setq current (integers row))
        (setq column 0)
        (loop y b
            (setq cost (if (= x y) 0 1))
            (push current (min
                (+ (@ current column) 1)
                (+ (@ previous (+ column 1)) 1)
                (+ (@ previous column) cost)))
            (+= column 1))
        (setq previous current))
    (last previous))

(defun run (n)
    (setq words '("kitten" "sitting" "saturday" "sunday" "intention" "execution" "levenshtein"))
    (setq total 0)
    (loopcount n i
        (loop word words
            (+= total (distance word (@ words (% i 7))))))
    total)
