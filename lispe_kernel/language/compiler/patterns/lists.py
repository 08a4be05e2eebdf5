"""List patterns: element by element, `$ rest`, and the Kleene marks `*` `+` `%`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.patterns.guards import KLEENE, argument_of, compile_guard, is_guard
from lispe_kernel.language.compiler.scopes import Binding
from lispe_kernel.language.forms import QUOTE, as_data, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.patterns.clauses import Matcher

REST = Atom("$")


def match_list(m: Matcher, pattern: Any, value: ast.Name) -> None:
    """Match a list of any kind against a list of patterns."""
    subject = _subject(m, value)
    rest_at = len(pattern) - 2 if len(pattern) >= 2 and pattern[-2] is REST else None
    if REST in pattern and (rest_at is None or pattern.index(REST) != rest_at):
        raise m.c.error("Error: '$' must stand before the last element of a list pattern")
    if any(_kleene(m, pattern, index) for index in range(len(pattern))):
        _match_repeated(m, pattern, subject, rest_at)
    else:
        _match_fixed(m, pattern, subject, rest_at)


def _subject(m: Matcher, value: ast.Name) -> ast.Name:
    """The value if it is a list; a plain one as it is, at the price of one test."""
    c = m.c
    if m.types.get(value.id) == "list_":
        return value
    is_plain = c.compare(c.call(" type", value), [ast.Is()], [c.name(" List")])
    subject = m.assign(c.function.temporary(), c.choose(is_plain, value, c.call(" list subject", value)))
    m.test(c.compare(subject, [ast.IsNot()], [c.nil()]))
    return subject


def _match_fixed(m: Matcher, pattern: Any, subject: ast.Name, rest_at: int | None) -> None:
    c, count = m.c, len(pattern) if rest_at is None else rest_at
    least = count - 1 if count and pattern[count - 1] is None else count
    size = c.call(" len", subject)
    if rest_at is not None:
        m.test(c.compare(size, [ast.GtE()], [c.constant(least)]))
    elif least == count:
        m.test(c.compare(size, [ast.Eq()], [c.constant(count)]))
    else:
        m.test(c.compare(c.constant(least), [ast.LtE(), ast.LtE()], [size, c.constant(count)]))
    for index in range(count):
        if pattern[index] is not None:
            m.match(pattern[index], c.subscript(subject, c.constant(index)), pattern.spans[index])
    if rest_at is not None and pattern[-1] is not None:
        m.match(pattern[-1], rest(m, subject, c.constant(count)), pattern.spans[-1])


def rest(m: Matcher, subject: ast.Name, start: ast.expr) -> ast.expr:
    """The elements of a list from `start` on, in a list of the same kind."""
    c = m.c
    plain = c.call(" List", c.subscript(subject, ast.copy_location(ast.Slice(start, None, None), c.nil())))
    if m.types.get(subject.id) == "list_":
        return plain
    is_plain = c.compare(c.call(" type", subject), [ast.Is()], [c.name(" List")])
    return c.choose(is_plain, plain, c.call(" rest of", subject, start))


# -- Kleene marks -------------------------------------------------------------------------------------


def _kleene(m: Matcher, pattern: Any, index: int) -> str:
    """The mark of the element at an index, or an empty text."""
    item = pattern[index]
    if isinstance(item, Atom) and len(item.name) > 1 and item.name[-1] in KLEENE:
        return item.name[-1]
    follows = pattern[index + 1] if index + 1 < len(pattern) else None
    if is_list(item) and isinstance(follows, Atom) and follows.name in KLEENE:
        if not is_guard(m.c, item):
            raise m.c.error("Error: The Kleene operators (*+%) can only apply to a function call")
        return follows.name
    return ""


def _match_repeated(m: Matcher, pattern: Any, subject: ast.Name, rest_at: int | None) -> None:
    c = m.c
    at = m.assign(c.function.temporary(), c.constant(0))
    size = m.assign(c.function.temporary(), c.call(" len", subject))
    end, index = len(pattern) if rest_at is None else rest_at, 0
    walk = _Walk(m, subject, at, size)
    while index < end:
        item, mark = pattern[index], _kleene(m, pattern, index)
        if mark and is_list(item):
            walk.guarded(item, mark)
            index += 2
            continue
        if mark:
            follows = pattern[index + 1 : end]
            walk.until(Atom(item.name[:-1]), mark, follows[0] if follows else _END)
        else:
            walk.single(item)
        index += 1
    if rest_at is None:
        m.test(c.compare(at, [ast.Eq()], [size]))
    elif pattern[-1] is not None:
        m.match(pattern[-1], rest(m, subject, at))


_END = object()


class _Walk:
    """A position that moves along a list while its patterns are compiled."""

    def __init__(self, m: Matcher, subject: ast.Name, at: ast.Name, size: ast.Name) -> None:
        self.m, self.c, self.subject, self.at, self.size = m, m.c, subject, at, size

    def _is_left(self) -> ast.expr:
        return self.c.compare(self.at, [ast.Lt()], [self.size])

    def _element(self) -> ast.expr:
        return self.c.subscript(self.subject, self.at)

    def _advance(self) -> None:
        c = self.c
        c.assign(self.at.id, c.binary(self.at, ast.Add(), c.constant(1)))

    def _from(self, start: ast.Name) -> ast.expr:
        piece = ast.copy_location(ast.Slice(start, self.at, None), self.c.nil())
        return self.c.call(" List", self.c.subscript(self.subject, piece))

    def _start(self) -> ast.Name:
        return self.m.assign(self.c.function.temporary(), self.at)

    def single(self, pattern: Any) -> None:
        """One element that matches; `_` also matches a missing one."""
        m, c = self.m, self.c
        if pattern is None:
            m.open()
            with c.nested_block() as step:
                self._advance()
            c.if_(self._is_left(), step, [])
            return
        m.test(self._is_left())
        element = m.assign(c.function.temporary(), self._element())
        self._advance()
        m.match(pattern, element)

    def until(self, name: Atom, mark: str, delimiter: Any) -> None:
        """Elements up to the delimiter, which is compared and never bound."""
        m, c = self.m, self.c
        if mark == "%":
            self._optional(name, lambda: c.negate(self._is(delimiter)))
            return
        start = self._start()
        if mark == "+":
            m.test(self._is_left())
            m.open()
            self._advance()
        if delimiter is _END:
            m.open()
            c.assign(self.at.id, self.size)
        else:
            with c.nested_block() as step:
                self._advance()
            go_on = c.boolean(ast.And(), [self._is_left(), c.negate(self._is(delimiter))])
            m.open()
            c.while_(go_on, step)
        m.variable(name, self._from(start))

    def _is(self, delimiter: Any) -> ast.expr:
        """Whether the element here is the delimiter."""
        c = self.c
        if delimiter is None:
            return c.constant(True)
        if is_list(delimiter) and len(delimiter) == 2 and delimiter[0] is QUOTE:
            delimiter = delimiter[1]
        constant = as_data(delimiter) if is_list(delimiter) else delimiter
        return c.call(" equal", c.constant(constant), self._element())

    def _optional(self, name: Atom, test: Callable[[], ast.expr]) -> None:
        """One element if the test says so, else nil."""
        m, c = self.m, self.c
        m.open()
        found = c.function.temporary()
        c.assign(found, c.nil())
        with c.nested_block() as taken:
            element = test()
            with c.nested_block() as step:
                c.assign(found, self._element())
                self._advance()
            c.if_(element, step, [])
        c.if_(self._is_left(), taken, [])
        m.variable(name, c.name(found))

    def guarded(self, guard: Any, mark: str) -> None:
        """Consecutive elements that satisfy a guard, as many as there are."""
        m, c = self.m, self.c
        variable = argument_of(c, guard)
        if mark == "%":
            self._optional(Atom(variable), lambda: self._holds(guard, variable))
            return
        start = self._start()
        m.open()
        with c.nested_block() as body:
            holds = self._holds(guard, variable)
            with c.nested_block() as stop:
                c.break_()
            c.if_(c.negate(holds), stop, [])
            self._advance()
        c.while_(self._is_left(), body)
        if mark == "+":
            m.test(c.compare(self.at, [ast.Gt()], [start]))
        m.bind(variable, self._from(start))

    def _holds(self, guard: Any, variable: str) -> ast.expr:
        """Whether the element here satisfies the guard."""
        c, outer = self.c, self.c.bindings
        python = c.function.rename(variable)
        c.assign(python, self._element())
        c.bindings = {**outer, variable: Binding(python, c.function)}
        try:
            return compile_guard(c, guard)
        finally:
            c.bindings = outer
