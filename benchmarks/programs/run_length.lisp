(defun sample (n)
    (setq text "")
    (loopcount n i (+= text (fill (chr (+ 97 (% (* i 7) 26))) (+ 1 (% (* i i) 9)))))
    text)

(defun encode (text)
    (setq result "")
    (setq previous (@ text 0))
    (setq length 0)
    (loop letter text
        (if (= letter previous)
            (+= length 1)
            (block
                (+= result previous (string length))
                (setq previous letter)
                (setq length 1))))
    (+ result previous (string length)))

(defun decode (text)
    (setq result "")
    (setq letter "")
    (setq digits "")
    (loop character text
        (if (digitp character)
            (+= digits character)
            (block
                (check (!= letter "") (+= result (fill letter (integer digits))))
                (setq letter character)
                (setq digits ""))))
    (+ result (fill letter (integer digits))))

(defun run (n)
    (setq text (sample n))
    (setq packed (encode text))
    (if (= (decode packed) text) packed "wrong"))
