"""A session written into a folder: what it defines, its variables, what they share, random states."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator
from typing import Any, NamedTuple

from lispe_kernel import __version__
from lispe_kernel.language.keeping import states
from lispe_kernel.language.library.numbers.maths import CONSTANTS
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.session import Session
from lispe_kernel.sittings import folder as folders
from lispe_kernel.sittings.blocks import Block
from lispe_kernel.sittings.definitions import SHARED, Definitions
from lispe_kernel.sittings.functions_in_values import FunctionsOut
from lispe_kernel.sittings.seen import seen
from lispe_kernel.sittings.text import Sources
from lispe_kernel.sittings.writing import Graph, Item, blocks_of, tables, told

# What every session has from its start and a folder never gives: they are of the machine and the program.
_OF_THE_MACHINE = frozenset({"_args", "_current", "_sep", "_version", "_exit_code"})
# How names of others than the user's variables begin.
_MARKS = "_ "
_READ_BEFORE, _STATES = "sittings: texts", "sittings: random states"


class Kept(NamedTuple):
    """A session as data: what `session.json` will say, and its memory."""

    manifest: dict[str, Any]
    blocks: list[Block]


class Gathered:
    """All that was asked of the values of a session. What is made of it asks them no more.

    let_go: called when nobody asks for the bytes of the blocks any more.
    """

    def __init__(
        self,
        blocks: list[Block],
        tops: dict[str, Any],
        rest: dict[str, Any],
        let_go: Callable[[], None] = lambda: None,
    ) -> None:
        self.blocks, self.tops, self.rest, self.let_go = blocks, tops, rest, let_go

    def manifest(self) -> dict[str, Any]:
        """What `session.json` will say, without its memory."""
        found = tables(self.tops, self.blocks)
        return {
            "format": folders.FORMAT,
            "version": folders.VERSION,
            "lispe": __version__,
            "saved": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()) + " UTC",
            "definitions": self.rest["definitions"],
            "variables": _named(found.trees, "variable"),
            "slots": _named(found.trees, "slot"),
            "constants": self.rest["constants"],
            "states": _named(found.trees, "state"),
            "objects": found.objects,
            "left out": self.rest["left out"],
            "kept without": self.rest["kept without"],
        }


def of_the_session(name: str) -> bool:
    """Whether a name of the namespace belongs to the session itself and not to who uses it."""
    return name in _OF_THE_MACHINE or (name.startswith("__") and name.endswith("__"))


def is_variable(name: str, value: Any) -> bool:
    """Whether a name of the namespace has a value that the user gave it."""
    if name[:1] in _MARKS and (
        of_the_session(name) or (name.startswith(" ") and not name.startswith(SHARED))
    ):
        return False
    return name not in CONSTANTS or CONSTANTS[name] is not value


def variables(session: Session) -> Iterator[tuple[str, Any]]:
    """The names in a session's namespace that the user gave a value, in order."""
    return (pair for pair in list(session.namespace.items()) if is_variable(*pair))


def texts(session: Session) -> Sources:
    """The texts of a session, as they were read before."""
    sources: Sources | None = session.library_states.get(_READ_BEFORE)
    if sources is None:
        sources = session.library_states[_READ_BEFORE] = Sources(session.sources, session.canonical)
    return sources


def defined(session: Session) -> tuple[Definitions, Sources]:
    """What a session defines, and the texts in which it stands."""
    sources = texts(session)
    return Definitions(session, sources), sources


def described(
    definitions: Definitions, only: Container[str] | None = None
) -> tuple[list[dict[str, Any]], dict[str, tuple[str, str]]]:
    """Definitions as they are written; those that cannot be, with why and the cells that made them."""
    written, failed = [], {}
    for definition in definitions:
        if only is not None and definition.name not in only:
            continue
        if definition.problem:
            failed[definition.name] = (definition.problem, definition.cell)
        else:
            written.append(definition.data)
    return written, failed


