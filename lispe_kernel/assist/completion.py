"""Completion: what could stand at the cursor. names, parameters, keys, methods, file paths, magics.

Nothing of the user's is ever run: values are looked at, never called. Offsets are characters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from lispe_kernel.assist.cursor import Level, Place, enclosing, place_at, words
from lispe_kernel.assist.magics import MAGICS, Magics
from lispe_kernel.assist.names import SessionSource, all_names, known, parameters
from lispe_kernel.assist.python_completion import python_matches
from lispe_kernel.assist.python_objects import attributes, is_there, object_of
from lispe_kernel.assist.surroundings import MAGIC, OTHER, PATHS, PYTHON, surroundings
from lispe_kernel.language.functions import registry
from lispe_kernel.language.printer import describe
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.python.variables import variables_of

TYPES = "_jupyter_types_experimental"
# Beyond this nobody reads on, and a front end would stall.
MOST = 500
_WORD = re.compile(r"[^\s'\"=;|&<>()]*\Z")
# Functions, by their own names, whose second argument is a key of the first.
_READING = frozenset({"at", "key@"})


class Match(NamedTuple):
    """A text that may replace the word at the cursor."""

    text: str
    kind: str
    signature: str = ""


class Completer:
    """Answers complete_requests for one session, where these magics can be run."""

    def __init__(self, session: SessionSource, magics: Magics = MAGICS) -> None:
        self._session = session
        self._magics = magics

    def complete(self, code: str, cursor: int) -> dict[str, Any]:
        """The content of a complete_reply."""
        start, matches = self.matches(code, cursor)
        end = max(0, min(cursor, len(code)))
        return {
            "status": "ok",
            "matches": [match.text for match in matches],
            "cursor_start": start,
            "cursor_end": end,
            "metadata": {
                TYPES: [
                    {"start": start, "end": end, "text": m.text, "type": m.kind, "signature": m.signature}
                    for m in matches
                ]
            },
        }

    def matches(self, code: str, cursor: int) -> tuple[int, list[Match]]:
        """Where the completed word starts, and what may stand there."""
        cursor = max(0, min(cursor, len(code)))
        magic = _magic(code, cursor, self._magics)
        if magic is not None:
            return magic
        around = surroundings(code, cursor, self._magics).kind
        if around in (PATHS, OTHER, MAGIC):
            return _in_words(code, cursor, around)
        if around == PYTHON:
            start, named = python_matches(code, cursor, variables_of(self._session().namespace).table())
            return start, [Match(text, kind) for text, kind in named[:MOST]]
        place = place_at(code, cursor)
        if place.kind == "comment":
            return place.start, []
        if place.kind == "string":
            return self._in_string(place)
        found = list(self._methods(place)) or list(self._attributes(place, code[cursor:]))
        if not found:
            found = [*self._named_parameters(place), *self._names(place, code)]
        return place.start, found[:MOST]

    # -- strings ---------------------------------------------------------------------------------

    def _in_string(self, place: Place) -> tuple[int, list[Match]]:
        keys = self._keys(place)
        if keys is not None:
            return place.start, [Match(key, "property") for key in keys if key.startswith(place.word)][:MOST]
        folder, _, begun = place.word.rpartition("/")
        start = place.start + len(place.word) - len(begun)
        return start, list(_paths(folder, begun, "/" in place.word))[:MOST]

    def _keys(self, place: Place) -> list[str] | None:
        """The keys of the container that the enclosing `(@ d "a" "` reads; None where no key is asked for."""
        level = place.call
        if level is None or len(level.items) < 2:
            return None
        first, second, *path = level.items
        if _reads(first):
            container = second
        elif _reads(second):
            container = first
        else:
            return None
        namespace = self._session().namespace
        if container not in namespace:
            return None
        value = namespace[container]
        for step in path:
            value = value.get(step[1:-1]) if isinstance(value, dict) and step[:1] == '"' else None
        return sorted(_keys_of(value))

    # -- names -----------------------------------------------------------------------------------

    def _methods(self, place: Place) -> Iterator[Match]:
        """After `(obj (`: the methods of the instance."""
        both = enclosing(place.levels)
        if both is None or both[1].items or both[0].items[1:] != ["()"]:
            return
        value = self._session().namespace.get(both[0].head)
        bases = type(value).__mro__
        methods = {name for cls in bases for name in getattr(cls, "lispe_methods", ())}
        for name in sorted(methods):
            if name.startswith(place.word):
                yield Match(name, "method")

    def _attributes(self, place: Place, after: str) -> Iterator[Match]:
        """After `(@ object '` and `(->`: what a Python object has."""
        value = object_of(place.call, after, self._session().namespace)
        if is_there(value):
            for name, kind, signature in sorted(attributes(value, place.word)):
                yield Match(name, kind, signature)

    def _named_parameters(self, place: Place) -> Iterator[Match]:
        """`(area 3 (? h 5))`: the parameters of the called function that is the user's."""
        level = place.call
        if level is None:
            return
        inside = level.items == ["?"]
        if inside:
            both = enclosing(place.levels)
            level = both[0] if both else level
        if not level.items or not (inside or place.word):
            return
        name = known(self._session(), level.head)
        for parameter in _user_parameters(name):
            if parameter.name.startswith(place.word) and not parameter.rest:
                yield Match(parameter.name if inside else f"(? {parameter.name} ", "param", str(parameter))

    def _names(self, place: Place, code: str) -> Iterator[Match]:
        found = list(all_names(self._session(), place.word))
        found.sort(key=lambda name: _order(place, name.kind))
        seen = {name.text for name in found}
        for name in found[:MOST]:
            yield Match(name.text, name.kind, name.signature or describe(name.entry, 60))
        if place.word:
            # Local variables and atoms of the cell itself.
            for text in sorted(words(code, place.start)):
                if text.startswith(place.word) and text not in seen and text != place.word:
                    yield Match(text, "text")


