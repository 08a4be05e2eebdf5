"""What the list functions share: elements of any container, results of the right type, function arguments.

Nothing is registered here.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lispe_kernel.language.arithmetic import ON_NUMBERS, OPERATORS, cannot, on_numbers, three_way, truth_of
from lispe_kernel.language.arity import cannot_be_called
from lispe_kernel.language.calling import callable_of, is_lambda
from lispe_kernel.language.errors import LispeError, MapEnded
from lispe_kernel.language.functions import ANSWERS, registry
from lispe_kernel.language.made import source_of
from lispe_kernel.language.printer import show, wrong_argument
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.python import objects
from lispe_kernel.language.reader import read
from lispe_kernel.language.runtime import current
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString, StringBytes
from lispe_kernel.language.values.equality import equal
from lispe_kernel.language.values.lazy import finite
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import NUMBERS, List, Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.typed.lists import (
    FEW,
    REFUSED,
    WIDE,
    Integers,
    Numbers,
    TypedList,
    exact_total,
)
from lispe_kernel.language.values.views import View

# Lists of every kind that hold their elements in order and can change.
LISTS = (list, TypedList, LinkedList, Matrix)

Function = Callable[..., Any]


def is_list(value: Any) -> bool:
    """Whether a value is a list that can change: generic, typed or linked, or a matrix, a list of rows."""
    return isinstance(value, LISTS)


def elements(value: Any, function: str, position: int) -> Sequence[Any]:
    """The elements of any container as a Python sequence: characters of a string, keys of a dictionary, and
    what an object of Python's gives to a loop.

    Errors: a LispE error that names `function` for a value that is no container, or has no end.
    """
    if isinstance(value, (list, str)):
        return value
    answers = answers_of(finite(value, function))
    if answers.items is not None:
        return answers.items(value)
    if answers.iterate is not None:
        found = answers.iterate(value)
        return found if type(found) is list else list(found)
    if isinstance(value, Iterable):
        return list(objects.elements(value))
    raise wrong_argument(function, position, "a container", value)


def any_list(value: Any, function: str, position: int) -> Any:
    """A list of any kind, matrices included, as it is; nil is an empty list. Errors name the function."""
    if isinstance(value, (list, TypedList, LinkedList, Matrix)):
        return value
    if value is None:
        return List()
    raise wrong_argument(function, position, "a list", value)


def like(original: Any, values: Iterable[Any]) -> Any:
    """The values in a container of the original's kind; a generic list for what is none."""
    if type(original) is List:
        return List(values)
    if isinstance(original, TypedList):
        return type(original)(values)
    if isinstance(original, LinkedList):
        return LinkedList(values)
    if isinstance(original, (Strings, StringBytes)):
        return type(original)(values)
    if isinstance(original, ByteString):
        return ByteString.of("".join(values))
    if isinstance(original, str):
        return "".join(values)
    return List(values)


def converted(container: Any, value: Any) -> Any:
    """The value as an element of a typed container."""
    return container.convert(value) if isinstance(container, (Strings, StringBytes, TypedList)) else value


_RESULTS: dict[type, type] = {int: Integers, float: Numbers, str: Strings, ByteString: StringBytes}


def typed_results(values: list[Any]) -> Any:
    """A list as `maplist` gives it: typed when all values are of one kind, a matrix for equal typed rows."""
    return _typed(values, set(map(type, values)))


def typed_answers(values: list[Any], function: Any) -> Any:
    """As `typed_results`, with answers true and nil as 1 and 0."""
    if values and type(values[0]) is int:
        try:
            return Integers.exactly(values)
        except REFUSED:
            pass
    kinds = set(map(type, values))
    if kinds <= _ANSWERS:
        return typed_results(as_bits(values, function))
    return _typed(values, kinds)


def _typed(values: list[Any], kinds: set[type]) -> Any:
    if len(kinds) == 1:
        kind = kinds.pop()
        found = _RESULTS.get(kind)
        if found is Integers:
            return _integers(values)
        if found is not None:
            return found(values)
        if issubclass(kind, TypedList) and len({len(row) for row in values}) == 1 and len(values[0]):
            return Matrix(np.array([row.array for row in values]))
        return List(values)
    return Numbers(values) if kinds and kinds <= NUMBERS and _fit_doubles(values) else List(values)


def _integers(values: list[int]) -> Any:
    """`integers`, or a generic list when a value is beyond 64 bits."""
    try:
        return Integers.exactly(values)
    except OverflowError:
        return List(values)


def _fit_doubles(values: list[Any]) -> bool:
    return all(type(v) is float or -(1 << 53) <= v <= 1 << 53 for v in values)


# -- folding ------------------------------------------------------------------------------------------


def folded(call: Function, items: Iterable[Any], *initial: Any) -> Any:
    """`functools.reduce`, with Python's own operator where all elements are plain numbers."""
    if call in ON_NUMBERS:
        items = items if isinstance(items, list) else list(items)
        call = on_numbers(call, items, initial)
    return functools.reduce(call, items, *initial)


# Fewer doubles than these numpy adds one after the other; more of them in eight sums.
_IN_ORDER = 8


def exact_sum(values: TypedList | Matrix) -> int | float:
    """The sum of a typed list or matrix at numpy's speed; integers do not overflow."""
    if type(values) is Integers and len(values) <= FEW:
        return sum(values)
    if WIDE.get(type(values)) and len(values) < _IN_ORDER:
        return functools.reduce(operator.add, values, 0.0)
    array = values.array
    if array.dtype.kind == "f":
        with np.errstate(all="ignore"):
            return float(array.sum(dtype="float64"))
    return exact_total(array) if array.size else 0


