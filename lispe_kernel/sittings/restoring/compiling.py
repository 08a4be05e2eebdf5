"""Definitions from a folder compiled, so that nothing of the folder runs.

Only definitions are taken: a text that would do anything when it is run is refused, and so is one that loads
a file while it is compiled. What they define is made, and bound to its name when the session changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType
from typing import Any

from lispe_kernel.language.compiler.program import FunctionCode, Program, Step, compile_program
from lispe_kernel.language.compiler.variables import python_name
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.forms import Form, head, is_list
from lispe_kernel.language.keeping import Broken
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.session import Session


class Quiet:
    """A session as the compiler may see it for a text that is not trusted: nothing is loaded for it."""

    def __init__(self, session: Session, name: str) -> None:
        self._session, self._name = session, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def use_library(self, name: str, space: str = "") -> None:  # noqa: ARG002 - what the compiler gives
        """The libraries are there without being named; a file is not run."""
        if name not in self._session.libraries.use_names():
            raise LispeError(f"Error: use: a definition that was kept may not load the file {name}")

    def source(self, text: str) -> Source:
        """A text of the folder, known to the session, so that errors show its lines."""
        return self._session.known_source(text, self._name)


@dataclass
class Compiled:
    """The definitions of a folder: their text, the program, and the functions that it will bind."""

    source: Source
    program: Program
    functions: dict[str, Any]
    classes: dict[str, Any]
    # By the identity of what the compiler made for each.
    made: dict[int, FunctionType]


def compiled(session: Quiet, texts: list[str]) -> Compiled:
    """The definitions in some texts, in this order. Errors: Broken for anything that is no definition."""
    try:
        for text in texts:
            for form in read(Source(text, "definition"), session.canonical):
                _check(form)
        source = session.source("\n\n".join(texts))
        program = compile_program(session, source, read(source, session.canonical))
    except LispeError as error:
        raise Broken(f"holds a definition that does not compile: {error}") from error
    if program.waiting or any(isinstance(step, Step) for step in program.steps):
        raise Broken("holds more than definitions")
    defining = [*program.definitions, *(step for step in program.steps if isinstance(step, FunctionCode))]
    made = {id(each): session.execution.made(each) for each in defining}
    functions = {python_name(each.name): made[id(each)] for each in defining if each.owner is None}
    known = {name: value for name, value in program.declarations.items() if callable(value)}
    return Compiled(source, program, {**known, **functions}, program.classes, made)


def _check(form: Any) -> None:
    name = head(form)
    known = special_forms.get(name.name) if name is not None else None
    # A folder may hold forms that define, and nothing else.
    if name is None or known is None or not known.defines:
        raise Broken("holds more than definitions")
    if name.name == "defspace":
        for inner in form[2:]:
            if not is_list(inner) or not isinstance(inner, Form):
                raise Broken("holds more than definitions")
            _check(inner)
