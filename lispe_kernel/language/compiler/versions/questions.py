"""Which guesses are asked for: what is known at the place, and what came of it."""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.compiler.tree import Name, Node, Read, walk
from lispe_kernel.language.compiler.variables import Variable

Tests = list[tuple[Variable, str]]

# Kinds beside which a guess says something.
_VAGUE = frozenset({"", "solid"})


def worth_asking(guesses: Tests, known: dict[Variable, str]) -> Tests:
    """The guesses of variables that surely have values, of the kinds known, which say more than these."""
    found = [(variable, kind) for variable, kind in guesses if known.get(variable) in _VAGUE]
    typed = [v for v, kind in guesses if kind == "list" and known.get(v) == "numbers"]
    return [*found, *((variable, "integers") for variable in typed)]


def read_with_kinds(node: Node) -> set[Variable]:
    """The variables that are read somewhere with a kind: of others, no assumption reached anything."""
    found: set[Variable] = set()

    def see(at: Any) -> None:
        if type(at) in (Read, Name) and at.kind:
            found.add(at.variable)

    walk(node, see)
    return found
