"""Classes: fields, methods, inheritance, forms evaluated inside an instance."""

from __future__ import annotations

import pytest

from lispe_kernel import LispeError, Session
from lispe_kernel.language.python import faces
from lispe_kernel.language.values.instances import Instance

from .support import error_of, output_of, text_of

PT = """
(class@ Pt (x (y 3))
   (defun add (k) (+ x y k)) (defun twice () (+ (add 0) (add 0))) (defun me () (this))
   (defun grow (k) (setqi z k)) (defun gz () z)
   (defun walk () (loop i '(1 2 3) (setq x (+ x i))) x)
   (defun deep (n) (if (= n 0) x (+ 1 (deep (- n 1))))))
(class@ Sub (b) (from@ Pt) (defun add (k) (* 100 (from@ Pt (add k)))))
(setq p (Pt 10)) (setq s (Sub 1 2))
"""


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(p (twice))", "26"),
        ("(p (me))", '(Pt "x":10 "y":3)'),
        ("(list (dictionary p) (to_list p))", '({"x":10 "y":3} (10 3))'),
        (
            "(list (p (+ x y 1)) (p x) (p (add 0) y) (p (eq (this) p)) (p (setqi q 8) (+ q x)))",
            "(14 10 3 true 18)",
        ),
        ("(list (p (add (+= x 1))) p)", '(25 (Pt "x":11 "y":3))'),
        ("(setq y 30) (list (p (add (+= y 1))) y (p y) p)", '(44 31 31 (Pt "x":10 "y":3))'),
        ("(list (p (grow 7)) (p (gz)) p)", '(7 7 (Pt "x":10 "y":3 "z":7))'),
        # setq makes a local variable, which starts from the field
        ("(list (p (walk)) (@ p 'x))", "(16 10)"),
        ("(p (deep 50000))", "50010"),
        # overridden methods are called through inherited ones
        ("(list (s (add 1)) (s (twice)))", "(600 1000)"),
        # fields are seen in the forms, local variables hide them
        ("(p (+ x y))", "13"),
        ("(p (add x))", "23"),
        ("(defun f (q x) (q (add x))) (f p 100)", "113"),
        ("(defun f (p) (map (\\ (k) (p (add k))) '(1 2 3))) (f (Pt 1))", "(5 6 7)"),
        # the same form calls a function when the variable holds one
        ("(defun add (x) (* x x)) (defun f (h y) (h (add y))) (f (\\ (z) (+ z 1)) 3)", "10"),
        ("(defun f () (list p)) ((@ (f) 0) (add 1))", "14"),
        ("(list (size p) (@ p -1) (type s))", "(2 3 Sub)"),
        ("(list (= p (Pt 10)) (= p (Pt 11)))", "(true nil)"),
        ("(withclass Pt (p (add 3)))", "16"),
        ("(setq k 5) (withclass Pt (let ((f (λ (x) (* 2 x)))) (p (add (+ (f k) (f 1))))))", "25"),
        ("(list (setqi q 4) q (this))", "(4 4 nil)"),
        # any form may stand there
        ("(setq k 5) (list (p (add k) k) (p k (add 1)) (p k y) (p (add 1) 7))", "(5 14 3 7)"),
        ("(defun f (o) (o (cond (c d)))) (class@ L (c d)) (f (L 1 2))", "2"),
        ("(defun f (o) (o (if c b))) (class@ L (c b)) (f (L 1 2))", "2"),
        ("(defun f (o k) (o (late k) k)) (class@ L (a) (defun late (k) (setqi a k))) (f (L 1) 2)", "2"),
        # a field is one in branches, bindings, lambdas, infix expressions, texts and macros, too
        (
            "(list (p (if true x)) (p (cond (nil 1) (true y))) (p (let ((q x)) (+ q y))) (p (§ x + y)))",
            "(10 3 13 13)",
        ),
        ("(list (p (map (λ (x) (+ x y)) '(1 2))) (p (let ((x 1)) x)) (p (maybe x 'no)))", "((4 5) 1 10)"),
        ('(list (p (f_ "{x}")) (p (f_ "{(add 1)}")) (p (loop i \'(1 2) (+ x i))))', '("10" "14" 12)'),
        (
            "(defmacro both (k) (list x (add k))) (list (p (both 1)) (p (if true (both 2))))",
            "((10 14) (10 15))",
        ),
        ("(class@ H (of) (defun any () 1)) (setq o (H (λ (x) (+ x 1)))) (o (of 4))", "5"),
        # and of a class that comes later
        (
            """(defun f (o) (list (o v) (o (if true v)) (o (of v)) (o (if true (twice-of)))))
            (class@ V (v of) (defun twice-of () (* 2 v))) (f (V 5 (λ (x) (+ x 1))))""",
            "(5 5 6 10)",
        ),
        ("(defun f (g) (g later)) (setq later 7) (f (λ (x) (+ x 1)))", "8"),
        # `eval` stands in the instance
        (
            """(class@ E (n) (defun twice (k) (* 2 k n))
              (defun all (k) (list (eval '(this)) (eval '(setqi n k)) (eval '(+= n 1)) (eval '(twice k)) n)))
            (setq e (E 1)) (list (e (all 4)) (e (eval '(twice n))) e)""",
            '(((E "n":5) 4 5 40 5) 50 (E "n":5))',
        ),
        ("(class@ Q (n) (defun f (p) (map (λ (k) (eval '(+ n k))) p))) ((Q 7) (f '(1 2)))", "(8 9)"),
        ("(defun f (o) (o (eval '(list w (m 2))))) (class@ L (w) (defun m (k) (* k w))) (f (L 5))", "(5 10)"),
        ("(setq x 1) (class@ G (x) (defun f () (eval '(+ x 1)))) ((G 4) (f))", "5"),
        ("(list (p (let ((q x)) q)) (p (add 1) ()))", "(10 ())"),
        (
            "(class@ S (size) (defun m () 1)) (setq o (S 3)) (list (o (m) size) (o (m) (size '(1 2))))",
            "(3 2)",
        ),
        # what `println` gives is no value of a field
        ("(list (Pt (println)) (Pt 1 (println)))", '((Pt "x":nil "y":3) (Pt "x":1 "y":nil))'),
        ("(setq k 5) (p (+= x k)) (p x)", "15"),
        ("(defun f () (setg y 5)) (list (p (+ y 0)) (f) (p (+ y 0)))", "(3 true 5)"),
        ("(p (setqi y 7)) (list (p y) (p (+ x y)))", "(7 17)"),
        ("(defun f () (setg y 5)) (list ((car (list p)) (setqi y 7)) (p (* x y)))", "(7 70)"),
        # a method of a known class in an argument of one that comes later
        (
            """(defun add (v) (+ v 1)) (defun f (o) (o (fu (add 1))))
            (class@ Late (w) (defun fu (v) (* w v))) (f (Late 5))""",
            "10",
        ),
        # named arguments are those of a function
        (
            "(defun g (a (b 2)) (list a b)) (setq h g) (list (h 1 (? b 3)) (h (? a (size p))))",
            "((1 3) (2 2))",
        ),
        ("(defun f () (setq= p 2) (setq= l 3) l) (list (f) p)", "(3 2)"),
    ],
)
def test_an_instance_answers(source, value):
    session = Session()
    session.evaluate(PT)
    assert text_of(source, session) == value


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("(Pt)", "Error: Missing arguments (nothing is given for x)"),
        ("(Pt 1 2 3)", "Error: Missing arguments (it takes 2, more are given)"),
        ("(Pt 1 (setq y 2))", "Error: Uses 'setqi' instead of 'setq' in a class instantiation"),
        ("(Pt 1 (setqi zz 2))", "Error: the class 'Pt' has no field 'zz'"),
        ("(@ p 'w)", "Error: index out of bounds: Pt has the fields x y"),
        ("(s Pt (add 1))", "Error: mismatch between class instance and class definition"),
        ("(from@ Pt (add 1))", "Error: cannot execute this method out of an instance"),
        ("(class@ M (a) (from@ Zork))", "Error: Unknown class: '(from@ Zork)'"),
        ("(p (gz))", "Error: Unbound atom: 'z'"),
        ("(class@ O (a) (defun om () a)) (p (om))", "Unknown function call: 'om'"),
    ],
)
def test_what_an_instance_cannot_do_is_an_error(source, error):
    session = Session()
    session.evaluate(PT)
    assert error_of(source, session).text == error


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(class@ A (m) (defun r (p (q (+ p m))) (list p q))) ((A 1) (r 5))", "(5 6)"),
        ("(class@ A (n y) (defun c () (+= n 10) 1)) (A 4 (c))", '(A "n":14 "y":1)'),
        ("(class@ A (x) (setqi q (eval '(+ x 1))) (defun c () (eval '4))) (A (c))", '(A "x":4 "q":5)'),
        (
            "(class@ P (u (y 3)) (defun c (n) (setqi y 8) n)) (class@ K (from@ P) (setqi y 5)) (K (c 2))",
            '(K "u":2 "y":5)',
        ),
    ],
)
def test_an_instance_is_made_of_what_its_methods_give(source, value):
    assert text_of(source) == value


