"""Sets: objects (`set`), strings (`sets`), integers (`seti`), numbers (`setn`).

A set of objects keeps the order of insertion and knows two containers for the same when they print the
same; the other three convert what they are given and are kept sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import Show, describe, register_kind, show, to_text
from lispe_kernel.language.protocols import Answers, all_among, register_answers
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.numerals import scalar, whole
from lispe_kernel.language.values.positions import OUT_OF_BOUNDS, element_by_index, has_elements

_OWN_KEY = (str, int, float, complex, Atom, type(None))
_PLAIN_KEYS = frozenset(_OWN_KEY)
# Marks the printed text of a container as the key of one.
_CONTAINER = object()


class Set:
    """LispE's `set`: any values, in the order in which they came."""

    __slots__ = ("_members",)
    __hash__ = None  # type: ignore[assignment]
    name: ClassVar[str] = "set"

    # Elements of which those that are equal cannot be told apart, so that they are their own keys at once.
    plain: ClassVar[frozenset[type]] = frozenset({int, str, Atom})

    def __init__(self, items: Iterable[Any] = ()) -> None:
        items = [*items]
        if all_among(self.plain, items):
            self._members: dict[Any, Any] = dict(zip(items, items, strict=True))
            return
        self._members = {}
        for item in items:
            self.add(item)

    @classmethod
    def of_members(cls, members: dict[Any, Any]) -> Set:
        """A set of elements that are their own keys."""
        made = cls()
        made._members = members
        return made

    def own_keys(self) -> dict[Any, Any] | None:
        """The elements, if each of them is its own key; None for others."""
        return self._members if all_among(self.plain, self._members) else None

    @staticmethod
    def convert(value: Any) -> Any:
        """The value as an element of this kind of set."""
        return value

    @staticmethod
    def _key(value: Any) -> Any:
        return value if isinstance(value, _OWN_KEY) else (_CONTAINER, show(value))

    def add(self, value: Any) -> None:
        key = value if type(value) in _PLAIN_KEYS else self._key(value)
        self._members.setdefault(key, value)

    def lispe_push(self, value: Any) -> None:
        """As that of `List`."""
        self.add(value)

    def remove(self, value: Any) -> bool:
        """Take an element out; whether it was there."""
        key = self._key(self.convert(value))
        if key not in self._members:
            return False
        del self._members[key]
        return True

    def find(self, value: Any) -> Any:
        """The element that is equal to a value. Raises KeyError when there is none."""
        return self._members[self._key(self.convert(value))]

    def clear(self) -> None:
        self._members.clear()

    def __contains__(self, value: Any) -> bool:
        return (value if type(value) in _PLAIN_KEYS else self._key(value)) in self._members

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._members.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Set) and self._members.keys() == other._members.keys()

    def copy(self) -> Set:
        return type(self)(self)


class _SortedSet(Set):
    __slots__ = ()

    @staticmethod
    def _key(value: Any) -> Any:
        return value

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(self._members))


class StringSet(_SortedSet):
    """LispE's `sets`: texts, sorted by code points."""

    __slots__ = ()
    name = "sets"
    plain = frozenset({str})

    @staticmethod
    def convert(value: Any) -> str:
        if type(value) is str:
            return value
        return to_text(value)

    def add(self, value: Any) -> None:
        if type(value) is not str:
            value = to_text(value)
        self._members.setdefault(value, value)

    def __contains__(self, value: Any) -> bool:
        return (value if type(value) is str else to_text(value)) in self._members


class IntegerSet(_SortedSet):
    """LispE's `seti`: integers, sorted."""

    __slots__ = ()
    name = "seti"
    plain = frozenset({int})

    @staticmethod
    def convert(value: Any) -> int:
        return value if type(value) is int else whole(value, "seti")

    def add(self, value: Any) -> None:
        if type(value) is not int:
            value = whole(value, "seti")
        self._members.setdefault(value, value)

    def __contains__(self, value: Any) -> bool:
        return (value if type(value) is int else whole(value, "seti")) in self._members


class NumberSet(_SortedSet):
    """LispE's `setn`: numbers, sorted."""

    __slots__ = ()
    name = "setn"
    plain = frozenset()

    @staticmethod
    def convert(value: Any) -> float:
        return value if type(value) is float else float(scalar(value, "setn"))

    def add(self, value: Any) -> None:
        value = self.convert(value)
        self._members.setdefault(value, value)

    def __contains__(self, value: Any) -> bool:
        return self.convert(value) in self._members


def combined(op: Callable[[Any, Any], Any], a: Any, b: Any) -> Set:
    """An arithmetic operator between a set and a scalar or another set: pairwise in order, into a set."""
    if isinstance(a, Set) and isinstance(b, Set):
        return type(a)(op(x, y) for x, y in zip(a, b, strict=False))
    kind: type[Set] = type(a) if isinstance(a, Set) else type(b)
    return kind(op(x, b) for x in a) if isinstance(a, Set) else kind(op(a, y) for y in b)


def _write(value: Set, show_item: Show) -> str:
    return "{" + " ".join(map(show_item, value)) + "}"


def _element(value: Set, key: Any) -> Any:
    try:
        return value.find(key)
    except KeyError:
        if type(key) is int and not isinstance(value, (IntegerSet, NumberSet)):
            return element_by_index(list(value), key)
        raise LispeError(f"{OUT_OF_BOUNDS}: {describe(key)} is not in the set") from None


def _push(value: Set, added: tuple[Any, ...]) -> Set:
    for item in added:
        value.add(item)
    return value


for _cls, _atom in (
    (Set, "set_"),
    (StringSet, "set_s_"),
    (IntegerSet, "set_i_"),
    (NumberSet, "set_n_"),
):
    register_kind(_cls, _atom, _write, nests=_cls is Set)

register_answers(
    Set,
    Answers(
        element=_element,
        push=_push,
        size=lambda value: len(value._members),
        car=lambda value: next(iter(value), None),
        iterate=iter,
        items=list,
        flatten=list,
        equal=Set.__eq__,
        operate=combined,
        copy=Set.copy,
        truth=has_elements,
    ),
)
