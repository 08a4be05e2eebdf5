"""What a session defines, as text: functions, macros, classes, records, spaces, threads, links.

The order is one in which they can be compiled: links, macros, records and classes, then functions. Names of
the namespace that stand for definitions are no variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from types import FunctionType
from typing import Any

from lispe_kernel.language.forms import Form
from lispe_kernel.language.keeping import Unkept
from lispe_kernel.language.made import record_of, signature_of, source_of
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.instances import Instance
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.records import RecordGroup
from lispe_kernel.session import Session
from lispe_kernel.sittings.text import Sources

SPACE, SHARED, THREAD = " space ", " shared ", "thread "
# Classes of values, of which none is a definition.
_VALUES = frozenset({str, int, float, bool, type(None), Atom, List, Dictionary, list, dict})
_MAIN = "mainspace_"


class Definition:
    """One definition: its name, what it is, its text, and what people call the text that made it."""

    def __init__(self, name: str, kind: str, text: str, cell: str = "", problem: str = "") -> None:
        self.name, self.kind, self.text = name, kind, text
        self.cell, self.problem = cell, problem

    @cached_property
    def data(self) -> dict[str, Any]:
        """The definition as it is written."""
        return {"name": self.name, "kind": self.kind, "cell": self.cell, "text": self.text.split("\n")}


class Definitions:
    """All that a session defines."""

    def __init__(self, session: Session, sources: Sources) -> None:
        self._session, self._sources = session, sources
        self._names: dict[str, str] = {}
        for name, value in session.namespace.items():
            if type(value) in _VALUES and name[:1] != " ":
                continue
            kind = "function" if self._known_function(name, value) else self._kind(name, value)
            if kind:
                self._names[name] = kind
        # Which name stands for a function or a class, by the identity of the value.
        self.named = {id(session.namespace[name]): name for name in self._names}

    @property
    def names(self) -> list[str]:
        """The names of the namespace that stand for definitions."""
        return list(self._names)

    def take(self, name: str, value: Any) -> bool:
        """Take a function for the one that a name had, or as the last of all; False for anything else."""
        if self._names.get(name, "function") != "function" or self._kind(name, value) != "function":
            return False
        self._names[name] = "function"
        self.named = {key: each for key, each in self.named.items() if each != name}
        self.named[id(value)] = name
        return True

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def _known_function(self, name: str, value: Any) -> list[Definition] | None:
        """The definitions of a function that were found at an earlier time; it is the same since."""
        known = self._sources.functions.get(name)
        return known[1] if known is not None and known[0] is value else None

    def _kind(self, name: str, value: Any) -> str:
        if name.startswith(SPACE):
            return "space"
        if isinstance(value, type):
            return "class" if issubclass(value, Instance) and self._session.classes.get(name) is value else ""
        if isinstance(value, RecordGroup) or (record_of(value) is not None and value.__name__ == name):
            return "record"
        if not isinstance(value, FunctionType) or value.__globals__ is not self._session.namespace:
            is_starter = isinstance(value, FunctionType) and f"{THREAD}{name}" in self._session.namespace
            return "starter" if is_starter and value.__name__ == name else ""
        if value.__name__.strip() != name.strip() or (
            source_of(value) is None and signature_of(value) is None
        ):
            return ""
        return "thread" if name.startswith(THREAD) else "function"

    def __iter__(self) -> Iterator[Definition]:
        yield from self._links()
        for name, macro in self._session.macros.items():
            forms = [
                Form([Atom("defmacro"), Atom(name), clause.pattern, *clause.body]) for clause in macro.clauses
            ]
            yield self._definition(name, "macro", forms)
        for kinds in (("space", "record", "class"), ("thread", "function")):
            for name, kind in self._names.items():
                if kind not in kinds:
                    continue
                value = self._session.namespace[name]
                found = self._known_function(name, value)
                if found is None:
                    found = list(self._of(name, kind, value))
                if kind == "function":
                    self._sources.functions[name] = value, found
                yield from found

    def _links(self) -> Iterator[Definition]:
        for name, target in self._session.aliases.items():
            form = Form([Atom("link"), name, Form([Atom("quote"), Atom(target)])])
            yield self._definition(name, "link", [form])

    def _of(self, name: str, kind: str, value: Any) -> Iterable[Definition]:
        if kind == "space":
            space = name.removeprefix(SPACE)
            return [Definition(space, kind, f"(defspace {space})")] if space != _MAIN else []
        if kind == "record":
            return self._record(name, value)
        if kind == "class":
            source = value.__dict__.get("lispe_source")
            return [self._definition(name, kind, [source] if source is not None else [])]
        clauses = getattr(signature_of(value), "clauses", ())
        forms = [clause.form for clause in clauses] or [source_of(value)]
        file = value.__code__.co_filename
        if kind == "thread":
            return [self._definition(name.removeprefix(THREAD), kind, forms, file)]
        found = self._definition(name, kind, [form for form in forms if form is not None], file)
        space, _, own = name.strip().rpartition(" ")
        if not space or found.problem:
            return [found]
        return [Definition(f"{space} {own}", kind, f"(defspace {space}\n{found.text})", found.cell)]

    def _record(self, name: str, value: Any) -> Iterable[Definition]:
        if isinstance(value, RecordGroup):
            if value.members:
                return []
            return [self._definition(name, "record", [List([Atom("data@"), value.name])])]
        record = record_of(value)
        group = self._session.namespace.get(record.group.name) if record.group is not None else None
        if not isinstance(group, RecordGroup):
            return [self._definition(name, "record", [List([Atom("data@"), record.description])])]
        members = [made for made in map(self._maker, self._names) if made in group.members]
        if not members or members[0] is not record.name:
            # The whole group is written with its first member.
            return []
        types = [record_of(self._session.namespace[member.name]).description for member in members]
        return [self._definition(name, "record", [List([Atom("data@"), group.name, *types])])]

    def _maker(self, name: str) -> Any:
        record = record_of(self._session.namespace.get(name))
        return record.name if record is not None else None

    def _definition(self, name: str, kind: str, forms: list[Any], file: str = "") -> Definition:
        texts, cell = [], ""
        for form in forms:
            text, where = self._sources.text_of(form, file)
            cell = where or cell
            if not text:
                return Definition(name, kind, "", cell, f"the {kind} {name} has no text that reads back")
            texts.append(text)
        if not texts:
            return Definition(name, kind, "", "", f"the {kind} {name} has no text")
        return Definition(name, kind, "\n".join(texts), cell)

    def earlier(self, value: Any) -> str:
        """The text of a function that no name stands for any more. Raises Unkept."""
        name = value.__name__
        if value.__closure__ is not None or " " in name.strip():
            raise Unkept(f"an earlier version of {name.strip()}, which was defined anew since")
        (found,) = self._of(name, "function", value)
        if found.problem:
            raise Unkept(found.problem)
        return found.text

    def name_of(self, value: Any) -> str:
        """The name under which a function or class of the session is defined. Raises Unkept."""
        name = self.named.get(id(value))
        if name is None:
            raise Unkept(f"an earlier version of {value.__name__.strip()}, which was defined anew since")
        return name
