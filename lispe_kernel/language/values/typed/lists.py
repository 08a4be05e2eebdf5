"""Typed lists: `integers`, `numbers`, `floats`, `shorts`, each one block of memory.

The block is that of Python's `array`, from which the classes inherit: an element is read, stored or appended
by Python's own code. Bulk work is numpy's, on a view of the same block (`array`) that is made for one
operation and dropped after it: while one lives, the block cannot grow. Parts of other values' memory are
typed lists too (`views.py`). Operators are computed in `operators.py` and bound by `arithmetic.py`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, write_elements
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.equality import both_empty, equals_empty
from lispe_kernel.language.values.numerals import scalar
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import element_by_index, first_element, put_by_index

# What Python's array, or the value itself, says when it is no element as it stands.
REFUSED = (TypeError, OverflowError, ValueError, RuntimeError)
# Up to so many elements Python is faster than numpy.
FEW = 32
# From here on numpy takes integers for doubles that are near to them.
_EXACT = 1 << 53


def cast(numbers: Any, dtype: str, name: str) -> Any:
    """A numpy array in another dtype, decimals truncated; an error for what does not fit, never a wrap."""
    if numbers.dtype.name == dtype:
        return numbers.copy()
    target = np.dtype(dtype)
    if target.kind == "i" and numbers.size:
        low, high = numbers.min(), numbers.max()
        bounds = np.iinfo(target)
        if not (bounds.min <= low and high <= bounds.max):  # also false for NaN
            raise LispeError(
                f"Error: {name}: {high if not high <= bounds.max else low} does not fit in {dtype}"
            )
    with np.errstate(all="ignore"):
        return numbers.astype(target)


class TypedList:
    """A one-dimensional list of one numeric type; where its elements lie is for its subclasses."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    dtype: ClassVar[str] = "float64"
    name: ClassVar[str] = "numbers"
    # The type in the words of Python's array.
    code: ClassVar[str] = "d"
    # numpy must not take over `array + typed_list`: our reflected operators keep the LispE type.
    __array_ufunc__ = None

    @classmethod
    def convert(cls, value: Any) -> Any:
        """A LispE scalar as an element of this list. Errors when it is no number or does not fit."""
        if type(value) is int and cls.code == "q" and -(1 << 63) <= value < 1 << 63:
            return value
        number = scalar(value, cls.name)
        try:
            return array(cls.code, (int(number) if cls.code in "qh" else number,))[0]
        except (OverflowError, ValueError, TypeError):
            raise LispeError(f"Error: {cls.name}: {number} does not fit in {cls.dtype}") from None

    if TYPE_CHECKING:
        # What every kind of typed list has; written here they would hide those of Python's array.
        def __new__(cls, values: Iterable[Any] = ()) -> Self: ...

        @classmethod
        def of_array(cls, numbers: Any) -> Self:
            """The elements of a one-dimensional numpy array of the right dtype, copied."""

        @property
        def array(self) -> Any:
            """The elements as a numpy array that shares the list's memory."""

        def part(self, start: int, end: int | None = None) -> Self:
            """The elements from `start` to `end` (excluded) in a list of their own."""

        def refill(self, values: Iterable[Any]) -> None:
            """Other elements in place of all these."""

        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Any]: ...

        def __getitem__(self, key: int) -> Any:
            """The element at an index; parts are `part`'s."""

        def __setitem__(self, key: int, value: Any) -> None:
            """Store what is an element as it stands; other values are `convert`ed first."""

    def tolist(self) -> list[Any]:
        return self.array.tolist()  # type: ignore[no-any-return]

    def copy(self) -> Self:
        return self.part(0)

    __copy__ = copy

    def __deepcopy__(self, _memo: Any) -> Self:
        return self.copy()

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return type(self), (self.tolist(),)

    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, (int, float)):
            return False
        if type(self) in WIDE:
            few = len(self) <= FEW
            # What stands near the beginning needs no look at the rest.
            if value in (self if few else self.part(0, FEW)).tolist():
                return True
            if few:
                return False
        return bool(self.equal_to(value).any())

    def equal_to(self, value: float) -> Any:
        """Which elements are a number, as numpy's truths."""
        if abs(value) >= _EXACT and self.dtype != "float32":
            return np.array([element == value for element in self.tolist()], dtype=bool)
        with np.errstate(all="ignore"):
            return self.array == value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypedList):
            if len(self) != len(other):
                return False
            if len(self) <= FEW:
                return self.tolist() == other.tolist()
            return bool((self.array == other.array).all())
        return isinstance(other, list) and self.tolist() == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    # `<` between lists is no order of LispE's, whatever Python's array says.
    __lt__ = __le__ = __gt__ = __ge__ = object.__lt__  # type: ignore[operator]


