"""`data@`: the declaration of record types, carried out while the text is compiled."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import Signature
from lispe_kernel.language.forms import Form, as_data, head, is_list
from lispe_kernel.language.printer import is_type_atom
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.records import RecordGroup, RecordType, is_of_type, is_record_of

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


@special(
    "data@",
    "(Name [slot...])... | Group [(Name [slot...])...]",
    defines="record",
    judges_parts=True,
)
def compile_data(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Declare record types. A slot is `_` (any value), a type atom, a record or group name, or (Name _...).

    `(Name value...)` makes a record, a list that begins with its name; `[Name x...]` takes it apart in a
    pattern. A group name stands for each of its members in patterns and slots.

    Example: (data@ (Pair _ _)) (Pair 1 2) => (Pair 1 2)
    """
    group = form[1] if isinstance(form[1], Atom) else None
    start = 2 if group is not None else 1
    names: list[Atom] = []
    for description, span in zip(form[start:], form.spans[start:], strict=True):
        if not is_list(description) or head(description) is None:
            raise c.error("Error: A data structure can only contain non empty lists", span)
        name = description[0]
        if name in names or _declared_here(c, name):
            raise c.error(f"Error: data structure has already been recorded: '{name.name}'", span)
        c.new_name(name, span)
        names.append(name)
        slots = tuple(_slot(c, slot, span) for slot in description[1:])
        made = RecordType(name, slots, as_data(description), group)
        c.declare(name.name, made.maker(), Signature(name.name, ("slot...",), rest=True))
    if group is not None:
        c.declare(group.name, RecordGroup(group, frozenset(names)))
    return None if destination is EFFECT else c.deliver(c.true(), destination)


def _declared_here(c: Compiler, name: Atom) -> bool:
    return hasattr(c.declarations.get(name.name), "lispe_record")


def _slot(c: Compiler, slot: Any, span: Any) -> tuple[Callable[[Any], bool] | None, str]:
    """The test of one slot and what it requires, as an error says it."""
    name = slot[0] if is_list(slot) and slot else slot
    if name is None:
        return None, "_"
    if not isinstance(name, Atom):
        raise c.error("Error: A data structure can only contain non empty lists", span)
    found = c.declared(name.name)
    if isinstance(found, RecordGroup):
        return is_record_of(found.members), name.name
    if is_type_atom(name.name) and not hasattr(found, "lispe_record"):
        return is_of_type(name), name.name
    if is_list(slot) or hasattr(found, "lispe_record"):
        return is_record_of(frozenset({name})), name.name
    return is_of_type(name), name.name
