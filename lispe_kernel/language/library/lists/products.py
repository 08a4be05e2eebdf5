"""Shapes and products of the APL layer: `rho`, `tally`, `transpose`, `rank@`, inner and outer products."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import (
    as_bits,
    binary_function,
    elements,
    is_list,
    like,
    typed_results,
)
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.protocols import all_among
from lispe_kernel.language.runtime import current
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lazy import Lazy
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import DOUBLES, INTEGERS, NUMBERS, SCALARS, List
from lispe_kernel.language.values.matrices import (
    Matrix,
    array_of,
    regular_shape,
    wrapped,
)
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import MOST_ELEMENTS, shape_text
from lispe_kernel.language.values.typed.lists import Integers, TypedList

Function = Callable[..., Any]

_AXB = (Parameter("operation"), Parameter("container"), Parameter("other"))


def _is_data(value: Any) -> bool:
    """Whether an argument is a list of data rather than a function."""
    if isinstance(value, (TypedList, Matrix, LinkedList)):
        return True
    if not isinstance(value, list):
        return False
    return not (value and isinstance(value[0], Atom) and len(value) > 1 and _names_function(value[0]))


def _names_function(atom: Atom) -> bool:
    return atom.name in special_forms or current().function_named(atom.name) is not None


def array_argument(value: Any, name: str, position: int) -> Any:
    """A regular list of numbers, a matrix or tensor as a numpy array. Errors name the function."""
    array = array_of(value)
    if array is None or array.dtype == object:
        raise wrong_argument(name, position, "a regular list or matrix of numbers", value)
    return array


# -- shapes -------------------------------------------------------------------------------------------


# Lists of one number that are filled with it at once.
_REPEATED = frozenset({List, Integers})


def _counts(size: Any, value: Any) -> bool:
    return type(size) is int and 0 <= size <= MOST_ELEMENTS and type(value) in NUMBERS


@function("ρ", "rho", "⍴", keyword=True)
def rho(*arguments: Any) -> Any:
    """One argument: the shape, a number for a flat or irregular list. More: the last list put into a shape.

    The list is gone through again and again; two dimensions give a matrix, more a tensor.

    Example: (rho (rho 2 3 (iota 6))) => (2 3)
    Example: (rho 5 (iota 2)) => (1 2 1 2 1)
    Example: (rho 3 3 (iota 4)) => ((1 2 3) (4 1 2) (3 4 1))
    """
    if len(arguments) == 2:
        size, source = arguments
        if type(source) is List and len(source) == 1 and _counts(size, source[0]):
            return List([source[0]] * size)
        if type(source) is List and source and _counts(size, source[0]):
            kinds = INTEGERS if type(source[0]) is int else DOUBLES
            if all_among(kinds, source):
                return List(([*source] * (size // len(source) + 1))[:size])
    if not arguments:
        raise LispeError(wrong_number("rho"))
    if len(arguments) == 1:
        return _shape_of(arguments[0])
    *sizes, source = arguments
    if len(sizes) == 1 and type(source) in _REPEATED and len(source) == 1 and _counts(sizes[0], source[0]):
        return type(source)([source[0]] * sizes[0])
    shape = tuple(integer_argument("rho", i, size) for i, size in enumerate(sizes, 1))
    for position, size in enumerate(shape, 1):
        if size < 0:
            raise wrong_argument("rho", position, "0 or more", size)
    if isinstance(source, Matrix):
        return wrapped(_resized(shape, source.array.ravel()))
    values = (
        elements(source, "rho", len(arguments)) if not isinstance(source, (int, float, str)) else [source]
    )
    if isinstance(source, LinkedList) and len(shape) > 1:
        values = values[::-1]
    return _filled(shape, source, values)


def _shape_of(value: Any) -> Any:
    if type(value) is List and value and type(value[0]) in SCALARS:
        return len(value)  # flat, or irregular
    if isinstance(value, Matrix):
        return Integers(value.shape)
    found = regular_shape(value) if is_list(value) else None
    if found is not None and len(found) > 1:
        return Integers(found)
    return len(elements(value, "rho", 1))


def _resized(shape: tuple[int, ...], source: Any) -> Any:
    """An array of a shape, filled row by row with the elements of a one-dimensional array, in turn."""
    total = 1
    for size in shape:
        total *= size
    if total > MOST_ELEMENTS:
        raise LispeError(f"Error: {shape_text(shape)} are too many elements")
    if not len(source):
        raise LispeError("Error: rho: an empty list cannot fill anything")
    return np.resize(source, shape)


def _filled(shape: tuple[int, ...], source: Any, values: Any) -> Any:
    if len(shape) == 1 and len(values) and set(map(type, values)) in ({int}, {float}):
        times = shape[0] // len(values) + 1
        if shape[0] <= MOST_ELEMENTS:
            return like(source, (list(values) * times)[: shape[0]])
    array = source.array if isinstance(source, TypedList) else array_of(list(values))
    if array is not None and array.ndim == 1:
        made = _resized(shape, array)
        return wrapped(made) if len(shape) > 1 else like(source, made.tolist())
    if not len(values):
        raise LispeError("Error: rho: an empty list cannot fill anything")
    total = functools.reduce(lambda a, b: a * b, shape, 1)
    if total > MOST_ELEMENTS:
        raise LispeError(f"Error: rho: {shape_text(shape)} are too many elements")
    cells = [values[i % len(values)] for i in range(total)]
    for size in reversed(shape[1:]):
        cells = [List(cells[i : i + size]) for i in range(0, len(cells), size)] if size else []
    return like(source, cells) if len(shape) == 1 else List(cells)


@function("≢", "tally", keyword=True, returns="number")
def tally(container: Any) -> int:
    """The number of cells of a matrix or tensor, of elements of any other container.

    Example: (tally (rho 2 3 (iota 6))) => 6
    """
    return (
        int(container.array.size) if isinstance(container, Matrix) else len(elements(container, "tally", 1))
    )


@function("⍉", "transpose", keyword=True)
def transpose(matrix: Any) -> Any:
    """Rows and columns exchanged; a tensor with its dimensions in reverse order.

    Example: (transpose (rho 2 3 (iota 6))) => ((1 4) (2 5) (3 6))
    Example: (transpose '((a b) (c d))) => ((a c) (b d))
    Errors: for rows of different sizes.
    """
    array = array_of(matrix)
    if array is not None:
        return wrapped(array.T.copy())  # a matrix of one row lies in memory as its transposition does
    rows = elements(matrix, "transpose", 1)
    if not rows or not all(is_list(row) for row in rows) or len({len(row) for row in rows}) > 1:
        raise wrong_argument("transpose", 1, "a list of rows of one size", matrix)
    return List(List(column) for column in zip(*rows, strict=True))


def _at_coordinates(array: Any, coordinates: tuple[Any, ...], name: str) -> tuple[Any, int]:
    """The part of an array, and how many of its dimensions were skipped before the last coordinate."""
    if len(coordinates) > array.ndim:
        raise LispeError(f"Error: {name}: {len(coordinates)} coordinates for {array.ndim} dimensions")
    places: list[Any] = []
    for position, (given, size) in enumerate(zip(coordinates, array.shape, strict=False), 2):
        skipped = not isinstance(given, (int, float)) or given < 0
        at = slice(None) if skipped else integer_argument(name, position, given)
        if not skipped and at >= size:
            raise LispeError(f"Error: index out of bounds: {at} in {size} elements")
        places.append(at)
    while places and isinstance(places[-1], slice):
        places.pop()
    return array[tuple(places)], sum(isinstance(place, slice) for place in places)


def _cell_or_part(found: Any) -> Any:
    part = np.asarray(found)
    return wrapped(part.copy()) if part.ndim else part.item()


@function("rank@", "⍤", keyword=True)
def rank_at(tensor: Any, *coordinates: Any) -> Any:
    """The part of a matrix or tensor at some coordinates; a negative one skips its dimension.

    What is at several dimensions that are skipped is one list, the places of the first one side by side.

    Example: (rank@ (rho 3 4 5 (iota 60)) 1 1) => (26 27 28 29 30)
    Example: (rank@ (rho 2 3 (iota 6)) -1 1) => (2 5)
    """
    found, skipped = _at_coordinates(array_argument(tensor, "rank@", 1), coordinates, "rank@")
    if skipped > 1:
        turned = np.transpose(found, (*reversed(range(skipped)), *range(skipped, found.ndim)))
        found = turned.reshape(-1, *found.shape[skipped:])
    return _cell_or_part(found)


@function("irank@", keyword=True)
def irank_at(tensor: Any, coordinate: Any, *coordinates: Any) -> Lazy:
    """The parts that rank@ gives with one more coordinate, which runs over its dimension; for loop.

    Where several dimensions are skipped, a part keeps them: it is a matrix or a tensor.

    Example: (to_list (irank@ (rho 2 3 (iota 6)) -1)) => ((1 4) (2 5) (3 6))
    """
    array = array_argument(tensor, "irank@", 1)
    fixed = (coordinate, *coordinates)
    if len(fixed) >= array.ndim:
        raise LispeError(f"Error: irank@: {array.ndim} dimensions leave no coordinate to run over")
    return Lazy(
        [Atom("irank@"), tensor, *fixed],
        lambda: (
            _cell_or_part(_at_coordinates(array, (*fixed, i), "irank@")[0])
            for i in range(array.shape[len(fixed)])
        ),
        endless=False,
    )


# -- products -----------------------------------------------------------------------------------------


def _leaves(value: Any, name: str, position: int) -> tuple[tuple[int, ...], list[Any]]:
    """Shape and cells of a list or matrix; an irregular list, or one of matrices, has one dimension."""
    whole = type(value) is List and any(isinstance(item, Matrix) for item in value)
    array = None if whole else array_of(value)
    if array is not None:
        return tuple(array.shape), array.ravel().tolist()
    if not is_list(value):
        raise wrong_argument(name, position, "a list", value)
    return (len(value),), list(value)


def _nested(values: list[Any], shape: tuple[int, ...]) -> Any:
    """Results in row order as a table: a matrix of numbers, or nested lists of what else they are."""
    whole = bool(values) and any(isinstance(cell, Matrix) for cell in values)
    for size in reversed(shape[1:]):
        values = [List(values[i : i + size]) for i in range(0, len(values), size)] if size else []
    made = List(values)
    array = array_of(made) if len(shape) > 1 and not whole else None
    return made if array is None or array.dtype == object else wrapped(array)


def outer(operation: Any, container: Any, other: Any) -> Any:
    """The table of an operation on every element of one list and every element of another.

    A list of matrices is one of whole matrices; a matrix gives its cells. The operation may also stand
    between the lists.

    Example: (° '* '(2 3 4) '(1 2 3 4)) => ((2 4 6 8) (3 6 9 12) (4 8 12 16))
    Example: (outer '= (iota 3) (iota 3)) => ((1 0 0) (0 1 0) (0 0 1))
    Errors: when an operand is no list.
    """
    if _is_data(operation) and not _is_data(container):
        operation, container = container, operation
    (shape, left), (other_shape, right) = _leaves(container, "outer", 2), _leaves(other, "outer", 3)
    call = binary_function(operation, "outer")
    if len(left) * len(right) > MOST_ELEMENTS:
        raise LispeError("Error: outer: too many elements")
    values = as_bits([call(a, b) for a in left for b in right], operation)
    return _nested(values, shape + other_shape)


function("°", keyword=True, parameters=_AXB)(outer)
function("outer", keyword=True, parameters=_AXB)(outer)


def inner(fold: Any, combine: Any, container: Any, other: Any) -> Any:
    """Combine the pairs of two lists, then fold the results; on matrices rows with columns.

    With '+ and '* this is the scalar product and the product of matrices. The operations may also stand
    between the operands.

    Example: (inner '+ '* '(1 2 3) '(4 5 6)) => 32
    Example: (inner '+ '* '((1 2) (3 4)) '((5 6) (7 8))) => ((19 22) (43 50))
    Errors: for shapes that do not fit.
    """
    if _is_data(fold) and not _is_data(combine) and not _is_data(container):
        fold, combine, container = combine, container, fold
    (shape, left), (other_shape, right) = _leaves(container, "inner", 3), _leaves(other, "inner", 4)
    if not shape or not other_shape or shape[-1] != other_shape[0]:
        raise LispeError(
            f"Error: inner: the shapes {shape_text(shape)} and {shape_text(other_shape)} do not fit"
        )
    size = shape[-1]
    result_shape = shape[:-1] + other_shape[1:]
    if isinstance(fold, Atom) and isinstance(combine, Atom) and (fold.name, combine.name) == ("+", "*"):
        quick = _product(container, other, size)
        if quick is not None:
            return quick
    columns = len(right) // size if size else 0
    folding, combining = binary_function(fold, "inner"), binary_function(combine, "inner")
    values = [
        functools.reduce(
            folding, map(combining, left[row : row + size], right[column::columns]), *_start(size)
        )
        for row in range(0, len(left), size or 1)
        for column in range(columns)
    ]
    if not result_shape:
        return values[0] if values else None
    return _nested(values, result_shape) if len(result_shape) > 1 else typed_results(values)


def _start(size: int) -> tuple[Any, ...]:
    return () if size else (None,)


def _product(a: Any, b: Any, size: int) -> Any:
    """A product of numeric arrays by numpy, unless integers could overflow."""
    left, right = array_of(a), array_of(b)
    if left is None or right is None or object in (left.dtype, right.dtype) or not size:
        return None
    if not left.size or not right.size:
        return None
    if left.dtype.kind == right.dtype.kind == "i":
        extremes = [max(abs(int(x.min())), abs(int(x.max()))) for x in (left, right)]
        if extremes[0] * extremes[1] * size >= 1 << 63:
            return None
        left, right = left.astype("int64"), right.astype("int64")
    return wrapped(np.asarray(np.tensordot(left, right, axes=1)))


_FGAB = (Parameter("fold"), Parameter("combine"), Parameter("container"), Parameter("other"))
function(".", keyword=True, parameters=_FGAB)(inner)
function("inner", keyword=True, parameters=_FGAB)(inner)


@function("+*", keyword=True)
def flat_product(m1: Any, shape1: Any, m2: Any, shape2: Any) -> Any:
    """The product of two matrices given as flat lists with their shapes, as a flat typed list.

    Example: (+* (integers 1 2 3 4) '(2 2) (integers 5 6 7 8) '(2 2)) => (19 22 43 50)
    Errors: for different types, and shapes that do not fit.
    """
    arrays = []
    for position, (flat, shape) in enumerate(((m1, shape1), (m2, shape2))):
        array = array_argument(flat, "+*", 2 * position + 1)
        sizes = [integer_argument("+*", 2 * position + 2, size) for size in elements(shape, "+*", 2)]
        if len(sizes) != 2 or sizes[0] * sizes[1] != array.size or min(sizes) <= 0:
            raise LispeError(
                f"Error: +*: {array.size} elements do not have the shape {shape_text(tuple(sizes))}"
            )
        arrays.append(array.reshape(sizes))
    left, right = arrays
    if left.dtype != right.dtype:
        raise LispeError("Error: +*: both matrices must be of the same type")
    product = inner(Atom("+"), Atom("*"), wrapped(left), wrapped(right))
    return wrapped(array_argument(product, "+*", 1).ravel())
