"""What compiled code finds in its builtins: the library's functions and the compiler's own helpers.

The helpers' names begin with a blank, which no LispE name can, so that nothing a user defines hides them.
"""

from __future__ import annotations

import builtins as python
import re
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from lispe_kernel.language import matching
from lispe_kernel.language.arithmetic import (
    OPERATORS,
    add,
    multiply,
    power,
    remainder,
    truth_of,
)
from lispe_kernel.language.compiler.emit.fixed import FIXED
from lispe_kernel.language.compiler.program import UNSET_VALUE
from lispe_kernel.language.errors import CallError, Caught, LispeError, MapEnded, ReturnFromTop, ThrownError
from lispe_kernel.language.explain import register_remark
from lispe_kernel.language.functions import Registry
from lispe_kernel.language.library.collections.sets import heap_by
from lispe_kernel.language.library.core.containers import (
    at,
    car,
    cdr,
    contents,
    items,
    leave,
    push,
    set_at,
    size,
    together,
)
from lispe_kernel.language.library.lists.composing import mapped
from lispe_kernel.language.library.lists.ordering import sort_by, sort_with
from lispe_kernel.language.library.lists.searching import replaced
from lispe_kernel.language.library.lists.sequences import enum, numbered, range_
from lispe_kernel.language.library.machine import threads
from lispe_kernel.language.library.shared.elements import as_bits, elements, like, typed_answers
from lispe_kernel.language.library.text.extract import between, put_part
from lispe_kernel.language.printer import describe, to_text
from lispe_kernel.language.python import objects
from lispe_kernel.language.python.functions import across
from lispe_kernel.language.values import instances
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary, IntegerDictionary
from lispe_kernel.language.values.equality import equal, identical
from lispe_kernel.language.values.lazy import Lazy
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List, deep_copy
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.positions import MOST_ELEMENTS
from lispe_kernel.language.values.typed.lists import REFUSED, Integers, TypedList
from lispe_kernel.language.values.typed.views import TypedView
from lispe_kernel.language.values.views import View


def _several(values: Any, count: int) -> list[Any]:
    """The elements for `(setq (a b) list)`."""
    if type(values) is List and len(values) == count:
        return values
    if not isinstance(values, (list, TypedList, LinkedList)) or len(values) != count:
        raise LispeError("Error: a list of variable should have the same size as its value.")
    return list(values)


def _set_variables(values: dict[str, Any]) -> dict[str, Any]:
    """Those of a function's variables that have a value at this moment."""
    return {name: value for name, value in values.items() if value is not UNSET_VALUE}


def _whole(value: Any) -> int:
    """A loop's bound as an integer."""
    if type(value) is int:
        return value
    if isinstance(value, (int, float)) and value == value and abs(value) != float("inf"):
        return int(value)
    raise LispeError(f"Error: a loop counts with integers, not with {describe(value)}")


def _turns(count: Any) -> range:
    """The values of a loopcount variable: up from 0, or down to 0 for a negative count."""
    number = _whole(count)
    return range(number) if number >= 0 else range(-number - 1, -1, -1)


def _after(count: int) -> int:
    """What the variable of a loopcount holds after the loop."""
    return count if count >= 0 else -1


def _span(start: Any, end: Any, step: Any) -> Any:
    """What a loop over `(range start end step)` goes through."""
    if type(start) is type(end) is type(step) is int and step and -_FAR < start < _FAR and -_FAR < end < _FAR:
        return range(start, end, -step if start > end and step > 0 else step)
    return items(range_(start, end, step))


def _numbered(function: Any, *arguments: Any) -> Any:
    """What a loop over `(enum container start)` goes through; a program may have an `enum` of its own."""
    return numbered(*arguments) if function is enum else items(function(*arguments))


# Counts as far as this are counted by Python; more are refused by the library.
_FAR = MOST_ELEMENTS >> 1


def _cell(container: Any, row: Any, column: Any) -> Any:
    """`(@ container row column)`, of a matrix without a detour."""
    if type(container) is Matrix:
        found = container.cell(row, column)
        if found is not None:
            return found
    return at(container, row, column)


def _set_cell(container: Any, row: Any, column: Any, value: Any) -> None:
    """`(set@ container row column value)`, of a matrix without a detour."""
    if type(container) is not Matrix or not container.put_cell(row, column, value):
        set_at(container, row, column, value)


# What an element counts as whose key a dictionary does not have.
_MISSING = object()


def _element(container: Any, *keys: Any) -> Any:
    """The element that an in-place operator changes."""
    if type(container) is Matrix and len(keys) == 2:
        return _cell(container, *keys)
    for key in keys[:-1]:
        container = at(container, key)
    if isinstance(container, dict) and container.key(keys[-1]) not in container:  # type: ignore[attr-defined]
        return _MISSING
    return at(container, keys[-1])


def _combined(name: str, old: Any, operand: Any) -> Any:
    """An element with an operand applied. A missing key counts as 0, or as "" when text is added."""
    if old is _MISSING:
        old = "" if isinstance(operand, str) else 0
    return OPERATORS[name](old, operand)


def _change(name: str, old: Any, operand: Any, container: Any, *keys: Any) -> Any:
    """`(+= (@ c k) v)`: store the old element with the operand applied."""
    value = _combined(name, old, operand)
    if type(container) is Matrix and len(keys) == 2:
        _set_cell(container, *keys, value)
        return value
    for key in keys[:-1]:
        container = at(container, key)
    set_at(container, keys[-1], value)
    return value


def _no_product(_text: str) -> Any:
    raise LispeError("Error: cannot evaluate '*' with these operands: a string and a number")


