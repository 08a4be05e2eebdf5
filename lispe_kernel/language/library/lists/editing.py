"""Putting into containers and taking out: `insert`, `pop`, `extend`, `nconc`, `swap` and their kin.

All work in place and give the container; strings cannot change, so a new one is given for them.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.arithmetic import truth_of
from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.core.containers import push
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import (
    binary_function,
    converted,
    elements,
    is_list,
)
from lispe_kernel.language.library.shared.strings_core import (
    insert_in_text,
    pop_first_text,
    pop_text,
    push_first_text,
)
from lispe_kernel.language.library.shared.strings_core import like as text_like
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.heaps import Heap
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.positions import out_of_bounds
from lispe_kernel.language.values.sets import IntegerSet, NumberSet, Set, StringSet
from lispe_kernel.language.values.typed.lists import CLASSES, REFUSED

# Lists that hold their elements themselves, by the code of Python's own.
_STORED = frozenset({List, Strings, *CLASSES})
_MISSING = object()
# Values that are neither nil nor a list.
_NOTHING_IN = frozenset({int, float, str, Atom})
_TAKING = frozenset({List, *CLASSES})
# What finds the place of an element itself.
_KEEPING = frozenset({Heap, Set, StringSet, IntegerSet, NumberSet})


@function("pushlast", keyword=True)
def pushlast(container: Any, value: Any, *values: Any) -> Any:
    """Put values at the end, of linked lists too; gives the container.

    Example: (pushlast (llist 1 2) 3) => (1 2 3)
    """
    if isinstance(container, LinkedList):
        container.extend((value, *values))
        return container
    return push(container, value, *values)


@function("pushfirst", keyword=True)
def pushfirst(container: Any, value: Any, *values: Any) -> Any:
    """Put values at the front, one after the other: the last one ends up first. Gives the container.

    Example: (pushfirst (list 1 2) 0) => (0 1 2)
    Example: (pushfirst "bc" "a") => abc
    """
    if type(container) is List and not values:
        container.insert(0, value)
        return container
    added = (value, *values)
    if isinstance(container, str):
        return text_like(container, push_first_text(to_text(container), added))
    if isinstance(container, (Set, Heap)):
        return push(container, *added)
    if container is None or not is_list(container):
        raise wrong_argument("pushfirst", 1, "a list or a string", container)
    for each in added:
        container.insert(0, converted(container, each))
    return container


@function("pushtrue", keyword=True)
def pushtrue(container: Any, value: Any, *values: Any) -> Any:
    """As push, for the values that are neither nil nor an empty list.

    Example: (pushtrue (list 1) nil 2 ()) => (1 2)
    """
    if type(container) is List and not values and type(value) in _NOTHING_IN:
        container.append(value)
        return container
    added = [each for each in (value, *values) if not (each is None or (is_list(each) and not len(each)))]
    if added:
        return push(container, *added)
    if not hasattr(container, "__len__"):
        raise wrong_argument("pushtrue", 1, "a container", container)
    return container


# -- taking out ---------------------------------------------------------------------------------------


@function("pop", keyword=True)
def pop(container: Any, *key: Any) -> Any:
    """Take out the last element (the first of a linked list) or that at an index or key; gives the container.

    nil when there is nothing to take out. A string cannot change: the result is a shorter one.

    Example: (pop '(1 2 3)) => (1 2)
    Example: (pop '(1 2 3) 0) => (2 3)
    Example: (pop '(1 2 3) 7) => nil
    Example: (pop (strings "a" "b" "c") "b") => ("a" "c")
    Example: (pop {"a":1 "b":2} "a") => {"b":2}
    Example: (pop "abcd") => abc
    """
    if type(container) in _STORED and container and (not key or (len(key) == 1 and type(key[0]) is int)):
        return _pop_at(container, key[0] if key else -1)
    if len(key) > 1:
        raise LispeError(wrong_number("pop"))
    if len(key) == 1 and type(container) is Dictionary and type(key[0]) is str:
        return None if container.pop(key[0], _MISSING) is _MISSING else container
    if isinstance(container, str):
        return text_like(container, pop_text(to_text(container), *key))
    if isinstance(container, dict):
        return _pop_key(container, key)
    if isinstance(container, (Set, Heap)):
        return _pop_member(container, key)
    if container is None:
        return None
    if not is_list(container):
        raise wrong_argument("pop", 1, "a container", container)
    if not len(container):
        return None
    if not key:
        return popfirst(container) if isinstance(container, LinkedList) else poplast(container)
    if isinstance(key[0], str):
        # A text is no index: it is the element.
        index = next((at for at, item in enumerate(container) if item == key[0]), -2)
    else:
        index = integer_argument("pop", 2, key[0])
    return _pop_at(container, index)


def _pop_at(container: Any, index: int) -> Any:
    """The list without an element; nil when it has none there. -1 and the size mean the last one."""
    size = len(container)
    index = size - 1 if index in (-1, size) else index
    if not 0 <= index < size:
        return None
    if type(container) in _STORED:
        del container[index]
    else:
        del_at(container, index)
    return container


def del_at(container: Any, index: int) -> None:
    """Take one element out of a list of any kind."""
    if isinstance(container, LinkedList):
        container.loops_to = None
        del container[index]
    else:
        container.pop(index)


def _pop_key(container: Any, key: tuple[Any, ...]) -> Any:
    if not key:
        raise LispeError("Error: pop: a dictionary needs the key to take out")
    found = container.key(key[0])
    if found not in container:
        return None
    del container[found]
    return container


def _pop_member(container: Any, key: tuple[Any, ...]) -> Any:
    if key:
        return container if container.remove(key[0]) else None
    return poplast(container)


@function("popfirst", keyword=True)
def popfirst(container: Any) -> Any:
    """Take out the first element; gives the container, nil when it was empty.

    Example: (popfirst '(1 2 3)) => (2 3)
    """
    if type(container) in _STORED and container:
        del container[0]
        return container
    if type(container) is Heap and len(container):
        container.pop(0)
        return container
    return _pop_end(container, "popfirst", 0)


@function("poplast", keyword=True)
def poplast(container: Any) -> Any:
    """Take out the last element; gives the container, nil when it was empty.

    Example: (poplast '(1 2 3)) => (1 2)
    """
    if type(container) in _STORED and container:
        container.pop()
        return container
    return _pop_end(container, "poplast", -1)


def _pop_end(container: Any, name: str, index: int) -> Any:
    if isinstance(container, str):
        text = to_text(container)
        return text_like(container, pop_text(text) if index else pop_first_text(text))
    if container is None:
        return None
    if isinstance(container, Set):
        found = list(container)
        if not found:
            return None
        container.remove(found[index])
        return container
    if not (is_list(container) or isinstance(container, Heap)):
        raise wrong_argument(name, 1, "a list or a string", container)
    if not len(container):
        return None
    if isinstance(container, LinkedList):
        del_at(container, index)
    else:
        container.pop(index)
    return container


# -- putting in ---------------------------------------------------------------------------------------


@function("insert", keyword=True)
def insert(container: Any, value: Any, *place: Any) -> Any:
    """Put a value into a container: at the end, before an index, or where a comparator keeps the order.

    In a string, an index below 0 puts the text between all characters.

    Example: (insert '(a b) 'c) => (a b c)
    Example: (insert (list 1 3) 2 1) => (1 2 3)
    Example: (insert '(10 30 40) 20 '<) => (10 20 30 40)
    Example: (insert "abd" "c" 2) => abcd
    Errors: for a negative index into a list.
    """
    if len(place) == 1 and type(place[0]) is int and place[0] >= 0 and type(container) in _TAKING:
        try:
            container.insert(place[0], value)
        except REFUSED:
            container.insert(place[0], container.convert(value))
        return container
    if not place and type(container) in _KEEPING:
        container.add(value)
        return container
    if len(place) > 1:
        raise LispeError(wrong_number("insert"))
    if isinstance(container, (Set, Heap)):
        container.add(value)
        return container
    if isinstance(container, str):
        return text_like(container, insert_in_text(to_text(container), to_text(value), *place))
    if not is_list(container):
        raise wrong_argument("insert", 1, "a list, a set, a heap or a string", container)
    value = converted(container, value)
    if not place:
        container.append(value)
    elif isinstance(place[0], (int, float)):
        index = integer_argument("insert", 3, place[0])
        if index < 0:
            raise out_of_bounds(container, index)
        container.insert(min(index, len(container)), value)
    else:
        container.insert(_sorted_place(container, value, place[0]), value)
    return container


def _sorted_place(container: Any, value: Any, comparator: Any) -> int:
    before = binary_function(comparator, "insert")
    low, high = 0, len(container)
    while low < high:
        middle = (low + high) // 2
        if truth_of(before(value, container[middle])):
            high = middle
        else:
            low = middle + 1
    return low


@function("extend", keyword=True)
def extend(container: Any, value: Any) -> Any:
    """Append the elements of a list, or one other value, in place; gives the list.

    A linked list extended with itself becomes a cycle.

    Example: (extend (list 1 2) '(3 4)) => (1 2 3 4)
    Example: (let ((l (llist 1 2))) (extend l l)) => (1 2 ...)
    Errors: `Error: missing list in 'extend'`.
    """
    if type(container) is List and type(value) in _STORED:
        container.extend(value)
        return container
    if isinstance(container, (Set, Heap)):
        for each in elements(value, "extend", 2):
            container.add(each)
        return container
    if not is_list(container):
        raise LispeError("Error: missing list in 'extend'")
    return _join(container, value)


def _join(container: Any, value: Any) -> Any:
    """Append a list's elements or a single value to a list of any kind, in place."""
    if isinstance(container, LinkedList):
        container.link(value if is_list(value) else (value,))
        return container
    added = list(value) if is_list(value) else [value]
    if isinstance(container, Strings):
        added = list(map(to_text, added))
    container.extend(added)
    return container


@function("nconc", keyword=True)
def nconc(*lists: Any) -> Any:
    """Append the elements of the other lists, and other values, to the first list in place.

    Example: (nconc (list 1) '(2 3) 4) => (1 2 3 4)
    Example: (nconc) => ()
    Errors: `Error: first element is not a list`.
    """
    if not lists:
        return List()
    first, *others = lists
    if type(first) is List and len(others) == 1 and type(others[0]) in _STORED:
        first.extend(others[0])
        return first
    if first is None:
        first = List()
    if not is_list(first):
        raise LispeError("Error: nconc: first element is not a list")
    for other in others:
        _join(first, other)
    return first


@function("nconcn", keyword=True)
def nconcn(*lists: Any) -> Any:
    """As nconc, into a new list.

    Example: (nconcn '(1) '(2 3)) => (1 2 3)
    Errors: `Error: first element is not a list`.
    """
    if not lists:
        return List()
    if len(lists) == 2 and type(lists[0]) is List and type(lists[1]) is List:
        return List([*lists[0], *lists[1]])
    if type(lists[0]) is List and _STORED.issuperset(map(type, lists)):
        joined = List(lists[0])
        for other in lists[1:]:
            joined.extend(other)
        return joined
    first = List() if lists[0] is None else lists[0]
    if not is_list(first):
        raise LispeError("Error: nconcn: first element is not a list")
    return nconc(first.copy(), *lists[1:])


@function("swap", keyword=True)
def swap(container: Any, i: Any, j: Any = None) -> Any:
    """Exchange two elements in place: those at i and j, or at i and i+1; gives the list.

    Example: (swap (list 1 2 3) 0 2) => (3 2 1)
    Example: (swap (list 1 2 3) 0) => (2 1 3)
    """
    if type(container) is List and type(i) is int and type(j) is int:
        size = len(container)
        if -size <= i < size and -size <= j < size:
            container[i], container[j] = container[j], container[i]
            return container
    if not is_list(container):
        raise wrong_argument("swap", 1, "a list", container)
    first = integer_argument("swap", 2, i)
    second = first + 1 if j is None else integer_argument("swap", 3, j)
    for index in (first, second):
        if not -len(container) <= index < len(container):
            raise out_of_bounds(container, index)
    items = container.items() if isinstance(container, Matrix) else container
    items[first], items[second] = items[second], items[first]
    return container
