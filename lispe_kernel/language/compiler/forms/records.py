"""`data@`: the declaration of record types, carried out while the text is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.definitions import check_free
from lispe_kernel.language.compiler.variables import Signature
from lispe_kernel.language.forms import Form, as_data, is_list
from lispe_kernel.language.made import record_of
from lispe_kernel.language.printer import is_type_atom
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.records import (
    RecordGroup,
    RecordType,
    Test,
    is_of_type,
    is_of_type_or_record,
    is_record_of,
    is_record_with,
)

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.compiler.tree import Node


NOT_LISTS = "Error: A data structure can only contain non empty lists"


@special(
    "data@",
    "(Name [type...])... | Group [(Name [type...])...]",
    defines="record",
    errors={"(Name [type...])...": NOT_LISTS, "[(Name [type...])...]": NOT_LISTS},
)
def resolve_data(r: Resolver, form: Form) -> Node:
    """Declare record types. A slot is `_` (any value), a type atom, a record or group name, (Name type...).

    `(Name value...)` makes a record, a list that begins with its name; `[Name x...]` takes it apart in a
    pattern. A group name stands for each of its members in patterns and slots.

    Example: (data@ (Pair _ _)) (Pair 1 2) => (Pair 1 2)
    """
    group = form[1] if isinstance(form[1], Atom) else None
    start = 2 if group is not None else 1
    names: list[Atom] = []
    for description, span in zip(form[start:], form.spans[start:], strict=True):
        name = description[0]
        if name in names or _declared_here(r, name):
            raise r.error(f"Error: data structure has already been recorded: '{name.name}'", span)
        check_free(r, name, span)
        names.append(name)
    # Slots may name any record of this declaration, and its group: a tree has trees in it.
    here = {name: frozenset({name}) for name in names}
    if group is not None:
        here[group] = frozenset(names)
    for name, description in zip(names, form[start:], strict=True):
        slots = tuple(_slot(r, slot, here) for slot in description[1:])
        made = RecordType(name, slots, as_data(description), group)
        r.declare(name.name, made.maker(), Signature(name.name, ("slot...",), rest=True))
    if group is not None:
        r.declare(group.name, RecordGroup(group, here[group]))
    return r.true()


def _declared_here(r: Resolver, name: Atom) -> bool:
    return record_of(r.declarations.get(name.name)) is not None


def _slot(r: Resolver, slot: Any, here: dict[Atom, frozenset[Atom]]) -> tuple[Test | None, str]:
    """The test of one slot and what it requires, as an error says it. `here`: what this declaration makes."""
    if slot is None:
        return None, "_"
    name: Atom = slot[0] if is_list(slot) else slot
    found = r.declared(name.name)
    if name in here:
        members = here[name]
    elif isinstance(found, RecordGroup):
        members = found.members
    elif record_of(found) is not None or (is_list(slot) and not is_type_atom(name.name)):
        members = frozenset({name})
    elif is_type_atom(name.name):
        return is_of_type(name), name.name
    else:  # a class, or a record that a later text declares
        return is_of_type_or_record(name), name.name
    parts = [_slot(r, part, here) for part in slot[1:]] if is_list(slot) else []
    if all(test is None for test, _ in parts):
        return is_record_of(members), name.name
    text = " ".join([name.name, *(required for _, required in parts)])
    return is_record_with(members, [test for test, _ in parts]), f"({text})"
