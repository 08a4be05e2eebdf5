"""Reads the conformance tables (TOML files beside this one) into cases and judges what a case printed.

A file holds `[[case]]` entries and, where all of them need the same definitions, a `prelude`. A case has a
`name`, a source, an expectation and optionally `needs`, a program that runs before it. Sources: `expression`
(what `(println EXPR)` prints) or `program`. Expectations: `prints` (the exact text; for an expression without
the final newline), `near` (the numbers in the printed text, within 1e-5) or `error` (the beginning of the
error's text). Where the dialect overrules LispE's reference, `dialect` gives the reason and `reference` what
the reference says.

This module never runs LispE; test_conformance.py does.
"""

import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = ("expression", "program")
EXPECTATIONS = ("prints", "near", "error")
KEYS = {"name", "needs", "reference", "dialect", *SOURCES, *EXPECTATIONS}
RELATIVE_TOLERANCE = 1e-5
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf|nan)")


@dataclass(frozen=True)
class Case:
    """One row of a table: what to run first, what to run, and what must come out."""

    name: str
    setup: tuple[str, ...]
    source: str
    prints: str | None = None
    near: tuple[float, ...] | None = None
    error: str | None = None


def tables(pattern: str = "*.toml") -> list[Path]:
    """The data files whose name matches `pattern`, in the order of their names."""
    return sorted(FOLDER.glob(pattern))


def entries(path: Path) -> list[dict]:
    """The raw `[[case]]` entries of one file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))["case"]


def cases(path: Path) -> list[Case]:
    """The cases of one file, ready to run.

    Example: the entry {name = "sum", expression = "(+ 1 2)", prints = "3"} becomes
    Case("sum", (), "(println (+ 1 2))", prints="3\\n").
    """
    prelude = tomllib.loads(path.read_text(encoding="utf-8")).get("prelude", "")
    return [_case(entry, prelude) for entry in entries(path)]


def _case(entry: dict, prelude: str) -> Case:
    is_expression = "expression" in entry
    prints = entry.get("prints")
    if is_expression and prints is not None:
        prints += "\n"
    near = entry.get("near")
    return Case(
        name=entry["name"],
        setup=tuple(text for text in (prelude, entry.get("needs", "")) if text),
        source=f"(println {entry['expression']})" if is_expression else entry["program"],
        prints=prints,
        near=None if near is None else tuple(float(number) for number in near),
        error=entry.get("error"),
    )


def numbers_in(text: str) -> list[float]:
    """Every number written in `text`, from left to right."""
    return [float(found) for found in _NUMBER.findall(text)]


def are_near(found: list[float], expected: tuple[float, ...]) -> bool:
    """Whether both hold the same numbers but for a relative difference of 1e-5 (zero stays zero to 1e-9)."""
    return len(found) == len(expected) and all(
        math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-9)
        for a, b in zip(found, expected, strict=True)
    )
