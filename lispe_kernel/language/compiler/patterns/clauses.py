"""Patterns as tests and bindings: a `Matcher` gathers, for one clause, what must hold and what it binds.

Its steps become nested `If`s around what follows a match. Lists are in `lists.py`, dictionaries and sets in
`collections.py` beside this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.patterns import collections, lists
from lispe_kernel.language.compiler.patterns.guards import argument_of, guard_test, is_guard
from lispe_kernel.language.compiler.tree import Block, Global, If, Logic, Node, Python, Read
from lispe_kernel.language.compiler.variables import Variable
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import QUOTE, Form, is_list
from lispe_kernel.language.made import record_of
from lispe_kernel.language.printer import is_type_atom
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.records import RecordGroup

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

# Type atoms whose values have one Python class, and the name of that class in compiled code.
CLASSES = {
    "integer_": " int",
    "number_": " float",
    "string_": " str",
    "list_": " List",
    "dictionary_": " Dictionary",
    "data_": " Record",
    "integers_": " Integers",
    "numbers_": " Numbers",
    "floats_": " Floats",
    "shorts_": " Shorts",
}
_LITERALS = {int: "integer_", float: "number_", str: "string_"}
DICTIONARIES = frozenset({"dictionary", "dictionary_i", "dictionary_n"})
SETS = frozenset({"set", "sets", "seti", "setn"})


def literal_type(value: Any) -> str | None:
    """The type atom of a literal in a pattern."""
    return _LITERALS.get(type(value))


class Matcher:
    """The patterns of one clause."""

    def __init__(self, r: Resolver) -> None:
        self.r = r
        # What is done in order: (node, whether it is a test).
        self.steps: list[tuple[Node, bool]] = []
        # The variables that the clause has bound so far, by their LispE names.
        self.names: dict[str, Variable] = {}
        # What is known of a variable's type, by the tests before.
        self.types: dict[Variable, str] = {}

    # -- steps -----------------------------------------------------------------------------------

    def test(self, node: Node) -> None:
        """The match goes on only when the node is true."""
        self.steps.append((node, True))

    def do(self, node: Node) -> None:
        self.steps.append((node, False))

    def around(self, body: Node) -> Node:
        """The node that does all steps, and then the body if every test held."""
        r, found = self.r, body
        index = len(self.steps)
        while index:
            end = index
            is_test = self.steps[index - 1][1]
            while index and self.steps[index - 1][1] is is_test:
                index -= 1
            nodes = [node for node, _ in self.steps[index:end]]
            if is_test:
                test = nodes[0] if len(nodes) == 1 else Logic(r.place, "and", nodes)
                found = If(r.place, test, found, r.nil())
            else:
                found = Block(r.place, [*nodes, found])
        return found

    def assign(self, value: Node) -> Variable:
        """A new variable with a value."""
        variable = self.r.temporary()
        self.do(self.r.bind(variable, value))
        return variable

    def saved(self, value: Node) -> Variable:
        return value.variable if isinstance(value, Read) else self.assign(value)

    def read(self, variable: Variable) -> Read:
        return self.r.read(variable)

    # -- variables -------------------------------------------------------------------------------

    def bind(self, name: str, value: Node) -> None:
        """Give a variable of the clause its value; a second time, the two must be equal."""
        r = self.r
        if name in self.names:
            self.test(r.helper(" equal", self.read(self.names[name]), value, kind="test"))
            return
        if isinstance(value, Read):
            variable = value.variable
        else:
            variable = r.binding(name)
            self.do(r.bind(variable, value))
        self.names[name] = variable
        r.scope = {**r.scope, name: variable}

    def variable(self, atom: Atom, value: Node) -> None:
        plain = Atom(atom.name[:-1]) if atom.name.endswith("@") and len(atom.name) > 1 else atom
        self.bind(self.r.check_variable(plain), value)

    # -- patterns --------------------------------------------------------------------------------

    def match(self, pattern: Any, subject: Node, span: Span | None = None) -> None:
        """Match one pattern against a value."""
        r, outer = self.r, self.r.place
        r.place = pattern.span if isinstance(pattern, Form) else span or outer
        try:
            self._match(pattern, subject)
        finally:
            r.place = outer

    def _match(self, pattern: Any, subject: Node) -> None:
        if pattern is None or pattern is TRUE:
            return
        if isinstance(pattern, Atom):
            self.variable(pattern, subject)
            return
        value = self.saved(subject)
        if not is_list(pattern):
            self._literal(pattern, value)
        elif not pattern:
            self.test(self.r.helper(" is empty", self.read(value), kind="test"))
        elif pattern[0] is QUOTE:
            self._quoted(pattern[1], value)
        elif not (isinstance(pattern[0], Atom) and self._named(pattern, pattern[0], value)):
            lists.match_list(self, pattern, value)

    def _literal(self, literal: Any, value: Variable) -> None:
        r, kind = self.r, literal_type(literal)
        if kind is None:
            self.test(r.helper(" equal", r.constant(literal), self.read(value), kind="test"))
            return
        if kind == "string_" and self.types.get(value) != kind:  # byte strings are texts too
            self.test(r.helper(" isinstance", self.read(value), Global(r.place, " str"), kind="test"))
        elif kind != "string_":
            self.require(kind, value)
        self.test(Python(r.place, "==", self.read(value), r.constant(literal)))

    def _quoted(self, form: Any, value: Variable) -> None:
        r = self.r
        if form is None or isinstance(form, Atom):
            self.test(Python(r.place, "is", self.read(value), r.constant(form)))
        elif is_list(form):
            self.test(r.helper(" equal", r.quoted(form), self.read(value), kind="test"))
        else:
            self.match(form, self.read(value))

    def _named(self, pattern: Any, head: Atom, value: Variable) -> bool:
        """A list whose head is the name of a type, record, class, container or function."""
        r, name = self.r, head.name
        found = r.declared(name)
        if record_of(found) is not None:
            self._record(pattern, value, "is", r.constant(head))
        elif isinstance(found, RecordGroup):
            self._record(pattern, value, "in", r.constant(found.members))
        elif hasattr(found, "lispe_fields"):
            self._instance(pattern, value, found)
        elif is_type_atom(name):
            self.require(name, value)
            if len(pattern) > 1:
                self.match(pattern[-1], self.read(value))
        elif name in DICTIONARIES:
            collections.match_dictionary(self, pattern, value)
        elif name in SETS:
            collections.match_set(self, pattern, value)
        elif is_guard(r, pattern):
            self.guard(pattern, value)
        else:
            return False
        return True

    def require(self, type_name: str, value: Variable) -> None:
        """The value must be exactly of a type."""
        if self.types.get(value) != type_name:
            self.test(type_test(self.r, type_name, self.read(value)))
            self.types[value] = type_name

    def item(self, value: Variable, index: int) -> Node:
        """An element of a list, by its position."""
        return Python(self.r.place, "[]", self.read(value), self.r.constant(index))

    def size_is(self, value: Variable, operation: str, count: int) -> None:
        """The list must have so many elements."""
        r = self.r
        self.test(Python(r.place, operation, Python(r.place, " len", self.read(value)), r.constant(count)))

    def _record(self, pattern: Any, value: Variable, operation: str, name: Node) -> None:
        r, size = self.r, len(pattern)
        if self.types.get(value) != "data_":
            self.test(r.helper(" isinstance", self.read(value), Global(r.place, " plain list"), kind="test"))
        self.size_is(value, "==", size)
        if operation == "in":  # what stands first in a list may be anything, also what no set can hold
            self.test(type_test(r, "atom_", self.item(value, 0)))
        self.test(Python(r.place, operation, self.item(value, 0), name))
        for index in range(1, size):
            if pattern[index] is not None:
                self.match(pattern[index], self.item(value, index), pattern.spans[index])

    def _instance(self, pattern: Any, value: Variable, cls: Any) -> None:
        r = self.r
        self.test(Python(r.place, "is", Python(r.place, " type", self.read(value)), r.constant(cls)))
        fields = self.assign(r.helper(" field values", self.read(value)))
        self.size_is(fields, "==", len(pattern) - 1)
        for index in range(1, len(pattern)):
            if pattern[index] is not None:
                self.match(pattern[index], self.item(fields, index - 1), pattern.spans[index])

    def guard(self, pattern: Any, value: Variable) -> None:
        """A call inside a pattern: its variable takes the value, then the call must be true."""
        self.bind(argument_of(self.r, pattern), self.read(value))
        self.test(guard_test(self.r, pattern))


def type_test(r: Resolver, type_name: str, value: Node) -> Node:
    """A test that the type of a value is exactly the one named."""
    cls = CLASSES.get(type_name)
    if cls is not None:
        return Python(r.place, "is", Python(r.place, " type", value), Global(r.place, cls))
    return Python(r.place, "is", Python(r.place, " type atom", value), r.constant(Atom(type_name)))
