"""The index language of `extract` and `setrange`: slices by position, from the end, and by text anchors.

A bound is an integer or a string with an operator before it. Here a bound becomes a position; nothing here
knows more about a container than how to slice it and where an element of it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.shared.arguments import text_argument
from lispe_kernel.language.library.shared.elements import converted
from lispe_kernel.language.library.shared.strings_core import like
from lispe_kernel.language.printer import describe, to_text, wrong_argument
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.equality import equal
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.typed.lists import CLASSES, Integers, TypedList

INCLUDED, FROM_END, INCLUDED_FROM_END = Atom("+"), Atom("-"), Atom("-+")
_OPERATORS = (INCLUDED, FROM_END, INCLUDED_FROM_END)


class Bound(NamedTuple):
    """One bound: an integer, or an anchor with what its operator says about it."""

    value: Any
    included: bool = False
    from_end: bool = False

    @property
    def is_anchor(self) -> bool:
        return isinstance(self.value, str)


TO_THE_END = Bound(0)

# Where an element or a text stands: (what, first position to look at, from the end) -> position and size.
Finder = Callable[[str, int, bool], tuple[int, int] | None]


def bounds(name: str, arguments: tuple[Any, ...]) -> list[Bound]:
    """The one or two bounds that the arguments write.

    Errors: for no bound, for more than two, and for what is neither an integer nor a string.
    """
    found: list[Bound] = []
    operator: Atom | None = None
    for position, argument in enumerate(arguments, 2):
        if operator is None and argument in _OPERATORS:
            operator = argument
            continue
        found.append(_bound(name, position, operator, argument))
        operator = None
    if operator is FROM_END and len(found) == 1:
        found.append(TO_THE_END)
    elif operator is not None:
        raise LispeError(f"Error: {name}: a string is expected after '{to_text(operator)}'")
    if not 1 <= len(found) <= 2:
        raise LispeError(f"Error: {name}: one or two bounds are expected, not {len(found)}")
    return found


def _bound(name: str, position: int, operator: Atom | None, value: Any) -> Bound:
    if isinstance(value, str):
        return Bound(
            value, operator in (INCLUDED, INCLUDED_FROM_END), operator in (FROM_END, INCLUDED_FROM_END)
        )
    if operator is not None:
        raise wrong_argument(name, position, f"a string after '{to_text(operator)}'", value)
    if isinstance(value, (int, float)) and value == value and abs(value) != float("inf"):
        return Bound(int(value))
    raise wrong_argument(name, position, "an integer or a string", value)


class Slice(NamedTuple):
    """The part that the bounds designate; `missing` when an anchor was not found or the part is empty."""

    start: int = 0
    end: int = 0
    outside: bool = False
    missing: bool = False


_MISSING = Slice(missing=True)


def resolve(found: list[Bound], size: int, where: Finder) -> Slice:
    """The bounds as positions in a container of `size` elements."""
    first = found[0]
    reached = _start(first, size, where)
    if reached is None:
        return _MISSING
    start, after = reached
    if not 0 <= start < size:
        return Slice(outside=True)
    if len(found) == 1:
        return Slice(start, start + 1)
    end = _end(found[1], after, where) if found[1].is_anchor else _whole_end(first, found[1], after, size)
    return _MISSING if end is None or end <= start else Slice(start, min(end, size))


def _start(bound: Bound, size: int, where: Finder) -> tuple[int, int] | None:
    """Where the part begins, and where its anchor is over: there the search for its end begins."""
    if not bound.is_anchor:
        start = bound.value + size if bound.value < 0 else bound.value
        return start, start
    found = where(bound.value, 0, bound.from_end)
    if found is None:
        return None
    position, width = found
    return (position if bound.included else position + width), position + width


def _whole_end(first: Bound, second: Bound, after: int, size: int) -> int:
    """A position, or after an anchor so many elements, none of which is the anchor, included or not."""
    if second.value <= 0:
        return size + second.value  # type: ignore[no-any-return]
    return second.value + after if first.is_anchor else second.value  # type: ignore[no-any-return]


def _end(bound: Bound, after: int, where: Finder) -> int | None:
    found = where(bound.value, after, bound.from_end)
    return None if found is None else found[0] + (found[1] if bound.included else 0)


def _in_text(text: str) -> Finder:
    def where(what: str, start: int, from_end: bool) -> tuple[int, int] | None:
        if not what:
            return None
        position = text.rfind(what) if from_end else text.find(what, start)
        return (position, len(what)) if position >= 0 else None

    return where


def _in_list(items: Any) -> Finder:
    def where(what: str, start: int, from_end: bool) -> tuple[int, int] | None:
        positions = range(len(items) - 1, -1, -1) if from_end else range(start, len(items))
        return next(((position, 1) for position in positions if equal(items[position], what)), None)

    return where


def _part(name: str, container: Any, arguments: tuple[Any, ...]) -> tuple[list[Bound], Slice]:
    found = bounds(name, arguments)
    if isinstance(container, str):
        text = text_argument(name, 1, container)
        return found, resolve(found, len(text), _in_text(text))
    if isinstance(container, (list, TypedList, Matrix)):
        return found, resolve(found, len(container), _in_list(container))
    raise wrong_argument(name, 1, "a string or a list", container)


_EXTRACT = (Parameter("container"), Parameter("start"), Parameter("end", rest=True))


@function("extract", "@@", keyword=True, parameters=_EXTRACT)
def extract(container: Any, *arguments: Any) -> Any:
    """A part of a string or list: the element at a bound, or what lies from one bound to the next.

    A bound is an integer (negative from the end; an end of 0 or less counts from the end) or a string: the
    part begins after the first such text and ends before the next one. `+"x"` includes the text, `-"x"`
    looks for the last one, `-+"x"` does both, `-` alone as end is the end of the string. After a string an
    integer end counts characters. What is not there gives "" or ().

    Example: (extract "library" 2 5) => bra
    Example: (extract "lispe" 1 -1) => isp
    Example: (extract "key=value;" "=" ";") => value
    Example: (extract "a/b/c.txt" -"/" -) => c.txt
    Example: (@@ '(a b c d) 2 0) => (c d)
    Errors: for a bound that is neither an integer nor a string, and for what is no string or list.
    """
    if len(arguments) == 2 and type(container) in _PLAIN_PARTS:
        start, end = arguments
        if type(start) is int and type(end) is int:
            return between(container, start, end)
    taken_by = answers_of(container).extract
    if taken_by is not None:
        if not 1 <= len(arguments) <= 2:
            raise LispeError(f"Error: extract: one or two bounds are expected, not {len(arguments)}")
        return taken_by(container, *arguments, *[None] * (2 - len(arguments)))
    found, part = _part("extract", container, arguments)
    if isinstance(container, str):
        return like(container, text_argument("extract", 1, container)[part.start : part.end])
    if len(found) == 1:
        return List() if part.outside or part.missing else container[part.start]
    if isinstance(container, TypedList):
        return container.part(part.start, part.end)
    taken = container[part.start : part.end]
    return taken if isinstance(container, Matrix) else _same_kind(container)(taken)


_PLAIN_PARTS: dict[type, Callable[[Any, int, int], Any]] = {
    str: lambda text, start, end: text[start:end],
    List: lambda items, start, end: List(items[start:end]),
    Strings: lambda items, start, end: Strings(items[start:end]),
    **dict.fromkeys(CLASSES, lambda values, start, end: values.part(start, end)),
}


def between(container: Any, start: Any, end: Any) -> Any:
    """`(extract container start end)`: two integers into the frequent containers at once."""
    if type(container) is List and type(start) is int and type(end) is int and start >= 0:
        return List(container[start : end if end > 0 else max(end + len(container), 0)])
    if type(container) is Integers and type(start) is int and type(end) is int and start >= 0:
        return container.part(start, end if end > 0 else max(end + len(container), 0))
    take = _PLAIN_PARTS.get(type(container))
    if take is None or type(start) is not int or type(end) is not int:
        return extract(container, start, end)
    size = len(container)
    if start < 0:
        start += size
    if end <= 0:
        end += size
    return take(container, start, max(end, 0)) if 0 <= start < size else take(container, 0, 0)


def _same_kind(items: Any) -> type[List]:
    return type(items) if isinstance(items, List) else List


@function("setrange", "set@@", keyword=True, parameters=(*_EXTRACT, Parameter("value")))
def setrange(container: Any, *arguments: Any) -> Any:
    """Put a value in the place of a part of a string or list; the bounds are those of `extract`.

    A list is changed in place and returned; of a string a new one is returned, which a variable given as
    the first argument receives. A start outside leaves the container as it is; a missing anchor or an empty
    part gives "" or ().

    Example: (setrange "abcdef" 1 3 "X") => aXdef
    Example: (setrange (list 1 2 3 4) 1 3 '(9)) => (1 9 4)
    Errors: as for `extract`.
    """
    if len(arguments) < 2:
        raise LispeError("Error: setrange: a bound and a value are needed")
    *places, value = arguments
    if len(places) == 2 and _exchange(container, places[0], places[1], value):
        return container
    found, part = _part("setrange", container, tuple(places))
    if isinstance(container, str):
        text = text_argument("setrange", 1, container)
        if part.outside:
            return container
        return like(container, "" if part.missing else text[: part.start] + to_text(value) + text[part.end :])
    if part.outside or part.missing:
        return container if part.outside else _same_kind(container)()
    if len(found) == 1:
        container[part.start] = converted(container, value)
    else:
        _replace_part(container, part, value)
    return container


def _exchange(container: Any, start: Any, end: Any, value: Any) -> bool:
    """Put a list's elements between two integers into a list that takes them as they are, if it is so."""
    kind, given = type(container), type(value)
    if not (given in _FREE if kind is List else kind is given and kind in _FREE):
        return False
    if type(start) is not int or type(end) is not int:
        return False
    size = len(container)
    start = start + size if start < 0 else start
    end = end + size if end <= 0 else min(end, size)
    if not 0 <= start < end:
        return False
    container[start:end] = value
    return True


# Lists whose elements a generic list takes as they are, and a list of the same kind.
_FREE = frozenset({List, *CLASSES})


def put_part(container: Any, start: Any, end: Any, value: Any) -> Any:
    """`(setrange container start end value)`."""
    return container if _exchange(container, start, end, value) else setrange(container, start, end, value)


def _replace_part(container: Any, part: Slice, value: Any) -> None:
    items = list(value) if isinstance(value, (list, TypedList)) else [value]
    if isinstance(container, Strings):
        items = [to_text(item) for item in items]
    if isinstance(container, TypedList):
        old = container.tolist()
        try:
            container.refill([*old[: part.start], *items, *old[part.end :]])
        except (TypeError, ValueError):
            raise wrong_argument("setrange", 4, f"elements of {container.name}", value) from None
    else:
        container[part.start : part.end] = items


@function("-+", keyword=True)
def last_included(value: Any) -> Any:
    """A mark before a string in `extract`: the last such text, included. It cannot be called.

    Example: (extract "a/b/c" -+"/" -) => /c
    """
    raise LispeError(f"Error: '-+' stands before a string in extract; it has no value of {describe(value)}")
