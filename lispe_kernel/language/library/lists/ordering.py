"""The order of elements: `sort`, `reverse`, `rotate`, `unique`, `flip`."""

from __future__ import annotations

import operator
from functools import cmp_to_key
from typing import Any

from lispe_kernel.language.arithmetic import truth_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import binary_function, elements, is_list, like, plain
from lispe_kernel.language.library.shared.strings_core import like as text_like
from lispe_kernel.language.library.shared.strings_core import reverse_text, rotate_text
from lispe_kernel.language.made import source_of
from lispe_kernel.language.printer import show, to_text, wrong_argument
from lispe_kernel.language.protocols import all_among
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import INTEGERS, NUMBERS, TEXTS, List, Strings
from lispe_kernel.language.values.matrices import Matrix, wrapped
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.typed.lists import CLASSES, FEW, Integers, Numbers, TypedList

_TEXT = (str, ByteString)
_STRICT = {"<": False, ">": True}
# Of these, two that print alike within a class are equal.
_OWN_TEXT = frozenset({int, str, Atom})


@function("sort", keyword=True)
def sort(comparator: Any, container: Any) -> Any:
    """Sort a list in place with a comparator that tells whether its first argument comes before its second.

    '< is ascending, '> descending. Equal elements keep their order.

    Example: (sort '< '(3 1 2)) => (1 2 3)
    Example: (sort (λ (x y) (< (size x) (size y))) '("ccc" "a" "bb")) => ("a" "bb" "ccc")
    Errors: for a comparator that is true of an element and itself, such as '<=.
    """
    if not is_list(container):
        raise wrong_argument("sort", 2, "a list", container)
    if (
        isinstance(comparator, Atom)
        and comparator.name in _STRICT
        and _sort_plain(comparator.name, container)
    ):
        return container
    before = binary_function(comparator, "sort")

    def compare(a: Any, b: Any) -> int:
        # Python's sort asks only whether one comes before the other.
        answer = before(a, b)
        return -1 if answer is TRUE or (answer is not None and truth_of(answer)) else 0

    return _sort_compared(comparator, before, compare, container)


def sort_with(before: Any, compare: Any, container: Any) -> Any:
    """Sort with a comparator of which `compare` tells by -1 and 0 what it tells by true and false."""
    if not is_list(container):
        return sort(before, container)
    return _sort_compared(before, before, compare, container)


def _sort_compared(comparator: Any, before: Any, compare: Any, container: Any) -> Any:
    items = list(container)
    if len(items) > 1 and truth_of(before(items[0], items[0])) and not isinstance(container, TypedList):
        raise LispeError(
            f"Error: sort: the comparator {show(comparator)} must be strict: false for two equal elements"
        )
    items.sort(key=cmp_to_key(compare))
    _put_back(container, items)
    return container


def sort_by(before: Any, ways: str, keys: tuple[Any, ...], container: Any, read: Any = None) -> Any:
    """Sort with a comparator that compares the keys of its arguments one after the other.

    ways: `<` or `>` for each key. The keys are computed once for each element where those of each function
    are all numbers or all texts. read: the definition that they come from, if the comparator is a name.
    """
    if type(container) is not List or len(container) < 2:
        return sort(before, container)
    if read is not None and source_of(binary_function(before, "sort")) is not read.data:
        return sort(before, container)
    columns = [_column(key, container) for key in keys]
    order = list(range(len(container)))
    for way, column in reversed([*zip(ways, columns, strict=True)]):
        if column is None:
            return sort(before, container)
        order.sort(key=column.__getitem__, reverse=way == ">")
    container[:] = [container[place] for place in order]
    return container


def _column(key: Any, container: List) -> list[Any] | None:
    """The keys of all elements, if Python orders them as LispE does."""
    try:
        keys = list(map(key, container))
    except LispeError:
        return None
    kinds = set(map(type, keys))
    if not (kinds <= NUMBERS or kinds == TEXTS) or (float in kinds and any(k != k for k in keys)):
        return None
    return keys


def _sort_plain(name: str, container: Any) -> bool:
    """Sort numbers or texts at the speed of numpy or Python; whether the list held only such."""
    if name in current().namespace:
        return False
    descending = _STRICT[name]
    if type(container) is List and container:
        first = type(container[0])
        if first is int or first is str:
            plain = all_among(INTEGERS if first is int else TEXTS, container)
        else:
            plain = False
        # A NaN stands nowhere in the order of the numbers.
        if plain or (all_among(NUMBERS, container) and not any(map(operator.ne, container, container))):
            container.sort(reverse=descending)
            return True
        return False
    if type(container) is Integers and len(container) <= FEW:
        container.refill(sorted(container.tolist(), reverse=descending))
        return True
    if isinstance(container, TypedList):
        ordered = np.sort(container.array, kind="stable")
        container.array[:] = ordered[::-1] if descending else ordered
        return True
    kinds = set(map(type, container))
    if not (kinds <= {int, float} or kinds == {str}) or any(item != item for item in container):
        return False
    _put_back(container, sorted(container, reverse=descending))
    return True


def _put_back(container: Any, items: list[Any]) -> None:
    if isinstance(container, LinkedList):
        container.clear()
        container.extend(items)
    elif isinstance(container, TypedList):
        container.refill(items)
    else:
        container[:] = items


