"""Macros: `defmacro`, matching of a call against its patterns, expansion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import QUOTE, Form, as_data, is_list
from lispe_kernel.language.printer import is_type_atom, to_text, type_atom
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    import ast

    from lispe_kernel.language.compiler.core import Compiler

REST = Atom("$")
BLOCK = Atom("block")


@dataclass(frozen=True)
class Clause:
    """One `defmacro`: a pattern for the argument forms and the forms that replace the call."""

    pattern: list[Any]
    body: list[Any]


@dataclass
class Macro:
    """A macro with its clauses in the order of definition."""

    name: str
    clauses: list[Clause] = field(default_factory=list)


@special("defmacro", "name (pattern) body...", least=3, silent=True)
def compile_defmacro(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Define a macro: a call whose argument forms match the pattern is replaced by the body.

    Parameters are replaced at every depth; `$ rest` takes the remaining forms and splices them. Another
    clause with another pattern adds to the macro; the same pattern again replaces its clause.
    """
    if not isinstance(form[1], Atom):
        raise c.error("Error: Missing name in the declaration of a function", form.spans[1])
    name = form[1].name
    if c.is_keyword(name):
        raise c.error(f"Error: '{name}' is a reserved keyword.", form.spans[1])
    if not is_list(form[2]):
        raise c.error("Error: List of missing parameters in a function declaration", form.spans[2])
    known = c.macros.get(name) or c.context.macros.get(name)
    clause = Clause(list(form[2]), list(form[3:]))
    kept = [old for old in (known.clauses if known else []) if not _same(old.pattern, clause.pattern)]
    c.macros[name] = Macro(name, [*kept, clause])
    return None if destination is EFFECT else c.deliver(c.true(), destination)


def _same(a: Any, b: Any) -> bool:
    return bool(as_data(a) == as_data(b))


def expand(c: Compiler, macro: Macro, form: Form) -> Any:
    """The form that replaces a macro call, in the place of the call."""
    arguments = list(form[1:])
    for clause in macro.clauses:
        found: dict[Atom, Any] = {}
        if match(clause.pattern, arguments, found):
            body = [substitute(item, found, form.span) for item in clause.body]
            return body[0] if len(body) == 1 else Form([BLOCK, *body], form.span)
    raise c.error(f"Error: cannot apply this macro: {macro.name} to '{to_text(as_data(form))}'")


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


def _match_list(pattern: list[Any], form: list[Any], found: dict[Atom, Any]) -> bool:
    if len(pattern) >= 2 and pattern[-2] is REST:
        fixed = len(pattern) - 2
        if len(form) < fixed or not match(pattern[-1], list(form[fixed:]), found):
            return False
        pattern, form = pattern[:fixed], form[:fixed]
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
