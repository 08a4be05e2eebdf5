"""Definitions from a folder compiled, so that nothing of the folder runs.

Only definitions are taken: a text that would do anything when it is run is refused, and so is one that loads
a file while it is compiled. What they define is made, and bound to its name when the session changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from lispe_kernel.language.compiler.program import FunctionCode, Program, Step, compile_program
from lispe_kernel.language.compiler.variables import Signature, python_name
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.forms import Form, head, is_list
from lispe_kernel.language.keeping import Broken
from lispe_kernel.language.made import signature_of
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.session import Session


class Quiet:
    """A session as the compiler may see it for a text that is not trusted: nothing is loaded for it.

    What the folder defines is known once it was taken, though no name of the session stands for it yet.
    forget: the names that will go before, with every macro, class and link.
    """

    def __init__(self, session: Session, name: str, forget: set[str] | None = None) -> None:
        self._session, self._name = session, name
        self._gone = forget or set()
        stays = forget is None
        self.macros = dict(session.macros) if stays else {}
        self.classes = dict(session.classes) if stays else {}
        self.aliases = dict(session.aliases) if stays else {}
        self.fixed = session.fixed - self._gone
        # Functions, records, classes and spaces of the folder, by their names in a namespace; None for a
        # function that is not made yet.
        self._taken: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def expect(self, functions: Iterable[str], no_macros: set[str]) -> None:
        """Know that functions of these names will be there, wherever in the text they stand.

        no_macros: names that will stand for something else.
        """
        self._taken |= dict.fromkeys(map(python_name, functions))
        self.macros = {name: macro for name, macro in self.macros.items() if name not in no_macros}

    def take(self, found: Compiled) -> None:
        """Know what a folder defines."""
        program = found.program
        self.macros |= program.macros
        self.classes |= program.classes
        self.aliases |= program.links
        self._taken |= program.declarations | found.functions

    def signature(self, name: str) -> Signature | None:
        """As the session's."""
        found: Signature | None = signature_of(self.declared(name))
        return found

    def defined(self, name: str) -> bool:
        """As the session's."""
        own = python_name(name)
        return own in self._taken or (own not in self._gone and self._session.defined(name))

    def declared(self, name: str) -> Any:
        """As the session's."""
        own = python_name(name)
        if own in self._taken:
            return self._taken[own]
        return None if own in self._gone else self._session.declared(name)

    def canonical(self, name: str) -> str:
        """As the session's."""
        return self._session.canonical(name, self.aliases)

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


def earlier(session: Quiet, text: str) -> FunctionType:
    """The function that a text defines, for a value: it gets no name. Errors: Broken for any other text."""
    found = compiled(session, [text])
    program = found.program
    others = program.macros or program.links or program.classes or program.declarations
    if others or len(found.functions) != 1:
        raise Broken("holds an earlier version of a function that is none")
    made: FunctionType = next(iter(found.functions.values()))
    return made


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
