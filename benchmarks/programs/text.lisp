(defun run (n)
    (setq words (split "the quick brown fox jumps over the lazy dog" " "))
    (setq line "")
    (loopcount n i
        (setq word (@ words (% i 9)))
        (if (in word "o") (setq line (+ line (upper word) " ")) (setq line (+ line word (string i)))))
    (size line))
