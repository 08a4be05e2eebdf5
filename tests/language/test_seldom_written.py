"""Forms and ways to write them that programs seldom use."""

from __future__ import annotations

import pytest

from lispe_kernel import Session

from .support import text_of


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(defpat f ([$ r]) r) (f '(1 2))", "(1 2)"),
        ('(defpat f ({"a":x $:r}) (size r)) (f {"a":1 "b":2 "c":3})', "2"),
        ("(setq None 5) (defun f (True) (+ None True)) (f 2)", "7"),
        ("(setq l (list)) (cond (true (push l 1) (push l 2) (size l)))", "2"),
        ("(defun f (x) (+ x 1)) f", "(defun f (x) (+ x 1))"),
        ("(class@ C () (defun m (n) (if (< n 1) n (self (- n 1))))) ((C) (m 3))", "0"),
        ("(class@ C () (defun m (n (k 2)) (if (< n 1) k (self (- n 1))))) ((C) (m 3 7))", "2"),
        ("(class@ C (x) (defun m () (maplist (λ (v) (setqi x v)) '(1 2)) x)) ((C 0) (m))", "2"),
        ("(class@ C (x) (defun m () (setqi y 2)) (defun k () y)) (setq y 9) ((C 1) (k))", "9"),
        ("(defun f (d k) (key@ d k)) (list (f {1:2} 1) (f {} 1) (f (dictionaryi 4 5) 4))", "(2 nil 5)"),
        ("(defun f (n (s (* n 10))) (if (> n 0) (f (- n 1)) s)) (f 2 7)", "0"),
        ("(defun f (x) (maplist (take x) '((5 6) (7 8)))) (f 1)", "((5) (7))"),
        ("(defun g (a b) (- a b)) (defun f (k) (map '(k g) '(1 2))) (f 5)", "(4 3)"),
        ("(maplist (λ (x) (< x 0)) '(0 1))", "(0 0)"),
        ('(eval "(class@ Q (x) (defun m () x))") (withclass Q ((Q 1) (m)))', "1"),
        ("(defun f (a b) (max a b)) (f true 1)", "true"),
        ("(setg (a b) '(1 2)) (list a b)", "(1 2)"),
        ("(defun f () (setg (a b) '(1 2)) 0) (f) (list a b)", "(1 2)"),
        ("(defun f () (+= (@ l 0) 1) l) (setq l '(1 2)) (f)", "(2 2)"),
        ('(setq d {"a":1}) (+= (@ d "a") 4) d', '{"a":5}'),
        ('(setq d {"a":"x"}) (+= (@ d "a") "y") d', '{"a":"xy"}'),
        ("(defun f () (setq l (list 1 2)) (*= (@ l 1) 5) l) (f)", "(1 10)"),
        ("(defun f () (setq l (list 1 2)) (setq v (-= (@ l 1) 5)) (list l v)) (f)", "((1 -3) -3)"),
        ('(defun f () (setq l (list "a")) (+= (@ l 0) "b") l) (f)', '("ab")'),
        ("(setq m (list (list 1 2) (list 3 4))) (+= (@ m 1 0) 10) m", "((1 2) (13 4))"),
        ("(defun f (a (b 2)) (list a b)) (f 1 (? b 5))", "(1 5)"),
        ("(defun f (n (step 2)) (if (< n 0) (list n step) (f (- n step)))) (f 5 1)", "(-2 2)"),
        ("(defun f (n (() r)) (if (= n 0) r (f (- n 1)))) (f 2 7)", "()"),
        ("(defun f (n (() r)) (if (= n 0) r (f (- n 1) n 9))) (f 2 7)", "(1 9)"),
        ("(switch 1 (1 'one) (2 'two))", "one"),
        ("(switch 3 (1 'one) (true 'other))", "other"),
        ("(return 5)", "5"),
        ("(return 5) 6", "6"),
        ('(defun f (x) "says" (+ x 1)) (f 2)', "3"),
        ("(< -1 (elapse (+ 1 2)) 1000)", "true"),
        ("(setq a 0) (elapse (setq a 5) (+= a 1)) a", "6"),
        ("""(link "first" 'car) (first '(4 5))""", "4"),
        ("""(link "plus" '+) (list 'plus '(1 (plus)) (map 'plus '(1 2)))""", "(+ (1 (+)) (2 4))"),
        ("""(link "pour" 'loop) (setq s 0) (pour i '(1 2) (+= s i)) s""", "3"),
        ("(use 'lispe_torch)", "true"),
        ("(defmacro m (true) 7) (m true)", "7"),
        ("(defmacro m (nil) 7) (m nil)", "7"),
        ('(defmacro m ("x") 7) (m "x")', "7"),
        ("(defmacro m ([integer_ n]) (list n)) (m '3)", "(3)"),
        ("(defmacro m (a b $ r) (list a b $ r)) (m 1 2)", "(1 2)"),
        ("(§ 1 - 2 - 3)", "-4"),
        ("(§ 1 + 2 + 3 * 4 * 5)", "63"),
        ("(§ 2 * 3 + 4 * 5 - 6)", "20"),
        ('(f_ "{+ 1 2}{3}")', "33"),
        ("(for i '(1 2 3) (* i i))", "(1 4 9)"),
        ("(setq l (for i (list 1 2) (+ i 1))) l", "(2 3)"),
        ("(defun g (a b c) (list a b c)) (flip (g 1 2 3))", "(2 1 3)"),
        ("(flip (- 1 5))", "4"),
        ('(flip {"a":1})', '{"1":"a"}'),
        ('(setq s "abcabc") (list (replaceall s "b" "x") s)', '(2 "axcaxc")'),
        ("(setq l (list 1 2 1)) (list (replaceall l 1 9) l)", "(2 (9 2 9))"),
        ('(replaceall "abcabc" "b" "x")', "2"),
        ('(setq s "abcdef") (setrange s 1 3 "XY") s', "aXYdef"),
        ("(setq l (list 1 2 3 4)) (setrange l 1 3 '(9)) l", "(1 9 4)"),
        ('(defun f () (setq s "abcabc") (setq n (replaceall s "b" "x")) (list s n)) (f)', '("axcaxc" 2)'),
        ("(setq x 3) (^^ x 2)", "9"),
        ("(setq x '(1 2 3)) (^^ x 2)", "(1 4 9)"),
        ("(^^ 2 2)", "4"),
        ("(& 6 3)", "2"),
        ("(defun f (a b) (list (& a b) (| a b) (^ a b) (<< a 2) (>> a 1))) (f 6 3)", "(2 7 5 24 3)"),
        ("(<< 1 70)", "1180591620717411303424"),
    ],
)
def test_a_form_gives_this(source: str, value: str) -> None:
    assert text_of(source) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("(defpat f ([a b $ r]) (list a b r)) (f '(1 2 3 4))", "(1 2 (3 4))"),
        (
            "(defpat f ([a b $ r]) (list a b r)) (defpat f (_) 'no) (list (f '(1 2)) (f '(1)))",
            "((1 2 ()) no)",
        ),
        ("(defpat f ('(1 2)) 'yes) (defpat f (_) 'no) (list (f '(1 2)) (f '(1 3)))", "(yes no)"),
        ("""(defpat f ('"x") 'yes) (defpat f (_) 'no) (list (f "x") (f "y"))""", "(yes no)"),
        ("""(defpat f ({}) 'empty) (defpat f (_) 'no) (list (f {}) (f {"a":1}))""", "(empty no)"),
        ('(defpat f ({"a":x $:r}) (list x r)) (f {"a":1 "b":2})', '(1 {"b":2})'),
        (
            """(defpat f ({"a":x "b":x}) x) (defpat f (_) 'no) (list (f {"a":1 "b":1}) (f {"a":1 "b":2}))""",
            "(1 no)",
        ),
        ("""(defpat f ({k:3 $:_}) k) (defpat f (_) 'no) (list (f {"a":1 "b":3}) (f {"a":1}))""", '("b" no)'),
        ("""(defpat f (k {k:v}) v) (defpat f (_ _) 'no) (list (f "a" {"a":7}) (f "b" {"a":7}))""", "(7 no)"),
        ("(defpat f ((set 1 x)) x) (defpat f (_) 'no) (list (f (set 1 5)) (f (set 2 5)))", "(5 no)"),
        ("""(defpat f ([a+ ";" b*]) (list a b)) (f '(1 2 ";" 3 4))""", "((1 2) (3 4))"),
        ("(defpat f ([a _ b]) (list a b)) (list (f '(1 2 3)))", "((1 3))"),
        (
            """(defpat f ((> 3 x)) 'small) (defpat f (_) 'large) (list (f 2) (f 5) (f "a"))""",
            "(small large large)",
        ),
        ('(defpat f ((integer_ n)) n) (defpat f ((string_ s)) (+ "s" s)) (list (f 3) (f "x"))', '(3 "sx")'),
        (
            """(defpat f (0) 'zero) (defpat f (1.5) 'half) (defpat f ("") 'empty)
            (defpat f (_) 'other) (list (f 0) (f 1.5) (f "") (f 0.0) (f 2))""",
            "(zero half empty other other)",
        ),
        (
            """(defpat f ([]) 'none) (defpat f ([x]) (list 'one x)) (defpat f (_) 'many)
            (list (f '()) (f '(1)) (f '(1 2)))""",
            "(none (one 1) many)",
        ),
        (
            """(defpat f ((integers_ l)) (size l)) (defpat f ((list_ l)) 'list)
            (list (f (integers 1 2)) (f '(1 2)))""",
            "(2 list)",
        ),
        (
            """(data@ Shape (Circle integer_) (Square integer_ integer_))
            (defpat area ([Circle r]) (* r r)) (defpat area ([Square a b]) (* a b))
            (list (area (Circle 3)) (area (Square 2 5)))""",
            "(9 10)",
        ),
        ("(defpat f (a a) 'same) (defpat f (_ _) 'other) (list (f 1 1) (f 1 2))", "(same other)"),
        ("(defpat f ([a [b c] $ r] d) (list a b c r d)) (f '(1 (2 3) 4 5) 6)", "(1 2 3 (4 5) 6)"),
        ("(defpred p (x) (> x 3)) (list (p 4) (p 1))", "(true nil)"),
        (
            "(defpred p ([]) true) (defpred p ([a $ b]) (> a 0) (p b)) (list (p '(1 2)) (p '(1 -2)))",
            "(true nil)",
        ),
        ("(class@ C (x) (defun get () x)) (setq c (C 5)) (withclass C (c (get)))", "5"),
        ("(list (this))", "(nil)"),
        ("(class@ A (x) (defun me () (this))) (setq a (A 1)) (type (a (me)))", "A"),
        ("(class@ A (x) (defun bump () (setq= x (+ x 1)) x)) (setq a (A 1)) (a (bump)) (a (bump))", "3"),
        ("(setq g 1) (defun f () (setq= g 2) (setq= loc 3) loc) (list (f) g)", "(3 2)"),
        ("(select nil 0 3)", "0"),
        ("(andvalue 1 2 3)", "3"),
        ("(andvalue 1 nil 3)", "nil"),
        ("(xor true nil)", "true"),
        ("(xor true true)", "nil"),
        ("(defspace a (defun f (n) (* n 2))) (space a (f 4))", "8"),
        ("(setconst P 3) (list P)", "(3)"),
        ("(let ((a 1) (b (+ a 1))) (list a b))", "(1 2)"),
        ("(setq x 5) (let ((x 1)) (setq x 2)) x", "5"),
        ('(maybe (throw "e") (λ (e) (+ "got " e)))', "got e, line: 1 in: main"),
        ("(eval '(+ 1 2))", "3"),
        ("(setq x 1) (defun f (y) (eval '(+ y 1))) (f 4)", "5"),
        ("((λ (x) (* x 2)) 4)", "8"),
        ("((λ (x (y 3)) (* x y)) 4)", "12"),
        ("(nullp (list))", "true"),
        ("(list (nullp '()) (nullp '(1)) (nullp (integers)) (nullp nil))", "(true nil true true)"),
        ('(key@ {"a":1} "a")', "1"),
        ('(key@ {"a":1} "z")', "nil"),
        ('(setq d {"a":1}) (set@ d "b" 2) d', '{"a":1 "b":2}'),
        ('(setq d {"a":1}) (set@ d 3 2) d', '{"a":1 "3":2}'),
        ("(setq l (list 1 2)) (set@ l 0 9) l", "(9 2)"),
        ("(setq l (list 1 2)) (set@ l 2 9) l", "(1 2 9)"),
        ("(setq l (list (list 1 2))) (set@ l 0 1 9) l", "((1 9))"),
        ("(at '(1 2 3) 1)", "2"),
        ("""(list (@ '(1 2 3) -1) (@ {"a":{"b":2}} "a" "b") (@ "abc" 1))""", '(3 2 "b")'),
        ("(@@ '(1 2 3 4) 1 3)", "(2 3)"),
        ("(filterlist (λ (x) (> x 1)) '(1 2 3))", "(2 3)"),
        ("(foldl (λ (a x) (+ a x)) 0 '(1 2 3))", "6"),
        ("(zipwith '+ '(1 2) '(10 20))", "(11 22)"),
        ('(dictionary "a" 1 "b" 2)', '{"a":1 "b":2}'),
        ("(dictionary 'a 1)", '{"a":1}'),
        ("(string 12)", "12"),
        ("(== '(1 2 3) '(1 5 3))", "(1 0 1)"),
        ("(< 1 2 3)", "true"),
        ("(< 1 3 2)", "nil"),
        ("(<= 1 1 2)", "true"),
        ("(!= 1 2)", "true"),
        ("(eq 'a 'a)", "true"),
        ("(neq 'a 'b)", "true"),
        ("(not 0)", "true"),
        ("(not '())", "true"),
        ("(and 1 2)", "true"),
        ("(or nil 3)", "true"),
        ("(if 0 1 2)", "2"),
        ('(if "" 1 2)', "2"),
        ("(if '() 1 2)", "2"),
        ("(if 3 1)", "1"),
        ("(ife nil 1 2 3)", "3"),
        ("(check nil 1)", "nil"),
        ("(cond (nil 1))", "nil"),
        ("(block)", "nil"),
        ("(class@ C (x (y 2)) (defun total () (+ x y))) (setq c (C 5)) (c (total))", "7"),
        ("(class@ C (x (y 2)) (defun total () (+ x y))) (setq c (C 5 (setqi y 10))) (c (total))", "15"),
        ("(class@ C (x (y 2)) (defun total () (+ x y))) (setq c (C 5 (? y 10))) (c (total))", "15"),
        (
            """(class@ C (x) (defun inc () (setqi x (+ x 1)))) (setq c (C 5)) (c (inc))
            (c (inc) (inc)) (c (inc))""",
            "9",
        ),
        (
            """(class@ C (x) (defun get () x)) (setq l (list (C 1) (C 2)))
            (list ((@ l 0) (get)) ((car (cdr l)) (get)))""",
            "(1 2)",
        ),
        (
            """(class@ C (x) (defun get () x)) (class@ D (x) (defun get () (* x 10)))
            (defun f (o) (o (get))) (list (f (C 1)) (f (D 2)))""",
            "(1 20)",
        ),
        ("(class@ C (x) (defun get () x)) (setq c (C 1)) (c C (get))", "1"),
        ("(class@ C (x) (defun get () x)) (setq get (λ (n) (+ n 1))) (defun f (g) (g (* 2 3))) (f get)", "7"),
        (
            '(defun f (k) (setq d {"a":1}) (set@ d k 5) d) (list (f "a") (f "b") (f 3))',
            '({"a":5} {"a":1 "b":5} {"a":1 "3":5})',
        ),
        (
            """(defun f (c k v) (set@ c k v) c)
            (list (f (list 1 2) 0 9) (f (list 1 2) 5 9) (f {"a":1} "a" 2) (f (integers 1 2) 1 7))""",
            '((9 2) (1 2 9) {"a":2} (1 7))',
        ),
        (
            """(defun f (c k) (@ c k))
            (list (f (list 1 2) 1) (f {"a":1} "a") (f "abc" 1) (f (integers 1 2) 1) (f (list 1 2) -1))""",
            '(2 1 "b" 2 2)',
        ),
        ('(setq t {"a":{"b":1}}) (set@ t "a" "b" 7) t', '{"a":{"b":7}}'),
        (
            """(defun f (x) (size x)) (list (f "abc") (f '(1 2)) (f {"a":1}) (f (integers 1 2 3)) (f nil))""",
            "(3 2 1 3 0)",
        ),
        ('(defun f (n) (setq s (size "abc")) (% (- s n) 5)) (f 10)', "-2"),
        ("""(defun f (x) (nullp x)) (list (f '()) (f '(1)) (f "") (f {}))""", "(true nil nil nil)"),
        ("""(defun f (l) (car l)) (list (f '(1 2)) (f "ab") (f (integers 5 6)))""", '(1 "a" 5)'),
        ("""(defun f (l) (cdr l)) (list (f '(1 2)) (f "ab") (f (integers 5 6)))""", '((2) "b" (6))'),
        ("(defun f (a b) (% a b)) (list (f 7 3) (f -7 3) (f 7 -3) (f 7.5 2) (f -7.5 2))", "(1 -1 1 1 -1)"),
        ("(defun f (a) (% a 3)) (list (f 7) (f -7) (f 7.5))", "(1 -1 1)"),
        (
            """(defun f (x y) (if (< x y) 'less 'more)) (list (f 1 2) (f 2 1) (f "a" "b") (f 1.5 1))""",
            "(less more less more)",
        ),
        (
            """(defun f (x) (if x 1 2))
            (list (f nil) (f 0) (f 0.0) (f "") (f '()) (f {}) (f "a") (f '(1)) (f true) (f 'a))""",
            "(2 2 2 2 2 2 1 1 1 1)",
        ),
        ("""(defun f (x) (not x)) (list (f nil) (f 0) (f "") (f '()) (f 1))""", "(true true true true nil)"),
        ("(defun f (x y) (and x y)) (list (f 1 2) (f 1 nil) (f nil 1) (f 0 1))", "(true nil nil nil)"),
        ('(defun f (x y) (or x y)) (list (f 1 2) (f 1 nil) (f nil nil) (f 0 ""))', "(true true nil nil)"),
        ("(defun f (x y) (xor x y)) (list (f 1 2) (f 1 nil) (f nil nil))", "(nil true nil)"),
        (
            "(defun f (x) (cond ((< x 0) 'neg) ((= x 0) 'zero) (true 'pos))) (list (f -1) (f 0) (f 1))",
            "(neg zero pos)",
        ),
        ("(defun f (x) (check (> x 0) (setq y x) (* y 2))) (list (f 3) (f -1))", "(6 nil)"),
        ("(defun f (x) (ncheck (> x 0) 'no (setq y x) (* y 2))) (list (f 3) (f -1))", "(6 no)"),
        ("(map '+ '(1 2))", "(2 4)"),
        ("(map (λ (x) (* x x)) '(1 2 3))", "(1 4 9)"),
        ("(map '(+ 1) '(1 2 3))", "(2 3 4)"),
        ("(maplist (λ (x) (* x 2)) '(1 2))", "(2 4)"),
        ("(filter '(< 2) '(1 2 3))", "(1)"),
        ("(map (λ (x) (if (= x 2) (return 9)) x) '(1 2 3))", "(1 9 3)"),
        ("(setq n 10) (map (λ (x) (setq n (+ n x)) n) '(1 2 3))", "(11 13 16)"),
        ("(foldr (λ (x a) (- x a)) 0 '(1 2 3))", "2"),
        ("(foldl '- 0 '(1 2 3))", "-6"),
        ("(foldr '- 0 '(1 2 3))", "2"),
        ("(foldl1 '- '(1 2 3))", "-4"),
        ("(foldr1 '- '(1 2 3))", "2"),
        ("(scanl '+ 0 '(1 2 3))", "(0 1 3 6)"),
        ("(scanr '+ 0 '(1 2 3))", "(6 5 3 0)"),
        ("(zipwith (λ (a b) (* a b)) '(1 2) '(3 4))", "(3 8)"),
        ("(takewhile '(> 3) '(1 2 3 4))", "()"),
        ("(dropwhile '(> 3) '(1 2 3 4))", "(1 2 3 4)"),
        ("(defun mk (a b) (λ (x) (+ x a b))) (defun g () 1) (map (mk (g) 2) '(1 2))", "(4 5)"),
        ("(class@ C (x) (defun get () x)) (defun f () (setq c (C 4)) (c (get))) (f)", "4"),
        (
            """(class@ C (x) (defun get () x))
            (defun f (n) (setq c (C n)) (setq d (C 2)) (list (c (get)) (d (get)))) (f 7)""",
            "(7 2)",
        ),
        (
            """(defpat f ([dictionary_ d]) 'd) (defpat f ([list_ d]) 'l) (defpat f ([integers_ d]) 'i)
            (defpat f ([floats_ d]) 'f) (defpat f ([numbers_ d]) 'n) (defpat f ([shorts_ d]) 's)
            (defpat f ([string_ d]) 't) (defpat f ([atom_ d]) 'a) (defpat f (_) 'other)
            (list (f {"a":1}) (f '(1)) (f (integers 1)) (f (floats 1)) (f (numbers 1)) (f (shorts 1))
            (f "x") (f 'x) (f (set 1)))""",
            "(d l i f n s t a other)",
        ),
        (
            '(defun f (a) (list (!= a 0) (!= 0 a) (neq a 0) (neq a "x"))) (list (f 0) (f nil) (f "x"))',
            "((nil nil nil true) (true nil true true) (true true true nil))",
        ),
        ("(= 1 1 1)", "true"),
        ("(= 1 1 2)", "nil"),
        ("(!= 1 2 3)", "true"),
        ("(!= 1 2 2)", "nil"),
        ("(eq 1 1 2)", "nil"),
        ("(neq 1 2 1)", "nil"),
        ("(setq c 0) (defun n () (+= c 1) c) (list (= (n) 1 2) c)", "(nil 1)"),
        ("(setq c 0) (defun n () (setg c (+ c 1)) c) (list (< 0 (n) 2) c)", "(true 1)"),
        ('(if (in "abc" "b") 1 2)', "1"),
        (
            """(list (in "abc" "b") (in "abc" "z") (in '("b" 1) "b") (in {"b":1} "b") (in "abc" "")
            (in '(1 2) 2))""",
            "(true nil true nil nil true)",
        ),
        ('(defpat f ("a" x) x) (defpat f (_ x) 0) (list (f "a" 1) (f "b" 1))', "(1 0)"),
        ("(defpat f ('(a b) x) x) (defpat f (_ x) 0) (list (f '(a b) 1) (f '(a) 1))", "(1 0)"),
        ("(defpat f (x y) (list x y)) (defpat f (x) (list x)) (list (f 1) (f 1 2))", "((1) (1 2))"),
        ("(defpat f (x) (setq x (+ x 1)) (map (λ (y) (+ x y)) '(1 2))) (f 1)", "(3 4)"),
        ("(defpat f ([a b]) (setq g (λ () (setq a (+ a 1)) a)) (g) (g)) (f '(1 2))", "3"),
        ("(defun h (x) (* x 2)) (defpat f ((h x)) (list x)) (f 3)", "(3)"),
        ('(defpat f ([integer_ x] [string_ y]) (+ y x)) (f 1 "a")', "a1"),
        (
            "(defun f (x) (f2 x)) (defun f2 (x) (* x 2)) (list (f 2) (map 'f2 '(1 2)) (map f2 '(1 2)))",
            "(4 (2 4) (2 4))",
        ),
        ("(defun f (g x) (g x)) (f 'car '(5 6))", "5"),
        ("(defun f (x) (λ (y) (+ x y))) ((f 1) 2)", "3"),
        ("(setq k (λ (x (y 2)) (* x y))) (list (k 3) (k 3 4))", "(6 12)"),
        ("(setq k (λ (x (() r)) (list x r))) (list (k 3) (k 3 4 5))", "((3 ()) (3 (4 5)))"),
        (
            """(defun f (l) (setq s 0) (loop e l (if (< e 0) (return 'neg)) (+= s e)) s)
            (list (f '(1 2)) (f '(1 -2)))""",
            "(3 neg)",
        ),
        ("(defun f (x) (let ((y (* x 2))) (if (> y 4) (return 'big)) y)) (list (f 1) (f 3))", "(2 big)"),
        (
            """(defun even (n) (if (= n 0) true (odd (- n 1))))
            (defun odd (n) (if (= n 0) nil (even (- n 1)))) (list (even 10) (odd 7) (even 3))""",
            "(true true nil)",
        ),
        ("(defun f (a b) (setqv a b)) (f 1 2)", "2"),
        ("(setq x 1) (defun f () (setq x 2) x) (list (f) x)", "(2 1)"),
        ("(setq x 1) (defun f () (+= x 2) x) (list (f) x)", "(3 3)"),
        ("(setq x 1) (defun f (c) (if c (setq x 5)) (+= x 2) x) (list (f true) x (f nil) x)", "(7 1 3 3)"),
        ("(let ((x 1) (f (λ () x))) (setq x 5) (f))", "5"),
        ("(setq l (list)) (loop i '(1 2 3) (push l (λ () i))) (map (λ (g) (g)) l)", "(3 3 3)"),
        (
            "(defun f () (setq l (list)) (loop i '(1 2 3) (push l (λ () i))) (map (λ (g) (g)) l)) (f)",
            "(3 3 3)",
        ),
        ("(defun f () (setq a 1) (defun g () (setq a 2) a) (list (g) a)) (f)", "(2 1)"),
        ("(defprol p (x) cut_) (defprol p (x) (+ x 1)) (p 1)", "(true 2)"),
        ("(defprol p (x) (> x 0) cut_ x) (defprol p (x) (* x 10)) (list (p 2) (p -2))", "((2) (-20))"),
        ("(defprol p (x) cut_ (> x 5)) (defprol p (x) (* x 10)) (p 2)", "()"),
        (
            """(defun f () (setq a 1) (setq r '()) (loopcount 2 i (push r (+ a 1)) (setq (a b) '("x" "y"))) r)
            (f)""",
            '(2 "x1")',
        ),
        ("(setq g (defun f (x) (* x 2))) (g 4)", "8"),
        ("(setq l (list 6)) (+= (@ l 0) 4 1) l", "(11)"),
        ("(map (λ (x) x 5) '(1 2))", "(5 5)"),
        ('(f_ "a%{b%}")', "a{b}"),
        ("(setq g (λ (a) (* a 3))) (§ (g 1) + 2)", "5"),
        ("(defun g (a b) (- a b)) (§ (g 5 1) * 2)", "8"),
        (
            "(defpat f ([llist_ l]) (car l)) (defpat f (_) 'other) (list (f (llist 1 2)) (f '(1 2)))",
            "(1 other)",
        ),
        ("(defmacro m (x) (+ x 1)) (defmacro m (x) (+ x 2)) (m 5)", "7"),
        ("(defmacro m (x) (+ x 1)) (defmacro m (x y) (+ x y)) (list (m 5) (m 5 9))", "(6 14)"),
        ("(list (defun f (x) x)) (f 2)", "2"),
        ("(map (defun f (x) (* x 2)) '(1 2))", "(2 4)"),
        ("(defun f () (defun g (x) (* x 2))) ((f) 4)", "8"),
        ("(filter (λ (x) (> x 1)) (llist 1 2 3))", "(2 3)"),
        ("(filter (λ (x) (> x 1)) (integers 1 2 3))", "(2 3)"),
        ("""(filter (λ (x) (> x "a")) "abc")""", """("b" "c")"""),
        ("(map (λ (x) (* x 2)) (llist 1 2 3))", "(2 4 6)"),
        ("""(map (λ (x) (+ x "!")) "abc")""", """("a!" "b!" "c!")"""),
        ("""(map (λ (x) (+ x "!")) {"a":1})""", """("a!")"""),
    ],
)
def test_a_form_gives_the_same_however_much_is_known_of_its_operands(source: str, value: str) -> None:
    assert text_of(source) == value


def test_a_variable_that_holds_a_function_takes_part_in_flip_and_infix() -> None:
    session = Session()
    session.evaluate("(setq g (λ (a b) (- a b)))")
    assert text_of("(flip (g 1 5))", session) == "4"
    assert text_of("(§ (g 5 1) * 2)", session) == "8"


# Each turn of a function whose lambdas keep what the turn knew is a call of its own.
@pytest.mark.parametrize(
    ("parameters", "call", "value"),
    [
        ("(n)", "(f (- n 1))", "(2 1 0)"),
        ("(n (s 5))", "(f (- n 1) s)", "(7 6 5)"),
        ("(n (() r))", "(f (- n 1) 1 2)", "(2 3 2)"),
    ],
)
def test_a_lambda_keeps_the_variables_of_its_own_turn(parameters: str, call: str, value: str) -> None:
    kept = {"(n)": "n", "(n (s 5))": "(+ n s)", "(n (() r))": "(+ n (size r))"}[parameters]
    source = f"""(setq l (list))
    (defun f {parameters} (push l (λ () {kept})) (if (> n 0) {call} (maplist (λ (g) (g)) l))) (f 2)"""
    assert text_of(source) == value
