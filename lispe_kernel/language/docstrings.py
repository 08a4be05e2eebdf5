"""What a docstring says of a function or a form: its meaning, its examples, its errors, its source.

The convention: a first paragraph that says what it does (shapes, units, errors), then optional blocks, each
opened by its word at the start of a line:

    Example: (upper "abc") => "ABC"     one or more; the text after => is what `println` would print
                                        (use => alone on following lines for multi-line output)
    Errors: when and with which text
    Source: the section of the reference, or the paper
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

_EXAMPLE = re.compile(r"^\s*Example:\s*(?P<code>.+?)\s*=>\s*(?P<result>.*)$", re.M)
_BLOCK = re.compile(r"^(?P<word>Example|Examples|Errors|Source):", re.M)


class Documented:
    """What has a docstring in this convention."""

    explained: Callable[..., Any]

    @cached_property
    def doc(self) -> str:
        """The docstring, read when it is asked for: hundreds of functions register at each start."""
        return inspect.getdoc(self.explained) or ""

    @cached_property
    def meaning(self) -> str:
        """The docstring without its Example, Errors and Source blocks."""
        found = _BLOCK.search(self.doc)
        return (self.doc[: found.start()] if found else self.doc).strip()

    @property
    def examples(self) -> list[tuple[str, str]]:
        """Pairs of (code, what it prints)."""
        return [(m["code"], m["result"]) for m in _EXAMPLE.finditer(self.doc)]

    def block(self, word: str) -> str:
        """The text of the docstring's block `Errors` or `Source`, or an empty text."""
        found = re.search(rf"^{word}:\s*(.*?)(?=^(?:Example|Errors|Source):|\Z)", self.doc, re.M | re.S)
        return " ".join(found[1].split()) if found else ""
