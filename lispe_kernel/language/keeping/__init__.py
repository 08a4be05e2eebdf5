"""What of a session can be kept: the registry of kinds, and what a kind asks of who writes or reads.

A kind is a `Keeper`: how a value of one class becomes plain data and how it comes back. Libraries add theirs;
what has none is not kept, and is named. Nothing here reads or writes a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Unkept(Exception):
    """A value cannot be kept; the text says why, in words that follow its name."""


class Broken(Exception):
    """What was kept is damaged, or not what this program wrote. Reads as `it ...`."""


def alone(value: Any) -> list[Any]:
    """What a value that never changes is made of."""
    return [value]


def itself(value: Any) -> Any:
    """The value."""
    return value


@dataclass(eq=False, slots=True)
class Part:
    """A stretch of memory that a value looks at: the block in which it lies, and where it begins.

    owner: the array or storage that keeps the block; None when its bytes are no longer asked for. dtype and
    shape are those of the block as a whole, where the value is all of it; they let other programs read the
    file. reader: makes of the owner what reads memory that is not the processor's, or is not its alone.
    """

    owner: Any
    address: int
    size: int
    start: int
    device: str = ""
    torch: bool = False
    dtype: str = ""
    shape: tuple[int, ...] = ()
    reader: Callable[[Any], Any] = itself


class Out(Protocol):
    """Who writes, as a kind sees it."""

    def value(self, value: Any) -> Any:
        """What stands for a value in the data of another."""
        ...

    def memory(self, part: Part) -> Any:
        """What stands for a stretch of memory in the data of a value."""
        ...

    def note(self, text: str) -> None:
        """Say what the copy of the value that is being written will lack."""
        ...


class Into(Protocol):
    """Who reads, as a kind sees it."""

    def value(self, data: Any) -> Any:
        """The value that stands somewhere in the data of another."""
        ...

    def memory(self, data: Any, *, torch: bool) -> tuple[Any, int]:
        """A block of memory (an array or a tensor of bytes) and the place of a stretch in it."""
        ...


@dataclass(frozen=True)
class Keeper:
    """How values of exactly one class are kept.

    write: the value as plain data; raises Unkept. make: the value from its data; it may ask for the parts
    that it needs to exist, which must not lead back to it. fill: puts in the parts that may. finish: what is
    left when every value is filled. They raise Broken (or what Python raises) for data that `write` never
    makes, and call nothing that came out of the folder. holds: all that the data is made of, in order, where
    a value that holds the very same is written the same; None where that is not told. facts: for each of many
    values all that its data is made of, as what compares equal while that is the same: values that it holds
    by their `id`, the place of its memory but not the bytes there. Values that have facts are not kept alive
    by who remembers them; `holds` then tells whose ids these are. owners: what keeps the memory of each.
    """

    name: str
    cls: type
    write: Callable[[Any, Out], Any]
    make: Callable[[Any, Into], Any]
    fill: Callable[[Any, Any, Into], None] | None = None
    finish: Callable[[Any], None] | None = None
    holds: Callable[[Any], list[Any] | None] | None = None
    facts: Callable[[list[Any]], list[Any]] | None = None
    owners: Callable[[list[Any]], list[Any]] | None = None


@dataclass(frozen=True)
class State:
    """Something that belongs to the process or session and not to a value: the state of a random generator.

    there: whether it exists in this process. now: how it stands, as what compares equal while it stands so.
    capture: what `now` gave as a value that can be kept. check: the data as something to put back; raises
    Broken. glance: takes less time than `now`, and compares equal only while that does; None where it cannot
    tell.
    """

    name: str
    there: Callable[[], bool]
    now: Callable[[], Any]
    capture: Callable[[Any], Any]
    check: Callable[[Any, Into], Any]
    put_back: Callable[[Any], None]
    glance: Callable[[], Any] = lambda: None


# Says why a value cannot be kept, where a library knows it better than that its class is not known.
Refusal = Callable[[Any], str]

_by_class: dict[type, Keeper] = {}
_by_name: dict[str, Keeper] = {}
_states: dict[str, State] = {}
_refusals: list[Refusal] = []


def register_keeper(keeper: Keeper) -> None:
    """Let values of a class be kept. A name belongs to one class."""
    known = _by_name.get(keeper.name)
    if known is not None and known.cls is not keeper.cls:
        raise ValueError(f"two kinds are kept as '{keeper.name}'")
    _by_class[keeper.cls] = _by_name[keeper.name] = keeper


def keeper_of(value: Any) -> Keeper | None:
    """How a value is kept; None for a class that is not known, whatever its bases are."""
    return _by_class.get(type(value))


def keeper_named(name: str) -> Keeper:
    """How what was kept under a name comes back. Errors: Broken for a name that is not known."""
    found = _by_name.get(name)
    if found is None:
        raise Broken(f"holds a kind of value that is not known here: {name}")
    return found


def register_refusal(refusal: Refusal) -> None:
    """Let a library say why some values are not kept."""
    _refusals.append(refusal)


def refusal_of(value: Any) -> str:
    """Why a value cannot be kept, as a library says it; empty where none does."""
    return next((text for refusal in _refusals if (text := refusal(value))), "")


def register_state(state: State) -> None:
    """Let the state of something be kept beside the values."""
    _states[state.name] = state
    for name in sorted(_states):
        _states[name] = _states.pop(name)


def states() -> list[State]:
    """All states that can be kept, in the order of their names."""
    return [*_states.values()]
