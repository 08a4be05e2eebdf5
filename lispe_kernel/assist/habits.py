"""What other languages write and LispE writes otherwise: a hint for the line at which an error points.

The line is looked at, never run. A hint is one sentence, or an empty text where no habit is seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NAME = r"[A-Za-z_]\w*"
_PYTHON_CELL = "a cell of Python begins with %%python"
_HELP = "help is ?NAME, or Shift+Tab behind a name"
_END = "a notebook's kernel is shut down from its menu, the prompt is left by Ctrl-D"


def _arguments(text: str) -> str:
    """The arguments of a call with commas, as LispE writes them; dots where they are no plain values."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    plain = all(re.fullmatch(r"[-+]?[\w.]+|\"[^\"]*\"|'[^'\"]*'", part) for part in parts)
    return " ".join(part.replace("'", '"') for part in parts) if plain else "..."


def _value(text: str) -> str:
    return _arguments(text.strip().rstrip(";")) or "..."


def _import(found: re.Match[str]) -> str:
    outer = found.groupdict().get("module")
    module = outer or found["name"]
    short = f" {found['short']}" if found["short"] and not outer else ""
    return f'LispE writes (import "{module}"{short}); {_PYTHON_CELL}'


def _called(found: re.Match[str]) -> str:
    head, _, method = found["name"].rpartition(".")
    inside = _arguments(found["inside"])
    return f"LispE writes ({' '.join(p for p in (f'->{method} {head}' if head else method, inside) if p)})"


Hint = Callable[[re.Match[str]], str]
_HABITS: tuple[tuple[re.Pattern[str], Hint], ...] = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (
            r"\s*(?:from\s+(?P<module>[\w.]+)\s+)?import\s+(?P<name>[\w.]+)(?:\s+as\s+(?P<short>\w+))?",
            _import,
        ),
        (r"\s*\(import\s+(?P<name>[A-Za-z_][\w.]*)(?:\s+(?P<short>\w+))?\s*\)", _import),
        (
            rf"\s*(?:async\s+)?(?:def|function|fn)\s+(?P<name>{_NAME})\s*\((?P<inside>[^()]*)\)",
            lambda found: f"LispE writes (defun {found['name']} ({_arguments(found['inside'])}) ...)",
        ),
        (
            rf"\s*class\s+(?P<name>{_NAME})",
            lambda found: f"LispE writes (class@ {found['name']} (fields) (defun method () ...))",
        ),
        (
            rf"\s*for\s+(?P<name>{_NAME})\s+in\b",
            lambda found: f"LispE writes (loop {found['name']} LIST ...)",
        ),
        (
            r"\s*(?P<name>while|if)\s+.*:(?:\s.*)?$",
            lambda found: f"LispE writes ({found['name']} CONDITION ...)",
        ),
        (
            r"\s*lambda\b(?P<inside>[^:()]*):",
            lambda found: f"LispE writes (lambda ({_arguments(found['inside'])}) ...)",
        ),
        (
            rf"\s*(?:let\s+|var\s+|const\s+)?(?P<name>{_NAME})\s*(?::\s*\w+\s*)?=(?!=)(?P<value>.+)",
            lambda found: f"LispE writes (setq {found['name']} {_value(found['value'])})",
        ),
        (
            rf"\s*(?P<name>{_NAME})\s*(?P<operator>[-+*/%]=)(?P<value>.+)",
            lambda found: f"LispE writes ({found['operator']} {found['name']} {_value(found['value'])})",
        ),
        (
            r"\s*(?P<left>[\w.]+)\s+(?P<operator>[-+*/%<>]|[<>=!]=)\s+(?P<right>[\w.]+)\s*$",
            lambda found: f"LispE writes ({found['operator']} {found['left']} {found['right']})",
        ),
        (r"\s*help\s*(?:\(.*\)\s*;?\s*)?$|\s*\((?:help|doc|describe|apropos)\b", lambda _: _HELP),
        (r"\s*(?:exit|quit)\s*(?:\(.*\)\s*;?\s*)?$|\s*\((?:exit|quit)\s*\)", lambda _: _END),
        (rf"\s*(?P<name>{_NAME}(?:\.{_NAME})*)\((?P<inside>.*)\)\s*;?\s*$", _called),
    )
)


def hint(line: str) -> str:
    """What LispE writes in place of a line that is another language's; empty when it is none."""
    for pattern, said in _HABITS:
        found = pattern.match(line)
        if found is not None:
            return said(found)
    return ""
