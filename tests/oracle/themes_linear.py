"""Themes of random programs: linear algebra. See theme.py.

What is shown of a result are thousandths, cut where no quotient of such small numbers lies.
"""

from tests.oracle.theme import theme


@theme
def linear(g, rng):
    """Inverses, systems of equations and determinants, of matrices that are singular, too."""
    yield "(defun thousandths (v) (floor (+ 0.37129 (* v 1000))))"
    yield "(defun cells_of (m) (if (= (size m) 0) 'none (maplist thousandths (, m) false)))"

    def cell():
        return g.pick(str(rng.randint(-3, 5)), str(rng.randint(0, 3)), "0", "0.5", "-1.25")

    def matrix(n):
        rows = [[cell() for _ in range(n)] for _ in range(n)]
        if rng.random() < 0.2:
            rows[-1] = rows[0]
        text = " ".join(f"({' '.join(row)})" for row in rows)
        return f"(matrix_number '({text}))"

    yield f"(setq la {matrix(2)})"
    yield f"(setq lb {matrix(3)})"
    for _ in range(5):
        n = rng.randint(1, 4)
        m = g.pick("la", "lb", matrix(n), matrix(n), "(matrix_integer '((2 1) (1 1)))", "(rho 2 2 (iota 4))")
        yield (
            "show (maybe "
            + g.pick(
                f"(cells_of (invert {m}))",
                f"(cells_of (invert {m}))",
                f"(size (invert {m}))",
                f"(cells_of (solve {matrix(n)} {matrix(n)}))",
                f"(cells_of (solve la {matrix(2)}))",
                f"(cells_of (solve lb {g.pick('lb', 'la', matrix(3))}))",
                f"(cells_of (inner '+ '* (invert {m}) {m}))",
                f"(block (invert {m}) (list la lb))",
                f"(block (set@ la 0 1 {rng.randint(0, 4)}) (cells_of (invert la)))",
                "(invert (matrix_number '((1 2 3) (4 5 6))))",
                f"(type (invert {m}))",
                f"(round (* 1024 (determinant (rho 2 2 (integers 1 {rng.randint(-3, 3)} 3 5)))))",
                f"(cells_of (invert (transpose {m})))",
            )
            + " 'err)"
        )
