"""Printing: `print`, `println` and their twins for the error stream, `string`."""

from __future__ import annotations

import sys
from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import EMPTY, Atom


@function("print", keyword=True, silent=True)
def print_(*values: Any) -> Atom:
    """Write the texts of the values, one after the other, without a line end.

    Example: (print 1 2) => 12
    """
    sys.stdout.write("".join(map(to_text, values)))
    return EMPTY


@function("println", keyword=True, silent=True)
def println(*values: Any) -> Atom:
    """Write the texts of the values, separated by blanks, and a line end.

    Example: (println 1 "a" '("a")) => 1 a ("a")
    """
    sys.stdout.write(" ".join(map(to_text, values)) + "\n")
    return EMPTY


@function("printerr", keyword=True, silent=True)
def printerr(*values: Any) -> Atom:
    """As print, on the error stream.

    Example: (string (printerr)) =>
    """
    sys.stderr.write("".join(map(to_text, values)))
    return EMPTY


@function("printerrln", keyword=True, silent=True)
def printerrln(*values: Any) -> Atom:
    """As println, on the error stream.

    Example: (string (printerr)) =>
    """
    sys.stderr.write(" ".join(map(to_text, values)) + "\n")
    return EMPTY


@function("string", keyword=True, returns="text")
def string(value: Any) -> str:
    """The text that `print` would write for a value.

    Example: (string '(1 "a")) => (1 "a")
    """
    return to_text(value)
