"""Typed lists: `integers`, `numbers`, `floats`, `shorts` on one contiguous numpy buffer.

Arithmetic on them is numpy's, so a million elements cost one vectorised operation, and a tensor made
from one costs one copy. `push` grows the buffer by doubling. Operators are bound by `arithmetic.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, write_elements
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.equality import both_empty, equals_empty
from lispe_kernel.language.values.numerals import scalar
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import as_it_is, element_by_index, first_element, put_by_index


def cast(array: Any, dtype: str, name: str) -> Any:
    """A numpy array in another dtype, decimals truncated; an error for what does not fit, never a wrap."""
    if array.dtype.name == dtype:
        return array.copy()
    target = np.dtype(dtype)
    if target.kind == "i" and array.size:
        low, high = array.min(), array.max()
        bounds = np.iinfo(target)
        if not (bounds.min <= low and high <= bounds.max):  # also false for NaN
            raise LispeError(
                f"Error: {name}: {high if not high <= bounds.max else low} does not fit in {dtype}"
            )
    with np.errstate(all="ignore"):
        return array.astype(target)


class TypedList:
    """A growable one-dimensional array of one numeric type."""

    __slots__ = ("_buffer", "_size")
    __hash__ = None  # type: ignore[assignment]
    dtype: ClassVar[str] = "float64"
    name: ClassVar[str] = "numbers"
    # numpy must not take over `array + typed_list`: our reflected operators keep the LispE type.
    __array_ufunc__ = None

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._buffer = self._array_of(values)
        self._size = len(self._buffer)

    @classmethod
    def of_array(cls, array: Any) -> TypedList:
        """A typed list over a one-dimensional array of the right dtype, without a copy."""
        made = cls.__new__(cls)
        made._buffer = array
        made._size = len(array)
        return made

    def _array_of(self, values: Iterable[Any]) -> Any:
        if isinstance(values, TypedList):
            return cast(values.array, self.dtype, self.name)
        if isinstance(values, range) and self.dtype == "int64":
            return np.arange(values.start, values.stop, values.step, dtype="int64")
        items = values if type(values) is list or isinstance(values, range) else list(values)
        try:
            with np.errstate(all="ignore"):
                made = np.array(items, dtype=self.dtype)
        except (OverflowError, ValueError, TypeError):
            made = np.array([self.convert(item) for item in items], dtype=self.dtype)
        return made if made.ndim == 1 else np.array([self.convert(item) for item in items], dtype=self.dtype)

    @classmethod
    def convert(cls, value: Any) -> Any:
        """A LispE scalar as an element of this list. Errors when it is no number or does not fit."""
        number = scalar(value, cls.name)
        try:
            with np.errstate(all="ignore"):
                return np.dtype(cls.dtype).type(int(number) if cls.dtype.startswith("int") else number).item()
        except (OverflowError, ValueError, TypeError):
            raise LispeError(f"Error: {cls.name}: {number} does not fit in {cls.dtype}") from None

    @property
    def array(self) -> Any:
        """The elements as a numpy array that shares the list's memory."""
        return self._buffer if self._size == len(self._buffer) else self._buffer[: self._size]

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter(self.array.tolist())

    def __getitem__(self, key: Any) -> Any:
        if type(key) is slice:
            return type(self).of_array(self.array[key].copy())
        if not -self._size <= key < self._size:
            raise IndexError(key)
        return self._buffer.item(key if key >= 0 else key + self._size)

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is not slice:
            if not -self._size <= key < self._size:
                raise IndexError(key)
            key = key if key >= 0 else key + self._size
            self._put(key, value)
        else:
            self.array[key] = self._array_of(value)

    def _put(self, position: int, value: Any) -> None:
        try:
            self._buffer[position] = value
        except (OverflowError, ValueError, TypeError):
            self._buffer[position] = self.convert(value)

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int | float) and bool((self.array == value).any())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypedList):
            return bool(np.array_equal(self.array, other.array))
        return isinstance(other, list) and self.array.tolist() == other

    def append(self, value: Any) -> None:
        size = self._size
        if size == len(self._buffer):
            self._reserve(1)
        try:
            self._buffer[size] = value
        except (OverflowError, ValueError, TypeError):
            self._buffer[size] = self.convert(value)
        self._size = size + 1

    def extend(self, values: Iterable[Any]) -> None:
        added = self._array_of(values)
        self._reserve(len(added))
        self._buffer[self._size : self._size + len(added)] = added
        self._size += len(added)

    def insert(self, index: int, value: Any) -> None:
        self._buffer = np.insert(self.array, index, self.convert(value))
        self._size = len(self._buffer)

    def pop(self, index: int = -1) -> Any:
        value = self[index]
        if index in (-1, self._size - 1):
            self._size -= 1
        elif index in (0, -self._size):
            self._buffer = self._buffer[1:]
            self._size -= 1
        else:
            self._buffer = np.delete(self.array, index)
            self._size = len(self._buffer)
        return value

    def clear(self) -> None:
        self._buffer, self._size = self._buffer[:0], 0

    def reverse(self) -> None:
        self.array[:] = self.array[::-1].copy()

    def rest(self) -> TypedList:
        """All elements but the first, in the same memory: what changes in one is seen in the other."""
        return type(self).of_array(self.array[1:])

    def copy(self) -> TypedList:
        return type(self).of_array(self.array.copy())

    def tolist(self) -> list[Any]:
        return self.array.tolist()  # type: ignore[no-any-return]

    def _reserve(self, more: int) -> None:
        needed = self._size + more
        if needed > len(self._buffer):
            grown = np.empty(max(8, needed, 2 * len(self._buffer)), dtype=self.dtype)
            grown[: self._size] = self._buffer[: self._size]
            self._buffer = grown


