"""Source text laid out again: `indent`, for LispE and for languages with braces."""

from __future__ import annotations

import re
from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import text_argument
from lispe_kernel.language.library.shared.strings_core import BLANKS, like

_LISP_STEP, _BRACE_STEP = 3, 4

# What hides brackets: strings and comments. A string may run over several lines.
_LONG = r"`[^`]*`?|«[^»]*»?|“[^”]*”?|‘[^’]*’?|„[^”]*”?|❝[^❞]*❞?"
_LISP_PIECE = re.compile(rf'"(?:\\.|[^"\\])*"?|{_LONG}|;[^\n]*|[(\[{{]|[)\]}}]|\n', re.S)
_BRACE_PIECE = re.compile(
    r'"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?|//[^\n]*|/\*.*?(?:\*/|\Z)|[(\[{]|[)\]}]|\n', re.S
)


def laid_out(text: str, pieces: re.Pattern[str], step: int) -> str:
    """The text with each line as deep as the brackets open at its beginning; strings stay as they are."""
    lines: list[str] = []
    depth = level = start = 0
    for found in pieces.finditer(text + "\n"):
        piece = found[0]
        if piece in "([{":
            depth += 1
        elif piece in ")]}":
            depth = max(0, depth - 1)
            if not text[start : found.start()].strip(BLANKS):
                level = depth
        elif piece == "\n":
            line = text[start : found.start()].strip(BLANKS)
            lines.append(" " * (step * level) + line if line else "")
            start, level = found.end(), depth
    return "\n".join(lines)


@function("indent")
def indent(str_: Any, lispmode: Any = None) -> Any:
    """Source text with its lines indented by the brackets that are open: as LispE when `lispmode` is true.

    Example: (split (indent "(f\\n(g\\nx))" true) "\\n") => ("(f" "   (g" "      x))")
    """
    text = text_argument("indent", 1, str_)
    if lispmode:
        return like(str_, laid_out(text, _LISP_PIECE, _LISP_STEP))
    return like(str_, laid_out(text, _BRACE_PIECE, _BRACE_STEP))
