"""Conversions that are no list functions: `atom`, `atoms`, `stringbytes`, `prettify`."""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.core.types import spread
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import is_list
from lispe_kernel.language.printer import show, to_text
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.bytestrings import StringBytes
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.matrices import Matrix


@function("stringbytes", keyword=True)
def stringbytes(*values: Any) -> StringBytes:
    """A typed list of byte strings; lists among the arguments are spread.

    Example: (stringbytes "a" 1) => ("a" "1")
    """
    return StringBytes(spread(values))


@function("atom", keyword=True)
def atom(value: Any) -> Any:
    """The atom whose name is a text, or what anything else prints as.

    Example: (atom "abc") => abc
    Example: (type (atom "abc")) => atom_
    Example: (type (atom '(a b))) => atom_
    """
    if isinstance(value, Atom) or value is None:
        return value
    text = to_text(value)
    return None if text in ("nil", "false", "_", "fail_") else Atom(text)


@function("atoms", keyword=True)
def atoms() -> List:
    """The names of the global variables and functions of the user, in the order of their definition.

    Example: (let ((known (atoms))) (type known)) => list_
    """
    names = (name for name in current().namespace if not name.startswith(("_", " ")))
    return List(Atom(name) for name in names)


@function("prettify", keyword=True, returns="text")
def prettify(value: Any, width: Any = 50) -> str:
    """The text of a structure, broken into indented lines where it is wider than `width` characters.

    Example: (prettify '(1 2 3)) => (1 2 3)
    Example: (size (split (prettify '((1 2 3) (4 5 6)) 8) "\\n")) => 2
    """
    limit = integer_argument("prettify", 2, width)
    return str(value) if isinstance(value, str) else _laid_out(value, 0, limit, ())


def _laid_out(value: Any, indent: int, width: int, above: tuple[int, ...]) -> str:
    text = show(value)
    if len(text) + indent <= width or id(value) in above:
        return text
    path, margin = (*above, id(value)), "\n" + " " * (indent + 1)
    if isinstance(value, dict) and value:
        parts = []
        for key, item in value.items():
            head = f"{show(key)}:"
            parts.append(head + _laid_out(item, indent + 1 + len(head), width, path))
        return "{" + margin.join(parts) + "}"
    if (is_list(value) or isinstance(value, Matrix)) and len(value) and hasattr(value, "__iter__"):
        if getattr(value, "loops_to", None) is not None or getattr(value, "tail", None) is not None:
            return text
        return "(" + margin.join(_laid_out(item, indent + 1, width, path) for item in value) + ")"
    return text
