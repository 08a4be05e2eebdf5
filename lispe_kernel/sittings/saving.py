"""A session written into a folder: what it defines, its variables, what they share, random states."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lispe_kernel import __version__
from lispe_kernel.language.keeping import states
from lispe_kernel.language.library.numbers.maths import CONSTANTS
from lispe_kernel.session import Session
from lispe_kernel.sittings import folder as folders
from lispe_kernel.sittings.blocks import Block
from lispe_kernel.sittings.definitions import SHARED, Definitions
from lispe_kernel.sittings.functions_in_values import FunctionsOut
from lispe_kernel.sittings.seen import seen
from lispe_kernel.sittings.text import Sources, Written
from lispe_kernel.sittings.writing import Graph
from lispe_kernel.torch_library import load as load_torch_library

# What every session has from its start and a folder never gives: they are of the machine and the program.
_OF_THE_MACHINE = frozenset({"_args", "_current", "_sep", "_version", "_exit_code"})
_READ_BEFORE = "sittings: texts"


@dataclass
class Kept:
    """A session as data: what `session.json` will say, what is not in it too, and its memory."""

    manifest: dict[str, Any]
    blocks: list[Block]


def of_the_session(name: str) -> bool:
    """Whether a name of the namespace belongs to the session itself and not to who uses it."""
    return name in _OF_THE_MACHINE or (name.startswith("__") and name.endswith("__"))


def variables(session: Session) -> Iterator[tuple[str, Any]]:
    """The names in a session's namespace that the user gave a value, in order."""
    for name, value in list(session.namespace.items()):
        if of_the_session(name):
            continue
        if (name in CONSTANTS and CONSTANTS[name] is value) or (
            name.startswith(" ") and not name.startswith(SHARED)
        ):
            continue
        yield name, value


def as_data(session: Session) -> Kept:
    """All of a session that can be kept. Nothing is written."""
    if "torch" in sys.modules:
        # Python code may have made tensors before any of LispE's functions did.
        load_torch_library()
    known: dict[str, list[Written]] = session.library_states.setdefault(_READ_BEFORE, {})
    sources = Sources(session.sources, known, session.canonical)
    definitions = Definitions(session, sources)
    graph = Graph(FunctionsOut(session, definitions, sources))
    written, failed = [], {}
    for definition in definitions:
        if definition.problem:
            failed[definition.name] = (definition.problem, definition.cell)
            continue
        written.append(
            {
                "name": definition.name,
                "kind": definition.kind,
                "cell": definition.cell,
                "text": definition.text.split("\n"),
            }
        )
    tops: dict[str, Any] = {}
    notes: dict[str, str] = {}
    values = {f"variable {n}": v for n, v in variables(session) if n not in definitions}
    values |= {f"slot {number}": value for number, value in session.slots.items()}
    for key, value in values.items():
        top = graph.start(value)
        name = key.partition(" ")[2].removeprefix(SHARED)
        problem = graph.problem(top)
        if problem:
            failed[name] = (problem, sources.assigning(name))
            continue
        tops[key] = top
        lacks = graph.notes(top)
        if lacks:
            notes[name] = "; ".join(dict.fromkeys(lacks))
    for state in states():
        if state.there():
            tops[f"state {state.name}"] = graph.start(state.capture(graph))
    tables = graph.tables(tops)
    manifest = {
        "format": folders.FORMAT,
        "version": folders.VERSION,
        "lispe": __version__,
        "saved": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()) + " UTC",
        "definitions": written,
        "variables": _named(tables.trees, "variable"),
        "slots": _named(tables.trees, "slot"),
        "constants": sorted(session.fixed & {key.partition(" ")[2] for key in tops}),
        "states": _named(tables.trees, "state"),
        "objects": tables.objects,
        "left out": {n: {"why": why, "cell": cell} for n, (why, cell) in failed.items()},
        "kept without": notes,
    }
    return Kept(manifest, tables.blocks)


def _named(trees: dict[str, Any], kind: str) -> dict[str, Any]:
    return {key.partition(" ")[2]: tree for key, tree in trees.items() if key.partition(" ")[0] == kind}


def save(session: Session, folder: str) -> tuple[Kept, int]:
    """Save a session into a folder; what was kept, and the bytes that were written.

    Errors: CannotWrite; what was in the folder is as it was.
    """
    folders.prepare(folder)
    kept = as_data(session)
    return kept, folders.save(folder, kept.manifest, seen(session).contents(kept.blocks))
