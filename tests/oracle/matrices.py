"""Matrices and tensors made by `rho` (library 4.8, 8; advanced 9): shape, cells, parts by `rank@`, arithmetic
cell by cell. What lists do to them is not played.
"""

from itertools import product as tuples

from tests.oracle.arithmetic import apply_to, in_kind
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import function
from tests.oracle.values import Array, List, TypedList, is_number

KINDS = ("integers", "numbers")


class Row(TypedList):
    """A row of a matrix. That it shares memory with the matrix is not played: it may not be changed."""

    def refuse_change(self, *_):
        raise Undetermined("a change of a row of a matrix")

    put = append = become = lose = refuse_change

    def view(self, start: int) -> "List":
        raise Undetermined("a part of a row of a matrix")


def filled(sizes, source: List) -> Array:
    """The cells row by row, cycling through a list."""
    items = source.items
    if not items or not all(map(is_number, items)):
        raise Undetermined("a matrix of other things than numbers")
    if len({type(item) for item in items}) > 1:
        raise Undetermined("a matrix of several kinds")
    if len(sizes) < 2 or not all(type(n) is int and 0 < n < 20 for n in sizes):
        raise Undetermined("a matrix of this shape")
    count = 1
    for n in sizes:
        count *= n
    kind = source.kind if source.kind in KINDS else "integers" if type(items[0]) is int else "numbers"
    return Array(tuple(sizes), [items[i % len(items)] for i in range(count)], kind)


def cell_at(made: Array, key):
    """The place of a cell among all of them."""
    place = 0
    for size, at in zip(made.shape, key, strict=True):
        place = place * size + at
    return made.cells[place]


def part(made: Array, coordinates):
    """What `rank@` gives: -1 skips a dimension, those at the end are ignored."""
    while coordinates and coordinates[-1] == -1:
        coordinates = coordinates[:-1]
    if not coordinates:
        raise Undetermined("rank@ without coordinates")
    if not all(type(at) is int and at >= -1 for at in coordinates):
        raise Undetermined("an unusual coordinate")
    if len(coordinates) > len(made.shape):
        raise Undetermined("more coordinates than dimensions")
    if any(at >= size for at, size in zip(coordinates, made.shape, strict=False)):
        raise Undetermined("a coordinate outside of the matrix")
    skipped = [axis for axis, at in enumerate(coordinates) if at == -1]
    if len(skipped) > 1:
        raise Undetermined("several dimensions that are skipped")
    full = [*coordinates, *[-1] * (len(made.shape) - len(coordinates))]
    axes = [axis for axis, at in enumerate(full) if at == -1]
    shape = tuple(made.shape[axis] for axis in axes)
    cells = []
    for places in tuples(*map(range, shape)):
        key = list(full)
        for axis, at in zip(axes, places, strict=True):
            key[axis] = at
        cells.append(cell_at(made, key))
    return of_shape(shape, cells, made.kind)


def of_shape(shape, cells, kind):
    """A number, a typed list or a matrix."""
    if not shape:
        return cells[0]
    return Row(kind, cells) if len(shape) == 1 else Array(shape, cells, kind)


def rows(made: Array) -> list:
    """The parts along the first dimension."""
    size = len(made.cells) // made.shape[0]
    return [
        of_shape(made.shape[1:], made.cells[i * size : (i + 1) * size], made.kind)
        for i in range(made.shape[0])
    ]


def element(made: Array, key):
    """One step of `@`."""
    if type(key) is not int:
        raise Undetermined("a key of a matrix that is no integer")
    if not -made.shape[0] <= key < made.shape[0]:
        raise OracleError("index", "Error: index out of bounds")
    return rows(made)[key]


def cell_by_cell(name, a, b):
    """Arithmetic of a matrix with a number or a matrix of the same shape."""
    if isinstance(a, Array) and isinstance(b, Array):
        if a.shape != b.shape:
            raise Undetermined("matrices of different shapes")
        cells = [apply_to(name, x, y) for x, y in zip(a.cells, b.cells, strict=True)]
    elif is_number(a):
        cells = [apply_to(name, a, y) for y in b.cells]
    elif isinstance(a, Array) and is_number(b):
        cells = [apply_to(name, x, b) for x in a.cells]
    else:
        raise Undetermined("arithmetic of a matrix with something else")
    array = a if isinstance(a, Array) else b
    decimal = any(isinstance(cell, float) for cell in cells)
    kind = "numbers" if decimal else array.kind
    return Array(array.shape, in_kind(kind, cells).items, kind)


@function("rank@", least=1)
def rank(interpreter, values):
    if not isinstance(values[0], Array):
        raise Undetermined("rank@ of something that is no matrix")
    return part(values[0], values[1:])


@function("transpose", least=1, most=1)
def transpose(interpreter, values):
    made = values[0]
    if not isinstance(made, Array) or len(made.shape) != 2:
        raise Undetermined("transpose of this value")
    lines, columns = made.shape
    cells = [cell_at(made, (i, j)) for j in range(columns) for i in range(lines)]
    return Array((columns, lines), cells, made.kind)


@function("determinant", least=1, most=1)
def determinant(interpreter, values):
    made = values[0]
    if not isinstance(made, Array) or len(made.shape) != 2 or made.shape[0] != made.shape[1]:
        raise Undetermined("the determinant of this value")
    if not all(type(cell) is int for cell in made.cells):
        raise Undetermined("the determinant of numbers that are rounded")
    return float(minor([list(row.items) for row in rows(made)]))


def minor(lines):
    if not lines:
        return 1
    first, rest = lines[0], lines[1:]
    return sum((-1) ** j * x * minor([row[:j] + row[j + 1 :] for row in rest]) for j, x in enumerate(first))
