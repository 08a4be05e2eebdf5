"""The words of grammars: what stands where a grammar has one, the test of it, what the form does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lispe_kernel.language.forms import AT, QUOTE, is_list
from lispe_kernel.language.values.atoms import Atom


def _is_anything(_form: Any) -> bool:
    return True


def _is_atom(form: Any) -> bool:
    return isinstance(form, Atom)


def _is_binding(form: Any) -> bool:
    return _is_atom(form) or (is_list(form) and len(form) in (1, 2))


def _is_quoted_atom(form: Any) -> bool:
    return _is_atom(form) or (is_list(form) and len(form) == 2 and form[0] is QUOTE and _is_atom(form[1]))


def _is_library(form: Any) -> bool:
    return isinstance(form, str) or _is_quoted_atom(form)


def _is_slot(form: Any) -> bool:
    return _is_atom(form) or (is_list(form) and len(form) in (1, 2) and _is_atom(form[0]))


def _is_parameter(form: Any) -> bool:
    is_rest = is_list(form) and len(form) == 2 and form[0] in (None, []) and _is_atom(form[1])
    return is_rest or _is_slot(form)


def _is_type(form: Any) -> bool:
    return form is None or _is_atom(form) or (is_list(form) and bool(form) and _is_atom(form[0]))


class Word(NamedTuple):
    """What a word of a grammar stands for, in words, and the test of it; `assigned`: a variable is set."""

    what: str
    fits: Callable[[Any], bool]
    # The error for what does not fit; `{}` is the text of what stands there.
    error: str = ""
    assigned: bool = False
    # No code: what stands there is taken as it is written.
    data: bool = False
    # A name that the form gives a meaning of its own, in itself alone.
    bound: bool = False


_VARIABLE = Word("a variable", _is_atom, "Error: Invalid variable name: '{}'", assigned=True)
_NAME = Word("a name", _is_atom)
_PARAMETER = "Error: Wrong parameter description: '{}' is none of x, (x)"
WORDS = {
    "variable": _VARIABLE,
    "NAME": _VARIABLE,
    "field": _VARIABLE,
    "element": Word("a variable", _is_atom, "Error: Invalid variable name: '{}'", bound=True),
    "name": _NAME,
    "Name": _NAME,
    "Group": _NAME,
    "Class": Word("the name of a class", _is_atom),
    "Parent": Word("the name of a class", _is_atom),
    "binding": Word("a variable or (variable value)", _is_binding, bound=True),
    "library": Word('a library (\'lispe_torch) or a file ("file.lisp")', _is_library),
    "parameter": Word("a parameter", _is_parameter, f"{_PARAMETER}, (x default) or (() rest)", bound=True),
    "slot": Word("a slot", _is_slot, f"{_PARAMETER} or (x default)"),
    "type": Word("a type", _is_type, "Error: wrong slot in a data structure: '{}' is neither _ nor a type"),
    "pattern": Word("a pattern", _is_anything, data=True),
    "constant": Word("a constant", _is_anything, data=True),
}
_STRING = Word("a string", lambda form: isinstance(form, str))
_QUOTED = Word("a name", lambda form: form is None or _is_quoted_atom(form))
ANYTHING = Word("a form", _is_anything)
# Words that stand for themselves, and how the reader gives them.
LITERALS = {"@": AT, **{name: Atom(name) for name in ("from@", "defun", "setqi", "into")}}


def word_of(token: str) -> Word:
    """What a word of a grammar stands for."""
    if token.startswith('"'):
        return _STRING
    if token.startswith("'"):
        return _QUOTED
    if token in LITERALS:
        literal = LITERALS[token]
        return Word(token, lambda form: form is literal)
    return WORDS.get(token, ANYTHING)
