"""Typed lists in the memory of other values: what `cdr` gives of one, and the rows of matrices.

What is stored through either is seen by both. What would move elements that are not the view's gives it
memory of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from lispe_kernel.language.printer import register_kind, write_elements
from lispe_kernel.language.protocols import extend_answers
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.typed.lists import (
    WIDE,
    Floats,
    Integers,
    Numbers,
    Shorts,
    Stored,
    TypedList,
    class_of,
    typed,
)


class TypedView(TypedList):
    """What the two kinds of views have in common. Another list of the kind is one with its own memory."""

    __slots__ = ()
    whole: ClassVar[type[Stored]] = Numbers

    def __new__(cls, values: Iterable[Any] = ()) -> Any:
        return cls.whole(values)

    @classmethod
    def of_array(cls, numbers: Any) -> Any:
        return cls.whole.of_array(numbers)

    def part(self, start: int, end: int | None = None) -> Any:
        return self.whole.of_array(self.array[start:end])

    def reverse(self) -> None:
        self.array[:] = self.array[::-1].copy()


class Rest(TypedView):
    """The elements of a typed list from a start on."""

    __slots__ = ("base", "start")
    base: Stored
    start: int

    def _detach(self) -> Stored:
        if self.start:
            self.base, self.start = self.base.part(self.start), 0
        return self.base

    @property
    def array(self) -> Any:
        return self.base.array[self.start :]

    def tolist(self) -> list[Any]:
        return list(self.base.part(self.start))

    def __len__(self) -> int:
        size = len(self.base) - self.start
        return size if size > 0 else 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def _position(self, key: int) -> int:
        position = key + self.start if key >= 0 else key + len(self.base)
        if position < self.start:
            raise IndexError(key)
        return position

    def __getitem__(self, key: int) -> Any:
        return self.base[self._position(key)]

    def __setitem__(self, key: int, value: Any) -> None:
        self.base[self._position(key)] = value

    def append(self, value: Any) -> None:
        self.base.append(value)

    def extend(self, values: Iterable[Any]) -> None:
        self.base.extend(values)

    def insert(self, index: int, value: Any) -> None:
        self._detach().insert(index, value)

    def pop(self, index: int = -1) -> Any:
        return self._detach().pop(index)

    def clear(self) -> None:
        self.base, self.start = self.whole(), 0

    def refill(self, values: Iterable[Any]) -> None:
        self._detach().refill(values)


class Row(TypedView):
    """The elements of a one-dimensional numpy array that belongs to a matrix, until their number changes."""

    __slots__ = ("cells",)
    cells: Any

    @property
    def array(self) -> Any:
        return self.cells

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.cells.tolist())

    def __getitem__(self, key: int) -> Any:
        return self.cells.item(key)

    def __setitem__(self, key: int, value: Any) -> None:
        self.cells[key] = self.convert(value)

    def append(self, value: Any) -> None:
        self.extend((value,))

    def extend(self, values: Iterable[Any]) -> None:
        self.cells = np.concatenate([self.cells, self.whole(values).array])

    def insert(self, index: int, value: Any) -> None:
        self.cells = np.insert(self.cells, index, self.convert(value))

    def pop(self, index: int = -1) -> Any:
        value = self[index]
        self.cells = np.delete(self.cells, index)
        return value

    def clear(self) -> None:
        self.cells = self.cells[:0]

    def refill(self, values: Iterable[Any]) -> None:
        made = self.whole(values).array
        if len(made) == len(self.cells):
            self.cells[:] = made
        else:
            self.cells = made


def _of(kind: type, whole: type[Stored]) -> Any:
    """A kind of view for one class of typed lists."""
    facts = {"dtype": whole.dtype, "name": whole.name, "code": whole.code, "whole": whole, "__slots__": ()}
    made = type(f"{whole.__name__}{kind.__name__}", (kind,), facts)
    register_kind(made, f"{whole.name}_", write_elements)
    return made


_RESTS: dict[type[Stored], Any] = {cls: _of(Rest, cls) for cls in (Integers, Numbers, Floats, Shorts)}
_ROWS: dict[type[Stored], Any] = {cls: _of(Row, cls) for cls in _RESTS}
for _views in (_RESTS, _ROWS):
    WIDE.update({_views[Integers]: False, _views[Numbers]: True})
TYPED_VIEWS: frozenset[type] = frozenset({*_RESTS.values(), *_ROWS.values()})
_new = object.__new__


def rest_of(values: Any) -> Any:
    """`(cdr values)`: a view one element later."""
    if isinstance(values, Rest):
        made = _new(type(values))
        made.base, made.start = values.base, values.start + (values.start < len(values.base))
        return made
    if isinstance(values, Row):
        return row_of(values.cells[1:])
    made = _new(_RESTS[type(values)])
    made.base, made.start = values, 1 if len(values) else 0
    return made


def row_of(numbers: Any) -> Any:
    """A typed list in the memory of a one-dimensional numpy array (a copy where there is no such kind)."""
    cls = class_of(numbers.dtype)
    if cls is None:
        return typed(numbers)
    made = _new(_ROWS[cls])
    made.cells = numbers
    return made


extend_answers(TypedList, cdr=rest_of)
