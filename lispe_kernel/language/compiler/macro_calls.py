"""Forms that stand for others: calls of macros, and texts with expressions in braces.

What `defmacro` makes, the match of a call with its patterns, the form that replaces it; the forms in a text.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from lispe_kernel.language.errors import CompileError, Span
from lispe_kernel.language.forms import BLOCK, QUOTE, Form, as_data, head, is_list
from lispe_kernel.language.printer import is_type_atom, to_text, type_atom
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

REST, FORMATTED = Atom("$"), Atom("f_")


class Clause(NamedTuple):
    """One `defmacro`: a pattern for the argument forms and the forms that replace the call."""

    pattern: Form
    body: Form


@dataclass
class Macro:
    """A macro with its clauses in the order of definition."""

    name: str
    clauses: list[Clause] = field(default_factory=list)


def replacement(r: Resolver, macro: Macro, form: Form) -> Any:
    """The form that replaces a macro call, in the place of the call."""
    arguments = form.rest(1)
    for clause in macro.clauses:
        found: dict[Atom, Any] = {}
        if match(clause.pattern, arguments, found):
            body = [substitute(item, found, form.span) for item in clause.body]
            return body[0] if len(body) == 1 else Form([BLOCK, *body], form.span)
    raise r.error(f"Error: cannot apply this macro: {macro.name} to '{to_text(as_data(form))}'")


def match(pattern: Any, form: Any, found: dict[Atom, Any]) -> bool:
    """Match a form against a pattern of atoms, constants, quoted atoms and lists with `$ rest`."""
    if isinstance(pattern, Atom) and pattern is not TRUE:
        if pattern in found:
            return bool(found[pattern] == form)
        found[pattern] = form
        return True
    if pattern is None or pattern is TRUE:
        return True
    if not is_list(pattern):
        return type(pattern) is type(form) and bool(pattern == form)
    if len(pattern) == 2 and pattern[0] is QUOTE:
        return bool(pattern[1] == form)
    if pattern and isinstance(pattern[0], Atom) and is_type_atom(pattern[0].name):
        return _type_of(form) is pattern[0] and (len(pattern) == 1 or match(pattern[-1], form, found))
    return is_list(form) and _match_list(pattern, form, found)


def _type_of(form: Any) -> Atom:
    """The type of an argument form: a quoted form is of the type of what it quotes."""
    if is_list(form) and len(form) == 2 and form[0] is QUOTE:
        form = form[1]
    return type_atom(as_data(form))


def _match_list(pattern: Form, form: Form, found: dict[Atom, Any]) -> bool:
    if len(pattern) >= 2 and pattern[-2] is REST:
        fixed = len(pattern) - 2
        if len(form) < fixed or not match(pattern[-1], form.rest(fixed), found):
            return False
        pattern, form = Form(pattern[:fixed]), Form(form[:fixed])
    return len(pattern) == len(form) and all(match(p, f, found) for p, f in zip(pattern, form, strict=True))


def substitute(form: Any, found: dict[Atom, Any], span: Span) -> Any:
    """A copy of a body form with the parameters replaced; `$ z` splices the list bound to z."""
    if isinstance(form, Atom):
        return found.get(form, form)
    if not is_list(form):
        return form
    made: list[Any] = []
    splice = False
    for item in form:
        if item is REST and not splice:
            splice = True
            continue
        replaced = substitute(item, found, span)
        if splice:
            made.extend(replaced if is_list(replaced) else [REST, replaced])
            splice = False
        else:
            made.append(replaced)
    return Form(made, span)


# -- formatted texts ----------------------------------------------------------------------------------


def read_format(r: Resolver, text: str, form: Form) -> Any:
    """The form between two braces of a formatted string: `{name}`, `{+ a 1}`, `{(+ a 1)}`."""
    bare = text.lstrip().startswith("(") or not any(ch.isspace() for ch in text.strip())
    try:
        forms = read(Source(text if bare else f"({text})", r.source.name), r.context.canonical)
    except CompileError as error:
        raise r.error(f"Error: Wrong use of 'f_': {error.text}", form.spans[1]) from None
    if len(forms) != 1:
        raise r.error("Error: Wrong use of 'f_': an expression is expected between the braces", form.spans[1])
    found = forms[0]
    return Form(found, form.spans[1]) if is_list(found) else found


def split_format(r: Resolver, text: str) -> list[tuple[bool, str]]:
    """The parts of a formatted string as (is it code, text)."""
    found: list[tuple[bool, str]] = []
    plain, at = "", 0
    while at < len(text):
        character = text[at]
        if character == "%" and text[at + 1 : at + 2] in ("{", "}"):
            plain += text[at + 1]
            at += 2
        elif character == "{":
            end = text.find("}", at)
            if end == -1:
                raise r.error("Error: Wrong format: a '{' of the text is never closed")
            found += [(False, plain), (True, text[at + 1 : end])]
            plain, at = "", end + 1
        else:
            plain += character
            at += 1
    found.append((False, plain))
    return found


# -- looked at before a node is made ------------------------------------------------------------------


def as_seen(r: Resolver, form: Form) -> Form:
    """A call with what stands in it as forms; what cannot be replaced stays: compiling it tells why."""
    items = [_seen(r, item) for item in form]
    same = all(item is old for item, old in zip(items, form, strict=True))
    return form if same else Form(items, form.span, form.spans)


def _seen(r: Resolver, form: Any) -> Any:
    if not is_list(form) or not form or form[0] is QUOTE:
        return form
    name = head(form)
    with suppress(CompileError):
        if name is FORMATTED and len(form) == 2 and isinstance(form[1], str):
            parts = split_format(r, form[1])
            return Form([FORMATTED, *(_seen(r, read_format(r, t, form)) for is_code, t in parts if is_code)])
        macro = None if name is None or r.is_own(name.name) else r.macro(name.name)
        if macro is not None:
            return _seen(r, replacement(r, macro, form))
    return as_seen(r, form)
