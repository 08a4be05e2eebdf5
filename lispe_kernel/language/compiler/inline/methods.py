"""Calls of library functions that are a method of Python's own list or text where the arguments allow it.

Each row says of which exact classes the arguments must be, and what else must hold, that Python's method does
what the function does; every other call is the library's. A function whose name a program may take for
itself is asked for first: the inline call stands only as long as the name means the library's function.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lispe_kernel.language.compiler.emit.emitter import EFFECT, Destination, Emitter
from lispe_kernel.language.compiler.inline.access import (
    all_of,
    choose_where,
    is_growing,
    is_librarys,
    of_library,
    of_own_keys,
)
from lispe_kernel.language.compiler.inlines import Result, inline, inline_functions, question
from lispe_kernel.language.compiler.kinds import OF_CLASS
from lispe_kernel.language.compiler.tree import Primitive

Values = list[ast.expr]
Build = Callable[[Emitter, Values], ast.expr]

# Lists that hold their elements themselves, of any kind but strings.
_GROWING = " growing"
# LispE's blanks: every character with a code up to that of the space.
_BLANKS = "".join(map(chr, range(33)))


@dataclass(frozen=True)
class Method:
    """One function as a method. `classes`: of each argument, empty for any value."""

    classes: tuple[str, ...]
    build: Build
    # What else must hold.
    holds: Callable[[Emitter, Values], list[ast.expr]] = lambda _e, _values: []
    kind: str | Result = ""
    # It changes its first argument, which is its value.
    changes: bool = False
    # It answers a question: what is built is a condition.
    asks: bool = False
    # A program may define the function anew, or have a variable of its name.
    free: bool = False


def _tests(e: Emitter, node: Primitive, row: Method, values: Values) -> list[ast.expr]:
    parts = node.arguments[len(node.arguments) - len(values) :]
    found: list[ast.expr] = []
    for value, part, of in zip(values, parts, row.classes, strict=True):
        if of == _GROWING:
            found.extend(filter(None, [is_growing(e, value, part.kind)]))
        elif of and part.kind not in OF_CLASS[of]:
            found.append(e.is_of(value, of))
    return [*found, *row.holds(e, values)]


def _written(e: Emitter, node: Primitive, row: Method) -> tuple[list[ast.expr], Values, ast.expr]:
    """The tests, the arguments, and the ordinary call."""
    values = e.operands(node.arguments, twice=True)
    if not node.inline.guarded:
        return _tests(e, node, row, values), values, e.call(node.inline.name, *values)
    function, *values = values
    is_meant = is_librarys(e, function, node.inline.name)
    return [is_meant, *_tests(e, node, row, values)], values, e.call(function, *values)


def _register(name: str, row: Method) -> None:
    count = len(row.classes)
    facts = {"quiet": False, "changes": row.changes, "guarded": row.free, "least": count, "most": count}

    @inline(name, kind=row.kind, **facts)
    def write(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
        tests, values, slow = _written(e, node, row)
        built = row.build(e, values)
        if row.changes:
            done = e.compare(built, [ast.Is()], [e.nil()])
            return e.deliver(e.choose(e.boolean(ast.And(), [*tests, done]), values[0], slow), destination)
        if row.asks:
            built = e.question(built)
        return e.deliver(choose_where(e, all_of(e, *tests), built, slow), destination)

    if row.asks:

        @question(name, kind="")
        def ask(e: Emitter, node: Primitive) -> ast.expr:
            tests, values, slow = _written(e, node, row)
            return choose_where(e, all_of(e, *tests), row.build(e, values), e.call(" truth", slow))


def _method(name: str, *more: object) -> Build:
    """The call of a method of the first argument with the others, and with constants after them."""
    return lambda e, values: e.call(e.attribute(values[0], name), *values[1:], *map(e.constant, more))


def _holds_text(position: int) -> Callable[[Emitter, Values], list[ast.expr]]:
    """An argument that is a text is not empty."""

    def holds(_e: Emitter, values: Values) -> list[ast.expr]:
        value = values[position]
        return [] if isinstance(value, ast.Constant) and value.value else [value]

    return holds


def _at_least(position: int, least: int) -> Callable[[Emitter, Values], list[ast.expr]]:
    def holds(e: Emitter, values: Values) -> list[ast.expr]:
        value = values[position]
        if isinstance(value, ast.Constant) and type(value.value) is int and value.value >= least:
            return []
        return [e.compare(value, [ast.GtE()], [e.constant(least)])]

    return holds


def _one_character(e: Emitter, values: Values) -> list[ast.expr]:
    return [e.compare(e.call(" len", values[0]), [ast.Eq()], [e.constant(1)])]


def _is_ascii(e: Emitter, values: Values) -> list[ast.expr]:
    return [e.call(e.attribute(values[0], "isascii"))]


def _between(low: object, high: object) -> Callable[[Emitter, Values], list[ast.expr]]:
    """The first argument lies between two constants."""
    return lambda e, values: [e.compare(e.constant(low), [ast.Lt(), ast.Lt()], [values[0], e.constant(high)])]


def _list_of(order: Sequence[int], *starred: int) -> Build:
    """A new list of the arguments, the starred ones by their elements."""

    def build(e: Emitter, values: Values) -> ast.expr:
        parts: list[ast.expr] = [
            ast.Starred(values[at], ast.Load(), **e.where) if at in starred else values[at] for at in order
        ]
        # Python makes the tuple of such parts from a list.
        return e.call(" list", e.list_(parts) if starred else e.tuple_(parts))

    return build


def _found(name: str) -> Build:
    """What a search of Python's answers, nil for -1."""

    def build(e: Emitter, values: Values) -> ast.expr:
        at = e.function.temporary()
        searched = e.noted(at, e.call(e.attribute(values[0], name), *values[1:]))
        return e.choose(e.compare(searched, [ast.GtE()], [e.constant(0)]), e.name(at), e.nil())

    return build


