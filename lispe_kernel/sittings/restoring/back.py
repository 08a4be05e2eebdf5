"""A session put back from a folder. All is read, checked and made before the first name changes.

What the folder has takes the place of what has the same name; other names of the session stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.keeping import Broken, State, states
from lispe_kernel.language.library.numbers.maths import CONSTANTS
from lispe_kernel.session import Session
from lispe_kernel.sittings import folder as folders
from lispe_kernel.sittings.definitions import SHARED
from lispe_kernel.sittings.functions_in_values import FunctionsInto
from lispe_kernel.sittings.memory import Memory
from lispe_kernel.sittings.restoring.compiling import Compiled, Quiet, compiled, earlier
from lispe_kernel.sittings.restoring.reading import Reading
from lispe_kernel.sittings.saving import defined, of_the_session, texts
from lispe_kernel.torch_library import load as load_torch_library
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted

_SECTIONS = {
    "definitions": list,
    "variables": dict,
    "slots": dict,
    "constants": list,
    "states": dict,
    "objects": dict,
    "memory": dict,
    "left out": dict,
    "kept without": dict,
}
# What data that no writer of ours made may raise in the kinds that read it.
_MALFORMED = (
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    RuntimeError,
    AssertionError,
)


@dataclass
class Restored:
    """What came back: names of variables and definitions, and what the folder says it lacks."""

    variables: list[str]
    definitions: list[str]
    replaced: list[str]
    left_out: dict[str, Any]
    lacking: dict[str, Any]


@dataclass(frozen=True)
class _Known:
    """Definitions of a session."""

    functions: dict[str, Any]
    classes: dict[str, Any]


@dataclass
class _Ready:
    """All of a folder, made and not yet bound to a name."""

    compiled: Compiled
    variables: dict[str, Any]
    slots: dict[int, Any]
    constants: set[str]
    states: list[tuple[State, Any]]
    # As they stand in the folder.
    definitions: list[dict[str, Any]]


def checked(folder: str, file: str = folders.MANIFEST) -> dict[str, Any]:
    """A manifest of a folder, every section of its kind. Errors: Broken, OSError."""
    manifest = folders.load(folder, file)
    for name, kind in _SECTIONS.items():
        if not isinstance(manifest.get(name), kind):
            raise Broken(f"is malformed: {name} is missing")
    for definition in manifest["definitions"]:
        match definition:
            case {"name": str(), "kind": str(), "text": [*lines]} if all(isinstance(x, str) for x in lines):
                continue
        raise Broken("is malformed where a definition belongs")
    return manifest


@contextmanager
def as_written() -> Iterator[None]:
    """What data that no save of ours wrote makes fail is told as that. Errors: Broken."""
    try:
        yield
    except LispeError as error:
        raise Broken(f"is malformed ({' '.join(str(error).split())[:200]})") from error
    except _MALFORMED as error:
        raise Broken("is malformed: it holds what no save of LispE writes") from error


def restore(
    session: Session,
    folder: str,
    file: str = folders.MANIFEST,
    forget: set[str] | None = None,
    called: str = "",
) -> Restored:
    """Put what a folder holds into a session. Errors: Broken, OSError; nothing has changed then.

    file: the manifest, where it is not that of the newest session. forget: names of the namespace that go,
    with every macro, class, link and slot, before those of the folder come. called: what people call the text
    of the definitions.
    """
    if not folders.exists(folder):
        raise Broken("is not there")
    with folders.locked(folder, writing=False):
        manifest = checked(folder, file)
        ready = _ready(session, folder, manifest, called, forget=forget)
    names = [definition["name"] for definition in manifest["definitions"]]
    before = set(session.namespace) | set(session.macros)
    replaced = [name for name in (*names, *manifest["variables"]) if name in before]
    with uninterrupted():
        if forget is not None:
            _clear(session, forget)
        _bind(session, ready)
    return Restored(
        [name.removeprefix(SHARED).strip() for name in ready.variables],
        names,
        replaced,
        manifest["left out"],
        manifest["kept without"],
    )


def values(session: Session, folder: str, called: str = "") -> dict[str, Any]:
    """The values of the variables in a folder, bound to no name. Errors: Broken, OSError.

    Definitions in the folder must be those of the session; what it lacks of them it gets.
    """
    if not folders.exists(folder):
        raise Broken("is not there")
    definitions, _ = defined(session)
    own = {each.name: each.text for each in definitions}
    with folders.locked(folder, writing=False):
        manifest = checked(folder)
        lacking = []
        for each in manifest["definitions"]:
            text = "\n".join(each["text"])
            if each["name"] not in own:
                lacking.append(each)
            elif own[each["name"]] != text:
                raise Broken(f"needs {each['name']}, which is defined otherwise here")
        functions = {name: session.namespace[name] for name in definitions.names}
        known = _Known(functions, dict(session.classes))
        ready = _ready(session, folder, {**manifest, "definitions": lacking}, called, known)
    if lacking:
        _bind(session, _Ready(ready.compiled, {}, {}, set(), [], ready.definitions))
    return ready.variables


def _ready(
    session: Session,
    folder: str,
    manifest: dict[str, Any],
    called: str,
    known: _Known | None = None,
    forget: set[str] | None = None,
) -> _Ready:
    """All of a folder. known: what its values may name beside what it defines itself."""
    known = known or _Known({}, {})
    quiet = Quiet(session, called or f"the session of {folder}", forget)
    with as_written():
        if any(entry.get("torch") for entry in manifest["memory"].values()) or _names_torch(manifest):
            load_torch_library()
        functions = [each["name"] for each in manifest["definitions"] if each["kind"] == "function"]
        quiet.expect(functions, _no_macros(manifest["definitions"], manifest["variables"]))
        found = compiled(quiet, ["\n".join(definition["text"]) for definition in manifest["definitions"]])
        quiet.take(found)
        all_functions, classes = known.functions | found.functions, known.classes | found.classes
        special = FunctionsInto(quiet, all_functions, classes, partial(earlier, quiet)).keepers()
        reading = Reading(manifest["objects"], Memory(folder, manifest["memory"]), special)
        variables = {_name(name): reading.value(data) for name, data in manifest["variables"].items()}
        slots = {int(number): reading.value(data) for number, data in manifest["slots"].items()}
        put_back = [
            (state, reading.value(manifest["states"][state.name]))
            for state in states()
            if state.name in manifest["states"]
        ]
        reading.finish()
        checked_states = [(state, state.check(value, reading)) for state, value in put_back]
        constants = {str(name) for name in manifest["constants"]} & set(variables)
    return _Ready(found, variables, slots, constants, checked_states, manifest["definitions"])


def _no_macros(definitions: list[dict[str, Any]], variables: Iterable[str]) -> set[str]:
    """The names in a folder that stand for no macro: one of the session gives way."""
    names = {name.strip() for name in (*variables, *(each["name"] for each in definitions))}
    return names - {each["name"] for each in definitions if each["kind"] == "macro"}


def _made_by(definitions: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """The first line of each definition in the text of all, and what people call the text that made it."""
    found, line = [], 1
    for definition in definitions:
        found.append((line, str(definition.get("cell", ""))))
        # An empty line stands between two.
        line += len(definition["text"]) + 1
    return found


def _names_torch(manifest: dict[str, Any]) -> bool:
    """Whether anything that is kept is a kind of the torch library's."""
    pending: list[Any] = [manifest[name] for name in ("variables", "slots", "states", "objects")]
    while pending:
        data = pending.pop()
        if isinstance(data, dict):
            if any(key.startswith("torch ") for key in data):
                return True
            pending.extend(data.values())
        elif isinstance(data, list):
            pending.extend(data)
    return False


