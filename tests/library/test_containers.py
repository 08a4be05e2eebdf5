"""Containers, case by case: a program and the text of its value, or the beginning of its error."""

import pytest

from lispe_kernel import LispeError
from tests.library.library_calls import text_of

CASES = {
    # views
    "cdr sees what is stored through the list": (
        "(setq l (list 1 2 3)) (setq r (cdr l)) (set@ l 1 9) r",
        "(9 3)",
    ),
    "cdr sees what is appended to the list": ("(setq l (list 1 2)) (setq r (cdr l)) (push l 3) r", "(2 3)"),
    "what is stored through cdr is in the list": ("(setq l (list 1 2)) (set@ (cdr l) 0 9) l", "(1 9)"),
    "taking out of a view leaves the list alone": ("(setq l (list 1 2 3)) (pop (cdr l) 0) l", "(1 2 3)"),
    "cdr of cdr": ("(cdr (cdr '(1 2 3)))", "(3)"),
    "cdr of the empty list": ("(cdr ())", "()"),
    "a reversed view leaves the first element": ("(setq l (list 1 2 3)) (reverse (cdr l)) l", "(1 3 2)"),
    "cdr of a typed list shares its memory": (
        "(setq l (integers 1 2 3)) (setq r (cdr l)) (set@ l 1 9) r",
        "(9 3)",
    ),
    "cdr keeps the type": ("(type (cdr (integers 1 2)))", "integers_"),
    "a view is equal to a list": ("(= (cdr (list 1 2 3)) '(2 3))", "true"),
    "a view in arithmetic": ("(+ (cdr (list 1 2 3)) 10)", "(12 13)"),
    # linked lists
    "a linked list takes at the front": ("(pop (llist 1 2 3))", "(2 3)"),
    "a pair prints its point": ("'(a . b)", "(a . b)"),
    "a point before a list is no pair": ("(conspoint 1 '(2 3))", "(1 2 3)"),
    "the tail of a pair": ("(cdr '(a . b))", "b"),
    "a cycle prints once round": ("(let ((l (llist 1 2))) (extend l l) l)", "(1 2 ...)"),
    "a cycle can be walked": ("(let ((l (llist 1 2))) (extend l l) (@ (cdr l) 1))", "1"),
    "linked lists in arithmetic": ("(type (+ (llist 1 2) 1))", "llist_"),
    "a linked list equals a list": ("(= '(1 2) (llist 1 2))", "true"),
    # sets and heaps
    "an empty set is false": ("(if (seti) 1 2)", "2"),
    "an empty heap is false": ("(if (heap nil) 1 2)", "2"),
    "operators on sets are element by element": ("(+ (seti 1 2) 10)", "{11 12}"),
    "sets of lists know equal ones": ("(size (set '(1 2) '(1 2) '(1 3)))", "2"),
    "a heap with its own order": ("(heap (λ (a b) (>=< b a)) 1 3 2)", "(3 2 1)"),
    "a heap loses one of two equals": ("(pop (heap nil 2 1 2) 2)", "(1 2)"),
    # matrices
    "a matrix that contains itself": (
        "(let ((m (rho 2 2 '(1)))) (set@@ m 0 0 m) (list m (type m)))",
        "((...) list_)",
    ),
    "a list of itself has no shape": ("(let ((l (list 0 0))) (set@ l 0 l) (set@ l 1 l) (rho l))", "2"),
    # typed lists
    "text pushed to integers is read": ('(push (integers 1) "12")', "(1 12)"),
    "integers of numbers are cut": ("(integers (numbers 1.9 -1.9))", "(1 -1)"),
    "a sum beyond 64 bits is exact": ("(sum (integers 9223372036854775807 1))", "9223372036854775808"),
    "running sums beyond 64 bits": (
        "(type (scan '+ (integers 9223372036854775807 1)))",
        "list_",
    ),
    "poplast of integers": ("(poplast (integers 1 2 3))", "(1 2)"),
    "popfirst then push of integers": ("(push (popfirst (integers 1 2 3)) 4)", "(2 3 4)"),
    # dictionaries
    "a sorted dictionary stays sorted": (
        '(setq d (dictionarytree "c" 1)) (set@ d "a" 2) (push (keys@ d) "z")',
        '("a" "c" "z")',
    ),
    "a copy of a sorted dictionary": ('(clone (dictionarytreei 3 "x" 1 "y"))', '{1:"y" 3:"x"}'),
    "a list as key is its text": ('(@ {"(1 2)":5} \'(1 2))', "5"),
    # lazy sequences
    "a lazy range prints its form": ("(irange 1 2)", "(irange 1 2)"),
    "take of a filter of an endless range": ("(take 3 (filter '(> 4) (irange 1 1)))", "(5 6 7)"),
    "drop of an endless range": ("(take 2 (drop 3 (irange 1 1)))", "(4 5)"),
    "a scan of an endless range": ("(take 4 (scanl '+ 0 (irange 1 1)))", "(0 1 3 6)"),
    "for over an endless range": ("(take 3 (for x (irange 1 1) (* x x)))", "(1 4 9)"),
    "a loop over a bounded lazy range": ("(setq s 0) (loop x (irange 0 10 2) (+= s x)) s", "20"),
    # matrices
    "a row of a matrix is a view": ("(setq m (rho 2 2 (iota 4))) (set@ (@ m 0) 1 9) m", "((1 9) (3 4))"),
    "what transpose and rank@ give is no view": (
        """(setq m (rho 1 2 2 (iota 4))) (setq r (rank@ m 0)) (set@ m 0 0 0 9)
        (setq o (rho 1 2 (iota 2))) (setq t (transpose o)) (set@ o 0 0 9) (list r t)""",
        "(((1 2) (3 4)) ((1) (2)))",
    ),
    "flatten gives a list of its own": ("(setq l (integers 1 2)) (setq f (flatten l)) (push l 9) f", "(1 2)"),
    "flatten keeps the kind": ('(type (flatten (stringbytes "a")))', "stringbytes_"),
    "a list is combined with every row": ("(+ '(10 20) (rho 2 2 (iota 4)))", "((11 22) (13 24))"),
    "a product of matrices": ("(inner '+ '* (rho 2 2 (iota 4)) (rho 2 2 (iota 4)))", "((7 10) (15 22))"),
    "a product of texts and numbers": ("(inner '+ '* '(1 2) '(3 4))", "11"),
    "matrices of texts": ('(transpose (matrix_string \'(("a" "b") ("c" "d"))))', '(("a" "c") ("b" "d"))'),
    "an inverse times the matrix": (
        "(setq m (rho 2 2 (numbers 4 0 0 2))) (inner '+ '* m (invert m))",
        "((1 0) (0 1))",
    ),
    "a solution": ("(solve '((2 0) (0 4)) '((2 4) (4 8)))", "((1 2) (1 2))"),
    "a row is stored into a matrix": ("(set@ (rho 2 2 (iota 4)) 0 '(8 9))", "((8 9) (3 4))"),
    "the size of a matrix is its rows": (
        "(list (size (rho 2 3 (iota 6))) (tally (rho 2 3 (iota 6))))",
        "(2 6)",
    ),
    "a matrix equals its rows": ("(= (rho 2 2 (iota 4)) '((1 2) (3 4)))", "true"),
    # the functional family
    "answers become 1 and 0": ("(maplist (λ (x) (> x 5)) '(1 9))", "(0 1)"),
    "answers of a function held in a variable": ("(setq f (λ (x) (> x 5))) (maplist f '(1 2))", "(0 0)"),
    "answers of a named function": ("(defun f (x) (> x 5)) (mapcar 'f '(1 2))", "(0 0)"),
    "nil that is no answer stays": ("(mapcar (λ (x) nil) '(1 2))", "(nil nil)"),
    "a lambda in place sets variables of its function": (
        "(defun f (l) (setq s 0) (maplist (λ (x) (setq s (+ s x))) l) s) (f '(1 2 3))",
        "6",
    ),
    "a lambda in place hides a variable": ("(setq x 9) (maplist (λ (x) (* 2 x)) '(1 2)) x", "9"),
    "closures made in a map keep their own element": (
        "(setq fs (maplist (λ (x) (λ () x)) '(1 2))) (list ((@ fs 0)) ((@ fs 1)))",
        "(1 2)",
    ),
    "a lambda in place may change the kind of a variable": (
        '(defun f () (setq k 1) (maplist (λ (x) (setq r (+ k x)) (setq k "a") r) (list 1 2))) (f)',
        '(2 "a2")',
    ),
    "an accumulator in place may change its kind": (
        '(foldl (λ (a x) (if (= x 1) "t" (+ a x))) 0 \'(5 1 2))',
        "t2",
    ),
    "a return leaves the lambda only": ("(mapcar (λ (x) (return (* 2 x)) 0) '(1 2))", "(2 4)"),
    "self inside a mapped lambda": (
        "(mapcar (λ (n) (if (= n 0) 1 (* n (self (- n 1))))) '(3 4))",
        "(6 24)",
    ),
    "a map inside a map": (
        "(maplist (λ (x) (sum (maplist (λ (y) (* x y)) '(1 2)))) '(1 2))",
        "(3 6)",
    ),
    "a map over a string": ('(maplist (λ (c) (+ c "!")) "ab")', '("a!" "b!")'),
    "a map over a dictionary takes its keys": ('(maplist (λ (k) k) {"a":1})', '("a")'),
    "results of two kinds make a list": ('(type (maplist (λ (x) (if (> x 1) x "a")) \'(1 2)))', "list_"),
    "equal typed rows make a matrix": ("(type (maplist (λ (x) (iota 2)) '(1 2)))", "matrix_integer_"),
    "mixed numbers make numbers": ("(type (maplist (λ (x) (if (> x 1) x 0.5)) '(1 2)))", "numbers_"),
    "flip around a call": ("(flip (- 1 10))", "9"),
    "flip of a dictionary": ('(flip {"a":"x"})', '{"x":"a"}'),
    "replaceall changes a string variable": ('(setq s "aba") (list (replaceall s "a" "c") s)', '(2 "cbc")'),
    "setrange changes a string variable": ('(setq s "abc") (set@@ s 0 1 "xy") s', "xybc"),
    # order and search
    "sort keeps equal elements in order": (
        "(sort (λ (a b) (< (car a) (car b))) '((1 a) (0 b) (1 c)))",
        "((0 b) (1 a) (1 c))",
    ),
    "sort of integers descending": ("(sort '> (integers 2 3 1))", "(3 2 1)"),
    "unique tells a text from a number": ('(unique \'(1 "1" 1))', '(1 "1")'),
    "find takes numbers by value": ("(find '(1 2.0 3) 2)", "1"),
    "count in a nested list": ("(count '((1 2) (1 2) 3) '(1 2))", "2"),
    "in of a list that holds nil": ("(in '(1 nil) nil)", "true"),
    "slice of what is no multiple": ("(slice '(1 2 3) 2)", "((1 2) (3))"),
    "the slices of reduce from the end": ("(-// '+ '(1 2 3 4 5) 2)", "(9 5)"),
    "scan down the columns": ("(-\\\\ '+ (rho 2 2 (iota 4)))", "((1 2) (4 6))"),
    "member of nested lists": ("(member '((1 2) 3) '(1 3))", "((1 0) 1)"),
}


