(data@ Expression (Constant _) (Variable _) (Add _ _) (Multiply _ _))

(defpat derive ([Constant _]) (Constant 0))
(defpat derive ([Variable _]) (Constant 1))
(defpat derive ([Add a b]) (Add (derive a) (derive b)))
(defpat derive ([Multiply a b]) (Add (Multiply (derive a) b) (Multiply a (derive b))))

(defpat simplify ([Add a b]) (sum_of (simplify a) (simplify b)))
(defpat simplify ([Multiply a b]) (product_of (simplify a) (simplify b)))
(defpat simplify (e) e)

(defpat sum_of ([Constant a] [Constant b]) (Constant (+ a b)))
(defpat sum_of ([Constant 0] e) e)
(defpat sum_of (e [Constant 0]) e)
(defpat sum_of (a b) (Add a b))

(defpat product_of ([Constant a] [Constant b]) (Constant (* a b)))
(defpat product_of ([Constant 0] _) (Constant 0))
(defpat product_of ([Constant 1] e) e)
(defpat product_of (_ [Constant 0]) (Constant 0))
(defpat product_of (e [Constant 1]) e)
(defpat product_of (a b) (Multiply a b))

(defpat value ([Constant c] _) c)
(defpat value ([Variable _] x) x)
(defpat value ([Add a b] x) (+ (value a x) (value b x)))
(defpat value ([Multiply a b] x) (* (value a x) (value b x)))

(defun polynomial (degree)
    (setq e (Constant 1))
    (loopcount degree i
        (setq e (Add (Multiply e (Variable "x")) (Constant (+ i 1)))))
    e)

(defun run (n)
    (setq total 0)
    (setq f (polynomial 6))
    (loopcount n i
        (setq g (simplify (derive f)))
        (+= total (value g (% i 5)) (value (simplify (derive g)) 2)))
    total)
