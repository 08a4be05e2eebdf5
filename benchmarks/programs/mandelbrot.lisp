(defun inside (cr ci)
    (setq zr 0.0)
    (setq zi 0.0)
    (loopcount 50 i
        (setq r2 (* zr zr))
        (setq i2 (* zi zi))
        (check (> (+ r2 i2) 4.0) (return nil))
        (setq zi (+ (* 2.0 zr zi) ci))
        (setq zr (+ (- r2 i2) cr)))
    true)

(defun run (n)
    (setq found 0)
    (loopcount n y
        (setq ci (- (/ (* 2.0 y) n) 1.0))
        (loopcount n x
            (setq cr (- (/ (* 2.0 x) n) 1.5))
            (check (inside cr ci) (+= found 1))))
    found)