def _insert(e: Emitter, values: Values) -> ast.expr:
    container, value, place = values
    return e.call(e.attribute(container, "insert"), place, value)


def _put_first(e: Emitter, values: Values) -> ast.expr:
    return e.call(e.attribute(values[0], "insert"), e.constant(0), values[1])


def _beginning(e: Emitter, values: Values) -> ast.expr:
    return e.subscript(values[0], e.slice_(None, values[1]))


def _end(e: Emitter, values: Values) -> ast.expr:
    return e.subscript(values[0], e.slice_(ast.UnaryOp(ast.USub(), values[1], **e.where), None))


def _middle(e: Emitter, values: Values) -> ast.expr:
    text, start, size = values
    return e.subscript(text, e.slice_(start, e.binary(start, ast.Add(), size)))


_VOWELS = "aeiouyAEIOUY"


def _is_vowel(e: Emitter, values: Values) -> ast.expr:
    return e.compare(values[0], [ast.In()], [e.constant(_VOWELS)])


def _is_consonant(e: Emitter, values: Values) -> ast.expr:
    is_letter = e.call(e.attribute(values[0], "isalpha"))
    return e.boolean(ast.And(), [is_letter, e.compare(values[0], [ast.NotIn()], [e.constant(_VOWELS)])])


def _both(*parts: Callable[[Emitter, Values], list[ast.expr]]) -> Callable[[Emitter, Values], list[ast.expr]]:
    return lambda e, values: [test for part in parts for test in part(e, values)]


def _python(name: str) -> Build:
    """A function of Python's on the argument, by its name among the compiler's."""
    return lambda e, values: e.call(name, *values)


def _floor(e: Emitter, values: Values) -> ast.expr:
    return e.binary(values[0], ast.FloorDiv(), e.constant(1.0))


def _first_elements(e: Emitter, values: Values) -> ast.expr:
    return e.call(" list", e.subscript(values[1], e.slice_(None, values[0])))


def _other_elements(e: Emitter, values: Values) -> ast.expr:
    return e.call(" list", e.subscript(values[1], e.slice_(values[0], None)))


def _repeated(e: Emitter, values: Values) -> ast.expr:
    return e.call(" list", e.binary(e.list_([values[1]]), ast.Mult(), values[0]))


def _code(e: Emitter, values: Values) -> ast.expr:
    codes = e.tuple_([e.call(" ord", *values)])
    return e.call(" array", e.name(" Integers"), e.constant("q"), codes)


def _pieces(e: Emitter, values: Values) -> ast.expr:
    """The pieces of a text, if none is empty."""
    text, separator = values
    name = e.function.temporary()
    pieces = e.noted(name, e.call(e.attribute(text, "split"), separator))
    return e.choose(
        e.compare(e.constant(""), [ast.NotIn()], [pieces]),
        e.call(" Strings", e.name(name)),
        e.call(of_library(e, "split"), text, separator),
    )


def _joined(e: Emitter, values: Values) -> ast.expr:
    return e.call(e.attribute(values[1], "join"), values[0])


def _all_texts(e: Emitter, values: Values) -> list[ast.expr]:
    # The library has a quicker way to ask many.
    few = e.compare(e.call(" len", values[0]), [ast.Lt()], [e.constant(40)])
    return [few, e.call(" texts", e.call(" map", e.name(" type"), values[0]))]


def _keys(e: Emitter, values: Values) -> ast.expr:
    return e.call(" Strings", *values)


def _values(e: Emitter, values: Values) -> ast.expr:
    return e.call(" list", e.call(e.attribute(values[0], "values")))


def _second_if_list(kinds: list[str], _node: object) -> str:
    return "list" if kinds[1] == "list" else ""


_L, _S, _I, _F, _D = " List", " str", " int", " float", " Dictionary"
# A list of more elements is the library's to refuse.
_MOST = 1 << 24


def _last_element(e: Emitter, values: Values) -> ast.expr:
    return e.subscript(values[0], e.constant(-1))