def test_a_class_may_be_declared_again():
    session = Session()
    for text in ("(class@ A (x) (defun m () x))", "(class@ A (x) (defun m () (* 2 x)))"):
        session.evaluate(text)
    assert text_of("(setq a (A 4)) (a (m))", session) == "8"


def test_a_destructor_runs_when_the_last_reference_goes():
    program = """
    (class@ T (x) (defun bye () (println 'bye x)) (defun start () (toclean 'bye)))
    (setq t (T 5)) (t (start)) (println 'before) (setq t nil) (println 'after)"""
    assert output_of(program) == "before\nbye 5\nafter\n"


def test_an_instance_that_holds_itself_prints():
    program = "(class@ C (me) (defun keep (v) (setqi me v))) (setq c (C 1)) (c (keep c)) c"
    assert text_of(program) == '(C "me":...)'


def test_a_face_that_comes_late_reaches_parents_and_heirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "_faces", {})
    monkeypatch.setattr(Instance, "lispe_callers", set())
    monkeypatch.setattr(Instance, "lispe_called_classes", [])
    session = Session()
    for number in range(8):  # in whatever order the classes are met
        session.evaluate(
            f"(class@ Base{number} () (defun glow () 1)) (class@ Heir{number} () (from@ Base{number}))"
        )

    class Face(Instance):
        """What instances of classes with the method `glow` are besides."""

    faces.register_face("glow", Face, Face)
    assert all(
        issubclass(session.namespace[f"{name}{n}"], Face) for n in range(8) for name in ("Base", "Heir")
    )


def test_pythons_code_calls_methods_under_their_names() -> None:
    session = Session()
    session.evaluate("""
        (class@ Base (n) (defun scaled (x (by 2)) (* n x by)) (defun n () 1) (defun mro () 2))
        (class@ Heir (from@ Base) (defun scaled (x (by 2)) (+ n x by)))
        (setq base (Base 3)) (setq heir (Heir 3))""")
    base, heir = session.namespace["base"], session.namespace["heir"]
    assert (base.scaled(5), base.scaled(5, by=1), heir.scaled(5)) == (30, 15, 10)
    assert base.n == 3  # a field stays what it is
    assert type(base).mro()[0] is type(base)  # and so does what classes have from Python
    with pytest.raises(LispeError, match="nothing is given for x"):
        base.scaled()
    session.evaluate("(class@ Base (n) (defun other () n))")
    assert base.other() == 3
    assert not hasattr(base, "scaled")
