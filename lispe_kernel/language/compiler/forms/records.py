"""`data@`: the declaration of record types, carried out while the text is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.definitions import check_free
from lispe_kernel.language.compiler.variables import Signature
from lispe_kernel.language.forms import Form, as_data, is_list
from lispe_kernel.language.made import record_of
from lispe_kernel.language.printer import is_type_atom
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.records import RecordGroup, RecordType, is_of_type, is_record_of

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
    """Declare record types. A slot is `_` (any value), a type atom, a record or group name, or (Name _...).

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
        slots = tuple(_slot(r, slot) for slot in description[1:])
        made = RecordType(name, slots, as_data(description), group)
        r.declare(name.name, made.maker(), Signature(name.name, ("slot...",), rest=True))
    if group is not None:
        r.declare(group.name, RecordGroup(group, frozenset(names)))
    return r.true()


def _declared_here(r: Resolver, name: Atom) -> bool:
    return record_of(r.declarations.get(name.name)) is not None


def _slot(r: Resolver, slot: Any) -> tuple[Callable[[Any], bool] | None, str]:
    """The test of one slot and what it requires, as an error says it."""
    name: Atom | None = slot[0] if is_list(slot) else slot
    if name is None:
        return None, "_"
    found = r.declared(name.name)
    if isinstance(found, RecordGroup):
        return is_record_of(found.members), name.name
    if is_type_atom(name.name) and record_of(found) is None:
        return is_of_type(name), name.name
    if is_list(slot) or record_of(found) is not None:
        return is_record_of(frozenset({name})), name.name
    return is_of_type(name), name.name
