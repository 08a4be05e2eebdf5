"""What library functions, and values that are called, may ask of the session that runs them.

The session installs itself while it evaluates; threads started by LispE inherit it with their context.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import Atom


class Runtime(Protocol):
    """The part of a session that the language itself uses."""

    namespace: dict[str, Any]
    arguments: list[str]
    threads: Any
    # What compiled code was made of, by the file that its code objects name.
    sources: dict[str, Source]
    slots: dict[int, Any]
    library_states: dict[str, Any]

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any: ...

    def evaluate(self, source: str, name: str | None = None) -> Any: ...

    def evaluate_form(self, form: Any) -> Any: ...

    def load_file(self, path: str, space: str = "") -> Any: ...

    def evaluate_in_space(self, text: str, name: str, space: str) -> Any: ...

    def meet_python(self) -> None: ...

    def explained(self, error: BaseException) -> LispeError: ...

    def canonical(self, name: str) -> str: ...

    def function_named(self, name: str) -> Callable[..., Any] | None: ...


_current: ContextVar[Runtime] = ContextVar("lispe_session")


def current() -> Runtime:
    """The session that is evaluating now."""
    try:
        return _current.get()
    except LookupError:
        raise LispeError("Error: this can only be done while a session evaluates") from None


def is_running() -> bool:
    """Whether some session is evaluating in this thread."""
    return _current.get(None) is not None


def in_program(error: BaseException) -> bool:
    """Whether an exception comes out of a function of the program that who caught it had called."""
    running = _current.get(None)
    at = error.__traceback__
    while running is not None and at is not None:
        at = at.tb_next
        if at is not None and at.tb_frame.f_code.co_filename in running.sources:
            return True
    return False


def enter(runtime: Runtime) -> Any:
    """Make a session the current one; returns the token for `leave`."""
    return _current.set(runtime)


def leave(token: Any) -> None:
    _current.reset(token)


def function_of_atom(atom: Atom) -> Callable[..., Any]:
    """The function that an atom names in the current session; a variable may hold another name.

    Errors: `Unknown function call: 'name'`, and for a name that leads back to itself.
    """
    name = atom.name
    passed: tuple[str, ...] = ()
    while name not in passed:
        found = current().function_named(name)
        if found is None:
            raise LispeError(f"Unknown function call: '{name}'")
        if not isinstance(found, Atom):
            return found
        name, passed = found.name, (*passed, name)
    raise LispeError(f"Error: wrong function call: '{name}' names itself")
