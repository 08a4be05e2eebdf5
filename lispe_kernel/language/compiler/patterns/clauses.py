"""Patterns as Python: each clause becomes tests and bindings, written where the match is made.

A `Matcher` compiles the patterns of one clause against Python variables. Tests gather until a statement
is needed, then open an `if`; what follows a match is compiled into the innermost block. Lists with Kleene
marks are in `lists.py`, dictionaries and sets in `collections.py` beside this file.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.patterns.collections import match_dictionary, match_set
from lispe_kernel.language.compiler.patterns.guards import argument_of, compile_guard, is_guard
from lispe_kernel.language.compiler.patterns.lists import match_list
from lispe_kernel.language.compiler.scopes import Binding
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import QUOTE, Form, as_data, is_list
from lispe_kernel.language.printer import is_type_atom
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.records import RecordGroup

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

REST = Atom("$")

# Type atoms whose values have one Python class, and the name of that class in compiled code.
CLASSES = {
    "integer_": " int",
    "number_": " float",
    "string_": " str",
    "atom_": " Atom",
    "list_": " List",
    "dictionary_": " PlainDictionary",
    "data_": " Record",
    "integers_": " Integers",
    "numbers_": " Numbers",
    "floats_": " Floats",
    "shorts_": " Shorts",
}
_KINDS = {"integer_": "integer", "number_": "number", "string_": "text", "list_": "list"}
_LITERALS = {int: "integer_", float: "number_", str: "string_"}
DICTIONARIES = frozenset({"dictionary", "dictionary_i", "dictionary_n"})
SETS = frozenset({"set", "sets", "seti", "setn"})


def literal_type(value: Any) -> str | None:
    """The type atom of a literal in a pattern."""
    return _LITERALS.get(type(value))


class Matcher:
    """Compiles the patterns of one clause."""

    def __init__(self, c: Compiler) -> None:
        self.c = c
        self.tests: list[ast.expr] = []
        # LispE variables that the clause has bound so far -> Python variables.
        self.names: dict[str, str] = {}
        # What is known of a Python variable's type, by the test around the clause.
        self.types: dict[str, str] = {}

    # -- blocks ------------------------------------------------------------------------------------

    def test(self, expression: ast.expr) -> None:
        """The match goes on only when the expression is true."""
        self.tests.append(expression)

    def open(self) -> None:
        """Begin the block that runs when all tests so far are true."""
        if not self.tests:
            return
        c = self.c
        inner: list[ast.stmt] = []
        node = ast.If(c.boolean(ast.And(), self.tests), inner, [])
        c.emit(ast.copy_location(node, c.nil()))
        c.block = inner
        self.tests = []

    def assign(self, name: str, value: ast.expr) -> ast.Name:
        self.open()
        self.c.assign(name, value)
        return self.c.name(name)

    def saved(self, value: ast.expr) -> ast.Name:
        if isinstance(value, ast.Name):
            return value
        return self.assign(self.c.function.temporary(), value)

    # -- variables ---------------------------------------------------------------------------------

    def bind(self, name: str, value: ast.expr) -> None:
        """Give a variable of the clause its value; a second time, the two must be equal."""
        c = self.c
        if name in self.names:
            self.test(c.call(" equal", c.name(self.names[name]), value))
            return
        if isinstance(value, ast.Name):
            python = value.id
        else:
            python = c.function.rename(name)
            self.assign(python, value)
        self.names[name] = python
        c.bindings = {**c.bindings, name: Binding(python, c.function)}

    def variable(self, atom: Atom, value: ast.expr) -> None:
        plain = Atom(atom.name[:-1]) if atom.name.endswith("@") and len(atom.name) > 1 else atom
        self.bind(self.c.check_variable(plain), value)

    # -- patterns ----------------------------------------------------------------------------------

    def match(self, pattern: Any, subject: ast.expr, span: Span | None = None) -> None:
        """Match one pattern against a value."""
        c, outer = self.c, self.c.place
        c.place = pattern.span if isinstance(pattern, Form) else span or outer
        try:
            self._match(pattern, subject)
        finally:
            c.place = outer

    def _match(self, pattern: Any, subject: ast.expr) -> None:
        c = self.c
        if pattern is None or pattern is TRUE:
            return
        if isinstance(pattern, Atom):
            self.variable(pattern, subject)
            return
        value = self.saved(subject)
        if not is_list(pattern):
            self._literal(pattern, value)
        elif not pattern:
            self.test(c.call(" is empty", value))
        elif pattern[0] is QUOTE:
            self._quoted(pattern[1], value)
        elif isinstance(pattern[0], Atom) and self._named(pattern, pattern[0], value):
            return
        else:
            match_list(self, pattern, value)

    def _literal(self, literal: Any, value: ast.Name) -> None:
        c, kind = self.c, literal_type(literal)
        if kind is None:
            self.test(c.call(" equal", c.constant(literal), value))
            return
        self.require(kind, value)
        self.test(c.compare(value, [ast.Eq()], [c.constant(literal)]))

    def _quoted(self, form: Any, value: ast.Name) -> None:
        c = self.c
        if isinstance(form, Atom):
            self.test(c.compare(value, [ast.Is()], [c.quoted(form)]))
        elif is_list(form):
            self.test(c.call(" equal", c.constant(as_data(form)), value))
        else:
            self.match(form, value)

    def _named(self, pattern: Any, head: Atom, value: ast.Name) -> bool:
        """A list whose head is the name of a type, record, class, container or function."""
        c, name = self.c, head.name
        found = c.declared(name)
        if hasattr(found, "lispe_record"):
            self._record(pattern, value, c.constant(head), ast.Is())
        elif isinstance(found, RecordGroup):
            self._record(pattern, value, c.constant(found.members), ast.In())
        elif hasattr(found, "lispe_fields"):
            self._instance(pattern, value, found)
        elif is_type_atom(name):
            self.require(name, value)
            if len(pattern) > 1:
                self.match(pattern[-1], value)
        elif name in DICTIONARIES:
            match_dictionary(self, pattern, value)
        elif name in SETS:
            match_set(self, pattern, value)
        elif is_guard(c, pattern):
            self.guard(pattern, value)
        else:
            return False
        return True

    def require(self, type_name: str, value: ast.Name) -> None:
        """The value must be exactly of a type."""
        c = self.c
        if self.types.get(value.id) == type_name:
            return
        self.test(type_test(c, type_name, value))
        self.types[value.id] = type_name
        self.open()
        if type_name in _KINDS:
            c.assume(value.id, _KINDS[type_name])

    def _record(self, pattern: Any, value: ast.Name, name: ast.expr, operator: ast.cmpop) -> None:
        c, size = self.c, len(pattern)
        if self.types.get(value.id) != "data_":
            self.test(c.call(" isinstance", value, c.name(" plain list")))
        self.test(c.compare(c.call(" len", value), [ast.Eq()], [c.constant(size)]))
        self.test(c.compare(c.subscript(value, c.constant(0)), [operator], [name]))
        for index in range(1, size):
            if pattern[index] is not None:
                self.match(pattern[index], c.subscript(value, c.constant(index)), pattern.spans[index])

    def _instance(self, pattern: Any, value: ast.Name, cls: Any) -> None:
        c = self.c
        self.test(c.compare(c.call(" type", value), [ast.Is()], [c.constant(cls)]))
        fields = self.saved(c.call(" field values", value))
        self.test(c.compare(c.call(" len", fields), [ast.Eq()], [c.constant(len(pattern) - 1)]))
        for index in range(1, len(pattern)):
            if pattern[index] is not None:
                self.match(pattern[index], c.subscript(fields, c.constant(index - 1)), pattern.spans[index])

    def guard(self, pattern: Any, value: ast.Name) -> None:
        """A call inside a pattern: its variable takes the value, then the call must be true."""
        found = argument_of(self.c, pattern)
        self.bind(found, value)
        self.open()
        self.test(compile_guard(self.c, pattern))


def type_test(c: Compiler, type_name: str, value: ast.expr) -> ast.expr:
    """A Python test that the type of a value is exactly the one named."""
    cls = CLASSES.get(type_name)
    if cls is not None:
        return c.compare(c.call(" type", value), [ast.Is()], [c.name(cls)])
    return c.compare(c.call(" type atom", value), [ast.Is()], [c.constant(Atom(type_name))])
