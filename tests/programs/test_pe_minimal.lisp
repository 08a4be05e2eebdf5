; Positional encoding: the table against its formula, and what the forward pass adds.

(defun expect (claim holds)
    "Stop with an error when a claim does not hold."
    (if holds true (throw (+ "FAILED: " claim))))

(defun near (a b)
    "Whether two numbers agree to float32's precision."
    (< (fabs (- a b)) 0.00001))

(setq dim 16)
(setq longest 64)
(setq pos_encoder (torch_positional_encoding dim longest))

; The encoding of zeros is the table itself.
(setq table (torch_positional_encoding_forward pos_encoder (tensor_zeros (list 1 longest dim))))
(expect "the table has a row a position and a column a dimension"
    (= (tensor_shape table) (integers 1 longest dim)))

(loop (position 0 longest)
    (loop (i 0 (/ dim 2))
        (setq angle (/ position (^^ 10000.0 (/ (* 2.0 i) dim))))
        (expect (f_ "column {* 2 i} of position {position} is a sine")
            (near (@ table 0 position (* 2 i)) (sin angle)))
        (expect (f_ "column {+ 1 (* 2 i)} of position {position} is a cosine")
            (near (@ table 0 position (+ 1 (* 2 i))) (cos angle)))))

; Each position is unique.
(loop (a 0 longest)
    (loop (b (+ a 1) longest)
        (expect (f_ "positions {a} and {b} differ")
            (> (tensor_max (tensor_abs (tensor_sub (tensor_select table 1 a) (tensor_select table 1 b)))) 0.01))))

; The forward pass adds the same rows to every element of a batch, for any length up to the longest.
(torch_manual_seed 3)
(setq x (tensor_randn '(2 10 16)))
(setq y (torch_positional_encoding_forward pos_encoder x))
(setq added (tensor_sub y x))
(loop (b 0 2)
    (expect "the rows of the table are added along the sequence"
        (< (tensor_max (tensor_abs (tensor_sub (tensor_select added 0 b)
                                               (tensor_slice (tensor_select table 0 0) 0 0 10)))) 0.000001)))
(expect "a sequence longer than the table is refused"
    (maybe (block (torch_positional_encoding_forward pos_encoder (tensor_zeros '(1 65 16))) nil) true))
(expect "the encoding has no parameters"
    (= (string (torch_state_dict pos_encoder)) "PyTorch State Dict (0 parameters)"))
(println "✅ Positional Encoding: Sinusoidal patterns applied")
