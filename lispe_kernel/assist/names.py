"""What every name means to a person: one view over the session's variables, the special forms, the functions.

It reads the registries and keeps no list of its own, and it never runs user code.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from lispe_kernel.assist.python_objects import signature
from lispe_kernel.language.compiler.macro_calls import Macro
from lispe_kernel.language.functions import Function, Parameter, parameters_of, registry
from lispe_kernel.language.made import signature_of, source_of
from lispe_kernel.language.printer import show
from lispe_kernel.language.python.functions import PythonFunction
from lispe_kernel.language.reader import tokens
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import SpecialForm, special_forms
from lispe_kernel.language.values.instances import Instance
from lispe_kernel.session import Session

# The kinds that JupyterLab has icons for.
FUNCTION, KEYWORD, VARIABLE, CLASS = "function", "keyword", "instance", "class"


class Name(NamedTuple):
    """One name and what it stands for. `entry` is a Function, a SpecialForm, or the variable's value."""

    text: str
    kind: str
    entry: Any

    @property
    def signature(self) -> str:
        """How it is called, or an empty text for what is not called."""
        if isinstance(self.entry, Function | SpecialForm):
            return self.entry.signature
        if isinstance(self.entry, Macro):
            return macro_signature(self.entry)
        return call_of(self.text, self.entry)


# From so many letters on, a word is looked for inside names too.
_INSIDE = 3


def all_names(session: Session, word: str) -> Iterator[Name]:
    """Every known name that starts with a word, then those in which a part between underscores does.

    The user's names come first, then forms, then functions.
    """
    session.libraries.load_nameless()
    every: dict[str, Name] = {}
    for name in _names(session, word):
        every.setdefault(name.text, name)
    yield from (name for text, name in every.items() if text.startswith(word))
    if len(word) >= _INSIDE:
        parts = tuple(mark + word for mark in "_-@")
        for text, name in every.items():
            if not text.startswith(word) and any(part in text for part in parts):
                yield name


def _names(session: Session, word: str) -> Iterator[Name]:
    """All names, each as often as it means something; what it means first stands first."""
    for text, value in list(session.namespace.items()):
        if not _hidden(text, word, value):
            yield Name(text, _kind(value), value)
    for text, macro in list(session.macros.items()):
        yield Name(text, KEYWORD, macro)
    for text, form in special_forms.names():
        yield Name(text, KEYWORD, form)
    for text, entry in registry.names():
        yield Name(text, FUNCTION, entry)


def _hidden(text: str, prefix: str, value: Any) -> bool:
    entry = registry.get(text)
    # A library function that a program has used may lie in the namespace: it is listed once, as what it is.
    # The compiler's own helpers have blanks in their names.
    return (
        " " in text
        or (text.startswith("_") and not prefix.startswith("_"))
        or (entry is not None and entry.call is value)
    )


def known(session: Session, text: str) -> Name | None:
    """What a name stands for: the user's definition hides the library's."""
    session.libraries.load_nameless()
    entry, namespace = registry.get(text), session.namespace
    if text in session.macros:
        return Name(text, KEYWORD, session.macros[text])
    if text in namespace and not (entry is not None and entry.call is namespace[text]):
        return Name(text, _kind(namespace[text]), namespace[text])
    form = special_forms.get(text)
    if form is not None:
        return Name(text, KEYWORD, form)
    return None if entry is None else Name(text, FUNCTION, entry)


def _kind(value: Any) -> str:
    if isinstance(value, type):
        return CLASS
    return FUNCTION if isinstance(value, FunctionType | PythonFunction) else VARIABLE


def call_of(name: str, value: Any) -> str:
    """The call of a user's function as LispE writes it, without evaluating anything."""
    if isinstance(value, type) and issubclass(value, Instance):
        return "(" + " ".join([name, *value.lispe_fields]) + ")"
    if isinstance(value, PythonFunction):
        return signature(value.base, name)
    if not isinstance(value, FunctionType):
        return ""
    if _clauses(value):
        return " or ".join(_call(name, clause[2]) for clause in _clauses(value))
    return "(" + " ".join([name, *map(str, parameters(value))]) + ")"


def _call(name: str, patterns: Any) -> str:
    return "(" + " ".join([name, *map(show, patterns)]) + ")"


def _clauses(value: Any) -> list[Any]:
    """The clauses of a pattern function, in the order of definition; none for another function."""
    written = source_of(value)
    if not isinstance(written, list) or not all(isinstance(form, list) for form in written):
        return []
    return [form for form in written if len(form) > 2]


def macro_signature(macro: Macro) -> str:
    """The calls that a macro takes: one for each of its patterns."""
    calls = [" ".join([macro.name, *map(show, clause.pattern)]) for clause in macro.clauses]
    return " or ".join(f"({call})" for call in calls)


def parameters(value: Any) -> tuple[Parameter, ...]:
    """The parameters of a function, if it has any that can be known."""
    written = source_of(value)
    if isinstance(written, list) and len(written) > 2 and isinstance(written[2], list):
        return tuple(map(_parameter, written[2]))
    try:
        return parameters_of(value)
    except (TypeError, ValueError):
        return ()


def _parameter(form: Any) -> Parameter:
    """A parameter as it stands in a defun: `x`, `(x)`, `(x default)`, `(() rest)`."""
    if not isinstance(form, list):
        return Parameter(show(form))
    if form and isinstance(form[0], list):
        return Parameter(show(form[-1]), rest=True)
    return Parameter(show(form[0]), True, False, form[1] if len(form) > 1 else None)


def definition(value: FunctionType) -> tuple[str, int, str]:
    """Where a user's function was written: (file, line, text of the defining form)."""
    code = value.__code__
    clauses = getattr(signature_of(value), "clauses", ())
    if clauses:
        forms = [clause.source.excerpt(clause.form.span) for clause in clauses]
        first = clauses[0]
        return first.source.file, first.form.span.line, "\n".join(forms)
    text = "".join(linecache.getlines(code.co_filename))
    form = _defining_form(text, code.co_firstlineno, value.__name__)
    return code.co_filename, code.co_firstlineno, form


def _defining_form(text: str, line: int, name: str) -> str:
    """The form that defines a name on a line or after it; that line when there is none (a lambda, say)."""
    source = Source(text)
    start = len("".join(text.splitlines(keepends=True)[: line - 1]))
    defining = "|".join(re.escape(word) for word, form in special_forms.names() if form.defines)
    found = re.compile(rf"\(\s*(?:{defining})\s+{re.escape(name)}(?=[\s()])").search(text, start)
    if found is None:
        return source.line(line)
    rest = text[found.start() :]
    depth = 0
    for kind, _, end in tokens(Source(rest)):
        depth += (kind == "open") - (kind == "close")
        if depth == 0:
            return rest[:end]
    return rest


# What the services hold: the session may be replaced (`%reset`), so they ask for it each time.
SessionSource = Callable[[], Session]
