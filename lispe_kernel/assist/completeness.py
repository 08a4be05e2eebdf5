"""Is this text a whole cell? If not, how far is the next line indented?

The reader decides: what it refuses for good is `invalid`, what more text could still close is `incomplete`.
"""

from __future__ import annotations

import re
from typing import Any

from lispe_kernel.assist.magics import MAGICS, Magics
from lispe_kernel.language.errors import ReaderError
from lispe_kernel.language.reader import depth, read, tokens
from lispe_kernel.language.source import Source

# Blanks a level, as in LispE's own examples.
INDENT = 4
_ENDED = re.compile(r"\n[ \t]*\n[ \t]*\Z")


def check(code: str, magics: Magics = MAGICS) -> dict[str, Any]:
    """The content of an is_complete_reply, where these magics can be run."""
    if code.lstrip()[:1] in ("%", "!", "?"):
        return _check_magic(code, magics)
    source = Source(code)
    try:
        read(source)
    except ReaderError as error:
        if error.incomplete:
            return {"status": "incomplete", "indent": indent(source)}
        return {"status": "invalid"}
    return {"status": "complete"}


def _check_magic(code: str, magics: Magics) -> dict[str, Any]:
    first = code.lstrip()
    if first.startswith("%%"):
        # A cell magic takes lines until an empty one.
        return {"status": "complete"} if _ENDED.search(code) else {"status": "incomplete", "indent": ""}
    name = first[1:].split(None, 1)[0] if first[1:].strip() else ""
    if first[0] == "%" and name not in magics:
        return {"status": "invalid"} if name[:1].isalpha() else {"status": "complete"}
    return {"status": "complete"}


def indent(source: Source) -> str:
    """The blanks before the next line: one level more than the line of the innermost open bracket."""
    last = [(kind, start) for kind, start, _ in tokens(source)][-1:]
    if last and last[0][0] in ("unclosed", "broken"):
        return ""
    still_open = depth(source)
    if not still_open:
        return ""
    line = source.line(source.position(still_open[-1])[0])
    return " " * (len(line) - len(line.lstrip()) + INDENT)
