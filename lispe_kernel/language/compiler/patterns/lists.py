"""List patterns: element by element, `$ rest`, and the Kleene marks `*` `+` `%`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.patterns.guards import KLEENE, argument_of, guard_test, is_guard
from lispe_kernel.language.compiler.statements import Break, ToVariable, While
from lispe_kernel.language.compiler.tree import Block, Global, If, Logic, Node, Python
from lispe_kernel.language.compiler.variables import Variable
from lispe_kernel.language.forms import QUOTE, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.patterns.clauses import Matcher

REST = Atom("$")


def match_list(m: Matcher, pattern: Any, value: Variable) -> None:
    """Match a list of any kind against a list of patterns."""
    subject = _subject(m, value)
    rest_at = len(pattern) - 2 if len(pattern) >= 2 and pattern[-2] is REST else None
    if REST in pattern and (rest_at is None or pattern.index(REST) != rest_at):
        raise m.r.error("Error: '$' must stand before the last element of a list pattern")
    if any(_kleene(m, pattern, index) for index in range(len(pattern))):
        _match_repeated(m, pattern, subject, rest_at)
    else:
        _match_fixed(m, pattern, subject, rest_at)


def _is_plain(m: Matcher, value: Variable) -> Node:
    place = m.r.place
    return Python(place, "is", Python(place, " type", m.read(value)), Global(place, " List"))


def _subject(m: Matcher, value: Variable) -> Variable:
    """The value if it is a list; a plain one as it is, at the price of one test."""
    r = m.r
    if m.types.get(value) == "list_":
        return value
    any_list = r.helper(" list subject", m.read(value))
    subject = m.assign(If(r.place, _is_plain(m, value), m.read(value), any_list))
    m.test(Python(r.place, "is not", m.read(subject), r.nil()))
    return subject


def _match_fixed(m: Matcher, pattern: Any, subject: Variable, rest_at: int | None) -> None:
    r, count = m.r, len(pattern) if rest_at is None else rest_at
    least = count - 1 if count and pattern[count - 1] is None else count
    if rest_at is not None:
        m.size_is(subject, ">=", least)
    elif least == count:
        m.size_is(subject, "==", count)
    else:
        m.size_is(subject, ">=", least)
        m.size_is(subject, "<=", count)
    for index in range(count):
        if pattern[index] is not None:
            m.match(pattern[index], m.item(subject, index), pattern.spans[index])
    if rest_at is not None and pattern[-1] is not None:
        m.match(pattern[-1], _rest(m, subject, r.constant(count)), pattern.spans[-1])


def _rest(m: Matcher, subject: Variable, start: Node) -> Node:
    """The elements of a list from `start` on, in a list of the same kind."""
    r = m.r
    plain = r.helper(" List", Python(r.place, "[:]", m.read(subject), start), kind="list")
    if m.types.get(subject) == "list_":
        return plain
    return If(r.place, _is_plain(m, subject), plain, r.helper(" rest of", m.read(subject), start))


# -- Kleene marks -------------------------------------------------------------------------------------


def _kleene(m: Matcher, pattern: Any, index: int) -> str:
    """The mark of the element at an index, or an empty text."""
    item = pattern[index]
    if isinstance(item, Atom) and len(item.name) > 1 and item.name[-1] in KLEENE:
        return item.name[-1]
    follows = pattern[index + 1] if index + 1 < len(pattern) else None
    if is_list(item) and isinstance(follows, Atom) and follows.name in KLEENE:
        if not is_guard(m.r, item):
            raise m.r.error("Error: The Kleene operators (*+%) can only apply to a function call")
        return follows.name
    return ""


def _match_repeated(m: Matcher, pattern: Any, subject: Variable, rest_at: int | None) -> None:
    r = m.r
    walk = _Walk(m, subject)
    end, index = len(pattern) if rest_at is None else rest_at, 0
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
        m.test(Python(r.place, "==", m.read(walk.at), m.read(walk.size)))
    elif pattern[-1] is not None:
        m.match(pattern[-1], _rest(m, subject, m.read(walk.at)))


_END = object()


class _Walk:
    """A position that moves along a list while its patterns are resolved."""

    def __init__(self, m: Matcher, subject: Variable) -> None:
        self.m, self.r, self.subject = m, m.r, subject
        self.at = self._counter(m.r.constant(0))
        self.size = m.assign(Python(m.r.place, " len", m.read(subject)))

    def _counter(self, start: Node) -> Variable:
        variable = self.r.binding("at")
        self.m.do(self.r.bind(variable, start))
        return variable

    def _is_left(self) -> Node:
        return Python(self.r.place, "<", self.m.read(self.at), self.m.read(self.size))

    def _element(self) -> Node:
        return Python(self.r.place, "[]", self.m.read(self.subject), self.m.read(self.at))

    def _move(self, to: Node) -> Node:
        self.r.function.uses(self.at, writes=True)
        return self.r.assign(ToVariable(self.at), to)

    def _advance(self) -> Node:
        return self._move(Python(self.r.place, "+", self.m.read(self.at), self.r.constant(1)))

    def _from(self, start: Variable) -> Node:
        read = self.m.read
        piece = Python(self.r.place, "[:]", read(self.subject), read(start), read(self.at))
        return self.r.helper(" List", piece, kind="list")

    def single(self, pattern: Any) -> None:
        """One element that matches; `_` also matches a missing one."""
        m, r = self.m, self.r
        if pattern is None:
            m.do(If(r.place, self._is_left(), self._advance(), r.nil()))
            return
        m.test(self._is_left())
        element = m.assign(self._element())
        m.do(self._advance())
        m.match(pattern, m.read(element))

    def until(self, name: Atom, mark: str, delimiter: Any) -> None:
        """Elements up to the delimiter, which is compared and never bound."""
        m, r = self.m, self.r
        if mark == "%":
            self._optional(name, Logic(r.place, "not", [self._is(delimiter)]))
            return
        start = m.assign(m.read(self.at))
        if mark == "+":
            m.test(self._is_left())
            m.do(self._advance())
        if delimiter is _END:
            m.do(self._move(m.read(self.size)))
        else:
            differs = Logic(r.place, "not", [self._is(delimiter)])
            m.do(While(r.place, Logic(r.place, "and", [self._is_left(), differs]), self._advance()))
        m.variable(name, self._from(start))

    def _is(self, delimiter: Any) -> Node:
        """Whether the element here is the delimiter."""
        r = self.r
        if delimiter is None:
            return r.true()
        if is_list(delimiter) and len(delimiter) == 2 and delimiter[0] is QUOTE:
            delimiter = delimiter[1]
        return r.helper(" equal", r.quoted(delimiter), self._element(), kind="test")

    def _optional(self, name: Atom, test: Node) -> None:
        """One element if the test says so, else nil."""
        m, r = self.m, self.r
        found = self._counter(r.nil())
        r.function.uses(found, writes=True)
        taken = Block(r.place, [r.assign(ToVariable(found), self._element()), self._advance()])
        m.do(If(r.place, self._is_left(), If(r.place, test, taken, r.nil()), r.nil()))
        m.variable(name, m.read(found))

    def guarded(self, guard: Any, mark: str) -> None:
        """Consecutive elements that satisfy a guard, as many as there are."""
        m, r = self.m, self.r
        variable = argument_of(r, guard)
        if mark == "%":
            self._optional(Atom(variable), self._holds(guard, variable))
            return
        start = m.assign(m.read(self.at))
        with r.in_loop():
            turn = If(r.place, self._holds(guard, variable), self._advance(), Break(r.place))
        m.do(While(r.place, self._is_left(), turn))
        if mark == "+":
            m.test(Python(r.place, ">", m.read(self.at), m.read(start)))
        m.bind(variable, self._from(start))

    def _holds(self, guard: Any, name: str) -> Node:
        """Whether the element here satisfies the guard."""
        r: Any = self.r
        variable = r.binding(name)
        bound = r.bind(variable, self._element())
        with r.scoped({name: variable}):
            return Block(r.place, [bound, guard_test(r, guard)])
