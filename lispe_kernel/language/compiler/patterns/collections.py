"""Dictionary patterns `{key:value $:rest}` and set patterns `(set a b $ rest)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.statements import Break, Each, Target, ToVariable
from lispe_kernel.language.compiler.tree import Block, Global, Logic, Node, Python
from lispe_kernel.language.compiler.variables import Variable
from lispe_kernel.language.forms import QUOTE, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.patterns.clauses import Matcher

REST = Atom("$")


def match_dictionary(m: Matcher, pattern: Any, value: Variable) -> None:
    """Literal keys must be there; a variable as key takes the first unused key whose value matches.

    Without `$:rest` the dictionary has no other pairs.
    """
    r, pairs = m.r, list(zip(pattern[1::2], pattern[2::2], strict=False))
    if len(pattern) % 2 == 0:
        raise r.error("Error: a dictionary pattern is made of pairs key:value")
    m.test(r.helper(" isinstance", m.read(value), Global(r.place, " dict"), kind="test"))
    if not pairs:
        m.test(r.helper(" is empty", m.read(value), kind="test"))
        return
    if REST not in pattern[1::2]:
        m.test(r.helper(" holds", m.read(value), r.constant(len(pairs)), kind="test"))
    used = m.assign(r.helper(" list", kind="list"))
    # The rest is what no other pair takes, wherever it is written.
    for key, item in sorted(pairs, key=lambda pair: pair[0] is REST):
        if key is REST:
            m.match(item, r.helper(" remaining pairs", m.read(value), m.read(used)))
        elif _is_literal(key):
            _known_key(m, _constant(m, key), item, value, used)
        elif isinstance(key, Atom) and key.name in m.names:
            _known_key(m, m.read(m.names[key.name]), item, value, used)
        else:
            _search_key(m, key, item, value, used)


def _is_literal(key: Any) -> bool:
    return isinstance(key, (int, float, str)) or (is_list(key) and len(key) == 2 and key[0] is QUOTE)


def _constant(m: Matcher, item: Any) -> Node:
    return m.r.quoted(item[1]) if is_list(item) else m.r.constant(item)


def _known_key(m: Matcher, key: Node, item: Any, value: Variable, used: Variable) -> None:
    r = m.r
    m.test(r.helper(" has key", m.read(value), key, kind="test"))
    m.do(r.helper(" push", m.read(used), key))
    m.match(item, Python(r.place, "[]", m.read(value), key))


def _search_key(m: Matcher, key: Any, item: Any, value: Variable, used: Variable) -> None:
    """A loop over the unused keys that ends at the first whose value matches."""
    r = m.r
    found, each = r.binding("found"), r.temporary()
    m.do(r.bind(found, Global(r.place, " unset")))
    outer, m.steps = m.steps, []
    with r.in_loop():
        m.test(Python(r.place, "not in", m.read(each), m.read(used)))
        m.match(item, Python(r.place, "[]", m.read(value), m.read(each)))
        r.function.uses(found, writes=True)
        taken = [r.assign(ToVariable(found), m.read(each)), Break(r.place)]
        body = m.around(Block(r.place, taken))
    m.steps = outer
    targets: list[Target] = [ToVariable(each, binds=True)]
    m.do(Each(r.place, targets, m.read(value), body))
    unset = Python(r.place, "is", m.read(found), Global(r.place, " unset"))
    m.test(Logic(r.place, "not", [unset]))
    m.do(r.helper(" push", m.read(used), m.read(found)))
    if isinstance(key, Atom):
        m.variable(key, m.read(found))


def match_set(m: Matcher, pattern: Any, value: Variable) -> None:
    """Literals must be in the set, variables take the next elements, `$ r` the rest as a set."""
    r, items = m.r, list(pattern[1:])
    rest = None
    if len(items) >= 2 and items[-2] is REST:
        rest, items = items[-1], items[:-2]
    literals = r.tuple([_constant(m, item) for item in items if _is_literal(item)])
    others = [item for item in items if not _is_literal(item)]
    wanted = [r.constant(pattern[0].name), literals, r.constant(len(others))]
    parts = m.assign(r.helper(" set parts", m.read(value), *wanted))
    m.test(Python(r.place, "is not", m.read(parts), r.nil()))
    for index, item in enumerate(others):
        m.match(item, m.item(parts, index))
    if rest is not None:
        m.match(rest, m.item(parts, len(others)))
