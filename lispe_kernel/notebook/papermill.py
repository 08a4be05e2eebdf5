"""papermill on notebooks in LispE: parameters of every JSON kind, and the engine `lispe`.

papermill loads the engines that packages announce, and with this one the words for parameters; nothing else
has to be said on its command line. Imports papermill, and is imported by nobody else: papermill, while it is
imported, imports this.
"""

from __future__ import annotations

import math
from typing import Any

from papermill.engines import NBClientEngine
from papermill.translators import Translator, papermill_translators

from lispe_kernel.language.printer import quoted
from lispe_kernel.notebook.convert import KERNEL

# Signs that a line cannot hold, as LispE's strings write them.
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class LispeEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """papermill's own engine; its name says that a notebook is meant for this kernel."""


class LispeTranslator(Translator):  # type: ignore[misc]  # papermill has no types
    """Python's values as LispE text."""

    @classmethod
    def translate(cls, val: Any) -> str:
        """A value as an expression that gives it."""
        if val is None or val is False:
            return "nil"
        if val is True:
            return "true"
        if isinstance(val, dict):
            # Keys are strings: JSON knows no others.
            pairs = (f"{cls.translate(str(key))} {cls.translate(item)}" for key, item in val.items())
            return f"(dictionary {' '.join(pairs)})" if val else "(dictionary)"
        if isinstance(val, (list, tuple)):
            return f"(list {' '.join(map(cls.translate, val))})" if val else "(list)"
        if isinstance(val, float):
            return _number(val)
        return str(val) if isinstance(val, int) else _text(str(val))

    @classmethod
    def comment(cls, cmt_str: str) -> str:
        """A line that is not evaluated."""
        return f"; {cmt_str}".strip()

    @classmethod
    def assign(cls, name: str, str_val: str) -> str:
        """The form that sets a parameter."""
        return f"(setq {name} {str_val})"


def _number(value: float) -> str:
    # What JSON does not know, and LispE has no word for either.
    return repr(value) if math.isfinite(value) else f"(python \"float('{value}')\")"


def _text(value: str) -> str:
    written = quoted(value)
    for sign, escape in _ESCAPES.items():
        written = written.replace(sign, escape)
    return written


papermill_translators.register(KERNEL["language"], LispeTranslator)