class Stored(TypedList, array):  # type: ignore[type-arg,misc]
    """A typed list with memory of its own. What is not written here is Python's array's."""

    __slots__ = ()
    tolist = array.tolist
    # As those of `List`.
    lispe_push = array.append
    lispe_pop = lispe_poplast = lispe_popfirst = array.pop

    @classmethod
    def room(cls, size: int) -> Self:
        """A list of so many zeros, to be written over."""
        made = array.__new__(cls, cls.code, (0,))
        array.__imul__(made, size)
        return made

    def __new__(cls, values: Iterable[Any] = ()) -> Self:
        if isinstance(values, TypedList):
            if values.dtype == cls.dtype:
                return values.part(0)  # type: ignore[return-value]
            return cls.of_array(cast(values.array, cls.dtype, cls.name))
        if type(values) is range and len(values) > FEW and cls.code == "q":
            return cls.of_array(np.arange(values.start, values.stop, values.step, dtype="int64"))
        items = values if type(values) is list or type(values) is tuple else list(values)
        try:
            return array.__new__(cls, cls.code, items)
        except REFUSED:
            return array.__new__(cls, cls.code, list(map(cls.convert, items)))

    @classmethod
    def exactly(cls, values: list[Any] | tuple[Any, ...]) -> Self:
        """The values, which must be elements as they stand (`REFUSED` otherwise)."""
        return array.__new__(cls, cls.code, values)

    @classmethod
    def of_array(cls, numbers: Any) -> Self:
        if numbers.nbytes < 4096:
            return array.__new__(cls, cls.code, numbers.tobytes())
        made = array.__new__(cls, cls.code)
        made.frombytes(np.ascontiguousarray(numbers).view("u1"))
        return made

    @property
    def array(self) -> Any:
        return np.frombuffer(self, self.dtype)

    def part(self, start: int, end: int | None = None) -> Self:
        return array.__new__(type(self), self.code, array.__getitem__(self, slice(start, end)))

    def copy(self) -> Self:
        return array.__new__(type(self), self.code, self)

    __copy__ = copy

    def extend(self, values: Iterable[Any]) -> None:
        array.extend(self, type(self)(values))

    def clear(self) -> None:
        del self[:]

    def reverse(self) -> None:
        if len(self) <= FEW:
            array.reverse(self)
        else:
            numbers = self.array
            numbers[:] = numbers[::-1].copy()

    def refill(self, values: Iterable[Any]) -> None:
        made = type(self)(values)
        del self[:]
        array.extend(self, made)


class Integers(Stored):
    """LispE's `integers`: 64-bit."""

    __slots__ = ()
    dtype = "int64"
    name = "integers"
    code = "q"


class Numbers(Stored):
    """LispE's `numbers`: doubles."""

    __slots__ = ()


class Floats(Stored):
    """LispE's `floats`: 32-bit floats."""

    __slots__ = ()
    dtype = "float32"
    name = "floats"
    code = "f"


class Shorts(Stored):
    """LispE's `shorts`: 16-bit integers."""

    __slots__ = ()
    dtype = "int16"
    name = "shorts"
    code = "h"


CLASS_OF_DTYPE: dict[str, type[Stored]] = {cls.dtype: cls for cls in (Integers, Numbers, Floats, Shorts)}

CLASSES = frozenset(CLASS_OF_DTYPE.values())
# The same by numpy's letter for a kind of element, as met: a dtype works its name out each time.
_class_of_letter: dict[str, type[Stored] | None] = {}


def class_of(dtype: Any) -> type[Stored] | None:
    """The class of typed lists whose elements are of a numpy dtype."""
    letter = dtype.char
    if letter not in _class_of_letter:
        _class_of_letter[letter] = CLASS_OF_DTYPE.get(dtype.name)
    return _class_of_letter[letter]


def typed(numbers: Any) -> TypedList:
    """A typed list for a one-dimensional numpy array, by its dtype (other integers become int64).

    Errors: for complex numbers, of which there is no typed list.
    """
    cls = class_of(numbers.dtype)
    if cls is None and numbers.dtype.kind == "c":
        raise LispeError("Error: complex numbers are no elements of a typed list")
    if cls is None:
        cls = Integers if numbers.dtype.kind in "iub" else Numbers
        numbers = numbers.astype(cls.dtype)
    return cls.of_array(numbers)


# Whether the elements of 64 bits are doubles (views add their kinds), and so numbers beside them.
WIDE: dict[type, bool] = {Integers: False, Numbers: True}


def total(values: TypedList) -> Any:
    """The elements added one after the other; integers do not overflow."""
    if len(values) <= FEW:
        return reduce(add, values.tolist()) if len(values) else 0
    numbers = values.array
    if numbers.dtype.kind == "i":
        return exact_total(numbers)
    with np.errstate(all="ignore"):
        return float(np.add.accumulate(numbers, dtype="float64")[-1])


def exact_total(numbers: Any) -> int:
    """The sum of an array of integers that has elements."""
    extreme = max(abs(int(numbers.min())), abs(int(numbers.max())))
    return (
        int(numbers.sum(dtype="int64")) if extreme * numbers.size < 1 << 63 else sum(numbers.ravel().tolist())
    )


for _cls, _atom in (
    (TypedList, "numbers_"),
    (Integers, "integers_"),
    (Numbers, "numbers_"),
    (Floats, "floats_"),
    (Shorts, "shorts_"),
):
    register_kind(_cls, _atom, write_elements)


def append(values: Any, value: Any) -> None:
    """Put a value of any kind at the end."""
    try:
        values.append(value)
    except REFUSED:
        values.append(values.convert(value))


def _push(values: TypedList, added: tuple[Any, ...]) -> TypedList:
    for value in added:
        append(values, value)
    return values


def put(values: Any, key: Any, value: Any) -> None:
    """Store a value of any kind under a LispE index."""
    if type(key) is int:
        try:
            values[key] = value
            return
        except (IndexError, *REFUSED):
            pass
    put_by_index(values, key, values.convert(value))


def _equal(values: TypedList, other: Any) -> bool:
    return values == other if len(values) else equals_empty(other)


register_answers(
    TypedList,
    Answers(
        element=element_by_index,
        put=put,
        push=_push,
        size=len,
        car=first_element,
        # What is appended in the loop is not gone through.
        iterate=lambda values: values.tolist(),
        items=lambda values: values.tolist(),
        flatten=lambda values: values.tolist(),
        equal=_equal,
        same=both_empty,
        copy=lambda values: values.copy(),
    ),
)
