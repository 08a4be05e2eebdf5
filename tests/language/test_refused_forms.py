"""Forms that cannot be: the text of each refusal, which says what the form needs."""

from __future__ import annotations

import pytest

from .support import error_of

A_TEXT = 'Error: cannot modify this element: the string "abc" (set@@ puts a part into the text of a variable)'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("(list 1 .)", "Error: two '.' in a row. Composition is impossible"),
        ("(switch 1 (1 list . ))", "Error: two '.' in a row. Composition is impossible"),
        ("(list . . list 2)", "Error: two '.' in a row. Composition is impossible"),
        ("(setg (a b) '(1 2 3))", "Error: a list of variable should have the same size as its value."),
        ("(let 3 4)", "Error: unbalanced list of variables in 'let' (use (let ([binding...]) body...))"),
        (
            "(defun f () (+= (foo x) 1)) (f)",
            (
                "Error: Expecting an index access with 'at' (use (+= variable value...) or (+= (@ "
                "container key...) value...) or (+= (container @ key...) value...))"
            ),
        ),
        ("(defun f (a (b 2)) (list a b)) (f 1 (? b))", "Error: illegal argument."),
        ("(defun f (a (b 2)) (list a b)) (f 1 (? b 5) 3)", "Error: illegal argument."),
        ("(self 1)", "Error: 'self' can only be used inside a function"),
        ("(defun f (a) (self)) (f 1)", "Error: Wrong number of arguments for: 'self' in 'f'"),
        ("(defun f (a) (self 1 2)) (f 1)", "Error: Wrong number of arguments for: 'self' in 'f'"),
        ("(switch 1 2)", "Error: wrong 'switch statement' (use (switch value (constant body...)...))"),
        (
            "(class@ 3 (x))",
            (
                "Error: wrong class name: '3' (use (class@ Name [([slot...])] [(from@ Parent)] "
                "[(setqi field value)...] [(defun name ([parameter...]) [body...])...]))"
            ),
        ),
        ("(class@ car (x))", "Error: 'car' is a reserved keyword."),
        (
            "(class@ C (x) 5)",
            (
                "Error: a class contains methods: (defun name (parameters) body...); all fields stand in one "
                "list before them: (x (y 3)) (use (class@ Name [([slot...])] [(from@ Parent)] "
                "[(setqi field value)...] "
                "[(defun name ([parameter...]) [body...])...]))"
            ),
        ),
        (
            "(class@ C ((3 x)) (defun m () x))",
            (
                "Error: Wrong parameter description: '(3 x)' is none of x, (x) or (x default) (use (class@ "
                "Name [([slot...])] [(from@ Parent)] [(setqi field value)...] "
                "[(defun name ([parameter...]) [body...])...]))"
            ),
        ),
        (
            "(class@ C (x) (from@ A B))",
            (
                "Error: class@: the third argument must be a list (from@ Parent) (use (class@ "
                "Name [([slot...])] [(from@ Parent)] [(setqi field value)...] "
                "[(defun name ([parameter...]) [body...])...]))"
            ),
        ),
        ("(class@ C (x) (defun if () x))", "Error: 'if' is a reserved keyword."),
        ("(λ (x) " * 3000 + "x" + ")" * 3000, "Error: forms are nested more than 1000 deep here"),
        ("(defun f (list) list)", "Error: Invalid variable name: 'list' (keyword)"),
        (
            "(defun f 3 4)",
            (
                "Error: List of missing parameters in a function declaration (use (defun name "
                "([parameter...]) [body...]))"
            ),
        ),
        ("(defun f ((() r) a) a)", "Error: Wrong parameter description: the rest parameter must be the last"),
        (
            "(defun f ((3 4)) 1)",
            (
                "Error: Wrong parameter description: '(3 4)' is none of x, (x), (x default) or (() rest) "
                "(use (defun name ([parameter...]) [body...]))"
            ),
        ),
        (
            "(λ ((a 1 2)) 1)",
            (
                "Error: Wrong parameter description: '(a 1 2)' is none of x, (x), (x default) or (() rest) "
                "(use (λ ([parameter...]) body...))"
            ),
        ),
        (
            "(defun 3 (x) x)",
            (
                "Error: Missing name in the declaration of a function (use (defun name "
                "([parameter...]) [body...]))"
            ),
        ),
        (
            "(lambda 3 4)",
            ("Error: Missing parameter list in a lambda declaration (use (λ ([parameter...]) body...))"),
        ),
        ("(link 3 'car)", 'Error: link: the first argument must be a string (use (link "name" \'function))'),
        (
            "(use 3)",
            (
                "Error: use: the first argument must be a library ('lispe_torch) or a file "
                '("file.lisp") (use (use library [space]))'
            ),
        ),
        (
            "(mloop 3 4 5)",
            (
                "Error: mloop: the first argument must be a list of variables (use (mloop "
                "(variable...) container... body...))"
            ),
        ),
        (
            "(lloop (a b) '(1))",
            "Error: Wrong number of arguments for: 'lloop' (use (lloop (variable...) container... body...))",
        ),
        (
            "(defmacro 3 (x) x)",
            (
                "Error: Missing name in the declaration of a function (use (defmacro name "
                "([pattern...]) body...))"
            ),
        ),
        ("(defmacro car (x) x)", "Error: 'car' is a reserved keyword."),
        (
            "(defmacro m 3 4)",
            (
                "Error: List of missing parameters in a function declaration (use (defmacro name "
                "([pattern...]) body...))"
            ),
        ),
        ('(defmacro m ("x") 7) (m "y")', """Error: cannot apply this macro: m to '(m "y")'"""),
        ("(defmacro m (a b $ r) (list a b $ r)) (m 1)", "Error: cannot apply this macro: m to '(m 1)'"),
        ("(§ 1 +)", "Error: Infix expression is malformed"),
        ("(§ 1 2 3)", "Error: Infix expression is malformed"),
        ("(f_ 3)", 'Error: f_: the first argument must be a string (use (f_ "text {expression} text"))'),
        (
            '(f_ "a{(}b")',
            "Error: Wrong use of 'f_': Error: parentheses do not balance: this '(' is never closed",
        ),
        ('(f_ "a{1 2}b")', "Error: wrong function call: '1' is not a function"),
        ('(f_ "a{}b")', "Error: Wrong use of 'f_': an expression is expected between the braces"),
        ('(f_ "a{b")', "Error: Wrong format: a '{' of the text is never closed"),
        ("(defspace 3)", "Error: a name space needs a name (use (defspace name [definition...]))"),
        (
            '(^^ "a" 2)',
            """Error: cannot evaluate '^^' with these operands: the string "a" and the integer 2""",
        ),
        ("(<< 1 -1)", "Error: cannot shift by -1"),
        ("(defpat f ([a $ b c]) a)", "Error: '$' must stand before the last element of a list pattern"),
        (
            "(defpat f ((set 1 x $ r)) (list x r)) (f (set 1))",
            "Error: Could not find a match for function: 'f'",
        ),
        (
            "(defpat 3 (x) x)",
            (
                "Error: Missing name in the declaration of a function (use (defpat name "
                "([pattern...]) body...))"
            ),
        ),
        (
            "(defpat f 3 4)",
            (
                "Error: List of missing parameters in a function declaration (use (defpat name "
                "([pattern...]) body...))"
            ),
        ),
        ("(defpat f ((< 3 3)) 1)", "Error: Missing argument in defpat function"),
        (
            "(data@ (Circle integer_) 3)",
            (
                "Error: A data structure can only contain non empty lists (use (data@ (Name [type...])...) "
                "or (data@ Group [(Name [type...])...]))"
            ),
        ),
        ("(data@ S (car integer_))", "Error: 'car' is a reserved keyword."),
        (
            "(class@ C (x) (defun m () x)) (C (setq x 3))",
            "Error: Uses 'setqi' instead of 'setq' in a class instantiation",
        ),
        ("(class@ C (x) (defun m () x)) (C (setqi z 3))", "Error: the class 'C' has no field 'z'"),
        (
            "(class@ C (x) (defun inc () (setqi x (+ x 1)))) (setq c (C 5)) (c (inc)) (c (inc)) (c y)",
            "Error: Unbound atom: 'y'",
        ),
        (
            "(withclass 3 4)",
            (
                "Error: withclass: the first argument must be the name of a class (use (withclass "
                "Class [form...]))"
            ),
        ),
        ("(class@ A (x) (defun f () (from@ Nothing (g))))", "Error: Unknown class: '(from@ Nothing (g))'"),
        ("(from@ A 3)", "Error: cannot execute this method out of an instance"),
        ("(toclean 'x)", "Error: cannot execute this method out of an instance"),
        (
            "(dethread 3 (x) x)",
            (
                "Error: Missing name in the declaration of a function (use (dethread name "
                "([parameter...]) [body...]))"
            ),
        ),
        ("(dethread car (x) x)", "Error: 'car' is a reserved keyword."),
        ("(defspace a (setq x 3)) (space a x)", "Error: Unbound atom: 'x'"),
        ("(setconst P 3) (setq P 4)", "Error: 'P' is a constant value"),
        (
            '(defun f (l) (set@ l 0 "z") l) (list (f (list 1 2)) (f "abc"))',
            A_TEXT,
        ),
        (
            '(setq s "abc") (set@ s 0 "z") s',
            A_TEXT,
        ),
        ('(dictionary "a")', "Error: dictionary has a different number of key/value"),
        ("(and)", "Error: Wrong number of arguments for: 'and' (use (and test test...))"),
        ("(or)", "Error: Wrong number of arguments for: 'or' (use (or test test...))"),
        ("(cond)", "Error: Wrong number of arguments for: 'cond' (use (cond (test body...)...))"),
        (
            "(cond (3))",
            "Error: in a 'cond' the first element must be a list (use (cond (test body...)...))",
        ),
        (
            "(cond 3)",
            "Error: in a 'cond' the first element must be a list (use (cond (test body...)...))",
        ),
        (
            """(class@ C (x) (defun get () x)) (class@ D (x) (defun get () (* x 10)))
            (withclass C ((D 2) (get)))""",
            "Error: mismatch between class instance and class definition",
        ),
        ("(defun f (c k) (@ c k)) (f (list 1 2) 5)", "Error: index out of bounds: (@ c k)"),
        (
            '(defun f (c k) (@ c k)) (f {"a":1} "z")',
            'Error: index out of bounds: the dictionary has no key "z"',
        ),
        ("(% 7 0)", "Error: division by zero"),
        ("(/ 1 0)", "Error: division by zero"),
        (
            """(defun f (x) (switch x (1 'one) ("a" 'text) ((+ 1 1) 'two)))
            (list (f 1) (f "a") (f 2) (f 3))""",
            "Error: Unknown 'switch' key: '2'",
        ),
        ("(for 3 '(1) 2)", "Error: Invalid variable name: '3' (use (for element container form))"),
        ("(for car '(1) 2)", "Error: Invalid variable name: 'car' (keyword)"),
        ("(defun f (x) (setq car 3) car) (f 1)", "Error: Invalid variable name: 'car' (keyword)"),
        ("(filter (λ (x) x) 3)", "Error: filter: the second argument must be a container, not the integer 3"),
        ("(map (λ (x) x) 3)", "Error: map: the second argument must be a container, not the integer 3"),
        (
            "(foldl (λ (a x) x) 0 3)",
            "Error: foldl: the third argument must be a container, not the integer 3",
        ),
        ("(filter '(< 2) 3)", "Error: filter: the second argument must be a container, not the integer 3"),
        ("(map 'car 3)", "Error: map: the second argument must be a container, not the integer 3"),
        (
            "(takewhile (λ (x) x) 3)",
            "Error: takewhile: the second argument must be a container, not the integer 3",
        ),
        (
            "(dropwhile (λ (x) x) 3)",
            "Error: dropwhile: the second argument must be a container, not the integer 3",
        ),
        (
            "(class@ C (x y) (defun m () x)) (C 1)",
            "Error: argument list mismatch with the parameter list (nothing is given for y)",
        ),
        (
            "(class@ C (x y) (defun m () x)) (C)",
            "Error: argument list mismatch with the parameter list (nothing is given for x)",
        ),
        (
            "(class@ C (x y) (defun m () x)) (C 1 2 3)",
            "Error: argument list mismatch with the parameter list (it takes 2, more are given)",
        ),
        (
            "(+= a)",
            (
                "Error: Wrong number of arguments for: '+=' (use (+= variable value...)"
                " or (+= (@ container key...) value...) or (+= (container @ key...) value...))"
            ),
        ),
        ("(if (< 3) 1 2)", "Error: Wrong number of arguments for: '<' (use (< value other (() others)))"),
        ("(while 1)", "Error: Wrong number of arguments for: 'while' (use (while test body...))"),
        ("(quote)", "Error: Wrong number of arguments for: 'quote' (use (quote form))"),
    ],
)
def test_a_form_that_cannot_be_is_refused(source: str, text: str) -> None:
    assert error_of(source).text == text
