"""Random programs as text, from a seed: a grammar of typed expressions (grammar.py) and themes
(themes.py).

`program(seed)` is deterministic. A program ends in a list of what it changed, so that its value shows its
effects. This module never runs LispE.
"""

import random

from tests.oracle.grammar import Grammar
from tests.oracle.themes import THEMES

CELL = ";cell"
GLOBALS = {"k": "int", "m": "int", "x": "num", "s": "str", "l": "list", "d": "dict", "q": "any"}
STARTS = {
    "k": ("0", "1", "7"), "m": ("2", "-3"), "x": ("1.5", "2.0"), "s": ('"ab"', '""'),
    "l": ("'(1 2 3)", "(list)"), "d": ('{"a":1 "b":2}',), "q": ("nil", "5", '"t"', "'(1 (2 3))"),
}  # fmt: skip


def program(seed: int, theme: str | None = None) -> str:
    """The program of a seed; with `theme`, one about that theme only."""
    rng = random.Random(seed)
    names = [theme] if theme else rng.sample(sorted(THEMES), rng.choice((1, 1, 2)))
    grammar = Grammar(rng, dict(GLOBALS), ill=rng.choice((0.0, 0.0, 0.04)))
    lines = [f"(setq {name} {rng.choice(STARTS[name])})" for name in GLOBALS]
    shown = []
    for name in names:
        for line in THEMES[name](grammar, rng):
            if line.startswith("show "):
                shown.append(line[5:])
            else:
                lines.append(line)
    while rng.random() < 0.5:
        lines.append(f"(maybe {grammar.statement(2)} 0)")
    lines.append(f"(list {' '.join([*shown, *GLOBALS])})")
    return "\n".join(lines)


def cells(text: str) -> list[str]:
    """The texts of a program that are evaluated one after the other in one session."""
    return text.split(f"\n{CELL}\n")
