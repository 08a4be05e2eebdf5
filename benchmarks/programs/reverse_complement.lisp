(setq complement {"A":"T" "C":"G" "G":"C" "T":"A" "N":"N"})

(defun sequence (n)
    (setq seed 42)
    (setq letters (strings))
    (loopcount n i
        (setq seed (% (+ (* seed 3877) 29573) 139968))
        (push letters (@ "ACGTN" (% seed 5))))
    (join letters ""))

(defun complemented (dna)
    (setq letters (maplist (λ (letter) (@ complement letter)) (split dna "")))
    (join (reverse letters) ""))

(defun lines (text width)
    (setq result "")
    (setq i 0)
    (while (< i (size text))
        (+= result (middle text i width) "\n")
        (+= i width))
    result)

(defun run (n) (lines (complemented (sequence n)) 60))
