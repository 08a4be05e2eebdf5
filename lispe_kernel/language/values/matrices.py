"""LispE's own matrices and tensors: numpy arrays of two or more dimensions with a kind of element.

A row is a typed list in the same memory, so what is stored in it is seen in the matrix. Texts lie in arrays
of objects. Operators are bound by `arithmetic.py`; linear algebra is in the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, write_elements
from lispe_kernel.language.protocols import Answers, all_among, register_answers
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.equality import equal_lists
from lispe_kernel.language.values.lists import INTEGERS, List, Strings, deep_copy
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import (
    OUT_OF_BOUNDS,
    first_element,
    has_elements,
    position,
    shape_text,
)
from lispe_kernel.language.values.typed.lists import CLASS_OF_DTYPE, TypedList, cast, class_of, typed
from lispe_kernel.language.values.typed.views import row_of

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
    """A regular array of `kind` elements: `matrix_` of two dimensions, `tensor_` of more.

    A part that was taken out stays a part. When a program changes the size of one, or puts in and takes out
    rows, the parts lie in a list, and the array is made of them anew as long as they are regular.
    """

    __slots__ = ("_array", "_items", "_parts", "kind")
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None

    def __init__(self, array: Any, kind: str = "") -> None:
        self._array = array
        self.kind = kind or KINDS.get(array.dtype.name, "number")
        # The parts that were taken out, by their positions.
        self._parts: dict[int, Any] = {}
        # All parts, once the array does not say what they are.
        self._items: List | None = None

    @property
    def array(self) -> Any:
        """The elements as one array, in the memory of the parts that were taken out."""
        loose = self.loose
        if loose is None:
            return self._array
        array = array_of(loose)
        if array is None or not array.size:
            raise LispeError("Error: the rows of this matrix are no longer of one size and kind")
        return array

    @array.setter
    def array(self, array: Any) -> None:
        self._array, self._parts, self._items = array, {}, None

    @property
    def loose(self) -> List | None:
        """The parts, where the array no longer says what they are."""
        if self._parts and self._items is None and any(self._is_elsewhere(at) for at in self._parts):
            self.items()
        return self._items

    def _is_elsewhere(self, at: int) -> bool:
        """Whether a part has another size or another place than its stretch of the array."""
        mine, taken = self._array[at], self._parts[at].array
        return taken.shape != mine.shape or not np.may_share_memory(taken, mine)

    def items(self) -> List:
        """The parts in a list, which is from now on what the matrix holds."""
        if self._items is None:
            parts, array = self._parts, self._array
            self._items = List(
                parts[at] if at in parts else part(array[at], self.kind) for at in range(len(array))
            )
        return self._items

    @property
    def is_whole(self) -> bool:
        """Whether no part was ever taken out: the array is all there is."""
        return self._items is None and not self._parts

    @property
    def is_regular(self) -> bool:
        """Whether the parts are still of one size and kind."""
        if self.is_whole:
            return True
        try:
            return bool(self.array.ndim > 1)
        except LispeError:
            return False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    def __len__(self) -> int:
        return len(self._array) if self._items is None else len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return (self[at] for at in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if type(key) is slice:
            return regular(List(self[at] for at in range(*key.indices(len(self)))))
        if not -len(self) <= key < len(self):
            raise IndexError(key)
        # A row of texts is no stretch of the array.
        if self._items is not None or (self._array.dtype == object and self._array.ndim == 2):
            return self.items()[key]
        at = key if key >= 0 else key + len(self)
        if at not in self._parts:
            self._parts[at] = part(self._array[at], self.kind)
        return self._parts[at]

    def cell(self, row: Any, column: Any) -> Any:
        """The element at two integers, from the row where that was taken out; None for the longer way."""
        if self._items is not None or not type(row) is type(column) is int or row < 0 or column < 0:
            return None
        try:
            taken = self._parts.get(row)
            return self._array.item(row, column) if taken is None else taken.cells.item(column)
        except (IndexError, ValueError, AttributeError):
            return None  # no matrix, no row of one, or outside

    def put_cell(self, row: Any, column: Any, value: Any) -> bool:
        """Store a number at two integers; whether the longer way is not needed."""
        array = self._array
        if self._items is not None or array.ndim != 2 or (letter := array.dtype.char) == "O":
            return False
        if not type(row) is type(column) is int or row < 0 or column < 0:
            return False
        try:
            taken = self._parts.get(row)
            if taken is None:
                array[row, column] = value if type(value) is float and letter == "d" else self._element(value)
            else:
                taken.cells[column] = taken.convert(value)
        except (IndexError, AttributeError):
            return False
        return True

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is int and self._items is None:
            self.store((key,), value)
        else:
            self.items()[key] = value

    def append(self, value: Any) -> None:
        self.items().append(value)

    def extend(self, values: Iterable[Any]) -> None:
        self.items().extend(values)

    def insert(self, index: int, value: Any) -> None:
        self.items().insert(index, value)

    def pop(self, index: int = -1) -> Any:
        return self.items().pop(index)

    def clear(self) -> None:
        self.items().clear()

    def store(self, keys: tuple[Any, ...], value: Any) -> None:
        """Store an element, or a row or plane from a list of its shape."""
        if self._items is not None:
            self._store_in_items(keys, value)
            return
        place = self.array[keys]
        if not hasattr(place, "shape") or place.shape == ():
            self._array[keys] = value if self.kind.startswith("string") else self._element(value)
            return
        given = array_of(value)
        if given is None or given.shape != place.shape:
            raise LispeError(f"Error: set@: a value of the shape {shape_text(place.shape)} is needed here")
        self._array[keys] = given if given.dtype == object else cast(given, self._array.dtype.name, "set@")

    def _store_in_items(self, keys: tuple[Any, ...], value: Any) -> None:
        container: Any = self.items()
        for key in keys[:-1]:
            container = container[key]
        container[keys[-1]] = value

    def _element(self, value: Any) -> Any:
        cls: Any = class_of(self._array.dtype)
        return cls.convert(value)

    def __eq__(self, other: object) -> bool:
        if not self.is_regular:
            return equal_lists(self.items(), other)
        array = array_of(other)
        return array is not None and bool(np.array_equal(self.array, array))

    def copy(self) -> Matrix:
        made = Matrix(self._array.copy(), self.kind)
        if not self.is_regular or self._items is not None:
            made._items = deep_copy(self.items())
        return made


def regular(items: List) -> Any:
    """Rows as a matrix where they are regular, else as the list that they are."""
    array = array_of(items)
    return items if array is None or array.ndim < 2 or array.dtype == object else Matrix(array.copy())


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
    if isinstance(value, TypedList):
        return value.array
    if isinstance(value, Matrix):
        return value.array if value.is_regular else None
    if isinstance(value, list):
        shape = regular_shape(value)
        return None if shape is None else _filled(value, shape)
    return None


_ROWS = frozenset({List})
# numpy has no more dimensions.
_MOST_DIMENSIONS = 64
_Shape = tuple[int, ...] | None


def regular_shape(value: Any, known: dict[int, _Shape] | None = None) -> _Shape:
    """The dimensions of a regular nest of lists whose leaves are all numbers or all texts, else None.

    known: of lists that were looked at already, by their identity; one that contains itself has none.
    """
    if isinstance(value, TypedList):
        return (len(value),)
    if isinstance(value, Matrix):
        loose = value.loose
        if loose is None:
            return value.shape
        shape = regular_shape(loose, known)
        return shape if shape is not None and len(shape) > 1 and 0 not in shape else None
    if not isinstance(value, list):
        return None
    classes = {*map(type, value)}
    if classes <= {int, float} or classes == {str}:
        return (len(value),)
    known = {} if known is None else known
    if id(value) not in known:
        known[id(value)] = None
        shapes = {regular_shape(item, known) for item in value}
        inner = shapes.pop()
        if not shapes and inner is not None and len(inner) < _MOST_DIMENSIONS:
            known[id(value)] = (len(value), *inner)
    return known[id(value)]


def _filled(value: list[Any], shape: tuple[int, ...]) -> Any:
    flat = len(shape) == 2 and all_among(_ROWS, value)
    leaves: list[Any] = list(chain.from_iterable(value) if flat else leaves_of(value))
    if leaves and isinstance(leaves[0], str):
        made = np.empty(len(leaves), dtype=object)
        made[:] = leaves
        return made.reshape(shape) if not any(not isinstance(leaf, str) for leaf in leaves) else None
    if any(isinstance(leaf, str) for leaf in leaves):
        return None
    try:
        whole = all_among(INTEGERS, leaves)
        return np.array(leaves, dtype="int64" if whole else "float64").reshape(shape)
    except OverflowError:
        return None


def leaves_of(value: Any) -> Iterator[Any]:
    """The scalars of a nest of lists, from left to right."""
    if isinstance(value, TypedList):
        yield from value
    elif isinstance(value, Matrix) and value.is_regular:
        yield from value.array.ravel().tolist()
    else:
        for item in value:
            yield from leaves_of(item) if isinstance(item, (list, TypedList, Matrix)) else (item,)


def nested(array: Any) -> Any:
    """An array, or what is left of one, as plain nested LispE lists."""
    value = array.tolist() if hasattr(array, "tolist") else array
    return List(map(nested, value)) if isinstance(value, list) else value


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
    if len(keys) == 2 and (found := matrix.cell(*keys)) is not None:
        return found
    if matrix.is_whole:
        if len(keys) == matrix.array.ndim:
            try:
                return matrix.array.item(*keys)
            except (IndexError, TypeError):
                # No index, or one outside: the longer way says which.
                pass
        _positions(matrix, keys)
    found = matrix
    for key in keys:
        if not hasattr(found, "__len__"):
            raise LispeError(f"{OUT_OF_BOUNDS}: {len(keys)} indices are too many here")
        found = found[position(key, len(found))]
    return found


def _store(matrix: Matrix, keys: tuple[Any, ...], stored: Any) -> Any:
    if matrix.is_whole or (len(keys) == 1 and matrix.is_regular):
        matrix.store(_positions(matrix, keys), stored)
    elif len(keys) == 1:
        matrix.items()[position(keys[0], len(matrix))] = stored
    else:
        place = matrix[position(keys[0], len(matrix))]
        if isinstance(place, Matrix):
            _store(place, keys[1:], stored)
        elif len(keys) == 2 and hasattr(place, "__setitem__"):
            place[position(keys[1], len(place))] = stored
        else:
            raise LispeError(f"{OUT_OF_BOUNDS}: {len(keys)} indices are too many here")
    return matrix


def _push(matrix: Matrix, added: tuple[Any, ...]) -> Matrix:
    matrix.extend(added)
    return matrix


def _type_atom(matrix: Matrix) -> Atom:
    if not matrix.is_regular:
        return Atom("list_")
    return Atom(f"{'matrix' if matrix.array.ndim == 2 else 'tensor'}_{matrix.kind}_")


register_kind(Matrix, "matrix_", write_elements, nests=True, atom_of=_type_atom)
register_answers(
    Matrix,
    Answers(
        at=_at,
        store=_store,
        push=_push,
        size=len,
        car=first_element,
        cdr=lambda matrix: matrix[1:] if matrix.is_regular else List(matrix.items()[1:]),
        iterate=iter,
        items=list,
        flatten=lambda matrix: list(leaves_of(matrix)),
        equal=Matrix.__eq__,
        copy=Matrix.copy,
        truth=has_elements,
    ),
)
