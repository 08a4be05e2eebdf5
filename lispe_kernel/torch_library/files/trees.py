"""Trees of tensors and plain values: what a file of ours may hold, and nothing else.

A tree is made of dictionaries, lists, tuples, numbers, texts, nil and tensors. It is taken apart into a
skeleton that JSON can hold and a table of named tensors, and put together again. Any other kind of value is
refused by name: that is what keeps foreign code out of files.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch

from lispe_kernel.torch_library.files.errors import BadFile

T = TypeVar("T")
_DEEPEST = 50
# Values in a tree of ours; the largest trainings have some hundred thousand.
_MOST = 20_000_000
# Under this name PyTorch keeps what a part of a module stores besides its tensors.
EXTRA_STATE = "_extra_state"
_SIMPLE = (bool, int, float, str)
# The longest integers that PyTorch's restricted reader takes have 255 bytes.
LARGEST_BITS = 2000


@dataclass(slots=True, unsafe_hash=True)
class TensorRef:
    """The place of a tensor in a tree: the name under which the archive keeps it."""

    name: str


def take_apart(tree: Any) -> tuple[Any, dict[str, torch.Tensor]]:
    """The tree with a TensorRef in the place of each tensor, and the tensors by name, in order.

    A tensor's name is its path: keys joined by dots.
    Errors: BadFile for a value that is no tensor and no plain value, naming its place and class.
    """
    return _Walk(_refused, _MOST, torch.Tensor).apart(tree)


def take_apart_foreign(tree: Any, most: int) -> tuple[Any, dict[str, torch.Tensor]]:
    """As `take_apart`, for what torch read from another program's file: its other harmless values
    (dtypes, devices, sets ...) become plain ones. Errors: BadFile also for more than `most` values.
    """
    return _Walk(_plain, most, torch.Tensor).apart(tree)


def take_apart_into(kind: type[T], tree: Any, most: int) -> tuple[Any, dict[str, T]]:
    """As `take_apart`, for a tree with values of another kind in the places of the tensors.

    Errors: BadFile also for more than `most` values.
    """
    return _Walk(_refused, most, kind).apart(tree)


def _refused(value: Any, path: str) -> Any:
    kind = value.kind if isinstance(value, Foreign) else type(value).__name__
    raise BadFile(f"{path or 'it'} is a {kind}, neither a tensor nor a plain value")


class Foreign(str):
    """The text of a value of another kind, where its kind matters: no model takes it for the value."""

    kind = ""

    @classmethod
    def of(cls, value: Any, kind: str) -> Foreign:
        text = cls(value)
        text.kind = kind
        return text


def _plain(value: Any, path: str) -> Any:
    """What torch's restricted reader lets pass besides tensors and plain values, as a text or a list."""
    if _in_extra_state(path):
        return Foreign.of(value, type(value).__name__)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    return str(value)


