"""Generic lists and lists of strings: Python lists under LispE's operators.

The operators themselves (element by element) are bound to these classes by `arithmetic.py`; this file
is only the containers. A list called as a function is code: the session gives it its meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text, write_items
from lispe_kernel.language.protocols import Answers, all_among, answers_of, register_answers
from lispe_kernel.language.stack import DEEP, Walk
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.equality import both_empty, equal_lists
from lispe_kernel.language.values.positions import (
    as_it_is,
    element_by_index,
    first_element,
    inherit_making,
    inherit_subscript,
    push_at_end,
    put_by_index,
)

# How a list in head position of a call runs as code; the session sets it.
_apply_code: Callable[..., Any] | None = None


def _refuse(*_arguments: Any) -> None:
    raise TypeError


@inherit_making
@inherit_subscript
class List(list[Any]):
    """LispE's `list`: an array of anything, shared by reference, false when empty."""

    __slots__ = ()
    # A list is no key of a dictionary; LispE compares containers by content with `=`.
    __hash__ = None
    # What compiled code calls for a statement `(push l x)`, `(pop l)` ..., whatever the class of `l` is:
    # Python finds a method as fast as a class is asked for. What they refuse, and a container without them,
    # is the library's. No value but ours has such names; a class below this one has what it writes itself.
    lispe_push = list.append
    lispe_pop = lispe_poplast = lispe_popfirst = list.pop

    def __init_subclass__(cls) -> None:
        for name in vars(List).keys() - vars(cls).keys():
            if name.startswith("lispe_"):
                setattr(cls, name, _refuse)

    def __call__(self, *arguments: Any) -> Any:
        if _apply_code is None:
            raise TypeError("a list is not a function")
        return _apply_code(self, arguments)

    def copy(self) -> List:
        return type(self)(self)


@inherit_making
@inherit_subscript
class Strings(List):
    """LispE's `strings`: every element is text."""

    __slots__ = ()

    @staticmethod
    def convert(value: Any) -> str:
        return to_text(value)

    def lispe_push(self, value: Any) -> None:
        if type(value) is not str:
            raise TypeError
        self.append(value)

    lispe_pop = lispe_poplast = lispe_popfirst = list.pop


def sub(items: List, start: int, end: int | None = None) -> List:
    """The elements from `start` to `end` (excluded) as a list of the same kind.

    Subscripts are inherited from `list`, so that an access costs what it costs in Python.
    """
    return type(items)(items[start:end])


def of_numbers(op: Callable[[Any, Any], Any], a: List, b: Any) -> List | None:
    """Python's operator on the elements of a list of numbers and those of another one, or a number.

    None where there is anything else among them, or the sizes differ.
    """
    if type(a) is not List or not all_among(NUMBERS, a):
        return None
    if type(b) in NUMBERS:
        return List([op(x, b) for x in a])
    if type(b) is List and len(a) == len(b) and all_among(NUMBERS, b):
        return List(map(op, a, b))
    return None


# The classes of plain elements, for questions about whole lists.
INTEGERS, DOUBLES, TEXTS = frozenset({int}), frozenset({float}), frozenset({str})
NUMBERS = INTEGERS | DOUBLES
_ROWS = frozenset({List})
# What a copied container shares with the copy.
SCALARS = frozenset({int, float, str, complex, Atom, type(None)})


def deep_copy(value: Any) -> Any:
    """A copy of a container and of the containers in it. Anything else is returned as it is."""
    copy = answers_of(value).copy
    if copy is None:
        return value
    if type(value) is List and all_among(SCALARS, value):
        return List(value)
    _walk.depth += 1
    try:
        return _copy_deep(copy, value) if _walk.depth > DEEP else copy(value)
    finally:
        _walk.depth -= 1


_walk = Walk()


def _copy_deep(copy: Callable[[Any], Any], value: Any) -> Any:
    """A copy far inside containers. Errors: for one that contains itself."""
    if id(value) in _walk.inside:
        raise LispeError("Error: clone: a container that contains itself cannot be copied")
    _walk.inside.add(id(value))
    try:
        return copy(value)
    finally:
        _walk.inside.discard(id(value))


def _copy(items: list[Any]) -> list[Any]:
    if _are_rows(items):
        return type(items)(map(List, items))
    return type(items)([item if type(item) in SCALARS else _copied(item) for item in items])


def _are_rows(items: list[Any]) -> bool:
    """Whether a list consists of lists of numbers: what adds up to a number holds no container.

    No other question is as cheap; a no means nothing.
    """
    first = items[0] if items else None
    if type(first) is not List or not first or type(first[0]) not in NUMBERS or not all_among(_ROWS, items):
        return False
    try:
        return type(sum(map(sum, items))) in NUMBERS
    except Exception:  # what does not add up
        return False


def _copied(item: Any) -> Any:
    """A copy of what is in a list; a list of numbers and texts in it is copied at once."""
    if type(item) is List and all_among(SCALARS, item):
        return List(item)
    return deep_copy(item)


def set_code_runner(run: Callable[..., Any]) -> None:
    """Install the function through which a list in head position is run as code."""
    global _apply_code  # noqa: PLW0603 - set once, when the session is imported
    _apply_code = run


def _put_text(items: Strings, key: Any, value: Any) -> None:
    put_by_index(items, key, to_text(value))


def _push_texts(items: Strings, added: tuple[Any, ...]) -> Strings:
    items.extend(map(to_text, added))
    return items


LIST_ANSWERS = Answers(
    element=element_by_index,
    put=put_by_index,
    push=push_at_end,
    size=len,
    car=first_element,
    iterate=as_it_is,
    items=list,
    flatten=list,
    equal=equal_lists,
    same=both_empty,
    copy=_copy,
)

# Python's own lists come from Python and from code as data.
register_answers(list, LIST_ANSWERS)

register_kind(List, "list_", write_items, nests=True)
register_answers(List, LIST_ANSWERS)

register_kind(Strings, "strings_", write_items, nests=True)
register_answers(
    Strings, replace(LIST_ANSWERS, put=_put_text, push=_push_texts, cdr=lambda items: sub(items, 1))
)


def _joined(a: Any, b: Any) -> Any:
    return [*a, *b] if isinstance(a, list) and isinstance(b, list) else NotImplemented


def _repeated(a: Any, b: Any) -> Any:
    many, times = (a, b) if isinstance(a, list) else (b, a)
    return list(many) * times if hasattr(times, "__index__") else NotImplemented


# What Python's lists do with the operators that they have.
OF_PYTHON: dict[str, Callable[[Any, Any], Any]] = {"+": _joined, "*": _repeated}
