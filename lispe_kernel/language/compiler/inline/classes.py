"""Questions for what a value is, where its exact class or its kind tells: `consp`, `numberp`, `atomp`.

A value of a class that neither says yes nor no is the library's, and so is every value where the program has
given the name another meaning.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from lispe_kernel.language.compiler.emit.emitter import Destination, Emitter
from lispe_kernel.language.compiler.inline.access import is_librarys
from lispe_kernel.language.compiler.inlines import inline, question
from lispe_kernel.language.compiler.kinds import CONTAINERS, KEYS, NUMBERS, TYPED
from lispe_kernel.language.compiler.tree import Primitive

_FACTS = {"quiet": False, "guarded": True, "least": 1, "most": 1}


class Asked(NamedTuple):
    """The classes of which a question is surely true, those of which it is surely false; kinds likewise."""

    yes: tuple[str, ...]
    no: str
    yes_kinds: frozenset[str]
    no_kinds: frozenset[str]


QUESTIONS = {
    "consp": Asked((" List",), " no lists", TYPED, NUMBERS | {"text", "boolean", *KEYS}),
    "numberp": Asked((" int", " float"), " no numbers", NUMBERS, CONTAINERS | {"text", "boolean"}),
    "atomp": Asked((" Atom",), " no atoms", frozenset({"boolean"}), NUMBERS | {"text", *KEYS}),
}


def _register(name: str, row: Asked) -> None:
    def written(e: Emitter, node: Primitive) -> tuple[ast.expr, ast.expr, ast.expr]:
        """Whether the name means the library's function, its answer as a condition, the ordinary call."""
        function, value = e.operands(node.arguments, twice=True)
        is_meant = is_librarys(e, function, name)
        called = e.call(function, value)
        kind = node.arguments[1].kind
        if kind in row.yes_kinds or kind in row.no_kinds:
            return is_meant, e.constant(kind in row.yes_kinds), called
        is_other = e.compare(e.call(" type", value), [ast.NotIn()], [e.name(row.no)])
        rest = e.boolean(ast.And(), [is_other, e.call(" truth", called)])
        return is_meant, e.boolean(ast.Or(), [*(e.is_of(value, of) for of in row.yes), rest]), called

    @inline(name, **_FACTS)
    def write(e: Emitter, node: Primitive, destination: Destination) -> ast.expr | None:
        is_meant, asked, called = written(e, node)
        return e.deliver(e.choose(is_meant, e.question(asked), called), destination)

    @question(name, kind="")
    def ask(e: Emitter, node: Primitive) -> ast.expr:
        is_meant, asked, called = written(e, node)
        return e.choose(is_meant, asked, e.call(" truth", called))


for _name, _row in QUESTIONS.items():
    _register(_name, _row)
