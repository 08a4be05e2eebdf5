"""The magic `%%ranks`: the cell runs on the ranks that `(ranks 2)` started. `working.py` does the work."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from lispe_kernel.assist.magics import Part
from lispe_kernel.language.errors import LispeError
from lispe_kernel.running.hosts import NOTHING, Host, runs
from lispe_kernel.session import Outcome

_USE = "%%ranks, %%ranks 0,2 or 0-3 or ::2 or -1, --local, and --timeout SECONDS"
# Options of ipyparallel's that have no meaning here, and the way to what they are for.
_NOT_WAITED = "a cell on ranks is waited for, and what it prints comes at once; --timeout SECONDS bounds it"
_OTHERWISE = {
    **dict.fromkeys(("--noblock", "--async", "-a"), _NOT_WAITED),
    **dict.fromkeys(("--out", "-o"), "(from_rank 1 'name) brings a variable of a rank"),
}
# These ask for what is so anyway.
_ANYWAY = frozenset({"--block", "--stream"})
_PIECE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
_FROM_THE_END = re.compile(r"-\d{1,6}")
_SLICE = re.compile(r"(-?\d{1,6})?:(-?\d{1,6})?(?::(-?0*[1-9]\d{0,5})?)?")


@dataclass
class Wanted:
    """What a magic asks: the ranks as they were written, seconds, whether the cell runs here, too."""

    pieces: list[str]
    limit: float | None = None
    here: bool = False

    def ranks(self, count: int) -> list[int] | None:
        """The numbers of the ranks, of so many; None for all. Errors: LispeError where a slice has none."""
        which = [number for piece in self.pieces for number in _numbers(piece, count)]
        if self.pieces and not which:
            raise LispeError(f"Error: %%ranks: {','.join(self.pieces)} names none of the {count} ranks")
        return sorted(set(which)) or None


@runs("ranks")
def _ranks(part: Part, host: Host) -> Outcome:
    wanted = asked(part.argument)
    from lispe_kernel.ranks import working  # noqa: PLC0415 - start-up: most sessions have no ranks

    text = "\n" * part.line + part.text
    which = wanted.ranks(working.cluster_of(host.session, "%%ranks").count)
    working.run(host.session, text, host.name, which, wanted.limit)
    return host.lispe(text) if wanted.here else NOTHING


def asked(argument: str) -> Wanted:
    """What stands behind the name of the magic. Errors: LispeError."""
    # A rank from the end, as in `-1`, is no option.
    wanted = Wanted([])
    try:
        words = shlex.split(argument)
    except ValueError:
        words = [argument]
    while words:
        word = words.pop(0)
        if word == "--timeout" and words and re.fullmatch(r"\d+(\.\d+)?", words[0]) and float(words[0]) > 0:
            wanted.limit = float(words.pop(0))
            continue
        option = word.partition("=")[0]
        if option in _OTHERWISE:
            raise LispeError(f"Error: %%ranks: {option} is not known here: {_OTHERWISE[option]}")
        if word in _ANYWAY:
            continue
        if word == "--local":
            wanted.here = True
            continue
        if word in ("--targets", "-t") and words:
            # As %%px of ipyparallel names them.
            word = words.pop(0)
            if word == "all":
                continue
        pieces = [piece for piece in word.split(",") if piece]
        for piece in pieces or [word]:
            # What is no number of a rank is said before anything is asked of ranks.
            if _SLICE.fullmatch(piece) is None:
                _numbers(piece, 1)
        wanted.pieces += pieces
    return wanted


def _numbers(piece: str, count: int) -> range:
    """The numbers that a piece names; places from the end and slices are those of Python."""
    if _FROM_THE_END.fullmatch(piece):
        number = int(piece)
        return range(count + number, count + number + 1)
    part = _SLICE.fullmatch(piece)
    if part is not None:
        return range(count)[slice(*(int(word) if word else None for word in part.groups()))]
    found = _PIECE.fullmatch(piece)
    numbers = range(int(found[1]), int(found[2] or found[1]) + 1) if found is not None else range(0)
    if not numbers:
        raise LispeError(_none(piece))
    return numbers


def _none(word: str) -> str:
    return f"Error: %%ranks: '{word}' names no ranks (use {_USE})"
