"""The list family: `maplist`, `filterlist`, `takelist`, `droplist`, `zip`, `zipwith`, `mask@` and their kin.

Each builds its own list at once. The element goes last in a partial call, or where `_` stands.
"""

from __future__ import annotations

from itertools import dropwhile, takewhile
from typing import Any

from lispe_kernel.language.arithmetic import on_numbers, truth_of
from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import (
    any_list,
    as_bits,
    binary_function,
    chosen,
    elements,
    function_argument,
    like,
    results,
    typed_answers,
    typed_results,
)
from lispe_kernel.language.printer import to_text, type_atom, wrong_argument
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.typed.lists import TypedList

_FLAGGED = (Parameter("function"), Parameter("container"), Parameter("typed", True, default="true"))


def _is_plain(name: str, flag: tuple[Any, ...]) -> bool:
    """Whether the optional last argument asks for a generic list."""
    if len(flag) > 1:
        raise LispeError(wrong_number(name))
    return bool(flag) and not truth_of(flag[0])


def _mapped(name: str, call: Any, container: Any) -> list[Any]:
    values = list(results(function_argument(call, name), elements(container, name, 2)))
    return as_bits(values, call)


@function("↑↑", "maplist", "¨", "↑", keyword=True, parameters=_FLAGGED)
def maplist(function_: Any, container: Any, *flag: Any) -> Any:
    """The results of a function on the elements: a typed list when all are of one kind, else a list.

    With `false` at the end always a generic list. Answers true and nil become 1 and 0.

    Example: (maplist '(- 10) (iota 3)) => (9 8 7)
    Example: (maplist '(- _ 10) '(11 12)) => (1 2)
    Example: (type (maplist (λ (x) (+ x x)) (iota 3))) => integers_
    """
    if _is_plain("maplist", flag):
        return List(_mapped("maplist", function_, container))
    call = function_argument(function_, "maplist")
    return typed_answers(list(results(call, elements(container, "maplist", 2))), function_)


@function("mapcar", keyword=True, returns="list")
def mapcar(function_: Any, container: Any) -> List:
    """As maplist, always into a generic list.

    Example: (mapcar (λ (x) (* x x)) '(1 2 3)) => (1 4 9)
    """
    return List(_mapped("mapcar", function_, container))


# -- choosing elements --------------------------------------------------------------------------------


def _chosen(name: str, function_: Any, container: Any) -> list[Any]:
    call = function_argument(function_, name)
    found = elements(container, name, 2)
    if name.startswith("filter"):
        return list(chosen(call, found))
    if name.startswith("take"):
        return list(takewhile(lambda item: truth_of(call(item)), found))
    return list(dropwhile(lambda item: not truth_of(call(item)), found))


def _register(name: str, twin: str, meaning: str, examples: tuple[str, ...], twin_example: str) -> None:
    def choose(function_: Any, container: Any, *flag: Any) -> Any:
        found = _chosen(name, function_, container)
        return List(found) if _is_plain(name, flag) else like(container, found)

    def choose_plain(function_: Any, container: Any) -> List:
        return List(_chosen(twin, function_, container))

    shown = "\n".join(f"Example: {example}" for example in examples)
    choose.__doc__ = f"{meaning} The container's kind is kept, unless a third argument is false.\n\n{shown}"
    choose_plain.__doc__ = f"{meaning} Always a generic list.\n\nExample: {twin_example}"
    function(name, keyword=True, parameters=_FLAGGED)(choose)
    function(twin, keyword=True, returns="list")(choose_plain)


_register(
    "filterlist",
    "filtercar",
    "The elements on which a function is true.",
    ("(filterlist '(< 3) '(1 5 2 8)) => (5 8)", "(filterlist '(< _ 10) '(1 10 11)) => (1)"),
    "(filtercar '(< 3) (integers 1 5)) => (5)",
)
_register(
    "takelist",
    "takecar",
    "The elements before the first one on which a function is false.",
    ("(takelist '(> 10) '(1 4 10 2)) => (1 4)",),
    "(takecar '(> 10) '(1 4 10 2)) => (1 4)",
)
_register(
    "droplist",
    "dropcar",
    "The elements from the first one on which a function is true.",
    ("(droplist '(< 3) '(1 5 2)) => (5 2)",),
    "(dropcar '(< 3) '(1 5 2)) => (5 2)",
)


# -- several lists ------------------------------------------------------------------------------------


def _same_sizes(name: str, lists: tuple[Any, ...], first: int) -> list[Any]:
    found = [elements(each, name, first + i) for i, each in enumerate(lists)]
    if len({len(each) for each in found}) > 1:
        raise LispeError(f"Error: '{name}' only accepts lists of same size as arguments")
    return found


