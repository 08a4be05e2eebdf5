"""What every container answers: access, size, first and rest, adding.

What a kind of value makes of each stands among its answers (`protocols.py`), in the file of the kind; those
of texts and of nil, which are Python's own, stand here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.core.ranges import is_range
from lispe_kernel.language.library.shared.strings_core import push_text
from lispe_kernel.language.printer import describe, wrong_argument
from lispe_kernel.language.protocols import LEFT, Answers, all_among, answers_of, register_answers
from lispe_kernel.language.python import objects
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import SCALARS, List, deep_copy
from lispe_kernel.language.values.positions import element_by_index
from lispe_kernel.language.values.sets import Set
from lispe_kernel.language.values.typed.lists import CLASSES, append
from lispe_kernel.language.values.views import View, rest_of

_TEXT = Answers(
    element=element_by_index,
    push=push_text,
    size=len,
    car=lambda text: text[:1] or _no_first("car", text),
    cdr=lambda text: text[1:] if text else _no_first("cdr", text),
    iterate=iter,
)
register_answers(str, _TEXT)
# The size of a byte string is that of its bytes; everything else goes by characters.
register_answers(
    ByteString,
    replace(
        _TEXT,
        push=lambda text, added: ByteString.of(push_text(text, added)),
        size=lambda text: len(text) if text.isascii() else len(text.raw()),
    ),
)
register_answers(type(None), Answers(size=lambda _nil: 0, iterate=lambda _nil: ()))


@function("at", "@", "nth", keyword=True)
def at(container: Any, key: Any, *keys: Any) -> Any:
    """The element of a container by index (negative from the end) or key; further keys go deeper.

    On a tensor one index counts the elements in row order; as many indices as axes give one element, ranges
    and masks a part, as in PyTorch: `(@ t (:) (: 1 3) nil)`. An atom reads an attribute of a Python object:
    `(@ module 'weight)`.

    Example: (@ '(10 20 30) -1) => 30
    Example: (@ {"a":{"b":5}} "a" "b") => 5
    Errors: `Error: index out of bounds` for an index or key that is not there.
    """
    answers = answers_of(container)
    if type(key) is Atom and objects.is_object(container):
        found = objects.element(container, key)
    elif answers.at is not None:
        if Atom not in map(type, keys):
            return answers.at(container, (key, *keys))
        # What takes all keys at once takes those before an attribute's name.
        taken = next((n for n, k in enumerate(keys) if type(k) is Atom), len(keys))
        found, keys = answers.at(container, (key, *keys[:taken])), keys[taken:]
    elif answers.element is not None:
        found = answers.element(container, key)
    elif objects.is_object(container):
        if any(map(is_range, keys)) or is_range(key):
            return objects.part(container, (key, *keys))
        found = objects.element(container, key)
    else:
        raise LispeError(f"Error: value cannot be access through index: {describe(container)}")
    return at(found, *keys) if keys else found


@function("set@", keyword=True)
def set_at(container: Any, key: Any, *keys_and_value: Any) -> Any:
    """Store the last argument under an index or key, in place; gives the container.

    An index beyond the end appends to a list. On a tensor the keys are those of `@`: `(set@ t (: 0 2) 0)`.

    Example: (set@ (list 1 2 3) 0 9) => (9 2 3)
    Errors: `Error: index out of bounds` for a negative index beyond the start.
    """
    if not keys_and_value:
        raise LispeError("Error: set@: a key and a value are needed")
    answers = answers_of(container)
    if len(keys_and_value) == 1 and _is_foreign(answers, container, key):
        objects.store(container, key, keys_and_value[0])
        return container
    if len(keys_and_value) == 1 and answers.put is not None:
        answers.put(container, key, keys_and_value[0])
        return container
    *further, value = keys_and_value
    if answers.store is not None:
        return answers.store(container, (key, *further), value)
    if any(map(is_range, (key, *further))) and _is_foreign(answers, container, key):
        objects.store_part(container, (key, *further), value)
        return container
    if further:
        set_at(at(container, key), *further, value)
    else:
        hint = " (set@@ puts a part into the text of a variable)" if isinstance(container, str) else ""
        raise LispeError(f"Error: cannot modify this element: {describe(container)}{hint}")
    return container


def _is_foreign(answers: Answers, container: Any, key: Any) -> bool:
    """Whether Python itself stores under this key."""
    takes = type(key) is Atom or (answers.put is None and answers.store is None)
    return takes and objects.is_object(container)


@function("size", keyword=True, returns="natural")
def size(container: Any) -> int:
    """The number of elements, of characters of a string, of pairs of a dictionary; 0 for nil.

    Example: (size '(1 2 3)) => 3
    """
    count = answers_of(container).size
    if count is not None:
        return count(container)
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
    if kind is List:
        return container[0] if container else None
    if kind in CLASSES:
        return container[0] if container else None
    first = answers_of(container).car
    return _no_first("car", container) if first is None else first(container)


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
    rest = answers_of(container).cdr
    return _no_first("cdr", container) if rest is None else rest(container)


def _no_first(name: str, container: Any) -> Any:
    raise wrong_argument(name, 1, "a list or a string that is not empty", container)


@function("push", keyword=True)
def push(container: Any, value: Any, *values: Any) -> Any:
    """Append values in place (at the front of a linked list); gives the container. On a string, a longer one.

    Example: (push (list 1 2) 3) => (1 2 3)
    """
    if not values:  # as its answers do, at once
        kind = type(container)
        if kind is List or kind is Set:
            (container.append if kind is List else container.add)(value)
            return container
        if kind in CLASSES:
            append(container, value)
            return container
    add = answers_of(container).push
    if add is None:
        raise wrong_argument("push", 1, "a container", container)
    return add(container, (value, *values))


@function("key@", keyword=True)
def key_at(*arguments: Any) -> Any:
    """The value under a key, nil when it is missing; with pairs, stores them and gives the dictionary.

    Without a dictionary, a new one from the pairs.

    Example: (key@ {"a":1} "b") => nil
    Example: (key@ (dictionary) "a" 1) => {"a":1}
    """
    if len(arguments) == 3 and type(arguments[0]) is Dictionary and type(arguments[1]) is str:
        arguments[0][arguments[1]] = arguments[2]
        return arguments[0]
    return keyed(Dictionary, arguments)


def keyed(cls: type[Dictionary], arguments: tuple[Any, ...]) -> Any:
    """The rule of `key@` for one kind of dictionary."""
    if len(arguments) == 2 and isinstance(arguments[0], Dictionary):
        return arguments[0].get(arguments[0].key(arguments[1]))
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
    if type(container) is List and all_among(SCALARS, container):
        return List(container)
    return container.copy() if type(container) in CLASSES else deep_copy(container)


def items(container: Any) -> Iterable[Any]:
    """What `loop` goes through: elements, characters, keys (as they are when the loop begins)."""
    iterate = answers_of(container).iterate
    if iterate is not None:
        return iterate(container)
    if isinstance(container, Iterable):
        return objects.elements(container)
    raise LispeError(f"Error: a loop needs a container, not {describe(container)}")


def contents(container: Any) -> Iterable[Any]:
    """What `mloop` goes through: as `loop`, but the values of a dictionary."""
    return list(container.values()) if isinstance(container, dict) else items(container)


def together(*several: Iterable[Any]) -> Iterable[Any]:
    """What `lloop` and `mloop` go through: elements of each, side by side."""
    told = any(hasattr(each, LEFT) for each in several)
    return _Together(*several) if told else zip(*several, strict=False)


class _Together:
    """Elements side by side, of which some want to know how their loop is left."""

    def __init__(self, *several: Iterable[Any]) -> None:
        self.several = several

    def __iter__(self) -> Iterator[Any]:
        return zip(*self.several, strict=False)

    def lispe_left(self) -> None:
        for each in self.several:
            leave(each)


def leave(items: Any) -> None:
    """Tell what a loop goes through that it is left by `break` or `return`."""
    left = getattr(items, LEFT, None)
    if left is not None:
        left()