@function("reverse", keyword=True)
def reverse(container: Any, copy: Any = None) -> Any:
    """The elements backwards: a list in place, or as a copy when the second argument is true.

    A string gives the reversed text, a number its opposite, a dictionary the keys of each value.

    Example: (reverse '(1 2 3)) => (3 2 1)
    Example: (reverse "abc") => cba
    Example: (reverse {"a":1 "b":2 "c":1}) => {"1":("a" "c") "2":("b")}
    """
    kind = type(container)
    if kind is List or (copy is None and kind in CLASSES):
        if copy is None or not truth_of(copy):
            container.reverse()
            return container
        return List(container[::-1])
    if kind is str:
        return container[::-1]
    if isinstance(container, str):
        return text_like(container, reverse_text(to_text(container)))
    if isinstance(container, (int, float, complex)):
        return -container
    if isinstance(container, dict):
        return _inverted(container)
    if isinstance(container, Matrix):
        flipped = Matrix(container.array[::-1].copy(), container.kind)
        if truth_of(copy):
            return flipped
        container.array[...] = flipped.array
        return container
    if container is None:
        return List()
    if not is_list(container):
        raise wrong_argument("reverse", 1, "a list, a dictionary, a string or a number", container)
    if truth_of(copy):
        container = plain(container).copy()
    container.reverse()
    return container


def _inverted(container: dict[Any, Any]) -> Dictionary:
    """value -> the keys under which it stands."""
    found: Dictionary = Dictionary()
    for key, value in container.items():
        text = to_text(value)
        if text not in found:
            kinds = {str: Strings, int: Integers, float: Numbers}
            found[text] = kinds.get(type(key), List)()
        found[text].append(key)
    return found


@function("unique")
def unique(container: Any) -> Any:
    """The elements without repetitions, in order of first appearance; equal are those that print alike.

    Example: (unique '(b a b c a)) => (b a c)
    Example: (unique '((1 2) (1 2) "1" 1 1.0)) => ((1 2) "1" 1)
    """
    if type(container) is List and all_among(_OWN_TEXT, container):
        return List(dict.fromkeys(container))
    found: dict[Any, Any] = {}
    for item in elements(container, "unique", 1):
        kind = type(item)
        if kind is Atom or isinstance(item, str):
            found.setdefault(item, item)
        else:
            found.setdefault((str(item) if kind is int else show(item),), item)
    return like(container, found.values())


@function("⌽", "rotate", keyword=True)
def rotate(container: Any, n: Any = None, lines: Any = None) -> Any:
    """The elements moved round: n from the front to the end, or for a negative n from the end to the front.

    Without n, one to the left on a list and one to the right on a string; `true` turns that round. A matrix
    rotates its columns, its lines when the third argument is true.

    Example: (rotate '(1 2 3 4)) => (2 3 4 1)
    Example: (rotate '(1 2 3 4) true) => (4 1 2 3)
    Example: (rotate '(1 2 3 4) -1) => (4 1 2 3)
    Example: (rotate "abcd") => dabc
    """
    if isinstance(container, str):
        text = to_text(container)
        if isinstance(n, (int, float)):
            by = integer_argument("rotate", 2, n) % len(text) if text else 0
            return text_like(container, text[by:] + text[:by])
        return text_like(container, rotate_text(text, truth_of(n)))
    by = _steps(n)
    if type(container) is List and container:
        by %= len(container)
        return List(container[by:] + container[:by])
    if isinstance(container, Matrix):
        return wrapped(np.roll(container.array, -by, axis=0 if truth_of(lines) else -1))
    if not is_list(container):
        raise wrong_argument("rotate", 1, "a list, a matrix or a string", container)
    found = elements(container, "rotate", 1)
    if not found:
        return like(container, ())
    by %= len(found)
    return like(container, [*found[by:], *found[:by]])


def _steps(n: Any) -> int:
    if n is TRUE:
        return -1
    return 1 if n is None else integer_argument("rotate", 2, n)


@function("flip", keyword=True)
def flip(container: Any) -> Any:
    """A list with its first two elements exchanged, in a copy; a dictionary with keys and values exchanged.

    Written around a call, (flip (f a b ...)), it calls the function with its first two arguments exchanged.

    Example: (flip '(1 2 3)) => (2 1 3)
    Example: (flip (- 1 10)) => 9
    Example: (flip {"a":"x" "b":"y"}) => {"x":"a" "y":"b"}
    """
    if isinstance(container, dict):
        made = Dictionary()
        for key, value in container.items():
            made.store(value, key)
        return made
    if type(container) is List:
        return List([*container[1::-1], *container[2:]] if len(container) > 1 else container)
    found = list(elements(container, "flip", 1))
    found[:2] = found[1::-1] if len(found) > 1 else found[:1]
    return like(container, found)


@function("slice", "cutlist", keyword=True)
def slice_(container: Any, n: Any) -> Any:
    """The elements in pieces of n; the last piece can be shorter.

    Example: (slice '(1 2 3 4) 2) => ((1 2) (3 4))
    Example: (slice "abcde" 2) => ("ab" "cd" "e")
    """
    width = integer_argument("slice", 2, n)
    if width <= 0:
        raise wrong_argument("slice", 2, "an integer above 0", n)
    found = elements(container, "slice", 1)
    if type(container) is List:
        return List(List(container[i : i + width]) for i in range(0, len(container), width))
    pieces = [like(container, found[i : i + width]) for i in range(0, len(found), width)]
    return Strings(pieces) if isinstance(container, str) else List(pieces)
