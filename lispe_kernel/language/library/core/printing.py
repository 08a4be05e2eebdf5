"""Printing: `print`, `println` and their twins for the error stream, `string`."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import EMPTY, Atom


def _write(stream: TextIO | None, text: str) -> None:
    """Write to a stream of the host program: None takes nothing, one that lacks a character its escape."""
    if stream is None:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError as error:
        stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
    except ValueError:
        raise LispeError("Error: the stream that takes what is printed is closed") from None


@function("print", keyword=True, silent=True)
def print_(*values: Any) -> Atom:
    """Write the texts of the values, one after the other, without a line end.

    Example: (print 1 2) => 12
    """
    _write(sys.stdout, "".join(map(to_text, values)))
    return EMPTY


@function("println", keyword=True, silent=True)
def println(*values: Any) -> Atom:
    """Write the texts of the values, separated by blanks, and a line end.

    Example: (println 1 "a" '("a")) => 1 a ("a")
    """
    _write(sys.stdout, " ".join(map(to_text, values)) + "\n")
    return EMPTY


@function("printerr", keyword=True, silent=True)
def printerr(*values: Any) -> Atom:
    """As print, on the error stream.

    Example: (string (printerr)) =>
    """
    _write(sys.stderr, "".join(map(to_text, values)))
    return EMPTY


@function("printerrln", keyword=True, silent=True)
def printerrln(*values: Any) -> Atom:
    """As println, on the error stream.

    Example: (string (printerr)) =>
    """
    _write(sys.stderr, " ".join(map(to_text, values)) + "\n")
    return EMPTY


@function("string", keyword=True, returns="text")
def string(value: Any) -> str:
    """The text that `print` would write for a value.

    Example: (string '(1 "a")) => (1 "a")
    """
    return to_text(value)
