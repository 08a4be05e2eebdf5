"""Where the value of a form goes: into an expression, nowhere, out of the function, into a variable.

A control form is compiled for its destination, so that `(if c a b)` in tail position becomes two
`return`s and a loop whose value nobody uses costs nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class Destination(NamedTuple):
    """One of VALUE, EFFECT, TAIL, or `Into(name)`."""

    kind: str
    name: str = ""


VALUE = Destination("value")
EFFECT = Destination("effect")
TAIL = Destination("tail")


def into(name: str) -> Destination:
    """The value is to be assigned to the Python variable `name`."""
    return Destination("into", name)
