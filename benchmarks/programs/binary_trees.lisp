(defun grow (depth)
    (if (= depth 0)
        (list nil nil)
        (list (grow (- depth 1)) (grow (- depth 1)))))

(defun nodes (tree)
    (if (nullp (car tree))
        1
        (+ 1 (nodes (car tree)) (nodes (cadr tree)))))

(defun run (n)
    (setq total (nodes (grow (+ n 1))))
    (setq depth 4)
    (while (<= depth n)
        (loopcount (<< 1 (- n depth)) i (+= total (nodes (grow depth))))
        (+= depth 2))
    total)
