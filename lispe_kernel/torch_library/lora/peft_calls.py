"""Layers on which no adapter of PEFT's acts: the module around takes their weight and never calls them.

PEFT's layers give the base's weight to who asks for it, ours the one with the adapter. Which a module does is
read in its class, and where it does both, as the state asks, here. Never imports PEFT.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from torch import nn

# Layers, as CLASS.NAME of the module around them, that are called in some states only: PyTorch takes the
# weights of an encoder layer as soon as it is frozen and evaluates.
_TAKEN_TOO = re.compile(r"\w*Mamba\w*Mixer\.dt_proj|TransformerEncoderLayer\.linear[12]")
# What is asked of a weight without computing with it.
_FACTS = {"dtype", "device", "shape", "ndim", "requires_grad", "size", "data", "numel", "is_meta"}
_ASKING = {"isinstance", "hasattr"}


def takes_weight(around: nn.Module, name: str) -> bool:
    """Whether a module takes the weight of this part of its own, and never calls it."""
    kind: Any = type(around)
    return name in _taken(kind) or any(_TAKEN_TOO.fullmatch(f"{k.__name__}.{name}") for k in kind.__mro__)


@functools.cache
def _taken(kind: type) -> frozenset[str]:
    """The parts whose weight the methods of a class take, less those that they call."""
    taken, called = set[str](), set[str]()
    for method in _methods(kind):
        above = {part: node for node in ast.walk(method) for part in ast.iter_child_nodes(node)}
        for node in ast.walk(method):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)):
                    called.add(name)
                case ast.Attribute(
                    value=ast.Attribute(value=ast.Name(id="self"), attr=name), attr="weight", ctx=ast.Load()
                ) if not _is_asked(above[node]):
                    taken.add(name)
    return frozenset(taken - called)


def _is_asked(above: ast.AST) -> bool:
    """Whether what stands around a weight asks about it, and computes nothing with it."""
    match above:
        case ast.Attribute(attr=name):
            return name in _FACTS
        case ast.Call(func=ast.Name(id=name)):
            return name in _ASKING
    return False


def _methods(kind: type) -> Iterator[ast.AST]:
    """The methods that a class has, those of the classes below `nn.Module` that it is made from included.

    One that stands in several classes comes from the last of them, and from the others where that calls them.
    """
    hidden = {"__init__"}
    for each in kind.__mro__[: kind.__mro__.index(nn.Module)]:
        for name, value in vars(each).items():
            if name in hidden or not inspect.isfunction(value):
                continue
            text = _text(value)
            try:
                yield ast.parse(text)
            except SyntaxError:  # A lambda in the middle of something else.
                continue
            if "super()" not in text:
                hidden.add(name)


def _text(method: Any) -> str:
    """The text of a method, an empty one where there is none."""
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(method)))
    except (OSError, TypeError):
        return ""
