"""Compiled programs run: what a text declares is made known, its functions are made, its forms run in order.

A text may bring classes, records, macros and spaces while it runs, by `load` or `eval`. Forms after it, and
functions of the texts that are running, were compiled without them: those that speak of them are compiled
anew. It never reads a file and never shows anything.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, Protocol

from lispe_kernel.language.compiler.context import Context
from lispe_kernel.language.compiler.program import FunctionCode, Program, Step, compile_program, names_in
from lispe_kernel.language.compiler.variables import python_name
from lispe_kernel.language.compiler.versions.held import let_go
from lispe_kernel.language.errors import CompileError, ReturnFromTop, Span
from lispe_kernel.language.forms import Form
from lispe_kernel.language.made import note
from lispe_kernel.language.python.faces import take_over
from lispe_kernel.language.python.methods import define
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import is_definition

# What these forms define is there without running anything.
_STAYING = ("function", "class", "record", "macro", "name", "thread")


class Names(Context, Protocol):
    """The session whose names the programs read and add to."""

    namespace: dict[str, Any]
    aliases: dict[str, str]


class Execution:
    """The programs that are running in a session, the outermost first."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._running: list[Program] = []
        # What was brought while programs ran, in order: names of classes and their methods, macros ...
        self._brought: list[frozenset[str]] = []

    def run(self, program: Program) -> Any:
        """Run a program and give the value of its last form."""
        self._declare(program)
        start = len(self._brought)
        value: Any = None
        with self._entered(program):
            for step in program.steps:
                if isinstance(step, FunctionCode):
                    value = self._define(step)
                    continue
                try:
                    value = self._step(program, step, start)
                except ReturnFromTop as returned:
                    value = returned.value
            for form, span in program.waiting:
                # Nothing that was loaded explained it: its error is due.
                self._compiled(program, [(form, span)])
        return value

    def _step(self, program: Program, step: Step, start: int) -> Any:
        if step.code is not None and (len(self._brought) == start or not self._speaks(step.form, start)):
            return FunctionType(step.code, self._names.namespace)()
        constants = program.fixed
        self._names.fixed -= constants
        try:
            anew = self._compiled(program, [(step.form, step.span)])
        finally:
            self._names.fixed |= constants
        return self.run(anew)

    def _speaks(self, form: Any, start: int) -> bool:
        """Whether a form speaks of what was brought since."""
        names = names_in(form)
        return any(names & brought for brought in self._brought[start:])

    def _compiled(self, program: Program, forms: list[tuple[Any, Any]]) -> Program:
        # A source of its own: clauses of a pattern function replace those of the text before.
        source = copy.copy(program.source)
        return compile_program(self._names, source, Form([f for f, _ in forms], spans=[s for _, s in forms]))

    @contextmanager
    def _entered(self, program: Program) -> Iterator[None]:
        self._running.append(program)
        try:
            yield
        finally:
            # Threads of the program run texts side by side: the last one need not be this one.
            self._running = [other for other in self._running if other is not program]
            if not self._running:
                self._brought.clear()

    # -- definitions -----------------------------------------------------------------------------

    def bring(self, program: Program, made: dict[int, FunctionType]) -> None:
        """Make known what a program declares, with functions that were made before; nothing of it runs."""
        self._declare(program, made)
        for step in program.steps:
            if isinstance(step, FunctionCode):
                self._define(step, made.get(id(step)))

    def _declare(self, program: Program, made: dict[int, FunctionType] | None = None) -> None:
        """Make known what a program declares, and its functions."""
        names = self._names
        names.macros.update(program.macros)
        names.fixed |= program.fixed
        names.aliases.update(program.links)
        before = {name: names.classes.get(name) for name in program.classes}
        names.namespace.update(program.declarations)
        names.classes.update(program.classes)
        for definition in program.definitions:
            self._define(definition, (made or {}).get(id(definition)))
        for name, old in before.items():
            if old is not None and old is not program.classes[name]:
                take_over(old, program.classes[name])
        brought = _declared(program)
        if self._running and brought:
            self._brought.append(brought)
            for outer in self._running:
                self._reconsider(outer, brought)

    def _reconsider(self, program: Program, brought: frozenset[str]) -> None:
        """Compile the functions of a running text anew that speak of what was brought."""
        groups: dict[Any, list[tuple[Any, Any]]] = {}
        for form, span in (*program.written, *program.waiting):
            groups.setdefault(form[1], []).append((form, span))
        for forms in groups.values():
            if any(names_in(form) & brought for form, _ in forms):
                self._compile_anew(program, forms)

    def _compile_anew(self, program: Program, forms: list[tuple[Any, Any]]) -> None:
        try:
            anew = self._compiled(program, forms)
        except CompileError:
            # The function stays what it was; a call of it, or the end of the text, tells what is wrong.
            return
        for definition in anew.definitions:
            self._renew(definition)
        program.waiting = [each for each in program.waiting if each not in forms]
        program.written += [each for each in forms if each not in program.written]

    def _renew(self, definition: FunctionCode) -> None:
        """Give a function its new code where it is, so that whoever holds it has the new one."""
        old = self._names.namespace.get(python_name(definition.name))
        if isinstance(old, FunctionType) and not old.__code__.co_freevars:
            old.__code__, old.__defaults__ = definition.code, definition.defaults or None
            if definition.second is not None:
                definition.second.belong(old)
            note(old, source=definition.source, signature=definition.signature)
        elif old is None:
            self._define(definition)

    def made(self, definition: FunctionCode) -> FunctionType:
        """The function of a definition, which no name means yet."""
        namespace = self._names.namespace
        made = FunctionType(definition.code, namespace, definition.name, definition.defaults or None)
        note(made, source=definition.source, signature=definition.signature)
        if definition.second is not None:
            definition.second.belong(made)
        made.__doc__ = definition.doc or None
        return made

    def _define(self, definition: FunctionCode, made: FunctionType | None = None) -> Any:
        namespace = self._names.namespace
        made = made if made is not None else self.made(definition)
        if definition.owner is not None:
            define(definition.owner, definition.name, made)
            return made
        name = python_name(definition.name)
        old = namespace.get(name)
        if old is not made:
            let_go(old)
        namespace[name] = made
        return made


def _declared(program: Program) -> frozenset[str]:
    """The names by which other texts speak of what a program declares beyond plain functions."""
    found = {*program.macros, *program.links, *program.classes, *map(_own_name, program.declarations)}
    for cls in program.classes.values():
        found |= cls.lispe_methods
    found |= {_own_name(made.name) for made in program.definitions if " " in made.name}
    return frozenset(found)


def _own_name(name: str) -> str:
    """The name that a program writes for a function of a space, or for a space."""
    return name.rpartition(" ")[2]


def above(context: Context, source: Source, forms: Form, place: Span | None) -> Program:
    """What stays of a text that cannot be compiled: the definitions that end above the place of its error.

    Nothing of such a text runs. Who corrects a call in a notebook has the function already, as in the
    original, and as Python has what stands above a wrong call. Raises CompileError: of two errors one may
    be found late.
    """
    wrong = (place.line, place.column) if place is not None else (0, 0)
    kept = [
        (form, span)
        for form, span in zip(forms, forms.spans, strict=True)
        if (span.end_line, span.end_column) <= wrong and any(is_definition(form, kind) for kind in _STAYING)
    ]
    text = Form([form for form, _ in kept], forms.span, [span for _, span in kept])
    return compile_program(context, source, text)
