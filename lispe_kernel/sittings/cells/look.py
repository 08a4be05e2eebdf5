"""What a session is after each cell, found out from what differs from the last time.

It is the same as `gathered` finds from nothing. A name with the very value that it had is not looked at,
where that is a scalar, a function, or a value that stands; any other value is gone through again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, compress
from operator import is_, is_not
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any
from weakref import ref

from lispe_kernel.language import runtime
from lispe_kernel.language.keeping import Part, keeper_of
from lispe_kernel.language.values.records import RecordGroup
from lispe_kernel.session import Session
from lispe_kernel.sittings import scalars
from lispe_kernel.sittings.blocks import Block, joined
from lispe_kernel.sittings.cells.standing import FLAT, Standing
from lispe_kernel.sittings.definitions import SHARED, Definitions
from lispe_kernel.sittings.functions_in_values import KINDS, FunctionsOut
from lispe_kernel.sittings.saving import (
    Gathered,
    besides,
    defined,
    described,
    is_variable,
    random_states,
    texts,
)
from lispe_kernel.sittings.writing import Graph, Item, parts_of, told

# In the place of a value that is gone through each time, and that is not kept alive until then.
_ELSE: Any = object()
_ABSENT: Any = object()
_DEFINING = (FunctionType, BuiltinFunctionType, type, RecordGroup)
# What Python code leaves in a session: it is refused, and that for as long as the definitions stay.
_REFUSED = (ModuleType, FunctionType, type)
# What is looked at without a moment in which an interrupt may come: so many values, of so many elements, and
# so many bytes.
_FEW, _SHORT, _SMALL, _LITTLE = 20, 200, 1000, 32 << 20
_SLOT = "slot "


@dataclass(slots=True)
class Differences:
    """What of a session is not what it was at the last look.

    names, values: the namespace as it is. before: what it had, in the same order. removed: what it has no
    more. places: where it has others. changed: what holds others.
    """

    names: list[str]
    values: list[Any]
    before: list[Any]
    removed: dict[str, Any]
    places: list[int]
    changed: list[Item]


class Look:
    """Looks at one session, again and again."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._begin()

    def _begin(self) -> None:
        self._standing = Standing()
        self._names: list[str] = []
        self._values: list[Any] = []
        # Macros, links and classes; nothing is like what stands here at first.
        self._tables: list[Any] = [_ABSENT]
        self._definitions: Definitions
        # What goes through values, where one is met that has to be.
        self._graph: Graph | None = None
        self._written: list[dict[str, Any]] = []
        self._failed: dict[str, tuple[str, str]] = {}
        # Functions that define nothing, by the names of variables.
        self._no_definitions: dict[str, ref[Any]] = {}
        # What stands for each variable, why some are not kept, and what the copies of others will lack.
        self._tops: dict[str, Any] = {}
        self._problems: dict[str, str] = {}
        self._lacks: dict[str, list[str]] = {}
        # The rest of the manifest, and the cells that made what is not kept.
        self._rest: dict[str, Any] | None = None
        self._cells: list[str] = []
        self._states: dict[str, Any] = {}
        # Whether all is known of all values while they stand.
        self._at_rest = False
        # The memory that the session looked at: as its values see it, and as blocks.
        self._parts: list[Part] = []
        self._blocks: list[Block] = []
        self._bytes = 0
        # What a quick look found that was too much for it.
        self._found: Differences | None = None

    def quickly(self) -> Gathered | None:
        """As `gathered` where that takes no time; None where values must be gone through."""
        if not self._at_rest or self.session.slots:
            return None
        token = runtime.enter(self.session)
        try:
            found = self._differences()
            if not self._is_small(found):
                self._found = found
                return None
            return self._gathered(found)
        except BaseException:
            self._begin()
            raise
        finally:
            runtime.leave(token)

    def gathered(self) -> Gathered:
        """All of the session that can be kept, as it is now. Its list of blocks is that of the last time
        where they lie as they did; their bytes may be others.
        """
        try:
            found, self._found = self._found, None
            return self._gathered(found or self._differences())
        except BaseException:
            # What an interrupt left half known is not believed.
            self._begin()
            raise

    def let_go(self) -> None:
        """Nobody asks for the bytes that were gathered any more: no memory of the session is kept alive."""
        self._standing.let_go()
        for part in self._parts:
            part.owner = None

    def _differences(self) -> Differences:
        # Python code may have made tensors before any of LispE's functions did.
        self.session.meet_python()
        now = self.session.namespace.copy()
        names, values = list(now), list(now.values())
        before = self._values
        removed: dict[str, Any] = {}
        if names != self._names:
            removed = dict(zip(self._names, before, strict=True))
            before = [removed.pop(name, _ABSENT) for name in names]
        places = [
            n
            for n in compress(range(len(names)), map(is_not, values, before))
            if not (type(before[n]) is ref and before[n]() is values[n])
        ]
        return Differences(names, values, before, removed, places, self._standing.changed())

    def _is_small(self, found: Differences) -> bool:
        return (
            len(found.places) <= _FEW
            and not (found.changed and len(self._standing.items) > _SMALL)
            and not any(item.weighs for item in found.changed)
            and self._bytes <= _LITTLE
            and all(self._is_short(found.values[n]) for n in found.places)
        )

    def _is_short(self, value: Any) -> bool:
        if scalars.stays(type(value)) or type(value) is FunctionType:
            return True
        keeper = keeper_of(value)
        if keeper is None or keeper.holds not in FLAT or len(value) > _SHORT:
            return False
        held = keeper.holds(value) or ()
        return all(map(scalars.stays, set(map(type, held)))) or all(
            scalars.stays(type(each)) or id(each) in self._standing.items for each in held
        )

    def _gathered(self, found: Differences) -> Gathered:
        names, values, before, slots = found.names, found.values, found.before, self.session.slots
        places, gone = self._to_go_through(found)
        if not (places or gone or slots) and self._at_rest and names == self._names:
            return self._put_together({})
        ending = [*found.removed.values(), *[before[n] for n in places]]
        self._graph = None
        for key in [*map(_key, found.removed), *[key for key in self._problems if key.startswith(_SLOT)]]:
            self._forget(key)
        new = [self._start(names[n], values[n]) for n in places]
        if any(new) or names != self._names:
            self._tops = {key: self._tops[key] for key in map(_key, names) if key in self._tops}
        tops = {f"{_SLOT}{number}": self._top(value) for number, value in slots.items()}
        for key, top in tops.items():
            self._tell(key, top)
        self._let_stand(gone, ending, tops)
        for n in places:
            key, before[n] = _key(names[n]), values[n]
            if key in self._tops:
                before[n] = self._remembered(values[n], self._tops[key])
                if before[n] is _ELSE and isinstance(values[n], FunctionType):
                    self._no_definitions[names[n]] = ref(values[n])
        self._names, self._values = names, before
        self._at_rest = not slots and all(each is not _ELSE for each in before)
        return self._put_together(tops, again=True)

    def _to_go_through(self, found: Differences) -> tuple[list[int], list[Item]]:
        """The places of names whose values are to be gone through, and items that stand no more."""
        places, gone = found.places, self._standing.drop(found.changed) if found.changed else []
        if self._tables_differ():
            places, gone = self._define(found, gone)
        elif self._defines(found):
            places, gone = self._define(found, gone, self._takes_functions(found))
        if gone:
            ids = set(map(id, gone))
            again = (n for n, name in enumerate(found.names) if id(self._tops.get(_key(name))) in ids)
            places = sorted({*places, *again})
        return places, gone

    def _let_stand(self, gone: list[Item], ending: list[Any], slots: dict[str, Any]) -> None:
        """Let what was met stand, and go what nothing reaches any more. ending: values that names had."""
        standing, graph = self._standing, self._graph
        others = standing.take_in(graph.met) if graph is not None else not self._at_rest
        if others or gone or any(standing.is_worth_a_search(value) for value in ending):
            standing.keep([*self._tops.values(), *slots.values()])
        if graph is not None:
            graph.let_go()

    # -- definitions -------------------------------------------------------------------------------

    def _tables_differ(self) -> bool:
        """Whether there are other macros, links or classes."""
        session = self.session
        tables = (session.macros.items(), session.aliases.items(), session.classes.items())
        if not (self._tables or any(tables)):
            return False
        now, before = [*chain.from_iterable(chain(*tables))], self._tables
        self._tables = now
        return len(now) != len(before) or not all(map(is_, now, before))

    def _defines(self, found: Differences) -> bool:
        """Whether names define other things than they did."""
        if any(name in self._definitions or name[:1] == " " for name in found.removed):
            return True
        return any(self._is_one(found.names[n], found.values[n]) for n in found.places)

    def _is_one(self, name: str, value: Any) -> bool:
        """Whether a name that has this value now may define something, or did."""
        if name in self._definitions or name[:1] == " ":
            return True
        known = self._no_definitions.get(name)
        return isinstance(value, _DEFINING) and (known is None or known() is not value)

    def _takes_functions(self, found: Differences) -> bool:
        """Take the functions that are new, or that stand for others; False where more than that differs."""
        known = self._definitions
        return not any(map(known.__contains__, found.removed)) and all(
            (found.before[n] is _ABSENT or found.names[n] in known)
            and isinstance(found.values[n], FunctionType)
            and known.take(found.names[n], found.values[n])
            for n in found.places
            if self._is_one(found.names[n], found.values[n])
        )

    def _define(
        self, found: Differences, gone: list[Item], taken: bool = False
    ) -> tuple[list[int], list[Item]]:
        """Find what the session defines; the places of names and the items that are to be gone through.

        taken: whether the functions that differ are known already.
        """
        self._rest = None
        if not taken:
            self._definitions = defined(self.session)[0]
        self._written, self._failed = described(self._definitions)
        items = self._standing.items.values()
        gone = gone + self._standing.drop([item for item in items if item.kind in KINDS])
        names, values = found.names, found.values
        if taken:
            others = {names.index(name) for name in map(_name, self._problems) if name in names}
        else:
            others = {n for n, name in enumerate(names) if self._may_be_other(name, values[n])}
        return sorted(others.union(found.places)), gone

    def _may_be_other(self, name: str, value: Any) -> bool:
        """Whether a name has become a variable, is none any more, or was refused by what was defined."""
        is_one = name not in self._definitions and is_variable(name, value)
        return is_one != (_key(name) in self._tops) or _key(name) in self._problems

    # -- variables ---------------------------------------------------------------------------------

    def _top(self, value: Any) -> Any:
        """Go through a value; what stands for it."""
        write = scalars.writer(type(value))
        if write is not None:
            return write(value)
        if self._graph is None:
            self._graph = self._new_graph(self._standing.items)
        return self._graph.start(value)

    def _new_graph(self, items: dict[int, Item] | None = None) -> Graph:
        return Graph(FunctionsOut(self.session, self._definitions, texts(self.session)), items)

    def _start(self, name: str, value: Any) -> bool:
        """Go through the value of a name; whether it is a variable that was none."""
        key = _key(name)
        if name in self._definitions or not is_variable(name, value):
            self._forget(key)
            return False
        new = key not in self._tops
        self._tops[key] = top = self._top(value)
        self._tell(key, top)
        return new

    def _tell(self, key: str, top: Any) -> None:
        if self._problems.pop(key, None) or self._lacks.pop(key, None):
            self._rest = None
        problem, lacks = told(top) if isinstance(top, Item) else ("", [])
        if problem or lacks:
            self._rest = None
        if problem:
            self._problems[key] = problem
        elif lacks:
            self._lacks[key] = lacks

    def _forget(self, key: str) -> None:
        self._tops.pop(key, None)
        if self._problems.pop(key, None) or self._lacks.pop(key, None):
            self._rest = None

    def _remembered(self, value: Any, top: Any) -> Any:
        """What a variable is as it was by, while nothing that stands changes; else `_ELSE`."""
        if not isinstance(top, Item):
            return value if scalars.stays(type(value)) else _ELSE
        if top.problem and not top.refs and isinstance(value, _REFUSED):
            return value
        return self._standing.held(value, _ELSE)

    # -- all of it ---------------------------------------------------------------------------------

    def _put_together(self, slots: dict[str, Any], *, again: bool = False) -> Gathered:
        """again: whether values were gone through."""
        tops = {**self._tops, **slots}
        for key in self._problems:
            del tops[key]
        rest = self._rest
        if rest is None or self.session.fixed or self._problems:
            rest = self._rest_of(tops)
        states = random_states(self.session, self._new_graph)
        if again or [*map(id, states.values())] != [*map(id, self._states.values())]:
            parts, others = parts_of(tops.values()), parts_of(states.values())
            if [*map(id, parts)] != [*map(id, self._parts)] or states != self._states:
                self._blocks = joined([*parts, *others])
                self._bytes = sum(block.size for block in self._blocks)
            # Random states are copies, which nobody changes and which stay.
            self._parts, self._states = parts, states
        return Gathered(self._blocks, {**tops, **states}, rest, self.let_go)

    def _rest_of(self, tops: dict[str, Any]) -> dict[str, Any]:
        """What the manifest says besides the values."""
        sources, problems = texts(self.session), self._problems
        # A text that came since may have given a value to one of these again.
        cells = [sources.assigning(_shown(key)) for key in problems]
        if self._rest is not None and cells == self._cells and not self.session.fixed:
            return self._rest
        self._cells = cells
        found = {key: (problem, cell) for (key, problem), cell in zip(problems.items(), cells, strict=True)}
        slots = (f"{_SLOT}{number}" for number in self.session.slots)
        order = [key for key in (*self._tops, *slots) if key in problems]
        failed = {**self._failed, **{_shown(key): found[key] for key in order}}
        notes = {key: "; ".join(dict.fromkeys(lacks)) for key, lacks in self._lacks.items()}
        told_of = {_shown(key): notes[key] for key in tops if key in notes}
        self._rest = besides(self.session, tops, self._written, failed, told_of)
        return self._rest


def _key(name: str) -> str:
    return f"variable {name}"


def _name(key: str) -> str:
    return key.partition(" ")[2]


def _shown(key: str) -> str:
    return _name(key).removeprefix(SHARED)
