"""LispE functions called by Python's own code: in their session, with values as each side has them.

torch.compile follows such a call, and looks names up in the builtins of the function at which it begins.
Those of LispE hold LispE's functions, those of Python what PyTorch's code needs; so a call begins with a
function that has both. What prepares a call is left out of what is compiled.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

import torch

from lispe_kernel.language import runtime
from lispe_kernel.language.python.border import to_lispe, to_python

_BUILTINS = " both builtins"


F = TypeVar("F", bound=Callable[..., Any])


def not_compiled(function: F) -> F:
    """A function that is left out, with all that it calls."""
    return torch.compiler.disable(function)  # type: ignore[no-any-return]


def not_compiled_itself(function: F) -> F:
    """A function that is left out; what it calls is compiled."""
    return torch.compiler.disable(function, recursive=False)  # type: ignore[no-any-return]


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


@not_compiled
def enter(namespace: dict[str, Any]) -> Any:
    """Make the session of a namespace current; what `leave` takes, or None where one is current."""
    return None if runtime.is_running() else runtime.enter(namespace["__builtins__"][" session"])


@not_compiled
def leave(token: Any) -> None:
    if token is not None:
        runtime.leave(token)


@not_compiled
def taken(values: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Python's arguments as LispE sees them."""
    return tuple(map(to_lispe, values)), {name: to_lispe(value) for name, value in named.items()}


@not_compiled
def given(value: Any) -> Any:
    """A result as Python takes it."""
    return to_python(value)


@not_compiled
def explained(namespace: dict[str, Any], error: Exception) -> Exception:
    """An error that leaves LispE for Python code, with LispE's place."""
    found: Exception = namespace["__builtins__"][" session"].explained(error)
    return found
