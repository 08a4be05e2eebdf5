"""Functions across the border: Python's called from LispE, LispE's called from Python.

A Python function, method or class that comes to LispE is called through `PythonFunction`, which gives it
Python's values and sees its result as LispE's. A LispE function that goes to Python is called in its session;
back in LispE it is itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import Any

from lispe_kernel.language.arity import wrong_kind
from lispe_kernel.language.errors import LispeError, meaning_of, said_by
from lispe_kernel.language.functions import registry
from lispe_kernel.language.printer import plainly, register_kind
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.python.answers import called_with_nil
from lispe_kernel.language.python.border import KEPT, SAME, given_as, giving, seen_as, to_lispe, to_python
from lispe_kernel.language.runtime import current
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.instances import Instance

# What a session's namespace holds of itself, and the package whose functions are LispE's library.
SESSION, LIBRARY = " globals", "lispe_kernel."
_LANGUAGE = "lispe_kernel.language."
_CALLBACK, _FUNCTION = "lispe_callback", "lispe_function"


class PythonFunction:
    """Something of Python's that is called, as LispE calls it."""

    __slots__ = ("__weakref__", "base", "variables")

    def __init__(self, base: Any) -> None:
        self.base = base
        # What a Python cell's function has for globals: see `variables.py`.
        self.variables = getattr(getattr(base, "__builtins__", None), "variables", None)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self.variables is not None:
            self.variables.refresh()
        try:
            value = _answer(self.base, arguments, named)
        except LispeError:
            raise
        except Exception as error:
            raise LispeError(f"Error: {self.__name__}: {_reason(error)}") from error
        if self.variables is not None:
            self.variables.settle()
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PythonFunction) and bool(self.base == other.base)

    def __hash__(self) -> int:
        return hash(self.base)

    def __repr__(self) -> str:
        return repr(self.base)

    @property
    def __wrapped__(self) -> Any:
        """What `inspect` reads the signature of."""
        return self.base

    @property
    def __name__(self) -> str:
        return str(getattr(self.base, "__name__", type(self.base).__name__))

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return PythonFunction, (self.base,)


def _answer(base: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What Python's code answers to LispE's arguments, as LispE sees it."""
    give = giving(base)
    values = [give(argument) for argument in arguments]
    keywords = {_written(name): give(argument) for name, argument in named.items()}
    if any(value is None for value in (*values, *keywords.values())):
        return to_lispe(called_with_nil(base, values, keywords))
    return to_lispe(base(*values, **keywords))


# Whether LispE calls what is of a class by itself.
_own: dict[type, bool] = {}


def called_as_ours(cls: type) -> None:
    """Let what is of exactly this class be called with LispE's values."""
    _own[cls] = True


def across(called: Any) -> Any:
    """What a program calls: something of LispE's by itself, an object of Python's across the border."""
    own = _own.get(type(called))
    if own is None:
        if isinstance(called, Instance):
            # A module takes LispE's values, and answers as it answers Python's code.
            return lambda *arguments, **named: to_lispe(called(*arguments, **named))
        own = _own[type(called)] = _is_own(called)
    if own:
        return called

    def call(*arguments: Any, **named: Any) -> Any:
        for argument in arguments:
            if argument is None or type(argument) not in SAME:
                return _answer(called, arguments, named)
        if named:
            return _answer(called, arguments, named)
        found = called(*arguments)
        return found if type(found) in SAME else to_lispe(found)

    return call


def _is_own(called: Any) -> bool:
    module = type(called).__module__
    return module == "builtins" or module.startswith(_LANGUAGE) or not callable(called)


def names_of(name: str) -> tuple[str, ...]:
    """What was written where the reader gives this name: `'sum` is the atom of an instruction."""
    for known in (registry, special_forms):
        entry = known.get(name)
        if entry is not None:
            return tuple(alias for alias in entry.aliases if alias.isidentifier())
    return ()


def _written(name: str) -> str:
    """The name of an argument; no alias of an instruction is meant here."""
    return name if name.isidentifier() else next(iter(names_of(name)), name)


def _reason(error: Exception) -> str:
    """Python's message, which calls a missing key by its name alone."""
    text, *further = meaning_of(said_by(error).strip()).split("\n")
    if isinstance(error, KeyError):
        return f"no such key: {text}"
    wrong = wrong_kind(text) if isinstance(error, TypeError) else ""
    if wrong:
        return wrong
    if text.endswith(":"):
        # A list follows, such as PyTorch's signatures that the arguments may have: two of them say enough.
        listed = [line.strip(" *") for line in further if line.lstrip().startswith("*")]
        text = f"{text} {' or '.join(listed[:2])}" if listed else text.rstrip(":, ")
    return text or type(error).__name__


def is_lispe(function: FunctionType) -> bool:
    """Whether a function was written in LispE, or is one of LispE's library."""
    found = function.__globals__
    return found.get(SESSION) is found or str(found.get("__name__")).startswith(LIBRARY)


def own_of(function: Any) -> Any:
    """The LispE function that Python was given as this one; None for any other."""
    return function.__dict__.get(_FUNCTION) if isinstance(function, FunctionType) else None


def _seen(function: Any) -> Any:
    if isinstance(function, FunctionType):
        own = own_of(function)
        if own is not None:
            return own
        if is_lispe(function):
            return function
    return PythonFunction(function)


def _class(cls: type) -> Any:
    return cls if issubclass(cls, Instance) else PythonFunction(cls)


def _callback(function: FunctionType) -> Callable[..., Any]:
    """A LispE function for Python: called in the session that gave it away."""
    if not is_lispe(function) or _FUNCTION in function.__dict__:
        return function
    found = function.__dict__.get(_CALLBACK)
    if found is not None:
        return found  # type: ignore[no-any-return]
    try:
        session = current()
    except LispeError:
        return function

    @functools.wraps(function)
    def callback(*arguments: Any, **named: Any) -> Any:
        variables = session.namespace.get(KEPT)
        if variables is None:
            return to_python(session.call(_called, function, arguments, named))
        variables.settle()
        try:
            return to_python(session.call(_called, function, arguments, named))
        finally:
            variables.refresh()

    callback.__dict__[_FUNCTION] = function
    function.__dict__[_CALLBACK] = callback
    return callback


def _called(function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    return function(*map(to_lispe, arguments), **{name: to_lispe(value) for name, value in named.items()})


for _kind in (
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
    ClassMethodDescriptorType,
    functools.partial,
):
    seen_as(_kind, _seen)
seen_as(type, _class)
given_as(FunctionType, _callback)
given_as(PythonFunction, lambda function: function.base)
register_kind(
    PythonFunction,
    "function_",
    plainly(lambda function: function.__name__),
    atom_of=lambda function: Atom("class_" if isinstance(function.base, type) else "function_"),
)
register_answers(PythonFunction, Answers(same=lambda a, b: a == b))
