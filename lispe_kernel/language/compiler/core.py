"""The compiler: forms to Python ast, one method a question that every special form asks.

`compile(form, destination)` is the whole of it: an atom is a variable, a constant is itself, a list is
a special form, a macro call, an inline function or a call. The special forms are in the files beside
this one and reach the compiler only through the methods here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from lispe_kernel.language.compiler.destinations import EFFECT, TAIL, VALUE, Destination, into
from lispe_kernel.language.compiler.emit import Emitter, only_arithmetic, stores_of
from lispe_kernel.language.compiler.inference import surviving
from lispe_kernel.language.compiler.instances import InstanceScope
from lispe_kernel.language.compiler.kinds import PLAIN_TRUTH, Kinds
from lispe_kernel.language.compiler.registry import NOT_INLINE, SpecialForm, inline_functions, special_forms
from lispe_kernel.language.compiler.scopes import Binding, PythonFunction, Signature, python_name
from lispe_kernel.language.errors import CompileError, Span
from lispe_kernel.language.forms import DOT, Form, as_data
from lispe_kernel.language.functions import Function
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List

# A nesting that no person writes; deeper forms would exhaust the stack of Python's own compiler.
DEEPEST = 1000

AT = Atom("at")


def is_table(form: list[Any]) -> bool:
    """`(@ (@ "k" v) ...)`: every argument is written as a pair with a literal string key."""
    return (
        form[0] is AT
        and len(form) > 1
        and all(
            isinstance(pair, list) and len(pair) == 3 and pair[0] is AT and isinstance(pair[1], str)
            for pair in form[1:]
        )
    )


class Context(Protocol):
    """What the compiler asks of the session."""

    macros: dict[str, Any]
    fixed: set[str]
    classes: dict[str, Any]

    def signature(self, name: str) -> Signature | None: ...

    def defined(self, name: str) -> bool: ...

    def declared(self, name: str) -> Any: ...

    def library(self, name: str) -> Function | None: ...

    def canonical(self, name: str) -> str: ...

    def use_library(self, name: str, space: str = "") -> None: ...


class Compiler(Kinds, Emitter):
    """Compiles the forms of one text for one session."""

    def __init__(self, context: Context, source: Source) -> None:
        super().__init__()
        self.context = context
        self.source = source
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
        self._depth = 0

    # -- errors ----------------------------------------------------------------------------------

    def error(self, text: str, span: Span | None = None) -> CompileError:
        span = span or self.place
        return CompileError(text, span=span, source=self.source.name, line_text=self.source.line(span.line))

    # -- entry -----------------------------------------------------------------------------------

    def value(self, form: Any, span: Span | None = None) -> ast.expr:
        """The form as an expression; statements it needs go into the current block."""
        found = self.compile(form, VALUE, span)
        assert found is not None
        return found

    def effect(self, form: Any, span: Span | None = None) -> None:
        """The form for its effect only."""
        self.compile(form, EFFECT, span)

    def compile(self, form: Any, destination: Destination, span: Span | None = None) -> ast.expr | None:
        outer = self.place
        if isinstance(form, Form):
            self.place = form.span if form.span.end_line or span is None else span
        elif span is not None:
            self.place = span
        self._depth += 1
        try:
            if self._depth > DEEPEST:
                raise self.error(f"Error: forms are nested more than {DEEPEST} deep here")
            if isinstance(form, Atom):
                return self.deliver(self.variable(form), destination)
            if isinstance(form, list):
                return self._list(form if isinstance(form, Form) else Form(form, self.place), destination)
            return self.deliver(self.literal(form), destination)
        finally:
            self._depth -= 1
            self.place = outer

    def deliver(self, expression: ast.expr, destination: Destination) -> ast.expr | None:
        """Send an expression where the value is wanted."""
        if destination is VALUE:
            return expression
        if destination is EFFECT:
            self.evaluate(expression)
        elif destination is TAIL:
            self.return_(expression)
        else:
            self.assign(destination.name, expression)
        return None

    def through(self, destination: Destination) -> tuple[Destination, str | None]:
        """A destination for statements: VALUE becomes a fresh variable, named second."""
        if destination is VALUE:
            name = self.function.temporary()
            return into(name), name
        return destination, None

    def result(self, name: str | None) -> ast.expr | None:
        """The value of a form compiled `through` a destination."""
        return None if name is None else self.name(name)

    def sequence(self, form: Form, start: int, destination: Destination) -> ast.expr | None:
        """The elements from `start` on, in order; the last one's value is delivered, else nil."""
        if start >= len(form):
            return self.deliver(self.nil(), destination)
        for index in range(start, len(form) - 1):
            self.effect(form[index], form.spans[index])
        return self.compile(form[-1], destination, form.spans[-1])

    @contextmanager
    def nested_block(self) -> Iterator[list[ast.stmt]]:
        """Collects the statements compiled inside it in a block of their own."""
        outer, self.block = self.block, []
        try:
            yield self.block
        finally:
            self.block = outer

    # -- arguments in order ----------------------------------------------------------------------

    def arguments(self, form: Form, start: int = 1) -> list[ast.expr]:
        """The elements from `start` on as expressions that may be evaluated from left to right."""
        found: list[ast.expr] = []
        for index in range(start, len(form)):
            with self.nested_block() as emitted:
                expression = self.value(form[index], form.spans[index])
            if emitted:
                self._protect(found, emitted)
                self.block.extend(emitted)
            found.append(expression)
        return found

    def _protect(self, expressions: list[ast.expr], emitted: list[ast.stmt]) -> None:
        """Keep the values of expressions that the statements to come could change or overtake."""
        if all(isinstance(e, ast.Constant) for e in expressions):
            return
        stores, quiet = stores_of(emitted), only_arithmetic(emitted)
        for index, expression in enumerate(expressions):
            if isinstance(expression, ast.Constant):
                continue
            if isinstance(expression, ast.Name) and expression.id not in stores:
                name = expression.id
                if quiet or name.startswith(" ") or self.is_private(name):
                    continue
            expressions[index] = self.saved(expression)

    def saved(self, expression: ast.expr) -> ast.expr:
        """The expression's value in a fresh variable."""
        kind = self.kind(expression)
        name = self.function.temporary()
        self.assign(name, expression)
        if kind:
            self._kinds[name] = kind
        return self.name(name)

    def simple(self, expression: ast.expr) -> ast.expr:
        """The expression itself if it can be written twice, else its saved value."""
        return expression if isinstance(expression, ast.Name | ast.Constant) else self.saved(expression)

    # -- tests -----------------------------------------------------------------------------------

    def test(self, form: Any, span: Span | None = None) -> ast.expr:
        """The form as a Python condition that is true exactly when LispE takes the value for true."""
        from lispe_kernel.language.compiler.forms.logic import compile_test

        return compile_test(self, form, span)

    def condition(self, expression: ast.expr) -> ast.expr:
        """A value as a Python condition."""
        if self.kind(expression) in PLAIN_TRUTH:
            return expression
        value = self.simple(expression)
        is_plain = self.compare(self.call(" type", value), [ast.In()], [self.name(" plain")])
        decided = self.choose(is_plain, value, self.call(" truth", value))
        # Most conditions are nil or true: two comparisons decide those.
        is_true = self.compare(value, [ast.Is()], [self.true()])
        is_something = self.compare(value, [ast.IsNot()], [self.nil()])
        return self.boolean(ast.And(), [is_something, self.boolean(ast.Or(), [is_true, decided])])

    def question(self, test: ast.expr) -> ast.expr:
        """A Python condition as LispE's answer, true or nil."""
        return self.known(self.choose(test, self.true(), self.nil()), "boolean")

    # -- constants and variables -----------------------------------------------------------------

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
            name = self._found_in_space(name)
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
        still = surviving(known, forms, (self.macros, self.context.macros))
        for name, python in visible.items():
            self._kinds[python] = still.get(name, "")

    # -- lists -----------------------------------------------------------------------------------

    def _list(self, form: Form, destination: Destination) -> ast.expr | None:
        if not form:
            return self.deliver(self.call(" list"), destination)
        if DOT in form[1:]:
            form = self._composed(form)
        head = form[0]
        if isinstance(head, Atom):
            if head.name in self.links:
                form = Form([Atom(self.links[head.name]), *form[1:]], form.span, form.spans)
                head = form[0]
            if self._is_infix_access(form):
                return self.compile(form.made(AT, head, *form[2:]), destination)
            found = special_forms.get(head.name)
            if found is not None:
                return self._special(found, form, destination)
            return self._named_call(head.name, form, destination)
        if isinstance(head, list):
            if len(form) >= 3 and form[1] is AT:
                return self.compile(form.made(AT, head, *form[2:]), destination)
            if self.classes or self.context.classes:
                from lispe_kernel.language.compiler.forms.creation import instance_call

                called = instance_call(self, form, destination)
                if called is not NOT_INLINE:
                    return called  # type: ignore[no-any-return]
            return self.deliver(self._computed_call(form), destination)
        raise self.error(f"Error: wrong function call: '{to_text(head)}' is not a function")

    def _is_infix_access(self, form: Form) -> bool:
        """`(table @ key)`: a bare operator in second place, and no function of the language in the first."""
        if len(form) < 3 or form[1] is not AT:
            return False
        name = form[0].name
        return name in self.bindings or not (name in special_forms or self.context.library(name) is not None)

    def _composed(self, form: Form) -> Form:
        """`(f a . g b)` is `(f a (g b))`; several dots nest to the right."""
        at = form.index(DOT, 1)
        following = form.rest(at + 1)
        if not following or following[0] is DOT:
            raise self.error("Error: two '.' in a row. Composition is impossible", form.spans[at])
        inner = self._composed(following) if DOT in following[1:] else following
        return Form([*form[:at], inner], form.span, [*form.spans[:at], form.span])

    def _special(self, special: SpecialForm, form: Form, destination: Destination) -> ast.expr | None:
        if not special.accepts(len(form) - 1):
            raise self.error(
                f"Error: Wrong number of arguments for: '{special.name}' (use {special.signature})"
            )
        found = special.compile(self, form, destination)
        assert found is None or isinstance(found, ast.expr)
        return found

    # -- calls -----------------------------------------------------------------------------------

    def _named_call(self, name: str, form: Form, destination: Destination) -> ast.expr | None:
        from lispe_kernel.language.compiler.forms.calls import compile_call
        from lispe_kernel.language.compiler.forms.creation import compile_creation, instance_call
        from lispe_kernel.language.compiler.forms.macros import expand

        if self.classes or self.context.classes:
            found = instance_call(self, form, destination)
            if found is not NOT_INLINE:
                return found  # type: ignore[no-any-return]
        if name in self.bindings:
            return self.deliver(self._computed_call(form), destination)
        if self.space or self.thread:
            name = self._found_in_space(name)
        if self.instance is not None and self.instance.calls(name):
            return self.instance.call(self, form, destination)
        cls = self.classes.get(name) or self.context.classes.get(name)
        if cls is not None:
            return compile_creation(self, cls, form, destination)
        macro = self.macros.get(name) or self.context.macros.get(name)
        if macro is not None:
            return self.compile(expand(self, macro, form), destination)
        if self.user_defined(name):
            return compile_call(self, name, form, destination)
        inliner = inline_functions.get(name)
        entry = self.context.library(name)
        if entry is not None and not entry.accepts(len(form) - 1) and not is_table(form):
            raise self.error(f"Error: Wrong number of arguments for: '{name}' (use {entry.signature})")
        if inliner is not None:
            found = inliner(self, form, destination)
            if found is not NOT_INLINE:
                return found  # type: ignore[no-any-return]
        return compile_call(self, name, form, destination, entry)

    def _found_in_space(self, name: str) -> str:
        from lispe_kernel.language.compiler.forms.spaces import found_in_space

        return found_in_space(self, name)

    def user_defined(self, name: str) -> bool:
        """Whether a name in head position means something of the user's, not of the library."""
        if name in self.signatures or name == self.function.frame.name:
            return True
        frame = self.function.frame
        return self.context.defined(name) or (frame.kind == "defun" and name in frame.assigned)

    def _computed_call(self, form: Form) -> ast.expr:
        function, *arguments = self.arguments(form, 0)
        return self.call(function, *arguments)
