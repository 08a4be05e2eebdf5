"""LispE functions called by Python's own code: in their session, with values as each side has them.

torch.compile follows such a call, and looks names up in the builtins of the function at which it begins.
Those of LispE hold LispE's functions, those of Python what PyTorch's code needs; so a call begins with a
function that has both. What prepares a call is left out of what is compiled: it is marked when the compiler's
front end is imported, which takes as long as the rest of PyTorch and most sessions never need.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from types import FunctionType, ModuleType
from typing import Any

import torch

from lispe_kernel.language import runtime
from lispe_kernel.language.python.border import to_lispe, to_python

_BUILTINS = " both builtins"
_FRONT_END = "torch._dynamo"


class _LeftOut:
    """Functions that torch.compile leaves out. Who calls them asks their owner: others stand there later.

    Finds the module of the compiler's front end, to be told of its import.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Any, str, bool]] = []

    def add(self, owner: Any, name: str, recursive: bool) -> None:
        """Leave out what stands in a module or class under a name."""
        if _FRONT_END in sys.modules:
            self._mark(owner, name, recursive)
            return
        if not self._waiting:
            sys.meta_path.insert(0, self)
        self._waiting.append((owner, name, recursive))

    def find_spec(self, name: str, path: Any = None, _target: Any = None) -> ModuleSpec | None:
        """What Python asks of who finds modules."""
        spec = PathFinder.find_spec(name, path) if name == _FRONT_END else None
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            loader.exec_module = lambda module, run=loader.exec_module: self._imported(module, run)
        return spec

    def _imported(self, module: ModuleType, run: Callable[[ModuleType], None]) -> None:
        run(module)
        sys.meta_path.remove(self)
        for waiting in self._waiting:
            self._mark(*waiting)
        self._waiting.clear()

    @staticmethod
    def _mark(owner: Any, name: str, recursive: bool) -> None:
        setattr(owner, name, torch.compiler.disable(getattr(owner, name), recursive=recursive))


_left_out = _LeftOut()


def leave_out(owner: Any, name: str, *, with_calls: bool) -> None:
    """Leave what stands in a module or class under a name out of what is compiled.

    with_calls: also all that it calls. Callers ask the owner for it, each time.
    """
    _left_out.add(owner, name, with_calls)


def _call(function: Callable[..., Any], *values: Any, **named: Any) -> Any:
    return function(*values, **named)


def beginning(namespace: dict[str, Any]) -> Callable[..., Any]:
    """The function at which calls of functions of a session begin: `beginning(globals)(function, ...)`."""
    own: dict[str, Any] = namespace["__builtins__"]
    both: dict[str, Any] = own[" session"].library_states.setdefault(_BUILTINS, {})
    both.update(own)
    # A name of both is Python's here: code of LispE that needs its own is run as it is.
    both.update(vars(builtins))
    return FunctionType(_call.__code__, {"__builtins__": both}, "call")


def enter(namespace: dict[str, Any]) -> Any:
    """Make the session of a namespace current; what `leave` takes, or None where one is current."""
    return None if runtime.is_running() else runtime.enter(namespace["__builtins__"][" session"])


def leave(token: Any) -> None:
    if token is not None:
        runtime.leave(token)


def taken(values: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Python's arguments as LispE sees them."""
    return tuple(map(to_lispe, values)), {name: to_lispe(value) for name, value in named.items()}


def given(value: Any) -> Any:
    """A result as Python takes it."""
    return to_python(value)


def explained(namespace: dict[str, Any], error: Exception) -> Exception:
    """An error that leaves LispE for Python code, with LispE's place."""
    found: Exception = namespace["__builtins__"][" session"].explained(error)
    return found


for _function in (enter, leave, taken, given, explained):
    leave_out(sys.modules[__name__], _function.__name__, with_calls=True)
