"""Themes of random programs: classes, pattern functions, records, macros. See theme.py."""

from tests.oracle.theme import QUOTE, local, theme


@theme
def classes(g, rng):
    """Classes whose methods read, hide and change fields."""
    with local(g, w="int", h="int", n="int"):
        yield (
            f"(class@ Box (w (h {g.pick('3', '(+ w 1)', 'k')}))"
            f" (defun area () (* w h))"
            f" (defun set_w (n) (setqi w {g.pick('n', '(+ n w)')}))"
            f" (defun hide (n) (setq w n) (list w h))"
            f" (defun twice (n) {g.statement(1)} (set_w (* 2 n)) (area))"
            f" (defun chain (n) (let ((h n)) (+ h w)))"
            f" (defun addf (n) (setqi extra n) extra)"
            f" (defun each (l) (map (λ (x) (setqi w (+ w x)) w) l))"
            f" (defun get () {g.int_(2)}))"
        )
    yield "(class@ Lid (u) (from@ Box) (defun area () (+ u (from@ Box (area)))) (defun me () (type (this))))"
    yield f"(setq b (Box {g.int_(1)}))"
    yield f"(setq c (Lid {g.int_(1)} 2 {g.pick('5', g.int_(1))}))"
    calls = [
        f"(set_w {g.int_(1)})",
        "(area)",
        f"(hide {g.int_(1)})",
        f"(twice {g.int_(1)})",
        f"(chain {g.int_(1)})",
        "(each '(1 2))",
        "(get)",
    ]
    for _ in range(3):
        yield f"show ({g.pick('b', 'c')} {' '.join(rng.sample(calls, g.pick(1, 2)))})"
    yield "show (@ b 'w)"
    yield f"(set@ {g.pick('b', 'c')} {g.pick(QUOTE + 'w', 0, QUOTE + 'h')} {g.int_(1)})"
    yield (
        "show (list b c (c (area)) "
        f"{g.pick('(c (me))', '(type b)', '(eq b b)', '(maybe (Box) 0)', '(Box 1 (setqi h 8))')})"
    )
    yield f"(defun employ (w) (list (b (area)) w {g.pick('(b w)', '1')}))".replace("(b w)", "(b (hide 4))")
    yield "show (employ 6)"
    if rng.random() < 0.3:
        yield f"show (b (addf {g.int_(1)}))"
        yield "show b"


@theme
def pattern_functions(g, rng):
    """defpat: types, guards, lists, dictionaries, rest, repeated variables, order of clauses."""
    with local(g, x="int", y="int"):
        clauses = [
            f"(defpat pf ([integer_ ({g.pick('<', '>')} x {g.pick(0, 3, 'k')})]) (list 'g x {g.int_(1)}))",
            f"(defpat pf ([integer_ x]) (list 'i {g.int_(2)}))",
            '(defpat pf ([string_ x]) (+ x "!"))',
            "(defpat pf ([number_ x]) (/ x 2))",
            "(defpat pf (0) 'zero)",
            '(defpat pf ("a") \'isa)',
            "(defpat pf ('go) 'gone)",
            "(defpat pf ((x y)) (list 'two x y))",
            "(defpat pf ((x $ r)) (list 'rest x r))",
            "(defpat pf (()) 'empty)",
            '(defpat pf ({"a":x}) (list \'d x))',
            '(defpat pf ({"a":x $:r}) (list \'more x r))',
            "(defpat pf ((eq 0 (% x 3))) (list 'third x))",
            "(defpat pf ((x x)) (list 'same x))",
            "(defpat pf ((x (< x y))) (list 'up x y))",
        ]
    chosen = rng.sample(clauses, rng.randint(2, 6))
    yield from chosen
    if rng.random() < 0.7:
        yield "(defpat pf (x) (list 'other x))"
    arguments = [
        "0",
        "5",
        "-2",
        "2.5",
        '"a"',
        '"zz"',
        "'go",
        "'(1 2)",
        "'(3 3)",
        "'(1 2 3)",
        "()",
        '{"a":7}',
        '{"b":2 "a":7}',
        g.int_(1),
        g.list_(1),
    ]
    for argument in rng.sample(arguments, 5):
        yield f"show (maybe (pf {argument}) 'none)"
    yield "(defpat su (()) 0)"
    yield f"(defpat su ((a $ b)) (+ a {g.pick('(su b)', '(su b)', '(* 2 (su b))')}))"
    yield "show (su '(1 2 3))"
    yield "(defpat cn (0 a) a)"
    yield f"(defpat cn (n a) (cn (- n 1) {g.pick('(+ a n)', '(- n a)')}))"
    yield f"show (cn {g.pick(3, 200)} 1)"
    yield "(defpat op2 ('+ a b) (+ a b))"
    yield "(defpat op2 (f a b) (list f a b))"
    yield f"show (list (op2 '+ 1 {g.int_(1)}) (op2 '- 1 2))"


@theme
def records_and_macros(g, rng):
    """data@ records and macros."""
    yield "(data@ (Pnt integer_ integer_) (Circ (Pnt _ _) _))"
    yield "(data@ Shp (Tri _) (Sqr _))"
    yield f"show (maybe (Pnt {g.int_(1)} {g.any_(1)}) 'bad)"
    yield f"show (list (type (Pnt 1 2)) (@ (Pnt 4 5) 1) (size (Pnt 1 2)) (Circ (Pnt 0 {g.int_(1)}) 3))"
    yield "(defpat ar ([Circ (Pnt x y) r]) (list x y r))"
    yield "(defpat ar ([Shp x]) (list 'shape x))"
    yield "(defpat ar (x) 'no)"
    yield f"show (list (ar (Circ (Pnt 1 2) 3)) (ar (Tri {g.int_(1)})) (ar {g.any_(1)}))"
    yield "(defmacro double (e) (block e e))"
    yield (
        "(defmacro unless (c $ z) (if c nil (block $ z)))"
        if rng.random() < 0.5
        else "(defmacro unless (c e) (if c nil e))"
    )
    yield "(defmacro swp (a b) (let ((tmp a)) (setq a b) (setq b tmp)))"
    yield f"show (list (double (+= k {g.int_(1)})) k)"
    yield f"show (unless {g.bool_(1)} {g.int_(1)})"
    yield "(swp k m)"
    yield "show (list k m)"
    yield f"show (double ((λ (j) (+= j k)) {g.int_(1)}))"