def as_data(session: Session) -> Kept:
    """All of a session that can be kept. Nothing is written."""
    found = gathered(session)
    return Kept(found.manifest(), found.blocks)


def gathered(session: Session, only: Container[str] | None = None) -> Gathered:
    """All of a session that can be kept, as it is now.

    only: the names that are wanted, where not all are; random states and slots are then left out.
    """
    # Python code may have made tensors before any of LispE's functions did.
    session.meet_python()
    definitions, sources = defined(session)
    graph = Graph(FunctionsOut(session, definitions, sources))
    written, failed = described(definitions, only)
    tops: dict[str, Any] = {}
    notes: dict[str, str] = {}
    values = [("variable", *pair) for pair in variables(session) if pair[0] not in definitions]
    if only is None:
        values += [("slot", str(number), value) for number, value in session.slots.items()]
    else:
        values = [each for each in values if each[1] in only]
    for kind, name, value in values:
        top = graph.start(value)
        if not isinstance(top, Item):
            tops[f"{kind} {name}"] = top
            continue
        problem, lacks = told(top)
        shown = name.removeprefix(SHARED)
        if problem:
            failed[shown] = (problem, sources.assigning(shown))
            continue
        tops[f"{kind} {name}"] = top
        if lacks:
            notes[shown] = "; ".join(dict.fromkeys(lacks))
    if only is None:
        tops |= random_states(session, lambda: graph)
    rest = besides(session, tops, written, failed, notes)
    blocks = blocks_of(tops.values())
    graph.let_go()
    return Gathered(blocks, tops, rest)


def besides(
    session: Session,
    tops: dict[str, Any],
    written: list[dict[str, Any]],
    failed: dict[str, tuple[str, str]],
    notes: dict[str, str],
) -> dict[str, Any]:
    """What the manifest says besides the values. failed: why something is not kept, and what cell made it."""
    return {
        "definitions": written,
        "constants": sorted(name for name in session.fixed if f"variable {name}" in tops),
        "left out": {name: {"why": why, "cell": cell} for name, (why, cell) in failed.items()},
        "kept without": notes,
    }


def random_states(session: Session, graph: Callable[[], Graph]) -> dict[str, Any]:
    """What stands for the random states. One that is as it was at the last save is not written anew.

    graph: gives the one with which a state is written.
    """
    before: dict[str, Any] = session.library_states.get(_STATES, {})
    now = {}
    for state in states():
        if state.there():
            known = before.get(state.name)
            if known is None:
                # A glance prepares more than it looks at: that is for whoever saves again.
                stands = state.now()
                known = None, stands, graph().start(state.capture(stands))
            elif known[0] is None or known[0] != state.glance():
                stands = state.now()
                top = known[2] if known[1] == stands else graph().start(state.capture(stands))
                known = state.glance(), stands, top
            now[state.name] = known
    session.library_states[_STATES] = now
    return {f"state {name}": top for name, (_, _, top) in now.items()}


def _named(trees: dict[str, Any], kind: str) -> dict[str, Any]:
    return {key.partition(" ")[2]: tree for key, tree in trees.items() if key.partition(" ")[0] == kind}


def save(session: Session, folder: str) -> tuple[Kept, int]:
    """Save a session into a folder; what was kept, and the bytes that were written.

    Errors: CannotWrite; what was in the folder is as it was.
    """
    folders.prepare(folder)
    kept = as_data(session)
    return kept, folders.save(folder, kept.manifest, kept.blocks, seen(session))


def left_out(entries: dict[str, Any]) -> Dictionary:
    """What a manifest says of what is not kept: why, and the cell that made it."""
    return Dictionary({name: _why(entry) for name, entry in entries.items()})


def _why(entry: Any) -> str:
    if not isinstance(entry, dict):
        return ""
    cell = f" (made in {entry['cell']})" if entry.get("cell") else ""
    return f"{entry.get('why', '')}{cell}"