class _Walk(Generic[T]):
    """One walk through a tree, which counts what it meets: a list that stands in many places costs nothing
    in a file, and much in memory.
    """

    def __init__(self, other: Callable[[Any, str], Any], most: int, kind: type[T]) -> None:
        self._other, self._left, self._most, self._kind = other, most, most, kind
        self._simple = (*_SIMPLE, Foreign) if other is _plain else _SIMPLE
        self._tensors: dict[str, T] = {}

    def apart(self, tree: Any) -> tuple[Any, dict[str, T]]:
        return self._value(tree, "", 0), self._tensors

    def _value(self, value: Any, path: str, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise BadFile(f"it unfolds to more than {self._most} values; it is malicious or damaged")
        if isinstance(value, self._kind):
            return self._tensor(value, path)
        if value is None or type(value) in self._simple:
            return value
        if depth > _DEEPEST:
            raise BadFile(f"{path} is nested deeper than {_DEEPEST} levels")
        if isinstance(value, dict):
            if self._other is _plain and _in_extra_state(path) and not all(type(k) in _SIMPLE for k in value):
                return Foreign.of(value, "table with keys that are neither texts nor numbers")
            return {
                self._key(key, path): self._value(item, _join(path, key), depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            items = [self._value(item, _join(path, index), depth + 1) for index, item in enumerate(value)]
            return tuple(items) if isinstance(value, tuple) else items
        return self._value(self._other(value, path), path, depth + 1)

    def _tensor(self, tensor: T, path: str) -> TensorRef:
        name = path
        while name in self._tensors:
            name += "'"
        self._tensors[name] = tensor
        return TensorRef(name)

    def _key(self, key: Any, path: str) -> Any:
        if type(key) in _SIMPLE:
            return key
        if self._other is _plain:
            return str(key)
        raise BadFile(
            f"a key of {path or 'its table'} is a {type(key).__name__}, neither a text nor a number"
        )


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _in_extra_state(path: str) -> bool:
    return EXTRA_STATE in path.split(".")


def odd_part(value: Any, path: str = "", depth: int = 0) -> str | None:
    """What in a value is no plain value and no tensor, with its place; None where all of it has a place in a
    file and comes back as it was.
    """
    kind = type(value)
    if kind is int and value.bit_length() > LARGEST_BITS:
        return f"{path}: an integer of more than 600 digits"
    if value is None or kind in _SIMPLE or isinstance(value, torch.Tensor):
        return None
    if depth > _DEEPEST:
        return f"{path[:80]}: nested deeper than {_DEEPEST} levels"
    if isinstance(value, dict) and kind in (dict, OrderedDict):
        odd = [key for key in value if type(key) not in _SIMPLE]
        if odd:
            return f"{path}: a key that is a {type(odd[0]).__name__}"
        items: Iterable[tuple[Any, Any]] = value.items()
    elif kind in (list, tuple):
        items = enumerate(value)
    else:
        text = value.kind if isinstance(value, Foreign) else kind.__name__
        return f"{path}: a {text}"
    found = (odd_part(item, _join(path, key), depth + 1) for key, item in items)
    return next(filter(None, found), None)


def copied(value: Any) -> Any:
    """A plain value with tables, lists and tensors of its own."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(item) for item in value)
    return value


def put_together(tree: Any, tensor: Callable[[str], torch.Tensor]) -> Any:
    """The tree with `tensor(name)` in the place of each reference; dictionaries keep their order."""
    if isinstance(tree, TensorRef):
        return tensor(tree.name)
    if isinstance(tree, dict):
        return OrderedDict((key, put_together(item, tensor)) for key, item in tree.items())
    if isinstance(tree, list | tuple):
        return type(tree)(put_together(item, tensor) for item in tree)
    return tree


def to_json(tree: Any) -> Any:
    """The skeleton in JSON's own kinds; what JSON lacks (tuples, number keys) is written as tagged lists.

    A plain table of tensors, each under its own name, is null: it says nothing that the names do not say.
    """
    if isinstance(tree, dict) and all(item == TensorRef(key) for key, item in tree.items()):
        return None
    return _tagged(tree)


def _tagged(tree: Any) -> Any:
    if isinstance(tree, TensorRef):
        return ["tensor", tree.name]
    if isinstance(tree, dict):
        return ["table", [[key, _tagged(item)] for key, item in tree.items()]]
    if isinstance(tree, list | tuple):
        return ["tuple" if isinstance(tree, tuple) else "list", [_tagged(item) for item in tree]]
    return tree


def from_json(value: Any, names: Iterable[str]) -> Any:
    """A tree from its JSON form, in a file with tensors of these names. Errors: BadFile when it is none."""
    return {name: TensorRef(name) for name in names} if value is None else _untagged(value)


def _untagged(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    match value:
        case ["tensor", str(name)]:
            return TensorRef(name)
        case ["table", list(pairs)]:
            return dict(_pair(pair) for pair in pairs)
        case ["list", list(items)]:
            return [_untagged(item) for item in items]
        case ["tuple", list(items)]:
            return tuple(_untagged(item) for item in items)
    raise BadFile("its index is malformed")


def _pair(pair: Any) -> tuple[Any, Any]:
    match pair:
        case [str() | int() | float() as key, item]:
            return key, _untagged(item)
    raise BadFile("its index is malformed")
