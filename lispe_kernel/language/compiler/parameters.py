"""Parameter lists: `(x (y) (z 10) (() rest))` as names, defaults and what takes the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.scopes import Signature
from lispe_kernel.language.forms import Form, is_list
from lispe_kernel.language.printer import to_text

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler
    from lispe_kernel.language.errors import Span


# What forms that declare a function say of a missing name or list; by the parts of their grammars.
DECLARATION = {
    "name": "Error: Missing name in the declaration of a function",
    "([parameter...])": "Error: List of missing parameters in a function declaration",
    "([pattern...])": "Error: List of missing parameters in a function declaration",
}


@dataclass
class ParameterList:
    """A parsed parameter list; `optional` maps a name to its default form."""

    names: list[str] = field(default_factory=list)
    optional: dict[str, Any] = field(default_factory=dict)
    rest: str | None = None
    spans: dict[str, Span] = field(default_factory=dict)

    def signature(self, name: str) -> Signature:
        shown = [n for n in self.names if n not in self.optional and n != self.rest]
        shown += [f"({n})" if d is None else f"({n} {to_text(d)})" for n, d in self.optional.items()]
        if self.rest is not None:
            shown.append(f"(() {self.rest})")
        return Signature(name, tuple(shown), len(self.optional), self.rest is not None)


def parse_parameters(c: Compiler, form: Any, span: Span) -> ParameterList:
    """Read `(x (y) (z 10) (() rest))`."""
    found = ParameterList()
    placed = form if isinstance(form, Form) else Form(form, span)
    for item, place in zip(placed, placed.spans, strict=True):
        if found.rest is not None:
            raise c.error("Error: Wrong parameter description: the rest parameter must be the last", place)
        if is_list(item):
            _optional_parameter(c, found, item, place)
        else:
            name = c.check_variable(item, place)
            if found.optional:
                raise c.error(
                    "Error: default values should always be at the end of the parameter list", place
                )
            _add_name(c, found, name, place)
    return found


def _optional_parameter(c: Compiler, found: ParameterList, item: list[Any], place: Span) -> None:
    if len(item) == 2 and (item[0] is None or item[0] == []):
        name = c.check_variable(item[1], place)
        found.rest = name
    elif len(item) in (1, 2):
        name = c.check_variable(item[0], place)
        found.optional[name] = item[1] if len(item) == 2 else None
    else:
        raise c.error("Error: Wrong parameter description", place)
    _add_name(c, found, name, place)


def _add_name(c: Compiler, found: ParameterList, name: str, place: Span) -> None:
    if name in found.names:
        raise c.error(f"Error: Wrong parameter description: '{name}' appears twice", place)
    found.names.append(name)
    found.spans[name] = place
