"""The magic `%%ranks`: the cell runs on the ranks that `(ranks 2)` started. `working.py` does the work."""

from __future__ import annotations

import re
import shlex

from lispe_kernel.assist.magics import Part
from lispe_kernel.language.errors import LispeError
from lispe_kernel.running.hosts import NOTHING, Host, runs
from lispe_kernel.session import Outcome

_USE = "%%ranks, %%ranks 0,2 or %%ranks 0-3, and --timeout SECONDS"
_PIECE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


@runs("ranks")
def _ranks(part: Part, host: Host) -> Outcome:
    which, limit = asked(part.argument)
    from lispe_kernel.ranks import working  # noqa: PLC0415 - start-up: most sessions have no ranks

    working.run(host.session, "\n" * part.line + part.text, host.name, which, limit)
    return NOTHING


def asked(argument: str) -> tuple[list[int] | None, float | None]:
    """The ranks that a magic names, None for all, and the seconds that it allows. Errors: LispeError."""
    which: list[int] = []
    limit: float | None = None
    try:
        words = shlex.split(argument)
    except ValueError:
        words = [argument]
    while words:
        word = words.pop(0)
        if word == "--timeout" and words and re.fullmatch(r"\d+(\.\d+)?", words[0]) and float(words[0]) > 0:
            limit = float(words.pop(0))
            continue
        for piece in filter(None, word.split(",")):
            which += _numbers(piece)
        if not word.strip(","):
            raise LispeError(_none(word))
    return sorted(set(which)) or None, limit


def _numbers(piece: str) -> range:
    found = _PIECE.fullmatch(piece)
    numbers = range(int(found[1]), int(found[2] or found[1]) + 1) if found is not None else range(0)
    if not numbers:
        raise LispeError(_none(piece))
    return numbers


def _none(word: str) -> str:
    return f"Error: %%ranks: '{word}' names no ranks (use {_USE})"
