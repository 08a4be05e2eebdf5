"""Records: the typed tuples that `data@` declares, lists whose first element is the record's name.

A record is a `List`, so every list function works on it. What a slot accepts is checked once, when the
record is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.made import note
from lispe_kernel.language.printer import register_kind, type_atom, write_elements
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lists import List

Test = Callable[[Any], bool]


class Record(List):
    """One record: its name, then its slots."""

    __slots__ = ()


@dataclass(frozen=True, eq=False)
class RecordType:
    """What `data@` declared: the name, and for each slot the test of a value with the text it requires.

    A test is None where any value will do. `group` is the name of the family, if there is one.
    """

    name: Atom
    slots: tuple[tuple[Test | None, str], ...]
    description: List
    group: Atom | None = None

    def maker(self) -> Callable[..., Record]:
        """The function that makes records of this type."""
        name, size = self.name, len(self.slots)
        checks = [(i, test, text) for i, (test, text) in enumerate(self.slots) if test is not None]

        def make(*values: Any) -> Record:
            if len(values) != size:
                raise LispeError("Error: Size mismatch between argument list and data structure definition")
            for index, test, text in checks:
                if not test(values[index]):
                    raise LispeError(f"Error: Mismatch on argument: {index + 1} ({text} required)")
            return Record((name, *values))

        make.__name__ = make.__qualname__ = name.name
        note(make, record=self, source=self.description)
        return make


@dataclass(frozen=True, eq=False)
class RecordGroup:
    """The family name of some record types; it makes nothing."""

    name: Atom
    members: frozenset[Atom]


def is_of_type(name: Atom) -> Test:
    """A test that a value's type is exactly the one that a type atom names."""
    return lambda value: type_atom(value) is name


def is_of_type_or_record(name: Atom) -> Test:
    """A test that a value's type, or a record's own name, is this one."""
    typed, named = is_of_type(name), is_record_of(frozenset({name}))
    return lambda value: typed(value) or named(value)


def is_record_of(names: frozenset[Atom]) -> Test:
    """A test that a value is a record with one of these names."""
    return lambda value: type(value) is Record and type(value[0]) is Atom and value[0] in names


def is_record_with(names: frozenset[Atom], slots: list[Test | None]) -> Test:
    """A test that a value is a record with one of these names, whose slots pass their tests."""
    named = is_record_of(names)

    def passes(value: Any) -> bool:
        return (
            named(value)
            and len(value) == len(slots) + 1
            and all(test is None or test(part) for test, part in zip(slots, value[1:], strict=True))
        )

    return passes


register_kind(Record, "data_", write_elements, nests=True)
register_kind(RecordGroup, "data_", lambda group, _show: group.name.name)
