"""Half a surrogate pair on its way out: UTF-8 has no place for one, and text must arrive all the same.

A program makes them with `(chr 55357)` or by cutting JSON; they become U+FFFD. A word of the command line
that is no UTF-8 Python keeps as the surrogates DC80 to DCFF: a terminal and a pipe get its bytes back.
"""

from __future__ import annotations

import codecs
import os
import sys
from io import TextIOWrapper
from typing import Any

ERRORS = "lispe"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def mended(value: Any) -> Any:
    """A JSON value whose texts hold whole characters: halves of one are joined, the rest replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    return [mended(item) for item in value] if isinstance(value, list | tuple) else value


def printable() -> None:
    """Let standard output take every text; a standard stream that is closed is an empty one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - it stays open
    codecs.register_error(ERRORS, _encoded)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors=ERRORS)


def _encoded(error: UnicodeError) -> tuple[bytes | str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    piece = error.object[error.start : error.end]
    try:
        return piece.encode(error.encoding, "surrogateescape"), error.end
    except UnicodeEncodeError:
        whole = REPLACEMENT if error.encoding.lower().startswith("utf") else "?"
        # As bytes: Python refuses a text that is not ASCII here.
        return (whole * len(piece)).encode(error.encoding), error.end
