"""Linear algebra on matrices of numbers (library 2.4), in fractions: what is rounded differs only in
the last digits, so the theme shows a few of them.
"""

from fractions import Fraction

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import function
from tests.oracle.values import Array, List


def square(value):
    """The rows of a square matrix as fractions."""
    if not isinstance(value, Array) or len(value.shape) != 2:
        raise Undetermined("linear algebra of something else than a matrix")
    lines, columns = value.shape
    if lines != columns:
        raise OracleError("shape", "Error: a square matrix expected")
    return [[Fraction(cell) for cell in value.cells[i * lines : (i + 1) * lines]] for i in range(lines)]


def reduced(left, right):
    """What is left times x = right, by elimination; None when there is no one answer."""
    rows = [[*a, *b] for a, b in zip(left, right, strict=True)]
    for i in range(len(rows)):
        at = next((k for k in range(i, len(rows)) if rows[k][i]), None)
        if at is None:
            return None
        rows[i], rows[at] = rows[at], rows[i]
        rows[i] = [cell / rows[i][i] for cell in rows[i]]
        for k in range(len(rows)):
            if k != i:
                rows[k] = [x - rows[k][i] * y for x, y in zip(rows[k], rows[i], strict=True)]
    return [row[len(rows) :] for row in rows]


def made(rows):
    return List() if rows is None else Array((len(rows),) * 2, [float(x) for r in rows for x in r], "numbers")


@function("invert", least=1, most=2)
def invert(interpreter, values):
    if len(values) == 2:
        raise Undetermined("invert of two matrices")
    rows = square(values[0])
    return made(reduced(rows, [[Fraction(i == j) for j in range(len(rows))] for i in range(len(rows))]))


@function("solve", least=2, most=2)
def solve(interpreter, values):
    left, right = map(square, values)
    if len(left) != len(right):
        raise OracleError("shape", "Error: two matrices of one size expected")
    return made(reduced(left, right))
