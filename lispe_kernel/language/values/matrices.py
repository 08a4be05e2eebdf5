"""LispE's own matrices and tensors: numpy arrays of two or more dimensions with a kind of element.

A row is a typed list in the same memory, so what is stored in it is seen in the matrix. Texts lie in arrays
of objects. Operators are bound by `arithmetic.py`; linear algebra is in the library.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, write_elements
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import (
    MOST_ELEMENTS,
    OUT_OF_BOUNDS,
    first_element,
    has_elements,
    position,
)
from lispe_kernel.language.values.typed import CLASS_OF_DTYPE, TypedList, cast, typed
from lispe_kernel.language.values.typed_views import row_of

# The suffix of the constructor's name -> the dtype of the array.
DTYPES = {
    "number": "float64",
    "float": "float32",
    "integer": "int64",
    "short": "int16",
    "string": "object",
    "stringbyte": "object",
}
KINDS = {dtype: kind for kind, dtype in DTYPES.items() if kind != "stringbyte"}


class Matrix:
    """A regular array of `kind` elements: `matrix_` of two dimensions, `tensor_` of more."""

    __slots__ = ("array", "kind")
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None

    def __init__(self, array: Any, kind: str = "") -> None:
        self.array = array
        self.kind = kind or KINDS.get(array.dtype.name, "number")

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (part(row, self.kind) for row in self.array)

    def __getitem__(self, key: Any) -> Any:
        return part(self.array[key], self.kind)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.store((key,), value)

    def store(self, keys: tuple[Any, ...], value: Any) -> None:
        """Store an element, or a row or plane from a list of its shape."""
        place = self.array[keys]
        if not hasattr(place, "shape") or place.shape == ():
            self.array[keys] = value if self.kind.startswith("string") else self._element(value)
            return
        given = array_of(value)
        if given is None or given.shape != place.shape:
            raise LispeError(f"Error: set@: a value of the shape {shape_text(place.shape)} is needed here")
        self.array[keys] = given if given.dtype == object else cast(given, self.array.dtype.name, "set@")

    def _element(self, value: Any) -> Any:
        return CLASS_OF_DTYPE[self.array.dtype.name].convert(value)

    def __eq__(self, other: object) -> bool:
        array = array_of(other)
        return array is not None and bool(np.array_equal(self.array, array))

    def copy(self) -> Matrix:
        return Matrix(self.array.copy(), self.kind)


def part(value: Any, kind: str) -> Any:
    """An element of an array of `kind`, or a typed list or a smaller array in its memory."""
    if not hasattr(value, "ndim") or value.ndim == 0:
        return value.item() if hasattr(value, "item") else value
    if value.ndim > 1:
        return Matrix(value, kind)
    return Strings(value.tolist()) if value.dtype == object else row_of(value)


def wrapped(array: Any) -> Any:
    """An array of any number of dimensions as the LispE value it is: scalar, typed list, matrix or tensor."""
    if array.dtype.kind == "b":
        array = array.astype("int64")
    elif array.dtype.name not in CLASS_OF_DTYPE and array.dtype != object:
        array = array.astype("int64" if array.dtype.kind in "iu" else "float64")
    if array.ndim == 1 and array.dtype != object:
        return typed(array)
    return part(array, KINDS.get(array.dtype.name, "number"))


def array_of(value: Any) -> Any:
    """A regular list, matrix or tensor of numbers or texts as an array; None for anything else."""
    if isinstance(value, TypedList | Matrix):
        return value.array
    if isinstance(value, list):
        shape = regular_shape(value)
        return None if shape is None else _filled(value, shape)
    return None


def regular_shape(value: Any) -> tuple[int, ...] | None:
    """The dimensions of a regular nest of lists whose leaves are all numbers or all texts, else None."""
    if isinstance(value, TypedList):
        return (len(value),)
    if isinstance(value, Matrix):
        return value.shape
    if not isinstance(value, list):
        return None
    classes = {type(item) for item in value}
    if classes <= {int, float} or classes == {str}:
        return (len(value),)
    shapes = {regular_shape(item) for item in value}
    inner = shapes.pop()
    return None if shapes or inner is None else (len(value), *inner)


def _filled(value: list[Any], shape: tuple[int, ...]) -> Any:
    leaves: list[Any] = list(leaves_of(value))
    if leaves and isinstance(leaves[0], str):
        made = np.empty(len(leaves), dtype=object)
        made[:] = leaves
        return made.reshape(shape) if not any(not isinstance(leaf, str) for leaf in leaves) else None
    if any(isinstance(leaf, str) for leaf in leaves):
        return None
    try:
        whole = all(type(leaf) is int for leaf in leaves)
        return np.array(leaves, dtype="int64" if whole else "float64").reshape(shape)
    except OverflowError:
        return None


def leaves_of(value: Any) -> Iterator[Any]:
    """The scalars of a nest of lists, from left to right."""
    if isinstance(value, TypedList):
        yield from value
    elif isinstance(value, Matrix):
        yield from value.array.ravel().tolist()
    else:
        for item in value:
            if isinstance(item, list | TypedList | Matrix):
                yield from leaves_of(item)
            else:
                yield item


def filled(shape: tuple[int, ...], source: Any) -> Any:
    """An array of a shape, filled row by row with the elements of a one-dimensional array, in turn."""
    total = 1
    for size in shape:
        total *= size
    if total > MOST_ELEMENTS:
        raise LispeError(f"Error: {shape_text(shape)} are too many elements")
    if not len(source):
        raise LispeError("Error: rho: an empty list cannot fill anything")
    return np.resize(source, shape)


def nested(array: Any) -> Any:
    """An array as plain nested LispE lists."""
    values = array.tolist() if hasattr(array, "tolist") else array
    return _listed(values)


def _listed(value: Any) -> Any:
    return List(map(_listed, value)) if isinstance(value, list) else value


def shape_text(shape: tuple[int, ...]) -> str:
    return "(" + " ".join(map(str, shape)) + ")"


def _positions(matrix: Matrix, keys: tuple[Any, ...]) -> tuple[int, ...]:
    shape = matrix.shape
    if len(keys) == len(shape) == 2:
        row, column = keys
        if type(row) is type(column) is int and 0 <= row < shape[0] and 0 <= column < shape[1]:
            return keys
    if len(keys) > len(shape):
        raise LispeError(f"{OUT_OF_BOUNDS}: {len(keys)} indices for {len(shape)} dimensions")
    return tuple(position(key, size) for key, size in zip(keys, shape, strict=False))


def _at(matrix: Matrix, keys: tuple[Any, ...]) -> Any:
    if len(keys) == matrix.array.ndim:
        try:
            return matrix.array.item(*keys)
        except (IndexError, TypeError):
            # No index, or one outside: the longer way says which.
            pass
    return part(matrix.array[_positions(matrix, keys)], matrix.kind)


def _store(matrix: Matrix, keys: tuple[Any, ...], stored: Any) -> Any:
    matrix.store(_positions(matrix, keys), stored)
    return matrix


def _type_atom(matrix: Matrix) -> Atom:
    return Atom(f"{'matrix' if matrix.array.ndim == 2 else 'tensor'}_{matrix.kind}_")


register_kind(Matrix, "matrix_", write_elements, atom_of=_type_atom)
register_answers(
    Matrix,
    Answers(
        at=_at,
        store=_store,
        size=len,
        car=first_element,
        cdr=lambda matrix: Matrix(matrix.array[1:], matrix.kind),
        iterate=iter,
        items=list,
        flatten=lambda matrix: list(leaves_of(matrix)),
        equal=Matrix.__eq__,
        copy=Matrix.copy,
        truth=has_elements,
    ),
)