@pytest.mark.parametrize(("program", "text"), CASES.values(), ids=CASES.keys())
def test_container(program, text):
    assert text_of(program) == text


ERRORS = {
    "(sort '<= '(1 2))": "Error: sort: the comparator <= must be strict",
    "(zip '(1 2) '(1))": "Error: 'zip' only accepts lists of same size",
    "(nconc 1 2)": "Error: nconc: first element is not a list",
    "(extend 1 2)": "Error: missing list in 'extend'",
    "(insert (list 1) 2 -1)": "Error: index out of bounds",
    "(cadr '(1))": "Error: index out of bounds: 'cadr' runs out of elements",
    "(size (repeat 1))": "Error: size:",
    "(foldl '+ 0 (repeat 1))": "Error: foldl: an endless sequence",
    "(< (cdr '(1 2)) (irange 0 1))": "Error: cannot evaluate '<' with these operands",
    "(// '(1 2) '(a))": "Error: List size mismatch",
    "(// '+ '(1 2) 0)": "Error: wrong value for the increment",
    "(// (λ (x) x) '(1 2))": "Error: Wrong number of arguments",
    "(maplist (λ (x y) x) '(1 2))": "Error: Wrong number of arguments in: '(λ (x y) x)'",
    "(maplist () '(1))": "Error: empty list not accepted here",
    "(map '(1 2) '(1))": "Error: missing operator",
    "(maplist 'car 5)": "Error: maplist: the second argument must be a container",
    "(+ (integers 9223372036854775807) 1)": "Error: '+': a result does not fit in int64",
    "(shorts 40000)": "Error: shorts: 40000 does not fit in int16",
    "(integers (numbers 1e300))": "Error: integers:",
    "(push (integers 1) '(2))": "Error: integers:",
    "(/ (integers 1 2) (rho 2 2 (integers 1 0 2 3)))": "Error: division by zero",
    "(+ (rho 2 2 (iota 4)) (rho 3 3 (iota 9)))": "Error: '+': the shapes (2 2) and (3 3) do not fit",
    "(inner '+ '* '(1 2) '(1 2 3))": "Error: inner: the shapes (2) and (3) do not fit",
    "(determinant '((1 2)))": "Error: determinant: the first argument must be a square matrix",
    "(@ (rho 2 2 (iota 4)) 5)": "Error: index out of bounds",
    "(matrix_integer '((1 2) (3)))": "Error: matrix_integer: the rows have different sizes",
    "(rho 10000000 10000000 '(1))": "Error: (10000000 10000000) are too many elements",
    '(heap nil 1 "a")': "Error: cannot evaluate '>=<' with these operands",
    "(@ (set 'a) 'b)": "Error: index out of bounds",
    "(dictionaryi '(1) 2)": "Error: dictionaryi:",
}


@pytest.mark.parametrize(("program", "error"), ERRORS.items(), ids=ERRORS.keys())
def test_error_names_what_was_wrong(program, error):
    with pytest.raises(LispeError) as caught:
        text_of(program)
    assert caught.value.text.startswith(error), caught.value.text
