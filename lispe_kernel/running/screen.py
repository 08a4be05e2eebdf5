"""What programs may do with the place where their output appears: clear it, ask for a line there.

The kernel lets Python's own `input` ask the front end while a cell runs; on the command line it is the
keyboard, and there is nothing to clear.
"""

from __future__ import annotations

import builtins
from typing import Any

from lispe_kernel.display.page import publish
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import to_text


@function("clear_output", silent=True)
def clear_output(wait: Any = None) -> None:
    """Remove what this cell has shown so far; with a true argument not before the next output comes.

    Example: (clear_output) => nil
    """
    publish.clear(bool(wait))


@function("input")
def input_(prompt: str = "") -> str:
    """A line that the user types, after a prompt.

    Errors: the end of the input, and a front end that cannot be asked for a line
    Example: (type 'input) => atom_
    """
    try:
        return builtins.input(to_text(prompt))
    except EOFError:
        raise LispeError("Error: input: there is no line to read") from None
