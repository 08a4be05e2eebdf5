"""Names: what a variable means where it is read, and which Python variable an assignment sets.

The part of the compiler that knows bindings, frames, globals and constants. It compiles no call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.emit import Emitter
from lispe_kernel.language.compiler.inference import surviving
from lispe_kernel.language.compiler.kinds import Kinds
from lispe_kernel.language.compiler.registry import special_forms
from lispe_kernel.language.compiler.scopes import (
    THREAD,
    Binding,
    PythonFunction,
    Signature,
    python_name,
    qualified,
)
from lispe_kernel.language.forms import Form, as_data
from lispe_kernel.language.functions import registry
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.context import Context
    from lispe_kernel.language.compiler.instances import InstanceScope
    from lispe_kernel.language.errors import Span
    from lispe_kernel.language.source import Source


class Variables(Kinds, Emitter):
    """What the compiler knows of names at the place where it is."""

    def __init__(self, context: Context, source: Source) -> None:
        super().__init__(source)
        self.context = context
        self.function = PythonFunction("top", source.name)
        self.bindings: dict[str, Binding] = {}
        # Frame variables certainly assigned at this point of the current frame.
        self.definite: set[str] = set()
        # The names for the values of the loops around this place; None where a value is not wanted.
        self.loop_values: list[str | None] = []
        # Definitions met so far in this text: name -> signature, and what the unit collects of them.
        self.signatures: dict[str, Signature] = {}
        self.definitions: list[Any] = []
        self.macros: dict[str, Any] = {}
        self.fixed: set[str] = set()
        self.links: dict[str, str] = {}
        # Nodes known by their id until their function is settled: they must live so long.
        self.kept_nodes: list[Any] = []
        # Records and classes of this text, and what is built when the text has been read.
        self.declarations: dict[str, Any] = {}
        self.finishers: dict[str, Any] = {}
        self.classes: dict[str, Any] = {}
        # The instance that is current here, and the class that `withclass` names.
        self.instance: InstanceScope | None = None
        self.with_class: Any = None
        # The current name space and thread body, the functions of theirs that are still to come.
        self.space = self.thread = ""
        self.announced: set[str] = set()
        self.in_threadspace = False
        self._kinds: dict[str, str] = {}
        self.shared: set[str] = set()

    def literal(self, value: Any) -> ast.expr:
        return self.constant(value)

    def quoted(self, form: Any) -> ast.expr:
        """A quoted form as a value: a container is a fresh copy at each evaluation."""
        if isinstance(form, Atom):
            return self.true() if form is TRUE else self.constant(form)
        if not isinstance(form, list):
            return self.constant(form)
        data = as_data(form)
        nested = type(data) is not List or any(isinstance(item, list | LinkedList) for item in data)
        return self.call(" copy" if nested else " list", self.constant(data))

    def variable(self, atom: Atom) -> ast.expr:
        """The value of a variable, or of a function or operator that is named without a call."""
        name = atom.name
        if atom is TRUE:
            return self.known(self.true(), "boolean")
        binding = self.bindings.get(name)
        if binding is not None:
            return self.name(binding.name)
        if self.instance is not None and not self._is_local(name):
            field = self.instance.variable(self, name)
            if field is not None:
                return field
        if self.is_frame_variable(name):
            return self._frame_variable(name)
        if self.space or self.thread:
            name = self.found_in_space(name)
        return self._global(name)

    def _is_local(self, name: str) -> bool:
        return name in self.definite and self.function.frame.kind == "defun"

    def is_frame_variable(self, name: str) -> bool:
        frame = self.function.frame
        return frame.kind == "defun" and (name in frame.assigned or not self.is_keyword(name))

    def _frame_variable(self, name: str) -> ast.expr:
        node = self.name(python_name(name))
        if name not in self.definite:
            if not self.context.defined(name):
                self._global(name)  # loads a library, refuses what can never be a variable
            self.function.frame.uncertain_reads[id(node)] = name
            self.kept_nodes.append(node)
        return node

    def _global(self, name: str) -> ast.expr:
        if not self.context.defined(name) and name not in self.signatures:
            if name in special_forms:
                raise self.error(f"Error: cannot evaluate this instruction: '{name}'")
            entry = self.context.library(name)
            if entry is not None and entry.keyword:
                if name[0].isalpha():
                    raise self.error(
                        f"Error: cannot evaluate this instruction: '{name}' "
                        f"(write '{name} to pass it as a function)"
                    )
                return self.constant(Atom(name))
        return self.name(python_name(name))

    def declare(self, name: str, value: Any, signature: Signature | None = None) -> None:
        """Note a record or class: the name means it from here on."""
        self.declarations[name] = value
        if signature is not None:
            self.signatures[name] = signature

    def declared(self, name: str) -> Any:
        """The record maker, record group or class that a name means, or whatever else is global."""
        return self.declarations[name] if name in self.declarations else self.context.declared(name)

    def is_keyword(self, name: str) -> bool:
        """Whether a name belongs to the language and cannot be a variable."""
        if name in special_forms:
            return True
        entry = self.context.library(name)
        return entry is not None and entry.keyword

    def new_name(self, name: Atom, span: Span | None = None) -> str:
        """The name of what a form defines: any but the language's own."""
        if self.is_keyword(name.name):
            raise self.error(f"Error: '{name.name}' is a reserved keyword.", span)
        return name.name

    def check_variable(self, target: Any, span: Span | None = None) -> str:
        """The name of a variable that may be assigned."""
        if not isinstance(target, Atom):
            raise self.error(f"Error: Invalid variable name: '{to_text(target)}'", span)
        name = target.name
        if target is TRUE or self.is_keyword(name):
            raise self.error(f"Error: Invalid variable name: '{name}' (keyword)", span)
        if name in self.fixed or name in self.context.fixed:
            raise self.error(f"Error: '{name}' is a constant value", span)
        return name

    def target_name(self, name: str) -> str:
        """The Python variable that `setq` of a name assigns here."""
        binding = self.bindings.get(name)
        return binding.name if binding is not None else python_name(name)

    def target(self, name: str) -> str:
        """As `target_name`; the assignment is noted, from here on the variable has a value."""
        binding = self.bindings.get(name)
        if binding is not None:
            if binding.owner is not self.function:
                self.function.nonlocals.add(binding.name)
                self.shared.add(binding.name)
            self.forget(binding.name)
            return binding.name
        python, frame = python_name(name), self.function.frame
        self.forget(python)
        if frame.kind == "top":
            self.function.globals.add(python)
            return python
        frame.assigned.add(name)
        if self.function is not frame:
            self.function.nonlocals.add(python)
            self.shared.add(python)
            frame.initialise.add(python)
        self.definite.add(name)
        return python

    @contextmanager
    def bound(self, names: dict[str, str]) -> Iterator[None]:
        """Lexical bindings (LispE name -> Python name) of the current Python function, for a while."""
        outer = self.bindings
        self.bindings = {**outer, **{n: Binding(p, self.function) for n, p in names.items()}}
        try:
            yield
        finally:
            self.bindings = outer

    @contextmanager
    def branch(self) -> Iterator[set[str]]:
        """What is certainly assigned inside is not certain after; yields the set at the branch's end."""
        before, kinds = set(self.definite), dict(self._kinds)
        inside: set[str] = set()
        try:
            yield inside
        finally:
            inside.update(self.definite)
            self.definite = before
            self._kinds = {name: kind for name, kind in kinds.items() if self._kinds.get(name) == kind}

    def forget_assigned(self, forms: Form) -> None:
        """Keep of the kinds of variables what still holds however often the forms run: loops, handlers."""
        bound = {binding.name: name for name, binding in self.bindings.items()}
        visible = {bound.get(python, python): python for python in self._kinds if not python.startswith(" ")}
        known = {name: self._kinds[python] for name, python in visible.items()}
        still = surviving(known, forms, (self.macros, self.context.macros), self.returns)
        for name, python in visible.items():
            self._kinds[python] = still.get(name, "")

    def user_defined(self, name: str) -> bool:
        """Whether a name in head position means something of the user's, not of the library."""
        if name in self.signatures or name == self.function.frame.name:
            return True
        frame = self.function.frame
        return self.context.defined(name) or (frame.kind == "defun" and name in frame.assigned)

    def found_in_space(self, name: str) -> str:
        """The global that a function's name means in the current space: the space's own, or the main one."""
        if self.thread == name:
            return qualified(THREAD, name)
        own = qualified(self.space, name)
        is_own = own in self.announced or own in self.signatures or self.context.defined(own)
        return own if is_own else name

    def known_class(self, name: Any) -> Any:
        """The class that an atom names, or None."""
        if not isinstance(name, Atom):
            return None
        return self.classes.get(name.name) or self.context.classes.get(name.name)

    def returns(self, name: str) -> str:
        """What is known of every value of the form or the library's function of a name."""
        entry = special_forms.get(name)
        if entry is None and name not in self.bindings and not self.user_defined(name):
            found = registry.get(name)
            return found.returns if found is not None else ""
        return entry.returns if entry is not None else ""

    # -- assigning what may be local or global ----------------------------------------------------

    def global_target(self, name: str) -> ast.expr:
        """A global variable as the target of an assignment, whatever locals there are."""
        return self.subscript(self.name(" globals"), self.constant(python_name(name)), ast.Store())

    def store_back(self, name: str, value: ast.expr) -> None:
        """Assign where the variable is found: to the local one if there is one, else to the global."""
        if self.is_certainly_local(name):
            self.assign(self.target(name), value)
            return
        frame = self.function.frame
        statement = self.assign_statement(self.global_target(name), value)
        frame.uncertain_writes[id(statement)] = name
        self.kept_nodes.append(statement)
        if self.function is not frame:
            self.function.nonlocals.discard(name)
        self.emit(statement)

    def is_certainly_local(self, name: str) -> bool:
        """Whether an in-place operator certainly changes the variable that `setq` would."""
        return name in self.bindings or name in self.definite or self.function.frame.kind == "top"
