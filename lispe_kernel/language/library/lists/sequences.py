"""Making lists: ranges, repetitions, conversions between kinds of lists, lazy sequences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import count as counting
from itertools import cycle as cycling
from itertools import islice
from itertools import repeat as repeating
from typing import Any

from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.forms import as_data
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import elements, is_list, typed_results
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.protocols import all_among
from lispe_kernel.language.reader import read
from lispe_kernel.language.runtime import current
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lazy import Lazy
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import SCALARS, List, Strings
from lispe_kernel.language.values.matrices import Matrix, array_of, leaves_of, wrapped
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import MOST_ELEMENTS
from lispe_kernel.language.values.typed.lists import CLASSES, FEW, Integers, Numbers


def _number(value: Any, name: str, position: int) -> int | float:
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise wrong_argument(name, position, "a number", value)


def _checked(size: int, name: str) -> int:
    if size > MOST_ELEMENTS:
        raise LispeError(f"Error: {name}: {size} elements are too many")
    return max(0, size)


def _counted(value: Any, name: str, start: int) -> Any:
    if type(value) is int and 0 <= value <= MOST_ELEMENTS:
        values = range(start, start + value)
        return Integers.exactly([*values]) if value <= FEW else Integers(values)
    number = _number(value, name, 1)
    size = _checked(math.floor(number), name)
    if isinstance(number, int):
        return Integers(range(start, start + size))
    first = start + (number - math.floor(number))
    return Numbers.of_array(np.arange(size) + first)


@function("⍳", "iota", keyword=True)
def iota(n: Any, *more: Any) -> Any:
    """The integers from 1 to n; the decimals of n are kept. Several numbers give a list of such lists.

    Example: (iota 4) => (1 2 3 4)
    Example: (iota 3.5) => (1.5 2.5 3.5)
    Example: (iota 2 3) => ((1 2) (1 2 3))
    """
    return List(_counted(each, "iota", 1) for each in (n, *more)) if more else _counted(n, "iota", 1)


@function("⍳0", "iota0", keyword=True)
def iota0(n: Any, *more: Any) -> Any:
    """The integers from 0 to n-1; the decimals of n are kept. Several numbers give a list of such lists.

    Example: (iota0 4) => (0 1 2 3)
    """
    return List(_counted(each, "iota0", 0) for each in (n, *more)) if more else _counted(n, "iota0", 0)


def _range(name: str, start: Any, end: Any, step: Any, *, inside: bool) -> Any:
    if type(start) is type(end) is type(step) is int and start <= end and step > 0 and not inside:
        return _integers(start, step, _checked(-((start - end) // step), name))
    if isinstance(start, str) and isinstance(end, str):
        return _letters(name, start, end, step)
    a, b, by = (_number(v, name, i) for i, v in enumerate((start, end, step), 1))
    if by == 0:
        return List()
    if a > b and by > 0:
        by = -by
    if inside:
        b += by
    whole = all(isinstance(v, int) for v in (a, b, by))
    size = _checked(int(-((a - b) // by)) if whole else math.ceil((b - a) / by), name)
    if whole:
        return _integers(a, by, size)
    return Numbers.of_array(np.arange(size) * float(by) + a)


def _integers(a: Any, by: Any, size: int) -> Any:
    values = range(a, a + by * size, by)
    if size and not -(1 << 63) <= min(values[0], values[-1]) <= max(values[0], values[-1]) < 1 << 63:
        return List(values)
    return Integers.exactly([*values]) if size <= FEW else Integers(values)


def _letters(name: str, start: str, end: str, step: Any) -> Strings:
    """The characters from the first to the last, which is included."""
    if len(start) != 1 or len(end) != 1:
        raise wrong_argument(name, 1, "one character, as the second argument", start)
    first, last, by = ord(start), ord(end), integer_argument(name, 3, step)
    if first > last:
        by = -abs(by)
    codes = range(first, last + (1 if by > 0 else -1), by) if by else ()
    return Strings(map(chr, codes))


@function("range", keyword=True)
def range_(start: Any, end: Any, step: Any) -> Any:
    """The values from start on by step, the end excluded; `integers` when all three are integers.

    A positive step goes down when start lies above end; a step of 0 gives (). Of characters the end is
    included.

    Example: (range 1 6 2) => (1 3 5)
    Example: (range 5 1 1) => (5 4 3 2)
    Example: (range "a" "e" 1) => ("a" "b" "c" "d" "e")
    """
    return _range("range", start, end, step, inside=False)


@function("rangein", keyword=True)
def rangein(start: Any, end: Any, step: Any) -> Any:
    """As range with the end moved by one step: the end is included, and one value beyond it can be.

    Example: (rangein 1 5 2) => (1 3 5)
    Example: (rangein 1 4 2) => (1 3 5)
    """
    return _range("rangein", start, end, step, inside=True)


# -- lazy sequences -----------------------------------------------------------------------------------


def _from(a: Any, by: Any) -> Iterator[Any]:
    return counting(a, by)


def _lazy_range(name: str, numbers: tuple[Any, ...], *, inside: bool) -> Lazy:
    form = [Atom(name), *numbers]
    if len(numbers) == 2:
        a, by = (_number(v, name, i) for i, v in enumerate(numbers, 1))
        return Lazy(form, lambda: _from(a, by))
    a, b, by = (_number(v, name, i) for i, v in enumerate(numbers, 1))
    if by == 0:
        return Lazy(form, lambda: (), endless=False)
    by = -by if a > b and by > 0 else by
    limit = b + by if inside else b

    def walk() -> Iterable[Any]:
        if all(isinstance(v, int) for v in (a, limit, by)):
            return range(a, limit, by)  # type: ignore[arg-type]
        size = max(0, math.ceil((limit - a) / by))
        return (a + by * i for i in range(size))

    return Lazy(form, walk, endless=False)


@function("irange", keyword=True)
def irange(start: Any, end_or_step: Any, *step: Any) -> Lazy:
    """A lazy range: (irange start step) has no end, (irange start end step) stops before the end.

    Example: (irange 1 1) => (irange 1 1)
    Example: (take 3 (irange 1 2)) => (1 3 5)
    """
    if len(step) > 1:
        raise LispeError(wrong_number("irange"))
    return _lazy_range("irange", (start, end_or_step, *step), inside=False)


@function("irangein", keyword=True)
def irangein(start: Any, end_or_step: Any, *step: Any) -> Lazy:
    """As irange, with the end included as in rangein.

    Example: (to_list (irangein 1 5 2)) => (1 3 5)
    """
    if len(step) > 1:
        raise LispeError(wrong_number("irangein"))
    return _lazy_range("irangein", (start, end_or_step, *step), inside=True)


@function("repeat", keyword=True)
def repeat(value: Any) -> Lazy:
    """The same value again and again, without an end.

    Example: (take 3 (repeat 7)) => (7 7 7)
    Example: (repeat 7) => (repeat 7)
    """
    return Lazy([Atom("repeat"), value], lambda: repeating(value))


@function("cycle", keyword=True)
def cycle(container: Any) -> Lazy:
    """The elements of a container again and again, without an end.

    Example: (take 5 (cycle '(1 2))) => (1 2 1 2 1)
    Errors: for an empty container, which has nothing to repeat.
    """
    found = elements(container, "cycle", 1)
    if not found:
        raise wrong_argument("cycle", 1, "a container that is not empty", container)
    return Lazy([Atom("cycle"), container], lambda: cycling(found))


@function("replicate", keyword=True, returns="list")
def replicate(n: Any, value: Any) -> List:
    """A list of n times the value; () for n below 1.

    Example: (replicate 2 '(1 2)) => ((1 2) (1 2))
    """
    return List([value] * _checked(integer_argument("replicate", 1, n), "replicate"))


@function("enum", keyword=True, returns="list")
def enum(container: Any, start: Any = 0) -> List:
    """The elements of a container with their indices, as (index element) pairs.

    A loop over `(enum container)` sees the elements as they are when their turn comes.

    Example: (enum '(a b)) => ((0 a) (1 b))
    Example: (enum "xy" 1) => ((1 "x") (2 "y"))
    """
    return List(numbered(container, start))


def numbered(container: Any, start: Any = 0) -> Iterator[List]:
    """The pairs of `enum`, made one by one: a loop over them sees what it changes, but not what it adds."""
    first, items = integer_argument("enum", 2, start), elements(container, "enum", 1)
    return map(List, islice(enumerate(items, first), len(items)))


# -- kinds of lists -----------------------------------------------------------------------------------


@function("llist", keyword=True)
def llist(*values: Any) -> LinkedList:
    """A linked list of the values: quick at the front, where push and pop work.

    Example: (push (llist 1 2) 0) => (0 1 2)
    """
    return LinkedList(values)


@function("conspoint", keyword=True)
def conspoint(value: Any, *values: Any) -> LinkedList:
    """A linked list whose tail is the last value; written '(a . b) in quoted data.

    Example: (conspoint 1 2) => (1 . 2)
    Example: (conspoint 1 '(2 3)) => (1 2 3)
    """
    if not values:
        return LinkedList((value,))
    *front, tail = (value, *values)
    if is_list(tail):
        return LinkedList([*front, *tail])
    return LinkedList(front, tail)


@function("to_llist", keyword=True)
def to_llist(container: Any) -> LinkedList:
    """The elements of a container as a linked list; a text or a number as its one element.

    Example: (type (to_llist '(1 2))) => llist_
    Example: (to_llist "ab") => ("ab")
    """
    if isinstance(container, (str, int, float, complex)):
        return LinkedList((container,))
    return LinkedList(elements(container, "to_llist", 1))


@function("⊂", "to_list", keyword=True, returns="list")
def to_list(container: Any, n: Any = None) -> List:
    """The elements of a container as a generic list; with a number, a list of so many times the value.

    A text is read as LispE's data: the list of what is written in it.

    Example: (to_list (integers 1 2)) => (1 2)
    Example: (to_list "a" 2) => ("a" "a")
    Example: (to_list "a [b 2] c") => (a (b 2) c)
    Errors: for a text whose parentheses do not balance.
    """
    if n is not None:
        return List(repeating(container, _checked(integer_argument("to_list", 2, n), "to_list")))
    kind = type(container)
    if kind is List or kind in CLASSES:
        return List(container)
    if isinstance(container, str):
        return List(as_data(read(Source(container, "to_list"), current().canonical)))
    return List(elements(container, "to_list", 1))


@function("⊃", "to_tensor", keyword=True)
def to_tensor(container: Any) -> Any:
    """A regular list as a typed list, a matrix or a tensor; an irregular list as it is.

    Example: (type (to_tensor '((1 2) (3 4)))) => matrix_integer_
    Example: (to_tensor '(1 (2))) => (1 (2))
    """
    if not is_list(container):
        if array_of(container) is None:
            raise wrong_argument("to_tensor", 1, "a list", container)
        return container
    array = array_of(list(container)) if len(container) else None
    return container if array is None else wrapped(array)


@function("cons", keyword=True)
def cons(value: Any, container: Any) -> Any:
    """A new list with the value in front of the elements of a list; a pair of it and any other value.

    Example: (cons 1 '(2 3)) => (1 2 3)
    Example: (cons 1 2) => (1 . 2)
    """
    if type(container) is List:
        return List([value, *container])
    if isinstance(container, LinkedList):
        made = container.copy()
        made.appendleft(value)
        return made
    if container is None:
        return List([value])
    if is_list(container) or array_of(container) is not None:
        return List([value, *elements(container, "cons", 2)])
    return LinkedList((value,), container)


@function("consb", keyword=True)
def consb(container: Any, value: Any) -> Any:
    """A new list with the value after the elements of a list; a pair of two values that are no lists.

    With a value and a list, as in revisions of 2022, the value stands in front.

    Example: (consb '(1 2) 3) => (1 2 3)
    Example: (consb 'a '(b)) => (a b)
    Example: (consb 1 2) => (1 . 2)
    """
    if not is_list(container) and is_list(value):
        return List([container, *elements(value, "consb", 2)])
    if container is None or is_list(container) or array_of(container) is not None:
        return List([*elements(container, "consb", 1), value])
    return LinkedList((container,), value)


@function("flatten", keyword=True)
def flatten(container: Any) -> Any:
    """All elements of nested lists in one list; a dictionary gives its keys and values in turn.

    A text or a number is a list of itself.

    Example: (flatten '(a (b "c"))) => (a b "c")
    Example: (flatten "ab") => ("ab")
    Example: (flatten {"k":(list 1 2)}) => ("k" 1 2)
    """
    if isinstance(container, (str, int, float, complex)):
        return List([container])
    if isinstance(container, dict):
        return List(leaves_of_lists(part for pair in container.items() for part in pair))
    if not is_list(container) or isinstance(container, Matrix):
        if array_of(container) is not None:
            return typed_results(list(leaves_of(container)))
        return List(leaves_of_lists(elements(container, "flatten", 1)))
    if type(container) is List and all_among(SCALARS, container):
        return List(container)
    if hasattr(container, "array") or hasattr(container, "convert"):
        return container.copy()
    return List(leaves_of_lists(container))


def leaves_of_lists(items: Iterable[Any]) -> list[Any]:
    """The elements of nested lists from left to right, without recursion."""
    found: list[Any] = []
    pending = [iter(items)]
    open_lists: list[int] = []
    while pending:
        for item in pending[-1]:
            if type(item) in SCALARS:
                found.append(item)
                continue
            if type(item) is List and all_among(SCALARS, item):
                found.extend(item)
                continue
            if is_list(item) or array_of(item) is not None:
                if id(item) in open_lists:
                    raise LispeError("Error: flatten: a list that contains itself has no flat form")
                open_lists.append(id(item))
                pending.append(iter(item))
                break
            found.append(item)
        else:
            pending.pop()
            if open_lists:
                open_lists.pop()
    return found
