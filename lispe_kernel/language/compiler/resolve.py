"""The stage `resolve`: forms to the tree of `tree.py`, in which every variable is one object.

It takes for granted what `expand.py` promises: composition by `.` is gone from code. It promises that each
node means what its form means whatever stands around it: names are bound to `Variable` objects (who owns
them, captures them, assigns them), calls know what they call as far as the text tells, arity and shape are
checked. A name that only the end of its function explains is a `Name` node until then.

Special forms and the files beside this one reach the resolver only through the methods here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lispe_kernel.language.compiler.calls import computed_call, named_call
from lispe_kernel.language.compiler.context import Context
from lispe_kernel.language.compiler.instances import InstanceScope, instance_call
from lispe_kernel.language.compiler.meanings import Meanings, linked
from lispe_kernel.language.compiler.statements import Assign, Target, ToFound, ToGlobal, ToVariable
from lispe_kernel.language.compiler.tree import (
    Block,
    Constant,
    Global,
    Helper,
    Name,
    Node,
    Python,
    Quoted,
    Read,
)
from lispe_kernel.language.compiler.variables import Function, Signature, Variable, python_name
from lispe_kernel.language.errors import CompileError, Span, UnknownNameError
from lispe_kernel.language.forms import AT, Form, as_data, is_list
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.reader import NIL_NAMES
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import SpecialForm, special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom

# A nesting that no person writes; deeper forms would exhaust the stack of Python's own compiler.
DEEPEST = 1000


def shared(name: str) -> str:
    """The global that holds a variable of a threadspace."""
    return f" shared {name}"


class Resolver(Meanings):
    """Resolves the forms of one text for one session."""

    def __init__(self, context: Context, source: Source, evaluated: Mapping[str, Any] | None = None) -> None:
        self.context = context
        self.evaluated = evaluated  # what the code that `eval` runs sees: a lambda has it for parameters
        self.source = source
        self.place = Span(1, 0, 1, 0)
        self.function = Function("top", source.name, self.place)
        # Lexical variables by name, and how many loops stand around this place in its function.
        self.scope: dict[str, Variable] = {}
        self.loops = 0
        # Definitions met so far in this text: name -> signature, -> form as data; what the unit collects.
        self.signatures, self.sources = dict[str, Signature](), dict[str, Any]()
        self.definitions: list[Any] = []
        self.macros: dict[str, Any] = {}
        self.fixed: set[str] = set()
        self.links: dict[str, str] = {}
        # Records and classes of this text, and what is built when the text has been read.
        self.declarations, self.finishers = dict[str, Any](), dict[str, Any]()
        # Globals that the text assigns at its top level or by setg; of these, what functions alone assign.
        self.globals_here, self.perhaps = set[str](), set[str]()
        self.classes: dict[str, Any] = {}
        # The lambdas that were written as texts: forms, kept for their identity, and these texts.
        self.texts: dict[int, tuple[Form, str]] = {}
        # The instance that is current here, and the class that `withclass` names.
        self.instance: InstanceScope | None = None
        self.with_class: Any = None
        self.guesses = 0  # how many calls around this place may be of an instance whose class is not known
        # The current name space and thread body, the functions of theirs that are still to come.
        self.space, self.thread = (evaluated or {}).get(" space", ""), ""
        self.announced: set[str] = set()
        self.in_threadspace = False
        self.twice = 0  # how many nodes of this text have been given a second body
        self._depth = 0
        self._bindings = 0
        self._valueless: list[Variable] = []

    # -- errors ----------------------------------------------------------------------------------

    def error(self, text: str, span: Span | None = None) -> CompileError:
        span = span or self.place
        return CompileError(text, span=span, source=self.source.name, line_text=self.source.line(span.line))

    def unknown(self, text: str, span: Span | None = None) -> CompileError:
        """The error for a class or space that is not known here."""
        found = self.error(text, span)
        return UnknownNameError(text, span=found.span, source=found.source, line_text=found.line_text)

    # -- forms -----------------------------------------------------------------------------------

    def node(self, form: Any, span: Span | None = None) -> Node:
        """A form as a node. `span`: where it stands, for what does not know it."""
        outer = self.place
        kind = type(form)
        if kind is Form:
            self.place = form.span if form.span.end_line or span is None else span
        elif span is not None:
            self.place = span
        self._depth += 1
        try:
            if self._depth > DEEPEST:
                raise self.error(f"Error: forms are nested more than {DEEPEST} deep here")
            if kind is Form:
                return self._list(form)
            if kind is Atom:
                return self.name(form)
            return Constant(self.place, form)
        finally:
            self._depth -= 1
            self.place = outer

    def sequence(self, form: Form, start: int) -> Node:
        """The elements from `start` on, in order; nil when there is none."""
        count = len(form) - start
        if count == 1:
            return self.node(form[start], form.spans[start])
        if count < 1:
            return self.nil()
        place = self.place
        return Block(place, [self.node(form[i], form.spans[i]) for i in range(start, len(form))])

    def arguments(self, form: Form, start: int = 1) -> list[Node]:
        """The elements from `start` on, each a node."""
        node = self.node
        return [node(part, span) for part, span in zip(form[start:], form.spans[start:], strict=False)]

    def _list(self, form: Form) -> Node:
        if not form:
            return Helper(self.place, " list", (), "list", quiet=True)
        head = form[0]
        if type(head) is Atom:
            # It may have been linked after the text was read, or be an atom that a program made.
            written = head.name
            name = self.links.get(written) or self.context.canonical(written)
            if name != head.name:
                form, head = Form([Atom(name), *form[1:]], form.span, form.spans), Atom(name)
            if self._is_infix_access(form):
                return self.node(form.made(AT, head, *form[2:]))
            found = special_forms.get(name)
            if found is not None and not (found.hidden and self.is_own(written)):
                return self._special(found, form)
            return named_call(self, name, form)
        if isinstance(head, list):
            if len(form) >= 3 and form[1] is AT:
                return self.node(form.made(AT, head, *form[2:]))
            called = instance_call(self, form)
            if called is not None:
                return called
            return computed_call(self, form)
        raise self.error(f"Error: wrong function call: '{to_text(head)}' is not a function")

    def _is_infix_access(self, form: Form) -> bool:
        """`(table @ key)`: a bare operator in second place, and no function of the language in the first."""
        if len(form) < 3 or form[1] is not AT:
            return False
        name = form[0].name
        return self.is_own(name) or not (name in special_forms or self.context.library(name) is not None)

    def _special(self, special: SpecialForm, form: Form) -> Node:
        wrong, span = special.misfit(form)
        if wrong:
            raise self.error(wrong, span)
        found = special.resolve(self, form)
        assert isinstance(found, Node)
        return found

    # -- values ----------------------------------------------------------------------------------

    def nil(self) -> Node:
        return Constant(self.place, None)

    def true(self) -> Node:
        return Constant(self.place, TRUE)

    def constant(self, value: Any) -> Node:
        return Constant(self.place, value)

    def helper(self, name: str, *arguments: Node, kind: str = "", quiet: bool = True) -> Helper:
        return Helper(self.place, name, arguments, kind, quiet=quiet)

    def tuple(self, nodes: list[Node]) -> Node:
        return Python(self.place, "()", *nodes)

    def quoted(self, form: Any) -> Node:
        """A quoted form as a value."""
        if is_list(form):
            return Quoted(self.place, linked(as_data(form), self.links))
        return Constant(self.place, linked(form, self.links))

    # -- names that are read ---------------------------------------------------------------------

    def name(self, atom: Atom) -> Node:
        """The value of a variable, or of a function or operator that is named without a call."""
        name = atom.name
        if atom is TRUE:
            return Constant(self.place, TRUE)
        variable = self.scope.get(name)
        if variable is not None:
            return self.read(variable)
        linked = self.links.get(name) or self.context.canonical(name)
        if linked != name:
            return self.nil() if linked in NIL_NAMES else self.name(Atom(linked))
        frame = self.function.frame
        if self.in_threadspace and self._is_shared(name):
            return Global(self.place, shared(name))
        if self.instance is not None:
            field = self.instance.variable_node(self, name)
            if field is not None:
                return field
        if (self.space or self.thread) and name not in frame.variables:
            name = self.found_in_space(name)
        if frame.kind == "defun" and (name in frame.variables or not (" " in name or self.is_keyword(name))):
            if name not in frame.variables and not self.context.defined(name):
                self.global_name(name)  # loads a library, refuses what can never be a variable
            return self.pending(name)
        return self.global_name(name)

    def read(self, variable: Variable) -> Read:
        if variable in self._valueless and self.function is variable.owner:
            raise self.error(f"Error: in a default value, '{variable.name}' has no value yet")
        self.function.uses(variable)
        return Read(self.place, variable)

    def pending(self, name: str, base: Any = None, *, writes: bool = False) -> Name:
        """A name whose meaning the end of the frame tells."""
        node = Name(self.place, name, base)
        frame = self.function.frame
        if frame.kind == "defun":
            frame.names.append((node, self.function, writes))
        return node

    def global_name(self, name: str) -> Node:
        """A global: a variable, a function; an operator named without a call is its atom."""
        if not self.context.defined(name) and name not in self.signatures and name not in self.globals_here:
            entry = self.context.library(name)
            if name in special_forms or (entry is not None and entry.keyword):
                if not name[0].isalpha() or name in ("and", "or", "xor"):
                    return Constant(self.place, Atom(name))
                hint = "" if name in special_forms else f" (write '{name} to pass it as a function)"
                raise self.error(f"Error: cannot evaluate this instruction: '{name}'{hint}")
        return Global(self.place, python_name(name))

    def declare(self, name: str, value: Any, signature: Signature | None = None) -> None:
        """Note a record or class: the name means it from here on."""
        self.declarations[name] = value
        if signature is not None:
            self.signatures[name] = signature

    # -- names that are assigned -----------------------------------------------------------------

    def check_variable(self, target: Any, span: Span | None = None) -> str:
        """The name of a variable that may be assigned."""
        if not isinstance(target, Atom):
            raise self.error(f"Error: Invalid variable name: '{to_text(target)}'", span)
        name = target.name
        if target is TRUE or self.is_reserved(name):
            word = self.source.written(name, span)
            raise self.error(f"Error: Invalid variable name: '{word}' (keyword)", span)
        if name in self.fixed or name in self.context.fixed:
            raise self.error(f"Error: '{name}' is a constant value", span)
        return name

    def target(self, name: str) -> Target:
        """Where `setq` of a name stores: a lexical variable, one of the frame, at top level a global."""
        variable = self.scope.get(name)
        if variable is not None and self._is_seen(variable):
            return ToGlobal(python_name(name), direct=False)
        if variable is None:
            if self.in_threadspace and self._is_shared(name):
                return self.shared_target(name)
            frame = self.function.frame
            if frame.kind == "top":
                python = python_name(name)
                self.function.globals.add(python)
                self.globals_here.add(name)
                self.perhaps.discard(name)
                return ToGlobal(python, direct=True)
            variable = frame.variables.get(name)
            if variable is None:
                # Beside a word as a variable the instruction is still called.
                python = f"{name} 0" if self.is_keyword(name) else python_name(name)
                variable = frame.variables[name] = Variable(name, python, frame)
        self.function.uses(variable, writes=True)
        return ToVariable(variable)

    def found_target(self, name: str) -> Target:
        """Where an in-place operator stores: what has the name, local, field or global."""
        if name in self.scope:
            return self.target(name)
        if self.function.frame.kind == "top":
            field = self.instance.target(self, name) if self.instance is not None else None
            return field or self.target(name)
        if self.in_threadspace and self._is_shared(name):
            return self.shared_target(name)
        base: Target = ToGlobal(python_name(name), direct=False)
        if self.instance is not None:
            base = self.instance.target(self, name) or base
        return ToFound(self.pending(name, writes=True), base)

    def _is_seen(self, variable: Variable) -> bool:
        """Whether the function that evaluates this text has the variable: it is seen, not assigned."""
        parent = variable.owner.parent
        return bool(self.evaluated) and variable.parameter and parent is not None and parent.kind == "top"

    def _is_shared(self, name: str) -> bool:
        """Whether a name means a variable that threads share; nearer ones hide it."""
        if not (shared(name) in self.announced or self.context.defined(shared(name))):
            return False
        return name not in self.function.frame.variables and not self.context.defined(name)

    def shared_target(self, name: str) -> Target:
        """A variable that all threads share as the target of an assignment."""
        self.announced.add(shared(name))
        return ToGlobal(shared(name), direct=False)

    # -- variables of the compiler's own ---------------------------------------------------------

    def binding(self, name: str) -> Variable:
        """A new lexical variable of the current function."""
        self._bindings += 1
        return Variable(name, f"{name} {self._bindings}", self.function, turning=self.loops > 0)

    def temporary(self) -> Variable:
        """A new variable that no program can name; lambdas may keep it."""
        return self.binding("")

    def bind(self, variable: Variable, value: Node) -> Node:
        """The node that gives a new variable its value."""
        return Assign(self.place, ToVariable(variable, binds=True), value)

    def assign(self, target: Target, value: Node, *, gives: bool = False) -> Node:
        return Assign(self.place, target, value, gives=gives)

    @contextmanager
    def scoped(self, variables: dict[str, Variable]) -> Iterator[None]:
        """Lexical variables by name, for a while."""
        outer = self.scope
        self.scope = {**outer, **variables}
        try:
            yield
        finally:
            self.scope = outer

    @contextmanager
    def without(self, parameters: list[Variable]) -> Iterator[None]:
        """A default value: these parameters of the function have no values yet."""
        outer, self._valueless = self._valueless, parameters
        try:
            yield
        finally:
            self._valueless = outer

    @contextmanager
    def in_loop(self) -> Iterator[None]:
        """The forms of a loop: what is bound in them is bound anew in each turn."""
        self.loops += 1
        self.function.loops = True
        try:
            yield
        finally:
            self.loops -= 1

    @contextmanager
    def inside(self, function: Function) -> Iterator[None]:
        """Resolve the forms of another function for a while."""
        outer = (self.function, self.scope, self.loops, self.instance)
        self.function, self.loops = function, 0
        if function.kind != "lambda":
            self.scope, self.instance = {}, function.instance
        try:
            yield
        finally:
            self.function, self.scope, self.loops, self.instance = outer
        if function.kind != "lambda":
            end_frame(function)


def end_frame(frame: Function) -> None:
    """Give the names that waited for the end of a frame their variables."""
    for node, function, writes in frame.names:
        variable = frame.variables.get(node.text)
        if variable is not None:
            node.variable = variable
            function.uses(variable, writes=writes)
    for seen in frame.seen:
        seen.names = list(frame.variables.values())
        for variable in seen.names:
            seen.function.uses(variable)
