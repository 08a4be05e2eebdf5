"""Sets and heaps, and the set operations on strings, lists and sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

from lispe_kernel.language.calling import callable_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.core.types import spread
from lispe_kernel.language.library.shared.elements import BINARY, COMPARATORS, binary_function, is_list, like
from lispe_kernel.language.library.shared.strings_core import TEXT_SET_OPERATIONS
from lispe_kernel.language.library.shared.strings_core import like as text_like
from lispe_kernel.language.made import source_of
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.heaps import Heap
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.matrices import Matrix, regular
from lispe_kernel.language.values.sets import IntegerSet, NumberSet, Set, StringSet

_VALUES = (Parameter("values", rest=True),)


@function("set", keyword=True, returns="other")
def set_(*values: Any) -> Set:
    """A set of any values, in the order of their first appearance.

    Example: (set 'a 1 'a) => {a 1}
    """
    return Set(values)


def _register(name: str, cls: type[Set], kind: str, example: str) -> None:
    def make(*values: Any) -> Set:
        return cls(spread(values))

    make.__name__ = name
    make.__doc__ = (
        f"A set of {kind}, kept sorted; lists and sets among the arguments are spread.\n\nExample: {example}"
    )
    function(name, keyword=True, parameters=_VALUES, returns="other")(make)


for _name, _cls, _kind, _example in (
    ("sets", StringSet, "texts", '(sets "b" "a" "b") => {"a" "b"}'),
    ("seti", IntegerSet, "integers", "(seti 3 1 '(2 3)) => {1 2 3}"),
    ("setn", NumberSet, "numbers", "(setn 2.5 1) => {1 2.5}"),
):
    _register(_name, _cls, _kind, _example)


@function("heap", keyword=True, returns="other")
def heap(comparator: Any = None, *values: Any) -> Heap:
    """Elements kept in the order of a comparator that answers -1, 0 or 1; `>=<` when it is nil or ().

    insert and push add, pop takes an element out, car is the first, loop goes through them in order.

    Example: (heap '>=< 3 1 2) => (1 2 3)
    Example: (car (heap (λ (a b) (>=< b a)) 3 9 2)) => 9
    """
    if comparator is None or (isinstance(comparator, list) and not comparator):
        return Heap(BINARY[">=<"], values, natural=True)
    compare = binary_function(comparator, "heap")
    if compare is BINARY[">=<"]:
        return Heap(compare, values, comparator, natural=True)
    if compare in COMPARATORS.values():
        raise LispeError(_WRONG_ORDER)
    return Heap(_ordering(compare), values, _remembered(comparator))


_WRONG_ORDER = "Error: heap: the comparator must answer -1, 0 or 1, as >=< does"


def _ordering(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def order(a: Any, b: Any) -> Any:
        answer = compare(a, b)
        if type(answer) not in (int, float):
            raise LispeError(_WRONG_ORDER)
        return answer

    return order


def heap_by(comparator: Any, key: Callable[[Any], Any], values: tuple[Any, ...], read: Any = None) -> Heap:
    """A heap by a comparator that compares the `key` of its two arguments by `>=<`.

    read: the definition that the key comes from, if the comparator is a name.
    """
    compare = comparator if read is None else binary_function(comparator, "heap")
    if read is not None and source_of(compare) is not read.data:
        return heap(comparator, *values)
    return Heap(_ordering(compare), values, _remembered(comparator), key=key)


def _remembered(comparator: Any) -> Any:
    """What a heap says that it is ordered by: the function that a name has now, whatever it has later."""
    if isinstance(comparator, Atom) and comparator.name in current().namespace:
        return callable_of(comparator)
    return comparator


# -- set operations -----------------------------------------------------------------------------------


def _members(name: str, value: Any, position: int) -> Iterable[Any]:
    if isinstance(value, Set) or is_list(value):
        return value  # type: ignore[no-any-return]
    wanted = "a list, a set or a string" if position == 1 else "a list or a set, as the first is"
    raise wrong_argument(name, position, wanted, value)


def _keep_both(first: Iterable[Any], other: Set) -> Iterable[Any]:
    return (value for value in first if value in other)


def _keep_either(first: Iterable[Any], other: Set) -> Iterable[Any]:
    return [*first, *other]


def _keep_one(first: Iterable[Any], other: Set) -> Iterable[Any]:
    mine = Set(first)
    return [*(v for v in mine if v not in other), *(v for v in other if v not in mine)]


_Keys = dict[Any, Any]
# The operations on sets whose elements are their own keys.
_OF_KEYS: dict[str, Callable[[_Keys, _Keys], _Keys]] = {
    "&&&": lambda a, b: {key: key for key in a if key in b},
    "|||": lambda a, b: a | b,
    "^^^": lambda a, b: {key: key for one, other in ((a, b), (b, a)) for key in one if key not in other},
}


def _combined(name: str, keep: Callable[[Iterable[Any], Set], Iterable[Any]], a: Any, b: Any) -> Any:
    if isinstance(a, str):
        if not isinstance(b, str):
            raise wrong_argument(name, 2, "a string, as the first is", b)
        return text_like(a, TEXT_SET_OPERATIONS[name](to_text(a), to_text(b)))
    if type(a) is type(b) and isinstance(a, Set):
        mine, theirs = a.own_keys(), b.own_keys()
        if mine is not None and theirs is not None:
            return a.of_members(_OF_KEYS[name](mine, theirs))
    first, other = _members(name, a, 1), _members(name, b, 2)
    result = keep(first, Set(other))
    if isinstance(a, Matrix):
        return regular(List(Set(result)))
    return type(a)(result) if isinstance(a, Set) else like(a, Set(result))


def _operation(name: str, keep: Callable[[Iterable[Any], Set], Iterable[Any]], doc: str) -> None:
    def operate(container: Any, *containers: Any) -> Any:
        if not containers:
            whole: Any = "" if isinstance(container, str) else []
            return _combined("|||", _keep_either, container, whole)
        return reduce(lambda a, b: _combined(name, keep, a, b), containers, container)

    operate.__doc__ = doc
    function(name, keyword=True)(operate)


_operation(
    "&&&",
    _keep_both,
    """The elements that are in all containers, each once, in a container of the first one's kind.

    Example: (&&& '(1 2 3) '(2 3 4)) => (2 3)
    Example: (&&& "abcd" "bdf") => bd
    Example: (&&& "banana") => ban
    """,
)
_operation(
    "|||",
    _keep_either,
    """The elements of all containers, each once, in a container of the first one's kind.

    Example: (||| '(1 2) '(2 3)) => (1 2 3)
    Example: (||| (seti 1 2) (seti 2 3)) => {1 2 3}
    Example: (||| "banana") => ban
    """,
)
_operation(
    "^^^",
    _keep_one,
    """The elements that are in exactly one of two containers, in a container of the first one's kind.

    Example: (^^^ '(1 2 3) '(2 3 4)) => (1 4)
    Example: (^^^ "abc" "bcd") => ad
    """,
)
