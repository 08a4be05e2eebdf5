(setq phrases (list
    "It was the best of times, it was the worst of times;"
    "it was the age of wisdom -- it was the age of foolishness:"
    "the Winter of despair, the Spring of hope!"))

(defun corpus (n)
    (setq lines (list))
    (loopcount n i
        (push lines (+ (@ phrases (% i 3)) " Chapter " (string (% i 17)) ".")))
    (join lines "\n"))

(defun cleaned (text)
    (setq text (lower text))
    (loop stop '("," ";" ":" "." "!" "--") (setq text (replace text stop " ")))
    text)

(defun before (a b)
    (if (= (cadr a) (cadr b))
        (< (car a) (car b))
        (> (cadr a) (cadr b))))

(defun run (n)
    (setq counts (dictionary))
    (loop word (split (cleaned (corpus n)))
        (+= (@ counts word) 1))
    (setq pairs (maplist (λ (word) (list word (@ counts word))) (keys@ counts)))
    (setq top (@@ (sort 'before pairs) 0 10))
    (join (maplist (λ (pair) (+ (car pair) "=" (string (cadr pair)))) top) " "))
