"""What the list functions share: elements of any container, results of the right type, function arguments.

Nothing is registered here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lispe_kernel.language.arithmetic import OPERATORS, equal, three_way
from lispe_kernel.language.calling import callable_of
from lispe_kernel.language.errors import LispeError, wrong_argument
from lispe_kernel.language.functions import registry
from lispe_kernel.language.protocols import access_of
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString, StringBytes
from lispe_kernel.language.values.lazy import finite
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.typed import Floats, Integers, Numbers, TypedList
from lispe_kernel.language.values.views import View

# Lists of every kind that hold their elements in order and can change.
LISTS = (list, TypedList, LinkedList)

Function = Callable[..., Any]


def is_list(value: Any) -> bool:
    """Whether a value is a list that can change: generic, typed or linked."""
    return isinstance(value, LISTS)


def elements(value: Any, function: str, position: int) -> Sequence[Any]:
    """The elements of any container as a Python sequence: characters of a string, keys of a dictionary.

    Errors: a LispE error that names `function` for a value that is no container, or has no end.
    """
    if isinstance(value, list | str):
        return value
    if isinstance(value, TypedList):
        return value.tolist()
    if value is None:
        return ()
    if isinstance(value, dict | LinkedList):
        return list(value)
    access = access_of(finite(value, function))
    if access is not None and access.iterate is not None:
        return list(access.iterate(value))
    if isinstance(value, ByteString):
        return [value[i] for i in range(len(value))]
    raise wrong_argument(function, position, "a container", value)


def any_list(value: Any, function: str, position: int) -> Any:
    """A list of any kind, matrices included, as it is; nil is an empty list. Errors name the function."""
    if isinstance(value, list | TypedList | LinkedList | Matrix):
        return value
    if value is None:
        return List()
    raise wrong_argument(function, position, "a list", value)


def integer_argument(value: Any, function: str, position: int) -> int:
    """An argument that must be a whole number; decimals are cut off."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return int(value)
    raise wrong_argument(function, position, "an integer", value)


def like(original: Any, values: Iterable[Any]) -> Any:
    """The values in a container of the original's kind; a generic list for what is none."""
    if isinstance(original, TypedList):
        return type(original)(values)
    if isinstance(original, LinkedList):
        return LinkedList(values)
    if isinstance(original, Strings | StringBytes):
        return type(original)(values)
    if isinstance(original, str):
        return "".join(values)
    if isinstance(original, ByteString):
        return ByteString(b"".join(values))
    return List(values)


_RESULTS: dict[type, type] = {int: Integers, float: Numbers, str: Strings, ByteString: StringBytes}
_NUMBERS = frozenset({int, float})


def typed_results(values: list[Any]) -> Any:
    """A list as `maplist` gives it: typed when all values are of one kind, a matrix for equal typed rows."""
    kinds = set(map(type, values))
    if len(kinds) == 1:
        kind = kinds.pop()
        found = _RESULTS.get(kind)
        if found is Integers:
            return Integers(values) if _fit(values) else List(values)
        if found is not None:
            return found(values)
        if issubclass(kind, TypedList) and len({len(row) for row in values}) == 1 and len(values[0]):
            return Matrix(np.array([row.array for row in values]))
        return List(values)
    return Numbers(values) if kinds and kinds <= _NUMBERS and _fit_doubles(values) else List(values)


def _fit(values: list[int]) -> bool:
    return min(values) >= -(1 << 63) and max(values) < 1 << 63


def _fit_doubles(values: list[Any]) -> bool:
    return all(type(v) is float or -(1 << 53) <= v <= 1 << 53 for v in values)


def floats_of(original: Any, values: Iterable[Any]) -> Any:
    """Numbers in a list of 32-bit floats when they come from one."""
    return Floats(values) if isinstance(original, Floats) else values


# -- function arguments -------------------------------------------------------------------------------


def answers_boolean(function: Any) -> bool:
    """Whether a function argument names a library function whose result is always true or nil."""
    head = function[0] if isinstance(function, list) and function else function
    if not isinstance(head, Atom) or head.name in current().namespace:
        return False
    entry = registry.get(head.name)
    return entry is not None and entry.returns == "boolean"


def as_bits(values: list[Any], function: Any) -> list[Any]:
    """Answers true and nil as 1 and 0, as the list operators give them; other values as they are.

    Results of a function of the user count as answers when they are all true or nil and one is true.
    """
    if TRUE not in values and not answers_boolean(function):
        return values
    if all(value is TRUE or value is None for value in values):
        return [1 if value is TRUE else 0 for value in values]
    return values


def function_argument(value: Any, function: str) -> Function:
    """The Python function for the first argument of a list function. An empty list is an error."""
    if isinstance(value, list) and not value:
        raise LispeError(f"Error: empty list not accepted here ({function})")
    if isinstance(value, Atom) and value.name not in current().namespace:
        operator = BINARY.get(value.name)
        if operator is not None:
            return _operator(value, operator)
    return callable_of(value)


def _operator(atom: Atom, operator: Function) -> Function:
    general = callable_of(atom)

    def operate(*values: Any) -> Any:
        return operator(*values) if len(values) == 2 else general(*values)

    return operate


def binary_function(value: Any, function: str) -> Function:
    """A function of two arguments: operators directly, anything else as `function_argument` finds it."""
    if isinstance(value, Atom) and value.name not in current().namespace:
        operator = BINARY.get(value.name)
        if operator is not None:
            return operator
    return function_argument(value, function)


def _bit(test: Callable[[Any, Any], Any], name: str) -> Function:
    def compare(a: Any, b: Any) -> int:
        try:
            return 1 if test(a, b) else 0
        except TypeError:
            from lispe_kernel.language.arithmetic import cannot

            raise cannot(name, a, b) from None

    return compare


# Comparisons as the list operators use them: 1 or 0.
COMPARATORS: dict[str, Function] = {
    "<": _bit(lambda a, b: a < b, "<"),
    ">": _bit(lambda a, b: a > b, ">"),
    "<=": _bit(lambda a, b: a <= b, "<="),
    ">=": _bit(lambda a, b: a >= b, ">="),
    "=": _bit(equal, "="),
    "==": _bit(equal, "=="),
    "!=": _bit(lambda a, b: not equal(a, b), "!="),
    "eq": _bit(equal, "eq"),
    "neq": _bit(lambda a, b: not equal(a, b), "neq"),
}

BINARY: dict[str, Function] = {**OPERATORS, **COMPARATORS, ">=<": three_way}


def comparator_named(value: Any) -> Function | None:
    """The comparison that a function argument names, unless the user defined that name."""
    if isinstance(value, Atom) and value.name not in current().namespace:
        return COMPARATORS.get(value.name)
    return None


def plain(items: Any) -> Any:
    """A view as the list that it shows; any other value as it is."""
    return List(items) if type(items) is View else items
