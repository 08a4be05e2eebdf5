"""Typed lists: `integers`, `numbers`, `floats`, `shorts` on one contiguous numpy buffer.

Arithmetic on them is numpy's, so a million elements cost one vectorised operation, and a tensor made
from one costs one copy. `push` grows the buffer by doubling. Operators are bound by `arithmetic.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.numpy_lazy import np


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
            return values.array.astype(self.dtype)
        try:
            return np.array(
                values if isinstance(values, list | tuple | range) else list(values), dtype=self.dtype
            )
        except OverflowError:
            raise LispeError(f"Error: {self.name}: an integer does not fit in {self.dtype}") from None

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
        self.array[key] = value

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int | float) and bool((self.array == value).any())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypedList):
            return bool(np.array_equal(self.array, other.array))
        return isinstance(other, list) and self.array.tolist() == other

    def append(self, value: Any) -> None:
        self._reserve(1)
        self._buffer[self._size] = value
        self._size += 1

    def extend(self, values: Iterable[Any]) -> None:
        added = self._array_of(values)
        self._reserve(len(added))
        self._buffer[self._size : self._size + len(added)] = added
        self._size += len(added)

    def insert(self, index: int, value: Any) -> None:
        self._buffer = np.insert(self.array, index, value)
        self._size = len(self._buffer)

    def pop(self, index: int = -1) -> Any:
        value = self[index]
        self._buffer = np.delete(self.array, index)
        self._size = len(self._buffer)
        return value

    def reverse(self) -> None:
        self._buffer = self.array[::-1].copy()

    def copy(self) -> TypedList:
        return type(self).of_array(self.array.copy())

    lispe_copy = copy

    def tolist(self) -> list[Any]:
        return list(self.array.tolist())

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
