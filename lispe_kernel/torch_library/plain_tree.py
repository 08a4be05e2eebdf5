"""Trees of tensors and plain values: what a file of ours may hold, and nothing else.

A tree is made of dictionaries, lists, tuples, numbers, texts, nil and tensors. It is taken apart into a
skeleton that JSON can hold and a table of named tensors, and put together again. Any other kind of value is
refused by name: that is what keeps foreign code out of files.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from lispe_kernel.torch_library.file_errors import BadFile

_DEEPEST = 50


@dataclass(frozen=True)
class TensorRef:
    """The place of a tensor in a tree: the name under which the archive keeps it."""

    name: str


def take_apart(tree: Any) -> tuple[Any, dict[str, torch.Tensor]]:
    """The tree with a TensorRef in the place of each tensor, and the tensors by name, in order.

    A tensor's name is its path: keys joined by dots.
    Errors: BadFile for a value that is no tensor and no plain value, naming its place and class.
    """
    tensors: dict[str, torch.Tensor] = {}

    def put(path: str, tensor: torch.Tensor) -> TensorRef:
        name = path
        while name in tensors:
            name += "'"
        tensors[name] = tensor
        return TensorRef(name)

    return _walk(tree, "", put, 0), tensors


def _walk(value: Any, path: str, put: Callable[[str, torch.Tensor], TensorRef], depth: int) -> Any:
    if isinstance(value, torch.Tensor):
        return put(path, value)
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth > _DEEPEST:
        raise BadFile(f"{path} is nested deeper than {_DEEPEST} levels")
    if isinstance(value, dict):
        return {_key(key, path): _walk(item, _join(path, key), put, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_walk(item, _join(path, index), put, depth + 1) for index, item in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    raise BadFile(f"{path or 'it'} is a {type(value).__name__}, neither a tensor nor a plain value")


def _key(key: Any, path: str) -> Any:
    if type(key) in (str, int, float, bool):
        return key
    raise BadFile(f"a key of {path or 'its table'} is a {type(key).__name__}, neither a text nor a number")


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


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
    """The skeleton in JSON's own kinds; what JSON lacks (tuples, number keys) is written as tagged lists."""
    if isinstance(tree, TensorRef):
        return ["tensor", tree.name]
    if isinstance(tree, dict):
        return ["table", [[key, to_json(item)] for key, item in tree.items()]]
    if isinstance(tree, list | tuple):
        return ["tuple" if isinstance(tree, tuple) else "list", [to_json(item) for item in tree]]
    return tree


def from_json(value: Any) -> Any:
    """A tree from its JSON form. Errors: BadFile when it is none."""
    if not isinstance(value, list):
        return value
    match value:
        case ["tensor", str(name)]:
            return TensorRef(name)
        case ["table", list(pairs)]:
            return dict(_pair(pair) for pair in pairs)
        case ["list", list(items)]:
            return [from_json(item) for item in items]
        case ["tuple", list(items)]:
            return tuple(from_json(item) for item in items)
    raise BadFile("its index is malformed")


def _pair(pair: Any) -> tuple[Any, Any]:
    match pair:
        case [str() | int() | float() as key, item]:
            return key, from_json(item)
    raise BadFile("its index is malformed")
