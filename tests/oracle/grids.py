"""Matrices and tensors by their constructors, cells that are stored, the inner product, what flattens; the
clauses of a pattern function; words and signs of a text (library 1.3, 2.3, 8.2; advanced 1.8, 9).
"""

import math
import re

from tests.oracle.arithmetic import apply_to
from tests.oracle.definitions import as_value
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.lists import a_list
from tests.oracle.places import fit
from tests.oracle.registry import form, function
from tests.oracle.strings import integer_of, number_of
from tests.oracle.values import Array, Atom, List, PatternFunction, TypedList, is_number

CONVERTED = {"integers": integer_of, "numbers": number_of}


def nested_shape(value):
    """The shape of lists in lists."""
    if not isinstance(value, List):
        return ()
    shapes = {nested_shape(item) for item in value.items}
    if len(shapes) != 1:
        if not value.items:
            raise Undetermined("a matrix without cells")
        raise OracleError("shape", "Error: the rows have different sizes")
    return (len(value.items), *shapes.pop())


def flattened(value) -> list:
    return [cell for item in value.items for cell in flattened(item)] if isinstance(value, List) else [value]


def made_of(rows, kind, dimensions) -> Array:
    shape = nested_shape(rows)
    if len(shape) != dimensions and (dimensions or len(shape) < 2):
        raise Undetermined("lists of another depth")
    cells = flattened(rows)
    if not all(map(is_number, cells)):
        raise Undetermined("cells that are no numbers")
    return Array(shape, [CONVERTED[kind](cell) for cell in cells], kind)


def sizes_of(values) -> tuple:
    if not all(type(n) is int and 0 < n < 20 for n in values):
        raise Undetermined("sizes of a matrix")
    return tuple(values)


def _matrix(name, kind):
    @function(f"matrix_{name}", least=1, most=3)
    def run(interpreter, values):
        if len(values) == 1:
            return made_of(a_list(values[0], "a matrix"), kind, 2)
        first = values[2] if len(values) == 3 else 0
        if not is_number(first):
            raise Undetermined("a cell that is no number")
        shape = sizes_of(values[:2])
        return Array(shape, [CONVERTED[kind](first)] * math.prod(shape), kind)

    @function(f"tensor_{name}", least=1)
    def run_tensor(interpreter, values):
        if len(values) == 1:
            return made_of(a_list(values[0], "a tensor"), kind, 3)
        shape = sizes_of(values)
        if len(shape) < 3:
            raise Undetermined("a tensor of less than three dimensions")
        return Array(shape, [CONVERTED[kind](0)] * math.prod(shape), kind)


_matrix("integer", "integers")
_matrix("number", "numbers")


def store_cell(made: Array, keys, value) -> None:
    """`(set@ m i j v)`."""
    if len(keys) != len(made.shape) or not all(type(key) is int for key in keys):
        raise Undetermined("a row that is stored")
    if not all(-size <= key < size for key, size in zip(keys, made.shape, strict=True)):
        raise OracleError("index", "Error: index out of bounds")
    place = 0
    for key, size in zip(keys, made.shape, strict=True):
        place = place * size + key % size
    made.cells[place] = fit(TypedList(made.kind), value)


@function("to_tensor", least=1, most=1)
def to_tensor(interpreter, values):
    try:
        if len(nested_shape(a_list(values[0], "to_tensor"))) < 2:
            raise Undetermined("one row as a tensor")
    except OracleError:
        return values[0]  # lists of different sizes come back as they are
    cells = flattened(a_list(values[0], "to_tensor"))
    if len({type(cell) for cell in cells}) != 1 or type(cells[0]) not in (int, float):
        raise Undetermined("cells of several kinds")
    return made_of(values[0], "integers" if type(cells[0]) is int else "numbers", 0)


@function(",", least=1, most=2)
def ravel(interpreter, values):
    if len(values) == 2:
        raise Undetermined("two lists side by side")
    made = values[0]
    if isinstance(made, Array):
        return TypedList(made.kind, made.cells)
    if not isinstance(made, List) or not made.items:
        raise Undetermined("what is flattened")
    return List(flattened(made))


@function("+*", least=4, most=4)
def fast_product(interpreter, values):
    a, b = (a_list(value, "+*") for value in values[::2])
    (rows, inner), (lines, columns) = (pair(value) for value in values[1::2])
    if rows * inner != len(a.items) or lines * columns != len(b.items) or a.kind != b.kind:
        raise Undetermined("shapes that do not fit, or two kinds")
    if inner != lines:
        raise OracleError("shape", "Error: +*: the shapes do not fit")
    return a.same_kind(products(a.items, b.items, rows, inner, columns))


def pair(value):
    sizes = a_list(value, "a shape").items
    if len(sizes) != 2 or not all(type(n) is int and n > 0 for n in sizes):
        raise Undetermined("a shape")
    return sizes


def products(a, b, rows, inner, columns) -> list:
    """The cells of a product of matrices, row by row."""
    cells = []
    for i in range(rows):
        for j in range(columns):
            total = apply_to("*", a[i * inner], b[j])
            for k in range(1, inner):
                total = apply_to("+", total, apply_to("*", a[i * inner + k], b[k * columns + j]))
            if str(total) == "-0.0":
                raise Undetermined("the sign of a zero")
            cells.append(total)
    return cells


def inner_of(interpreter, steps, a: Array, b: Array) -> Array:
    """`(inner f g m n)` of two matrices: rows against columns."""
    if len(a.shape) != 2 or len(b.shape) != 2 or steps != [Atom("+"), Atom("*")]:
        raise Undetermined("an inner product of these")
    if a.shape[1] != b.shape[0]:
        raise OracleError("shape", "Error: inner: the shapes do not fit")
    return Array(
        (a.shape[0], b.shape[1]), products(a.cells, b.cells, *a.shape, b.shape[1]), max(a.kind, b.kind)
    )


@form("bodies", least=1, most=1)
def bodies(interpreter, arguments, scope, tail):
    found = interpreter.eval(arguments[0], scope)
    if not isinstance(found, PatternFunction):
        raise Undetermined("the bodies of something else than a pattern function")
    return List([as_value([Atom(found.kind), Atom(found.name), c.patterns, *c.body]) for c in found.clauses])


WORD = re.compile(r"[a-zA-Zéàè]+|\d+(?:\.\d+)?|[.,;!?()]")
# Texts whose tokens nobody doubts: words, numbers and signs that blanks or other signs part.
CLEAR = re.compile(r"(?:[a-zA-Zéàè]+(?![\d.])|\d+(?:\.\d+)?(?![\w.,])|[,;!?()](?!\d)|\.(?![\w.])| )*")


@function("segment", least=1, most=1)
def segment(interpreter, values):
    if not isinstance(values[0], str) or not CLEAR.fullmatch(values[0]):
        raise Undetermined("where a token ends")
    return TypedList("strings", WORD.findall(values[0]))
