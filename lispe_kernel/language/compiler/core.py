"""The compiler: forms to Python ast, one method a question that every special form asks.

`compile(form, destination)` is the whole of it: an atom is a variable, a constant is itself, a list is
a special form, a macro call, an inline function or a call. The special forms are in the files beside
this one and reach the compiler only through the methods here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.calls import compile_call
from lispe_kernel.language.compiler.destinations import EFFECT, TAIL, VALUE, Destination, into
from lispe_kernel.language.compiler.emit import only_arithmetic, stores_of
from lispe_kernel.language.compiler.expand import expanded
from lispe_kernel.language.compiler.instance_calls import compile_creation, instance_call
from lispe_kernel.language.compiler.kinds import PLAIN_TRUTH
from lispe_kernel.language.compiler.macro_calls import replacement
from lispe_kernel.language.compiler.registry import (
    NOT_INLINE,
    SpecialForm,
    inline_functions,
    special_forms,
    tests,
)
from lispe_kernel.language.compiler.variables import Variables
from lispe_kernel.language.forms import AT, Form, head, is_table
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.context import Context
    from lispe_kernel.language.errors import Span
    from lispe_kernel.language.source import Source

# A nesting that no person writes; deeper forms would exhaust the stack of Python's own compiler.
DEEPEST = 1000


class Compiler(Variables):
    """Compiles the forms of one text for one session."""

    def __init__(self, context: Context, source: Source) -> None:
        super().__init__(context, source)
        self._depth = 0

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
        if not isinstance(form, list):
            if form is None or form is TRUE or isinstance(form, int | float | str):
                return self.constant(bool(form) if form is not TRUE else True)
            return self.condition(self.value(form, span))
        name = head(form)
        test = tests.get(name.name) if name is not None else None
        if test is None or name is None or name.name in self.bindings or self.user_defined(name.name):
            return self.condition(self.value(form, span))
        entry = special_forms.get(name.name) or self.context.library(name.name)
        if entry is None or not entry.accepts(len(form) - 1):
            return self.condition(self.value(form, span))  # which says what is wrong with the arity
        outer = self.place
        placed = form if isinstance(form, Form) else Form(form, self.place)
        self.place = placed.span
        try:
            return test(self, placed)
        finally:
            self.place = outer

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

    # -- lists -----------------------------------------------------------------------------------

    def _list(self, form: Form, destination: Destination) -> ast.expr | None:
        if not form:
            return self.deliver(self.call(" list"), destination)
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

    def _special(self, special: SpecialForm, form: Form, destination: Destination) -> ast.expr | None:
        wrong = special.misfit(form)
        if wrong:
            raise self.error(wrong)
        found = special.compile(self, form, destination)
        assert found is None or isinstance(found, ast.expr)
        return found

    # -- calls -----------------------------------------------------------------------------------

    def _named_call(self, name: str, form: Form, destination: Destination) -> ast.expr | None:
        if self.classes or self.context.classes:
            found = instance_call(self, form, destination)
            if found is not NOT_INLINE:
                return found  # type: ignore[no-any-return]
        if name in self.bindings:
            return self.deliver(self._computed_call(form), destination)
        if self.space or self.thread:
            name = self.found_in_space(name)
        if self.instance is not None and self.instance.calls(name):
            return self.instance.call(self, form, destination)
        cls = self.classes.get(name) or self.context.classes.get(name)
        if cls is not None:
            return compile_creation(self, cls, form, destination)
        macro = self.macros.get(name) or self.context.macros.get(name)
        if macro is not None:
            return self.compile(expanded(self, replacement(self, macro, form)), destination)
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

    def _computed_call(self, form: Form) -> ast.expr:
        function, *arguments = self.arguments(form, 0)
        return self.call(function, *arguments)
