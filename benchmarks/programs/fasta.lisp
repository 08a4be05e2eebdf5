(setq seed 42)
(defun chance ()
    (setg seed (% (+ (* seed 3877) 29573) 139968))
    (/ seed 139968))

(defun cumulated (frequencies)
    (setq total 0.0)
    (maplist (λ (pair) (setq total (+ total (cadr pair))) (list (car pair) total)) frequencies))

(defun pick (table)
    (setq p (chance))
    (loop pair table
        (check (< p (cadr pair)) (return (car pair))))
    (car (last table)))

(defun run (n)
    (setg seed 42)
    (setq table (cumulated '(("a" 0.30295) ("c" 0.19798) ("g" 0.19755) ("t" 0.30150))))
    (setq lines (list ">THREE Homo sapiens frequency"))
    (setq line "")
    (loopcount n i
        (+= line (pick table))
        (check (= (size line) 60)
            (push lines line)
            (setq line "")))
    (check line (push lines line))
    (join lines "\n"))
