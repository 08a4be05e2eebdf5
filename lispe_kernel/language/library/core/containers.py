"""What every container answers: access, size, first and rest, adding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lispe_kernel.language.errors import LispeError, wrong_argument
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.strings_core import like as text_like
from lispe_kernel.language.library.shared.strings_core import push_text
from lispe_kernel.language.printer import describe, show, to_text
from lispe_kernel.language.protocols import access_of
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings, deep_copy, sub
from lispe_kernel.language.values.typed import TypedList
from lispe_kernel.language.values.views import View, rest_of

OUT_OF_BOUNDS = "Error: index out of bounds"


def out_of_bounds(container: Any, key: Any) -> LispeError:
    """The error for an index or key that a container does not have."""
    if isinstance(container, dict):
        return LispeError(f"{OUT_OF_BOUNDS}: the dictionary has no key {show(key)}")
    return LispeError(f"{OUT_OF_BOUNDS}: {to_text(key)} in {len(container)} elements")


@function("at", "@", "nth", keyword=True)
def at(container: Any, key: Any, *keys: Any) -> Any:
    """The element of a container by index (negative from the end) or key; further keys go deeper.

    On a tensor one index counts the elements in row order; as many indices as axes give one element.

    Example: (@ '(10 20 30) -1) => 30
    Example: (@ {"a":{"b":5}} "a" "b") => 5
    Errors: `Error: index out of bounds` for an index or key that is not there.
    """
    while True:
        access = access_of(container)
        if access is not None and access.at is not None:
            return access.at(container, (key, *keys))
        container = element(container, key)
        if not keys:
            return container
        key, *keys = keys  # type: ignore[assignment]


def element(container: Any, key: Any) -> Any:
    """One element of one of the language's own containers."""
    if isinstance(container, Dictionary):
        try:
            return container[key]
        except TypeError:  # a container as key: its text, where keys are texts
            return container[container.key(key)]
    try:
        if isinstance(container, dict):
            return container[key]
        if isinstance(container, str | list | TypedList):
            return container[index(key)]
    except (IndexError, KeyError, TypeError):
        raise out_of_bounds(container, key) from None
    raise LispeError(f"Error: value cannot be access through index: {describe(container)}")


def index(key: Any) -> int:
    """A list index from a LispE number."""
    if type(key) is int:
        return key
    if isinstance(key, int | float) and key == key and abs(key) != float("inf"):
        return int(key)
    raise LispeError(f"{OUT_OF_BOUNDS}: {describe(key)} is no index")


@function("set@", keyword=True)
def set_at(container: Any, key: Any, *keys_and_value: Any) -> Any:
    """Store the last argument under an index or key, in place; gives the container.

    An index beyond the end appends to a list.

    Example: (set@ (list 1 2 3) 0 9) => (9 2 3)
    Errors: `Error: index out of bounds` for a negative index beyond the start.
    """
    if not keys_and_value:
        raise LispeError("Error: set@: a key and a value are needed")
    if len(keys_and_value) == 1 and isinstance(container, TypedList) and type(key) is int:
        size = len(container)
        if -size <= key < size:
            container[key] = keys_and_value[0]
            return container
    *middle, value = keys_and_value
    inner, last = container, key
    access = access_of(container)
    if access is not None and access.store is not None:
        return access.store(container, (key, *middle), value)
    for following in middle:
        inner, last = at(inner, last), following
    store(inner, last, value)
    return container


def store(container: Any, key: Any, value: Any) -> None:
    """Store one element into one of the language's own containers."""
    if isinstance(container, Dictionary):
        container.store(key, value)
        return
    if not isinstance(container, list | TypedList):
        access = access_of(container)
        if access is None or access.store is None:
            raise LispeError(f"Error: cannot modify this element: {describe(container)}")
        access.store(container, (key,), value)
        return
    position = index(key)
    if isinstance(container, Strings):
        value = to_text(value)
    if position >= len(container):
        container.append(value)
    elif position < -len(container):
        raise out_of_bounds(container, key)
    else:
        container[position] = value


@function("size", keyword=True, returns="natural")
def size(container: Any) -> int:
    """The number of elements, of characters of a string, of pairs of a dictionary; 0 for nil.

    Example: (size '(1 2 3)) => 3
    """
    if container is None:
        return 0
    access = access_of(container)
    if access is not None and access.size is not None:
        return access.size(container)
    try:
        return len(container)
    except TypeError:
        raise wrong_argument("size", 1, "a container or a string", container) from None


@function("car", keyword=True)
def car(container: Any) -> Any:
    """The first element; nil for an empty list.

    Example: (car '(1 2 3)) => 1
    Errors: on an empty string and on what is no container.
    """
    kind = type(container)
    if kind is View:
        return container.first()
    if kind is List or isinstance(container, list | TypedList):
        return container[0] if len(container) else None
    if isinstance(container, str) and container:
        return container[0]
    access = access_of(container)
    if access is not None and access.car is not None:
        return access.car(container)
    raise wrong_argument("car", 1, "a list or a string that is not empty", container)


@function("cdr", keyword=True)
def cdr(container: Any) -> Any:
    """All elements but the first: a view of the list, so that what changes in one is seen in the other.

    Example: (cdr '(1 2 3)) => (2 3)
    Example: (let ((l (list 1 2 3)) (r (cdr l))) (set@ l 1 9) r) => (9 3)
    Errors: on an empty string and on what is no container.
    """
    kind = type(container)
    if kind is List or kind is View:
        return rest_of(container)
    if isinstance(container, List):
        return sub(container, 1)
    if isinstance(container, TypedList):
        return container.rest()
    if isinstance(container, str) and container:
        return container[1:]
    access = access_of(container)
    if access is not None and access.cdr is not None:
        return access.cdr(container)
    raise wrong_argument("cdr", 1, "a list or a string that is not empty", container)


@function("push", keyword=True)
def push(container: Any, value: Any, *values: Any) -> Any:
    """Append values in place (at the front of a linked list); gives the container. On a string, a longer one.

    Example: (push (list 1 2) 3) => (1 2 3)
    """
    added = (value, *values)
    if isinstance(container, TypedList):
        for item in added:
            container.append(item)
    elif isinstance(container, Strings):
        container.extend(map(to_text, added))
    elif isinstance(container, list):
        container.extend(added)
    elif isinstance(container, str | ByteString):
        text = to_text(container)
        return text_like(container, push_text(text, added))
    else:
        insert = getattr(container, "lispe_push", None)
        if insert is None:
            raise wrong_argument("push", 1, "a container", container)
        for item in added:
            insert(item)
    return container


@function("key@", keyword=True)
def key_at(*arguments: Any) -> Any:
    """The value under a key, nil when it is missing; with pairs, stores them and gives the dictionary.

    Without a dictionary, a new one from the pairs.

    Example: (key@ {"a":1} "b") => nil
    Example: (key@ (dictionary) "a" 1) => {"a":1}
    """
    return keyed(Dictionary, arguments)


def keyed(cls: type[Dictionary], arguments: tuple[Any, ...]) -> Any:
    """The rule of `key@` for one kind of dictionary."""
    if not arguments or not isinstance(arguments[0], dict):
        container, pairs = cls(), arguments
    else:
        container, *rest = arguments
        pairs = tuple(rest)
        if len(pairs) == 1:
            return container.get(container.key(pairs[0]))
    if len(pairs) % 2:
        raise LispeError("Error: dictionary has a different number of key/value")
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        container.store(key, value)
    return container


@function("clone", keyword=True)
def clone(container: Any) -> Any:
    """A deep copy of a container.

    Example: (clone '(1 (2))) => (1 (2))
    """
    return deep_copy(container)


def items(container: Any) -> Iterable[Any]:
    """What `loop` goes through: elements, characters, keys (as they are when the loop begins)."""
    if isinstance(container, list | str | TypedList):
        return container
    if isinstance(container, dict):
        return list(container)
    if container is None:
        return ()
    access = access_of(container)
    if access is not None and access.iterate is not None:
        return access.iterate(container)
    if isinstance(container, Iterable):
        return container
    raise LispeError(f"Error: loop: a container is expected, not {describe(container)}")
