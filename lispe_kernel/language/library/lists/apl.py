"""The APL layer: `rho`, `reduce`, `scan`, products, `rank@`, `,`, `==` ... Answers are 1 and 0 here.

On a matrix `reduce` and `scan` work row by row, the back forms column by column from the top; on a list the
back forms go from the last element to the first.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from types import FunctionType
from typing import Any

from lispe_kernel.language.arithmetic import OPERATORS, on_numbers
from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.lists.ordering import reverse
from lispe_kernel.language.library.lists.sequences import flatten
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import (
    any_list,
    as_bits,
    binary_function,
    comparator_named,
    elements,
    exact_sum,
    folded,
    is_list,
    like,
    plain,
    typed_results,
)
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.runtime import current
from lispe_kernel.language.stack import DEEP, Walk
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.equality import equal
from lispe_kernel.language.values.lists import List, deep_copy
from lispe_kernel.language.values.matrices import Matrix, wrapped
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import MOST_ELEMENTS
from lispe_kernel.language.values.typed.lists import Integers, TypedList

Function = Callable[..., Any]
Items = Sequence[Any]

_OPERATION = (Parameter("operation"), Parameter("container", True), Parameter("n", True))


# -- reduce and scan ----------------------------------------------------------------------------------


def _counts(value: Any) -> list[int] | None:
    """The whole numbers of a list given as operation, or None for a function."""
    if isinstance(value, TypedList) or (
        isinstance(value, list) and value and all(type(item) is int for item in value)
    ):
        counts = [integer_argument("reduce", 1, item) for item in value]
        if sum(counts) > MOST_ELEMENTS:
            raise LispeError(f"Error: reduce: {sum(counts)} elements are too many")
        return counts
    return None


def _parameters(call: Function) -> int | None:
    """How many arguments a function takes, where that can be known."""
    if type(call) is FunctionType and not hasattr(call, "__wrapped__") and not call.__kwdefaults__:
        # As the signature says, at a hundredth of its cost.
        code = call.__code__
        fixed = (
            not code.co_kwonlyargcount and not code.co_flags & inspect.CO_VARARGS and not call.__defaults__
        )
        return code.co_argcount if fixed else None
    try:
        signature = inspect.signature(call)
    except (TypeError, ValueError):
        return None
    kinds = [p.kind for p in signature.parameters.values()]
    if any(kind is inspect.Parameter.VAR_POSITIONAL for kind in kinds):
        return None
    required = [p for p in signature.parameters.values() if p.default is p.empty]
    return len(required) if len(required) == len(kinds) else None


def _repeated(counts: list[int], items: Items) -> list[Any]:
    """`(// '(2 0 1) l)`: every number consumes an element and repeats it."""
    if len(counts) != len(items) or any(count < 0 for count in counts):
        raise LispeError("Error: List size mismatch")
    return [item for count, item in zip(counts, items, strict=True) for _ in range(count)]


def _expanded(counts: list[int], items: Items) -> list[Any]:
    """`(\\\\ '(2 0 1) l)`: a number above 0 consumes an element and repeats it, a 0 puts in a 0."""
    if len([count for count in counts if count > 0]) != len(items) or any(count < 0 for count in counts):
        raise LispeError("Error: List size mismatch")
    following = iter(items)
    found: list[Any] = []
    for count in counts:
        found += [next(following)] * count if count else [0]
    return found


def _reduction(operation: Any, name: str) -> Callable[[Items], Any]:
    """What an operation makes of a sequence: a value."""
    comparator = comparator_named(operation)
    if comparator is not None:
        return lambda items: int(all(comparator(a, b) for a, b in pairwise(items))) if items else None
    call = binary_function(operation, name)
    if _parameters(call) not in (None, 2):
        raise LispeError(f"Error: Wrong number of arguments: {name} needs a function of two arguments")
    return lambda items: folded(call, items) if items else None


def _scanning(operation: Any, name: str) -> Callable[[Items], list[Any]]:
    """What an operation makes of a sequence: the running results."""
    comparator = comparator_named(operation)
    if comparator is not None:
        return lambda items: [comparator(a, b) for a, b in pairwise(items)]
    call = binary_function(operation, name)
    count = _parameters(call)
    if count == 1:
        return lambda items: [*items[:1], *as_bits(list(map(call, items[1:])), operation)]
    if count not in (None, 2):
        raise LispeError(f"Error: Wrong number of arguments: {name} needs a function of two arguments")
    return lambda items: list(accumulate(items, on_numbers(call, items)))


def _slices(items: Items, n: Any, *, back: bool) -> list[Items]:
    size = integer_argument("reduce", 3, n)
    if size <= 0:
        raise LispeError("Error: wrong value for the increment")
    if not back:
        return [items[i : i + size] for i in range(0, len(items), size)]
    backwards = items[::-1]
    return [backwards[i : i + size] for i in range(0, len(items) - size + 1, size)]


def _lines(matrix: Matrix, *, back: bool) -> list[list[Any]]:
    """The rows of a matrix, or its columns, as Python lists; a tensor's along its last or first axis."""
    array = np.moveaxis(matrix.array, 0, -1) if back else matrix.array
    return array.reshape(-1, array.shape[-1]).tolist()  # type: ignore[no-any-return]


