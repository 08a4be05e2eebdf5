"""Dictionary patterns `{key:value $:rest}` and set patterns `(set a b $ rest)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.forms import QUOTE, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.patterns.clauses import Matcher

REST = Atom("$")


def match_dictionary(m: Matcher, pattern: Any, value: ast.Name) -> None:
    """Literal keys must be there; a variable as key takes the first unused key whose value matches."""
    c, pairs = m.c, list(zip(pattern[1::2], pattern[2::2], strict=False))
    if len(pattern) % 2 == 0:
        raise c.error("Error: a dictionary pattern is made of pairs key:value")
    m.test(c.call(" isinstance", value, c.name(" dict")))
    if not pairs:
        m.test(c.call(" is empty", value))
        return
    used = m.assign(c.function.temporary(), c.call(" list"))
    for key, item in pairs:
        if key is REST:
            m.match(item, c.call(" remaining pairs", value, used))
        elif _is_literal(key):
            _literal_key(m, key, item, value, used)
        elif isinstance(key, Atom) and key.name in m.names:
            _known_key(m, c.name(m.names[key.name]), item, value, used)
        else:
            _search_key(m, key, item, value, used)


def _is_literal(key: Any) -> bool:
    return isinstance(key, int | float | str) or (is_list(key) and len(key) == 2 and key[0] is QUOTE)


def _literal_key(m: Matcher, key: Any, item: Any, value: ast.Name, used: ast.Name) -> None:
    _known_key(m, m.c.constant(key[1] if is_list(key) else key), item, value, used)


def _known_key(m: Matcher, key: ast.expr, item: Any, value: ast.Name, used: ast.Name) -> None:
    c = m.c
    m.test(c.call(" has key", value, key))
    m.open()
    c.evaluate(c.call(" push", used, key))
    m.match(item, c.subscript(value, key))


def _search_key(m: Matcher, key: Any, item: Any, value: ast.Name, used: ast.Name) -> None:
    """A loop over the unused keys that ends at the first whose value matches."""
    c = m.c
    m.open()
    found, each = c.function.temporary(), c.function.temporary()
    c.assign(found, c.name(" unset"))
    with c.nested_block() as body:
        m.test(c.compare(c.name(each), [ast.NotIn()], [used]))
        m.match(item, c.subscript(value, c.name(each)))
        m.open()
        c.assign(found, c.name(each))
        c.break_()
    c.for_(ast.copy_location(ast.Name(each, ast.Store()), value), value, body)
    m.test(c.negate(c.is_unset(c.name(found))))
    m.open()
    c.evaluate(c.call(" push", used, c.name(found)))
    if isinstance(key, Atom):
        m.variable(key, c.name(found))


def match_set(m: Matcher, pattern: Any, value: ast.Name) -> None:
    """Literals must be in the set, variables take the next elements, `$ r` the rest as a set."""
    c, items = m.c, list(pattern[1:])
    rest = None
    if len(items) >= 2 and items[-2] is REST:
        rest, items = items[-1], items[:-2]
    literals = [_constant(m, item) for item in items if _is_literal(item)]
    others = [item for item in items if not _is_literal(item)]
    known = ast.copy_location(ast.Tuple(literals, ast.Load()), c.nil())
    parts = m.saved(c.call(" set parts", value, c.constant(pattern[0].name), known, c.constant(len(others))))
    m.test(c.compare(parts, [ast.IsNot()], [c.nil()]))
    for index, item in enumerate(others):
        m.match(item, c.subscript(parts, c.constant(index)))
    if rest is not None:
        m.match(rest, c.subscript(parts, c.constant(len(others))))


def _constant(m: Matcher, item: Any) -> ast.expr:
    return m.c.constant(item[1] if is_list(item) else item)
