"""papermill on notebooks in LispE: parameters of every JSON kind, and the engine `lispe`.

papermill loads the engines that packages announce, and with this one the words for parameters; nothing else
has to be said on its command line. Imports papermill, and is imported by nobody else: papermill, while it is
imported, imports this.
"""

from __future__ import annotations

import math
import re
from typing import Any

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

from lispe_kernel.language.compiler.program import ASSIGNMENTS
from lispe_kernel.language.errors import LispeError, Span
from lispe_kernel.language.forms import Form, head
from lispe_kernel.language.printer import quoted
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.notebook.convert import KERNEL

# Signs that a line cannot hold, as LispE's strings write them.
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What papermill's help calls the kinds of constants; "None" is its own word for a kind that is not known.
_KINDS = {int: "integer", float: "number", str: "string"}
_COMMENT = re.compile(r"[ \t]*;+[ \t]*(.*?)[ \t;]*$")


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

    @classmethod
    def inspect(cls, parameters_cell: Any) -> list[Parameter]:
        """The parameters that a cell sets, with the comments behind them; none where it does not read."""
        source = Source(parameters_cell["source"])
        try:
            forms = read(source)
        except LispeError:
            return []
        found = zip(forms, forms.spans, strict=True)
        return [_parameter(source, form, span) for form, span in found if _sets(form)]


def _sets(form: Any) -> bool:
    name = head(form)
    return name is not None and name.name in ASSIGNMENTS and len(form) == 3 and isinstance(form[1], Atom)


def _parameter(source: Source, form: Form, span: Span) -> Parameter:
    behind = _COMMENT.match(source.line(span.end_line), span.end_column)
    return Parameter(
        form[1].name,
        _KINDS.get(type(form[2]), "None"),
        source.excerpt(form.spans[2]),
        behind[1] if behind is not None else "",
    )


def _number(value: float) -> str:
    # What JSON does not know, and LispE has no word for either.
    return repr(value) if math.isfinite(value) else f"(python \"float('{value}')\")"


def _text(value: str) -> str:
    written = quoted(value)
    for sign, escape in _ESCAPES.items():
        written = written.replace(sign, escape)
    return written


papermill_translators.register(KERNEL["language"], LispeTranslator)
