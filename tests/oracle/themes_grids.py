"""Themes of random programs: matrices that are filled cell by cell, clauses as data, words of a text. See
theme.py.
"""

from tests.oracle.theme import theme

SENTENCES = (
    '"The dog, 12 cats (and 2.5 birds) ran."',
    '"été; oui !"',
    '"a b  c"',
    '""',
    '"Why? Because."',
    '"one, two 33 (four)"',
    '"(x) 1 2 3"',
)


@theme
def grids(g, rng):
    """`matrix_integer` and its kin: cells stored in loops, neighbours counted, products."""
    rows, columns = rng.randint(1, 3), rng.randint(1, 4)
    yield f"(setq gi (matrix_integer {rows} {columns} {g.pick('', rng.randint(-2, 5))}))"
    yield "(setq gn (matrix_number '((1 2.5) (0 -1))))"
    yield f"(setq gt (tensor_{g.pick('integer', 'number')} 2 2 3))"
    yield "(defun fill_grid (m v) (loop (i 0 2) (loop (j 0 2) (set@ m i j (+ (* v i) j)))) m)"
    yield f"(defun cell_or (m i j) (maybe (@ m i j) {g.pick(0, 9)}))"
    yield "(defun around (m i j) (setq t 0) (loop a '(-1 0 1) (loop b '(-1 0 1)"
    yield "  (check (and (>= (+ i a) 0) (>= (+ j b) 0)) (+= t (cell_or m (+ i a) (+ j b)))))) t)"
    yield f"(defpat clauses_of ([integer_ x]) {g.pick('(+ x 1)', '(list x k)')})"
    yield '(defpat clauses_of ((a $ b) "t") b)'
    yield "(defpred tests_of (x) (> x 2) 'big)"
    for _ in range(6):
        i, j, n = rng.randint(-1, 3), rng.randint(0, 3), g.int_(1)
        m = g.pick("gi", "gi", "gn", "(matrix_integer '((1 2 3) (4 5 6)))", "(matrix_number 2 2 0.5)")
        square = g.pick("gn", "(matrix_number 2 2 1.5)", "(matrix_number '((1 0) (0 2)))")
        whole = g.pick("(matrix_integer '((1 2) (3 4)))", "(matrix_integer 2 2 3)", "(rho 2 2 (iota 4))")
        op = g.pick("+", "-", "*", "/")
        yield (
            "show (maybe "
            + g.pick(
                m,
                f"(type {m})",
                f"(block (set@ gi {i} {j} {n}) gi)",
                f"(block (set@ gn {abs(i)} {j} {g.num_(1)}) gn)",
                f"(block (set@ gt 1 {abs(i)} {j} {n}) gt)",
                f"(fill_grid {g.pick('gi', '(matrix_integer 2 2)', '(matrix_integer 3 3 7)')} {n})",
                f"(around {m} {abs(i)} {j})",
                f"(cell_or {m} {i} {j})",
                f"(@ {m} {i} {j})",
                f"({op} {m} {g.pick(2, -3, 0.5, 'k')})",
                f"({op} {square} {square})",
                f"(type ({op} {whole} 2))",
                f"(loop e {m} (push l (string e)))",
                f"(transpose {m})",
                f"(rho {m})",
                f"(tally {m})",
                f"(size {m})",
                f"(inner '+ '* {whole} {whole})",
                f"(inner '+ '* {square} {square})",
                f"(. '+ '* (matrix_integer '((1 2 3) (4 5 6))) {whole})",
                f"(inner '+ '* {whole} (matrix_integer '((1 0 2) (5 6 7))))",
                f"(+* (integers 1 2 3 4) '(2 2) (integers 5 6 7 {rng.randint(0, 9)}) '(2 2))",
                f"(+* (numbers 1 2.5) '(1 2) (numbers 5 6) '({g.pick('2 1', '1 2')}))",
                f"(to_tensor (list (list {n} 2) (list 3 4)))",
                "(type (to_tensor '((1.5 2.5) (3.5 4.5))))",
                f"(, {g.pick(m, 'gt', '(list 1 (list 2 3))')})",
                f"(matrix_integer (list (list 1 {n}) (list {g.pick('2', '2 3')})))",
                f"(matrix_integer {rng.randint(1, 2)} 2 {g.pick(n, '1.75', 'x')})",
                f"(tensor_number '(((1 2) (3 {j})) ((5 6) (7 8))))",
                f"(block (setq hold gi) (set@ hold 0 0 {n}) (list (@ gi 0 0) (= hold gi)))",
                "(block (setq other (clone gi)) (set@ other 0 0 99) (@ gi 0 0))",
                f"(= {whole} {whole})",
                f"(rank@ {m} {g.pick('0', '-1 0', '0 0')})",
                f"(block (set@ gi 0 0 {n}) (+= (@ gi 0 0) 2) gi)",
                "(bodies clauses_of)",
                "(size (bodies clauses_of))",
                "(bodies tests_of)",
                f"(segment {g.pick(*SENTENCES)})",
                f"(size (segment {g.pick(*SENTENCES)}))",
                f"(loop w (segment {g.pick(*SENTENCES)}) (push l w))",
            )
            + " 'err)"
        )
    yield "show (list gi gn gt)"
