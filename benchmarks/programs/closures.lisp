(defun counter (step)
    (let ((n 0))
        (λ () (+= n step))))

(defun averager ()
    (let ((total 0.0) (seen 0))
        (λ (x)
            (+= total x)
            (+= seen 1)
            (/ total seen))))

(defun fibonacci ()
    (let ((a 0) (b 1))
        (λ ()
            (setq (a b) (list b (% (+ a b) 1000007)))
            a)))

(defun compose (f g) (λ (x) (f (g x))))

(defun run (n)
    (setq count_by_3 (counter 3))
    (setq next (fibonacci))
    (setq mean (averager))
    (setq both (compose (λ (x) (+ x 1)) (λ (x) (* x 2))))
    (setq total 0.0)
    (loopcount n i
        (setq total (+ total (mean (both (next))) (count_by_3))))
    total)
