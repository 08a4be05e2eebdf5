"""What compiled patterns call while they match: the tests that are more than one Python operation.

Everything here answers questions about values; nothing binds, and nothing raises for a value that simply
does not match.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lispe_kernel.language.errors import CallError
from lispe_kernel.language.printer import type_atom
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.records import Record
from lispe_kernel.language.values.sets import Set
from lispe_kernel.language.values.typed.lists import Floats, Integers, Numbers, Shorts, TypedList
from lispe_kernel.language.values.views import View


def list_subject(value: Any) -> Any:
    """A list of any kind as something with a size and elements by index; None for what is no list."""
    return value if isinstance(value, (list, TypedList, LinkedList, Matrix, View)) else None


def rest_of(items: Any, start: int) -> Any:
    """The elements from `start` on, in a list of the same kind."""
    if type(items) is List or isinstance(items, Record):
        return List(items[start:])
    if isinstance(items, list):
        return type(items)(items[start:])
    if isinstance(items, TypedList):
        return items.part(start)
    found = items[start:]
    return found if isinstance(found, LinkedList) else List(found)


def is_empty(value: Any) -> bool:
    """Whether a value matches `()`: nil or a container without elements."""
    if value is None:
        return True
    containers: Any = list | TypedList | LinkedList | Matrix | View | Set | dict
    return isinstance(value, containers) and len(value) == 0


def holds(value: Any, count: int) -> bool:
    """Whether a dictionary has so many pairs."""
    return len(value) == count


def set_parts(value: Any, kind: str, literals: Iterable[Any], count: int) -> List | None:
    """The next `count` elements of a set that holds the literals, then the rest as a set; None if not."""
    if not isinstance(value, Set) or value.name != kind or any(item not in value for item in literals):
        return None
    others = [item for item in value if item not in list(literals)]
    if len(others) < count:
        return None
    return List([*others[:count], type(value)(others[count:])])


def has_key(value: Any, key: Any) -> bool:
    """Whether a dictionary has a literal key of a pattern."""
    return key in value


def remaining_pairs(value: Any, used: Iterable[Any]) -> Any:
    """The pairs of a dictionary whose keys were not used, as a dictionary of the same kind."""
    made = value.copy()
    for key in used:
        made.pop(key, None)
    return made


def no_match(name: str) -> CallError:
    """The error when no clause of a function takes the arguments."""
    return CallError(f"Error: Could not find a match for function: '{name}'")


def give_up(error: BaseException) -> None:
    """A clause of a predicate failed with an error: only exhaustion of the machine goes further."""
    if isinstance(error, (RecursionError, MemoryError)):
        raise error


HELPERS: dict[str, Any] = {
    " dict": dict,
    " Record": Record,
    " Integers": Integers,
    " Numbers": Numbers,
    " Floats": Floats,
    " Shorts": Shorts,
    " plain list": list,
    " type atom": type_atom,
    " list subject": list_subject,
    " rest of": rest_of,
    " is empty": is_empty,
    " holds": holds,
    " set parts": set_parts,
    " has key": has_key,
    " remaining pairs": remaining_pairs,
    " no match": no_match,
    " give up": give_up,
}