# -- function arguments -------------------------------------------------------------------------------


def answers_boolean(function: Any) -> bool:
    """Whether a function's results are answers: it is, or ends in, a question of the language."""
    head = function[0] if isinstance(function, list) and function else function
    if is_lambda(head):
        return isinstance(function[-1], list) and answers_boolean(function[-1])
    if isinstance(head, Atom) and head.name in current().namespace:
        head = current().namespace[head.name]
    if isinstance(head, Atom):
        entry = special_forms.get(head.name) or registry.get(head.name)
        return entry is not None and entry.returns in ANSWERS
    return _ends_in_question(head)


def _ends_in_question(function: Any) -> bool:
    """The same for a function of the user: its source is kept as data, a lambda's as its documentation."""
    source: Any = source_of(function)
    if source is None and isinstance(getattr(function, "__doc__", None), str):
        doc = function.__doc__
        if doc.startswith("(λ "):
            source = read(Source(doc, "", ""), current().canonical)[0]
    return isinstance(source, list) and isinstance(source[-1], list) and answers_boolean(source[-1])


def as_bits(values: list[Any], function: Any) -> list[Any]:
    """Answers true and nil as 1 and 0, as the list operators give them; other values as they are.

    Results count as answers when they are all true or nil and one is true, or the function is a question.
    """
    if not values or not {*map(type, values)} <= _ANSWERS:
        return values
    if all(value is TRUE or value is None for value in values) and (
        TRUE in values or answers_boolean(function)
    ):
        return [1 if value is TRUE else 0 for value in values]
    return values


_ANSWERS = frozenset({Atom, type(None)})


def with_arity(value: Any, call: Function, count: int, function: str) -> Function:
    """The function, if it takes `count` arguments.

    Errors: `Error: Wrong number of arguments in: ...` otherwise, before anything is called.
    """
    code = getattr(call, "__code__", None)
    if code is None or getattr(call, "__wrapped__", None) is not None:
        return call
    most = code.co_argcount - inspect.ismethod(call)
    least = most - len(call.__defaults__ or ())
    if least <= count and (count <= most or code.co_flags & inspect.CO_VARARGS):
        return call
    doc = getattr(call, "__doc__", None) or ""
    shown = (
        doc
        if doc.startswith("(λ ")
        else show(value)
        if isinstance(value, (Atom, list))
        else show(getattr(call, "__func__", call))
    )
    raise LispeError(cannot_be_called(shown, function, count, least))


def function_argument(value: Any, function: str, count: int = 1) -> Function:
    """The Python function of `count` arguments for an argument of a list function.

    Errors: an empty list, and a function that takes another number of arguments.
    """
    if isinstance(value, list) and not value:
        raise LispeError(f"Error: empty list not accepted here ({function})")
    if isinstance(value, Atom) and value.name not in current().namespace:
        found = BINARY.get(value.name)
        if found is not None:
            return _operator(value, found, count, function)
    return with_arity(value, callable_of(value), count, function)


def results(call: Function, *items: Iterable[Any]) -> Iterable[Any]:
    """A function's result on each element in turn; `break` in a lambda ends them."""
    return _until_break(call, items) if _may_break(call) else map(call, *items)


def _may_break(call: Function) -> bool:
    code = getattr(call, "__code__", None)
    return code is not None and " break" in code.co_names


def _until_break(call: Function, items: tuple[Iterable[Any], ...]) -> Iterator[Any]:
    for row in zip(*items, strict=False):
        try:
            found = call(*row)
        except MapEnded:
            return
        yield found


def chosen(call: Function, items: Iterable[Any]) -> Iterator[Any]:
    """The elements for which a function is true; `break` in a lambda ends them."""
    for item in items:
        try:
            answer = call(item)
        except MapEnded:
            return
        if truth_of(answer):
            yield item


def _operator(atom: Atom, binary: Function, count: int, function: str) -> Function:
    general = callable_of(atom)
    if count == 1 and atom.name not in OPERATORS:
        raise LispeError(cannot_be_called(atom.name, function, 1, 2))

    def operate(*values: Any) -> Any:
        return binary(*values) if len(values) == 2 else general(*values)

    return operate


def binary_function(value: Any, function: str) -> Function:
    """A function of two arguments: operators directly, anything else as `function_argument` finds it."""
    if isinstance(value, Atom) and value.name not in current().namespace:
        found = BINARY.get(value.name)
        if found is not None:
            return found
    return function_argument(value, function, 2)


def _bit(test: Callable[[Any, Any], Any], name: str) -> Function:
    def compare(a: Any, b: Any) -> Any:
        try:
            found = test(a, b)
        except TypeError:
            raise cannot(name, a, b) from None
        # A tensor's own comparison is the value, as of the operator.
        return found if type(found) is not bool else 1 if found else 0

    return compare


def _ordered(compare: Function, name: str) -> Function:
    def ordered(a: Any, b: Any) -> Any:
        try:
            return compare(a, b)
        except TypeError:
            raise cannot(name, a, b) from None

    return ordered


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

BINARY: dict[str, Function] = {**OPERATORS, **COMPARATORS, ">=<": _ordered(three_way, ">=<")}


def comparator_named(value: Any) -> Function | None:
    """The comparison that a function argument names, unless the user defined that name."""
    if isinstance(value, Atom) and value.name not in current().namespace:
        return COMPARATORS.get(value.name)
    return None


def plain(items: Any) -> Any:
    """A view as the list that it shows; any other value as it is."""
    return List(items) if type(items) is View else items