class Integers(TypedList):
    """LispE's `integers`: 64-bit."""

    __slots__ = ()
    dtype = "int64"
    name = "integers"


class Numbers(TypedList):
    """LispE's `numbers`: doubles."""

    __slots__ = ()


class Floats(TypedList):
    """LispE's `floats`: 32-bit floats."""

    __slots__ = ()
    dtype = "float32"
    name = "floats"


class Shorts(TypedList):
    """LispE's `shorts`: 16-bit integers."""

    __slots__ = ()
    dtype = "int16"
    name = "shorts"


CLASS_OF_DTYPE: dict[str, type[TypedList]] = {cls.dtype: cls for cls in (Integers, Numbers, Floats, Shorts)}


def typed(array: Any) -> TypedList:
    """A typed list for a one-dimensional numpy array, by its dtype (other integers become int64)."""
    cls = CLASS_OF_DTYPE.get(array.dtype.name)
    if cls is None:
        cls = Integers if array.dtype.kind in "iub" else Numbers
        array = array.astype(cls.dtype)
    return cls.of_array(array)


for _cls, _atom in (
    (TypedList, "numbers_"),
    (Integers, "integers_"),
    (Numbers, "numbers_"),
    (Floats, "floats_"),
    (Shorts, "shorts_"),
):
    register_kind(_cls, _atom, write_elements)


def _push(values: TypedList, added: tuple[Any, ...]) -> TypedList:
    for value in added:
        values.append(value)
    return values


def _put(values: TypedList, key: Any, value: Any) -> None:
    if type(key) is int and 0 <= key < values._size:
        values._put(key, value)
    else:
        put_by_index(values, key, value)


def _equal(values: TypedList, other: Any) -> bool:
    return values == other if len(values) else equals_empty(other)


register_answers(
    TypedList,
    Answers(
        element=element_by_index,
        put=_put,
        push=_push,
        size=len,
        car=first_element,
        cdr=TypedList.rest,
        iterate=as_it_is,
        items=TypedList.tolist,
        flatten=TypedList.tolist,
        equal=_equal,
        same=both_empty,
        copy=TypedList.copy,
    ),
)