def _name(name: str) -> str:
    """A name of a variable, as a program could write it. Errors: Broken for one of the session's own."""
    inner = name.removeprefix(SHARED)
    odd = any(character in " \t\n()[]{}\"'`;" for character in inner.rstrip(" "))
    if not inner or odd or of_the_session(inner):
        raise Broken(f"gives a value to a name that is none: {name[:80]}")
    return name


def _clear(session: Session, names: set[str]) -> None:
    for table in (session.macros, session.classes, session.aliases, session.slots):
        table.clear()
    for name in names:
        session.namespace.pop(name, None)
        session.fixed.discard(name)
        if name in CONSTANTS:
            session.namespace[name] = CONSTANTS[name]


def _bind(session: Session, ready: _Ready) -> None:
    before = set(session.namespace)
    for name in _no_macros(ready.definitions, ready.variables):
        session.macros.pop(name, None)
    session.execution.bring(ready.compiled.program, ready.compiled.made)
    texts(session).came_from[ready.compiled.source.file] = _made_by(ready.definitions)
    # Those of several clauses were bound after all others: the next save has them where they stood.
    for name in (each["name"] for each in ready.definitions if each["kind"] == "function"):
        if name in session.namespace and name not in before:
            session.namespace[name] = session.namespace.pop(name)
    session.fixed -= set(ready.variables)
    session.namespace.update(ready.variables)
    session.fixed |= ready.constants
    session.slots.update(ready.slots)
    for state, value in ready.states:
        state.put_back(value)