def _reads(word: str) -> bool:
    return registry.canonical(word) in _READING


def _user_parameters(name: Any) -> Iterable[Any]:
    return parameters(name.entry) if name is not None and isinstance(name.entry, FunctionType) else ()


def _order(place: Place, kind: str) -> int:
    """At the head of a call functions come first, elsewhere variables."""
    return (kind == "instance") if place.at_head else (kind != "instance")


def _keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        keys: Iterable[Any] = list(value)
    else:
        keys_of = answers_of(value).keys
        keys = () if keys_of is None else keys_of(value)
    for key in keys:
        if isinstance(key, str):
            yield key


def _paths(folder: str, begun: str, rooted: bool) -> Iterator[Match]:
    """Files whose name starts so; a folder ends with a slash. What cannot be read has no entries."""
    where = os.path.expanduser(folder) if folder else ("/" if rooted else ".")
    try:
        with os.scandir(where) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries if entry.name.startswith(begun))
    except OSError:
        return
    for name, is_folder in found:
        if not name.startswith(".") or begun.startswith("."):
            yield Match(name + "/" if is_folder else name, "path")


def _in_words(code: str, cursor: int, around: str) -> tuple[int, list[Match]]:
    """The files that a word of a shell, or of a magic that takes paths, may mean."""
    found = _WORD.search(code, code.rfind("\n", 0, cursor) + 1, cursor)
    folder, slash, begun = (found[0] if found is not None else "").rpartition("/")
    start = cursor - len(begun)
    return start, list(_paths(folder, begun, bool(slash)))[:MOST] if around == PATHS else []


def _magic(code: str, cursor: int, magics: Magics) -> tuple[int, list[Match]] | None:
    """At the start of a line: `%ti` and `%%py`."""
    start = code.rfind("\n", 0, cursor) + 1
    line = code[start:cursor]
    if not line.startswith("%") or (not line.lstrip("%").replace("_", "a").isalnum() and line.strip("%")):
        return None
    mark = "%%" if line.startswith("%%") else "%"
    named = ((name, entry) for name, entry in magics.items() if name[0].isalpha())
    fitting = [
        Match(mark + name, "magic", entry.help)
        for name, entry in sorted(named, key=lambda pair: pair[0])
        if (mark + name).startswith(line) and (entry.cell if mark == "%%" else entry.line)
    ]
    return (start, fitting) if fitting else None


__all__ = ["Completer", "Level", "Match"]