def _result_shape(matrix: Matrix, *, back: bool) -> tuple[int, ...]:
    return matrix.shape[1:] if back else matrix.shape[:-1]


def _shaped(values: list[Any], shape: tuple[int, ...]) -> Any:
    """Results in row order as nested lists of a shape, as a matrix where they are numbers."""
    if len(shape) <= 1:
        return typed_results(values)
    size = len(values) // shape[0] if shape[0] else 0
    rows = [_shaped(values[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]
    return typed_results(rows) if all(isinstance(row, TypedList) for row in rows) else List(rows)


def _reduced(name: str, arguments: tuple[Any, ...], *, back: bool) -> Any:
    if len(arguments) == 1:
        copied = deep_copy(plain(any_list(arguments[0], name, 1)))
        if back:
            return reverse(copied)
        return copied
    operation, container, *n = arguments
    source = any_list(container, name, 2)
    quick = None if n or (back and type(source) is List) else _quick_reduction(operation, source)
    if quick is not None:
        return quick
    counts = _counts(operation)
    if isinstance(source, Matrix) and counts is None:
        reduce_line = _reduction(operation, name)
        values = [reduce_line(line) for line in _lines(source, back=back)]
        return _shaped(values, _result_shape(source, back=back))
    items = elements(source, name, 2)
    if counts is not None:
        ordered = (counts[::-1], items[::-1]) if back else (counts, items)
        return like(source, _repeated(*ordered))
    if n and n[0] is not None:
        reduce_items = _reduction(operation, name)
        values = [reduce_items(part) for part in _slices(items, n[0], back=back)]
        return typed_results(values) if isinstance(source, TypedList) else List(values)
    return _reduction(operation, name)(items[::-1] if back else items)


def _quick_reduction(operation: Any, source: Any) -> Any:
    """The sum of a typed list by numpy, an operator between the numbers of a list by Python; else None."""
    if not isinstance(operation, Atom) or operation.name not in _ARITHMETIC:
        return None
    if operation.name in current().namespace or not len(source):
        return None
    if type(source) is List:
        quick = on_numbers(OPERATORS[operation.name], source)
        return functools.reduce(quick, source) if quick is not OPERATORS[operation.name] else None
    return exact_sum(source) if operation.name == "+" and isinstance(source, TypedList) else None


# The operators that are Python's between numbers.
_ARITHMETIC = frozenset("+-*")


def _scanned(name: str, operation: Any, container: Any, n: Any, *, back: bool) -> Any:
    source = any_list(container, name, 2)
    counts = _counts(operation)
    if isinstance(source, Matrix) and counts is None:
        return _scanned_matrix(name, operation, source, back=back)
    items = elements(source, name, 2)
    if counts is not None:
        ordered = (counts[::-1], items[::-1]) if back else (counts, items)
        return like(source, _expanded(*ordered))
    scan_items = _scanning(operation, name)
    if n is not None:
        return List(_kept(source, scan_items(part)) for part in _slices(items, n, back=back))
    if not items:
        return None if back else List()
    return _kept(source, scan_items(items[::-1] if back else items))


def _kept(source: Any, values: list[Any]) -> Any:
    return typed_results(values) if isinstance(source, TypedList) else List(values)


def _scanned_matrix(name: str, operation: Any, source: Matrix, *, back: bool) -> Any:
    scan_items = _scanning(operation, name)
    lines = [scan_items(line) for line in _lines(source, back=back)]
    if not lines:
        return List()
    shape = (*_result_shape(source, back=back), len(lines[0]))
    found = _shaped([value for line in lines for value in line], shape)
    return wrapped(np.moveaxis(found.array, -1, 0)) if back and isinstance(found, Matrix) else found


@function("↗", "reduce", "//", keyword=True, parameters=_OPERATION)
def reduce(operation: Any, *rest: Any) -> Any:
    """Combine the elements from the left with an operation; row by row on a matrix.

    A comparison gives 1 if all neighbours satisfy it, else 0. A list of whole numbers repeats each element
    as many times. A third argument n reduces successive slices of n. Without an operation, a copy.

    Example: (reduce '* (iota 5)) => 120
    Example: (// '< '(1 2 3)) => 1
    Example: (// '(1 0 2) '(a b c)) => (a c c)
    Example: (// '+ '(1 2 3 4) 2) => (3 7)
    Example: (// '+ (rho 2 3 (iota 6))) => (6 15)
    Errors: `Error: List size mismatch`, `Error: wrong value for the increment`.
    """
    return _reduced("reduce", (operation, *_at_most(rest, 2, "reduce")), back=False)


@function("⌿", "backreduce", "-//", keyword=True, parameters=_OPERATION)
def backreduce(operation: Any, *rest: Any) -> Any:
    """As reduce from the last element to the first; column by column on a matrix. Alone, reverses.

    Example: (-// '- '(1 2 3)) => 0
    Example: (-// '+ (rho 2 3 (iota 6))) => (5 7 9)
    Example: (-// '+ '(1 2 3 4 5) 2) => (9 5)
    """
    return _reduced("backreduce", (operation, *_at_most(rest, 2, "backreduce")), back=True)


def _at_most(rest: tuple[Any, ...], most: int, name: str) -> tuple[Any, ...]:
    if len(rest) > most:
        raise LispeError(wrong_number(name))
    return rest


@function("↘", "scan", "\\\\", keyword=True)
def scan(operation: Any, container: Any, n: Any = None) -> Any:
    """All results of reduce on the way, the first element first; row by row on a matrix.

    A comparison gives its answers on neighbours. In a list of whole numbers, one above 0 repeats the next
    element, a 0 puts in a 0. A third argument n scans successive slices of n.

    Example: (scan '+ '(4 5 6)) => (4 9 15)
    Example: (scan '< '(1 2 2 5)) => (1 0 1)
    Example: (scan '(2 0 3) '(45 26)) => (45 45 0 26 26 26)
    """
    return _scanned("scan", operation, container, n, back=False)


@function("⍀", "backscan", "-\\\\", keyword=True)
def backscan(operation: Any, container: Any, n: Any = None) -> Any:
    """As scan from the last element to the first; column by column on a matrix.

    Example: (backscan '- '(1 2 10)) => (10 8 7)
    """
    return _scanned("backscan", operation, container, n, back=True)


# -- equality, joining --------------------------------------------------------------------------------


_walk = Walk()
_PLAIN = frozenset({int, float, str, Atom, type(None)})


@function("==", keyword=True)
def equality(a: Any, b: Any) -> Any:
    """1 if two values are equal, else 0; for lists the answers of their elements, up to the shorter size.

    A tensor compares its elements itself, as it does for `<`.

    Example: (== 3 3) => 1
    Example: (== '(1 2 3) '(1 5 3)) => (1 0 1)
    Example: (== '(1 2 1) 1) => (1 0 1)
    Example: (== '((1 2) (2 1)) 1) => ((1 0) (0 1))
    Example: (== (rho 2 2 '(1 2 2 1)) 2) => ((0 1) (1 0))
    """
    if type(a) in _PLAIN and type(b) in _PLAIN:
        return 1 if equal(a, b) else 0
    # Whose operators have an error of their own is a tensor.
    tensor = next((answers for answers in (answers_of(a), answers_of(b)) if answers.operands), None)
    if tensor is not None:
        listed = tensor.operate if _has_elements(a) or _has_elements(b) else None
        found = listed(operator.eq, a, b) if listed else a == b
        return int(found) if type(found) is bool else found
    for matrix, other in ((a, b), (b, a)):
        if isinstance(matrix, Matrix) and not _has_elements(other):
            return _shaped([int(equal(cell, other)) for cell in matrix.array.ravel().tolist()], matrix.shape)
    if not (_has_elements(a) or _has_elements(b)):
        return int(equal(a, b))
    if isinstance(a, TypedList) and isinstance(b, TypedList):
        size = min(len(a), len(b))
        return Integers.of_array((a.array[:size] == b.array[:size]).astype("int64"))
    with _walk:
        if _walk.depth > DEEP:
            raise LispeError(
                "Error: ==: lists nested so deep, or in themselves, are not compared by elements"
            )
        if _has_elements(a) and _has_elements(b):
            values = [_element_equality(x, y) for x, y in zip(a, b, strict=False)]
        else:
            # A scalar meets every leaf, as in arithmetic.
            many, scalar = (a, b) if _has_elements(a) else (b, a)
            values = [
                equality(item, scalar) if _has_elements(item) else int(equal(item, scalar)) for item in many
            ]
    return typed_results(values)


def _has_elements(value: Any) -> bool:
    return is_list(value) or isinstance(value, Matrix)


def _element_equality(x: Any, y: Any) -> Any:
    return equality(x, y) if _has_elements(x) and _has_elements(y) else int(equal(x, y))


@function(",", keyword=True, parameters=(Parameter("container"), Parameter("other", True)))
def ravel(container: Any, *other: Any) -> Any:
    """One list: all elements flattened. Two arguments: joined along the last axis, matrices row by row.

    A scalar as second argument is appended to every row, or paired with every element.

    Example: (, (iota 3 3)) => (1 2 3 1 2 3)
    Example: (, (iota 2 2) (iota 2 2)) => ((1 2 1 2) (1 2 1 2))
    Example: (, '(1 2) 3) => ((1 3) (2 3))
    Errors: when the first is no list or has fewer dimensions than the second.
    """
    if not _has_elements(container):
        raise wrong_argument(",", 1, "a list", container)
    if not other:
        return flatten(container)
    return _joined(container, _at_most(other, 1, ",")[0])


def _depth(value: Any) -> int:
    if isinstance(value, Matrix):
        return len(value.shape)
    if not is_list(value):
        return 0
    return 1 + (max(map(_depth, value), default=0) if type(value) is List else 0)


def _joined(a: Any, b: Any) -> Any:
    if _depth(a) < _depth(b):
        raise wrong_argument(",", 1, "a list with as many dimensions as the second", a)
    if not _has_elements(b):
        rows = [like(row, [*row, b]) if _has_elements(row) else typed_results([row, b]) for row in a]
        return List(rows)
    if _depth(a) == 1:
        return typed_results([*a, *b]) if isinstance(a, TypedList) else List([*a, *b])
    if _depth(a) == _depth(b):
        if len(a) != len(b):
            raise LispeError("Error: List size mismatch (,)")
        rows = [_joined(x, y) for x, y in zip(a, b, strict=True)]
    else:
        rows = [*a, b]
    return typed_results(rows) if isinstance(a, Matrix) else List(rows)