def _settled(old: Any, new: Any) -> Any:
    """What `(+= v x)` stores for a parameter: its list with new elements, so that the caller sees them."""
    if isinstance(old, Matrix) and type(new) is Matrix and old.shape == new.shape:
        old.array[...] = new.array
        return old
    kind = type(old)
    whole = List if kind is View else old.whole if isinstance(old, TypedView) else kind
    if old is new or whole is not type(new) or not isinstance(old, (list, TypedList, LinkedList)):
        return new
    if len(old) != len(new):
        return new
    if kind is whole and kind is not LinkedList:
        old[:] = new  # type: ignore[index]
        return old
    # A view stores in the list behind it one by one.
    for index, value in enumerate(new):
        old[index] = value
    return old


def _square(value: Any) -> Any:
    return value * value if type(value) is float else power(value, 2)


def _thrown(value: Any) -> ThrownError:
    return ThrownError(to_text(value))


def _checked(value: Any, kind: str) -> Any:
    """The value, if it is of the kind that the compiler takes it for (see `LISPE_CHECK_KINDS`)."""
    if not _HOLDS[kind](value):
        raise AssertionError(f"the compiler takes {describe(value)} for {kind}")
    return value


_HOLDS: dict[str, Callable[[Any], bool]] = {
    "natural": lambda value: isinstance(value, int) and value >= 0,
    "integer": lambda value: isinstance(value, int),
    "number": lambda value: isinstance(value, (int, float, complex)),
    "text": lambda value: type(value) is str,
    "boolean": lambda value: value is None or value is TRUE,
    "list": lambda value: type(value) is List,
    "dictionary": lambda value: type(value) is Dictionary,
    "keyed": lambda value: type(value) is IntegerDictionary,
    # What goes through one of them goes through a plain list of its elements.
    "integers": lambda value: type(value) in (Integers, list),
    "numbers": lambda value: isinstance(value, TypedList) or type(value) is list,
    "solid": lambda value: not isinstance(value, str),
    "instance": lambda value: isinstance(value, instances.Instance),
}


def _alone(value: Any) -> Any:
    """What `((form))` gives: a call of the form's value, or a value that can be no function."""
    return value if value is None or value is TRUE or isinstance(value, (int, float, str)) else value()


class Again:
    """The arguments of the next turn of a function whose turns are calls."""

    __slots__ = ("arguments",)

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments


HELPERS: dict[str, Any] = {
    **FIXED,
    " checked": _checked,
    " across": across,
    " alone": _alone,
    " Again": Again,
    " again": Again,
    " fresh": lambda written: deep_copy(written.data),
    " unset": UNSET_VALUE,
    " set variables": _set_variables,
    " settled": _settled,
    " copy": deep_copy,
    " truth": truth_of,
    " equal": equal,
    " identical": identical,
    " add": add,
    " multiply": multiply,
    " remainder": remainder,
    " square": _square,
    " power": power,
    " cdr": cdr,
    " no product": _no_product,
    " text": to_text,
    " at": at,
    " cell": _cell,
    " set cell": _set_cell,
    " set_at": set_at,
    " push": push,
    " car": car,
    " size": size,
    " Unfit": (IndexError, *REFUSED),
    " AttributeError": AttributeError,
    " Unchanged": (AttributeError, IndexError, *REFUSED),
    " between": between,
    " put part": put_part,
    " Lazy": Lazy,
    " elements": elements,
    " typed": lambda values, written: typed_answers(values, written.data),
    " heap": heap_by,
    " sort by": sort_by,
    " sort with": sort_with,
    " bits": lambda values, written: as_bits(values, written.data),
    " like": like,
    " replaced": replaced,
    " Lookup": (LookupError, *REFUSED),
    " Absent": (AttributeError, LookupError, *REFUSED),
    " items": items,
    " contents": contents,
    " several": _several,
    " whole": _whole,
    " turns": _turns,
    " span": _span,
    " numbered": _numbered,
    " after": _after,
    " change": _change,
    " combined": _combined,
    " element": _element,
    " zip": together,
    " leave": leave,
    " join": "".join,
    " clock": time.perf_counter,
    " elapsed": lambda start: (time.perf_counter() - start) * 1000,
    " unknown switch key": lambda text: LispeError(f"Error: Unknown 'switch' key: '{text}'"),
    " error": LispeError,
    " call error": CallError,
    " thrown": _thrown,
    " for": lambda function, container: mapped("for", function, container),
    " return": ReturnFromTop,
    " break": MapEnded,
    " Exception": Exception,
    " TypeError": TypeError,
    " RuntimeError": RuntimeError,
    " Caught": Caught,
    **matching.HELPERS,
    **instances.HELPERS,
    **threads.HELPERS,
    **objects.HELPERS,
    " is_caught": lambda value: isinstance(value, Caught),
}


def make_builtins(registry: Registry, own: dict[str, Callable[..., Any] | Any]) -> dict[str, Any]:
    """A session's builtins: every registered function, the helpers, and what belongs to the session alone."""
    found: dict[str, Any] = {name: entry.call for name, entry in registry.names()}
    found.update(HELPERS)
    found.update(own)
    # Python's import machinery looks these up in the builtins of whatever code runs.
    found["__build_class__"] = python.__build_class__
    found["__import__"] = python.__import__
    return found


_CALLED = re.compile(r"is not a function: \((\S+)")


def _hidden(frames: list[FrameType], text: str) -> str:
    """A word where a call failed because the program gave the function's name to a variable."""
    called = _CALLED.search(text)
    if called is None or not frames:
        return ""
    name, frame = called[1].rstrip(")"), frames[-1]
    local = {variable.partition(" ")[0] for variable in frame.f_locals}
    theirs = name in local or name in frame.f_globals
    return f" (the variable {name} hides the function)" if theirs and name in frame.f_builtins else ""


register_remark(_hidden)