@function("zip", keyword=True)
def zip_(container: Any, other: Any, *containers: Any) -> List:
    """The first elements together, the second together, and so on; typed when all lists are of one type.

    Example: (zip '(1 2) '(3 4)) => ((1 3) (2 4))
    Errors: when the sizes differ.
    """
    if type(container) is List and type(other) is List and not containers and len(container) == len(other):
        return List(map(List, zip(container, other, strict=True)))
    lists = (container, other, *containers)
    found = _same_sizes("zip", lists, 1)
    kinds = {type(each) for each in lists}
    typed = len(kinds) == 1 and isinstance(container, (TypedList, Strings))
    rows = zip(*found, strict=True)
    return List([like(container, row) for row in rows] if typed else map(List, rows))


@function(
    "zipwith",
    keyword=True,
    parameters=(
        Parameter("function"),
        Parameter("container"),
        Parameter("other"),
        Parameter("containers", rest=True),
    ),
)
def zipwith(function_: Any, *lists: Any) -> Any:
    """The results of a function on the first elements, the second elements ... of lists of one size.

    Typed as by maplist; with `false` as last argument a generic list.

    Example: (zipwith '+ '(1 2 3) '(4 5 6) '(7 8 9)) => (12 15 18)
    Errors: `Error: 'zipwith' only accepts lists of same size as arguments`.
    """
    plain = len(lists) > 1 and (lists[-1] is None)
    if plain:
        lists = lists[:-1]
    if len(lists) < 2:
        raise LispeError(wrong_number("zipwith"))
    call = (
        binary_function(function_, "zipwith")
        if len(lists) == 2
        else function_argument(function_, "zipwith", len(lists))
    )
    found = _same_sizes("zipwith", lists, 2)
    values = list(results(on_numbers(call, *found) if len(lists) == 2 else call, *found))
    return List(as_bits(values, function_)) if plain else typed_answers(values, function_)


@function(
    "mask@", keyword=True, parameters=(Parameter("bits"), Parameter("container"), Parameter("other", True))
)
def mask_at(bits: Any, container: Any, *other: Any) -> Any:
    """Walk a list of truths: true takes the next element of the container, false the next of the other.

    Without the other list, false gives nil.

    Example: (mask@ '(1 0 1) '(a b) '(x)) => (a x b)
    Example: (mask@ '(1 0 1) '(a b)) => (a nil b)
    Errors: `Error: List size mismatch`.
    """
    tests = [truth_of(bit) for bit in elements(bits, "mask@", 1)]
    first = elements(container, "mask@", 2)
    second = [None] * tests.count(False) if not other else elements(other[0], "mask@", 3)
    if len(first) != tests.count(True) or len(second) != tests.count(False):
        raise LispeError("Error: List size mismatch (mask@)")
    taken, spare = iter(first), iter(second)
    return List(next(taken) if test else next(spare) for test in tests)


@function("shift", keyword=True)
def shift(function_: Any, container: Any, n: Any = 1) -> Any:
    """A function between a list without its last n elements and the same list without its first n.

    A negative n exchanges the two.

    Example: (shift '- '(1 4 9 16)) => (-3 -5 -7)
    Example: (shift '- '(1 4 9 16) -1) => (3 5 7)
    """
    source = any_list(container, "shift", 2)
    by = integer_argument("shift", 3, n)
    call = binary_function(function_, "shift")
    if isinstance(source, Matrix):
        raise wrong_argument("shift", 2, "a list", container)
    found, size = elements(source, "shift", 2), abs(by)
    front, back = found[: max(0, len(found) - size)], found[size:]
    if by < 0:
        front, back = back, front
    values = as_bits([call(a, b) for a, b in zip(front, back, strict=True)], function_)
    return typed_results(values) if isinstance(source, TypedList) else List(values)


@function("over", keyword=True)
def over(function_: Any, container: Any) -> Any:
    """Replace the content of a list by the result of a function on it, in place; gives the list.

    Example: (over (λ (l) (maplist '(* 2) l false)) (list 1 2)) => (2 4)
    Errors: when the result is not of the list's type.
    """
    target = any_list(container, "over", 2)
    result = function_argument(function_, "over")(target)
    if type_atom(result) is not type_atom(target):
        raise LispeError(
            f"Error: over: the function must give a value of type {to_text(type_atom(target))}, "
            f"not {to_text(type_atom(result))}"
        )
    if hasattr(target, "kind"):
        target.array = result.array
    else:
        kept = list(result)
        target.clear()
        target.extend(kept)
    return target