# No program can give this name another meaning.
_RESERVED: dict[str, Method] = {
    "cons": Method(("", _L), _list_of((0, 1), 1), kind=_second_if_list),
    "join": Method((_L, _S), _joined, _all_texts, kind="text"),
    "keys@": Method((_D,), _keys),
    "values@": Method((_D,), _values, kind="list"),
}
_FREE: dict[str, Method] = {
    "extend": Method((_L, _L), _method("extend"), changes=True),
    "nconc": Method((_L, _L), _method("extend"), changes=True),
    "nconcn": Method((_L, _L), _list_of((0, 1), 0, 1)),
    "insert": Method((_L, "", _I), _insert, _at_least(2, 0), changes=True),
    "pushfirst": Method((_L, ""), _put_first, changes=True),
    "split": Method((_S, _S), _pieces, _holds_text(1)),
    "find": Method((_S, _S), _found("find"), _holds_text(1)),
    "rfind": Method((_S, _S), _found("rfind"), _holds_text(1)),
    "count": Method((_S, _S), _method("count"), _holds_text(1)),
    "stringp": Method(("",), lambda e, v: e.call(" isinstance", v[0], e.name(" str")), asks=True),
    "last": Method((_GROWING,), _last_element, lambda _e, values: values),
    "upper": Method((_S,), _method("upper"), _is_ascii),
    "lower": Method((_S,), _method("lower"), _is_ascii),
    "trim": Method((_S,), _method("strip", _BLANKS)),
    "trimleft": Method((_S,), _method("lstrip", _BLANKS)),
    "trimright": Method((_S,), _method("rstrip", _BLANKS)),
    "left": Method((_S, _I), _beginning, _at_least(1, 0)),
    "right": Method((_S, _I), _end, _at_least(1, 1)),
    "middle": Method((_S, _I, _I), _middle, _both(_at_least(1, 0), _at_least(2, 1))),
    "replace": Method((_S, _S, _S), _method("replace"), _holds_text(1)),
    "startwith": Method((_S, _S), _method("startswith"), _holds_text(1), asks=True),
    "endwith": Method((_S, _S), _method("endswith"), _holds_text(1), asks=True),
    "alphap": Method((_S,), _method("isalpha"), asks=True),
    "digitp": Method((_S,), _method("isdecimal"), asks=True),
    "lowerp": Method((_S,), _method("islower"), _one_character, asks=True),
    "upperp": Method((_S,), _method("isupper"), _one_character, asks=True),
    "vowelp": Method((_S,), _is_vowel, _both(_one_character, _is_ascii), asks=True),
    "consonantp": Method((_S,), _is_consonant, _both(_one_character, _is_ascii), asks=True),
    "ord": Method((_S,), _code, _one_character),
    "take": Method((_I, _L), _first_elements, _at_least(0, 0)),
    "takenb": Method((_I, _L), _first_elements, _at_least(0, 0)),
    "drop": Method((_I, _L), _other_elements, _at_least(0, 0)),
    "replicate": Method((_I, ""), _repeated, _between(-1, _MOST)),
    "iabs": Method((_I,), _python(" abs")),
    "gcd": Method((_I, _I), _python(" gcd")),
    "floor": Method((_F,), _floor, _between(-1e300, 1e300)),
    "atan": Method((_F,), _python(" atan")),
    "tan": Method((_F,), _python(" tan"), _between(-1e300, 1e300)),
    "log2": Method((_F,), _python(" log2"), _between(0.0, 1e300)),
    "log10": Method((_F,), _python(" log10"), _between(0.0, 1e300)),
    "chr": Method((_I,), _python(" chr"), _between(-1, 0x110000)),
    "sqrt": Method((_F,), _python(" sqrt"), lambda e, v: [e.compare(v[0], [ast.GtE()], [e.constant(0.0)])]),
    "fabs": Method((_F,), _python(" fabs")),
    "exp": Method((_F,), _python(" exp"), _between(-700.0, 700.0)),
    "log": Method((_F,), _python(" log"), _between(0.0, 1e300)),
    "sin": Method((_F,), _python(" sin"), _between(-1e300, 1e300)),
    "cos": Method((_F,), _python(" cos"), _between(-1e300, 1e300)),
}

for _name, _row in _RESERVED.items():
    _register(_name, _row)
for _name, _row in _FREE.items():
    _register(_name, replace(_row, free=True))


_INSERT_AT = inline_functions["insert"].emit


@inline("insert", least=2)
def insert(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
    """An element put into a set whose own key it is; with an index, Python's `insert`."""
    if len(node.arguments) == 4:
        found: ast.expr | None = _INSERT_AT(e, node, destination)
        return found
    function, container, value = e.operands(node.arguments, twice=True)
    inner, name = e.through(destination)
    members = e.attribute(container, "_members")
    with e.nested_block() as fast:
        e.evaluate(e.call(e.attribute(members, "setdefault"), value, value))
        if destination is not EFFECT:
            e.deliver(container, inner)
    with e.nested_block() as slow:
        e.deliver(e.call(function, container, value), inner)
    tests = of_own_keys(e, container, value, node.arguments[2].kind)
    e.if_(e.boolean(ast.And(), [is_librarys(e, function, "insert"), *tests]), fast, slow)
    return e.result(name)
