"""From plain data to values: what `writing.py` made of a session, checked at every step, nothing called.

Objects are made when they are asked for and filled afterwards, so that values may lead back to themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.keeping import Broken, Keeper, keeper_named
from lispe_kernel.sittings import scalars


class Reading:
    """The values of one folder. The `Into` of the kinds.

    memory: gives a block of memory by its number, for numpy or for PyTorch. special: kinds that belong to
    a session (functions, classes, instances), by name.
    """

    def __init__(
        self,
        objects: dict[str, Any],
        memory: Callable[[int, bool], Any],
        special: dict[str, Keeper],
    ) -> None:
        self._objects = objects
        self._memory = memory
        self._special = special
        self._made: dict[int, Any] = {}
        self._making: set[int] = set()
        self._to_fill: list[tuple[Keeper, Any, Any]] = []
        self._to_finish: list[tuple[Keeper, Any]] = []

    def value(self, data: Any) -> Any:
        """The value that data stands for; containers among them may still be empty."""
        if not isinstance(data, dict):
            if isinstance(data, list):
                raise Broken("is malformed where a value belongs")
            return scalars.read_plain(data)
        name, inner = _only(data)
        if name == "object":
            return self._object(inner)
        if scalars.reads(name):
            return scalars.read(name, inner)
        return self._make(name, inner)

    def _object(self, number: Any) -> Any:
        if number in self._made:
            return self._made[number]
        data = self._objects.get(str(number)) if type(number) is int else None
        if data is None or number in self._making:
            raise Broken("holds an object that is missing, or needs itself to be made")
        self._making.add(number)
        name, inner = _only(data)
        if name == "object" or scalars.reads(name):
            raise Broken("is malformed where an object belongs")
        made = self._made[number] = self._make(name, inner)
        return made

    def _make(self, name: str, data: Any) -> Any:
        keeper = self._special.get(name) or keeper_named(name)
        made = keeper.make(data, self)
        if keeper.fill is not None:
            self._to_fill.append((keeper, made, data))
        if keeper.finish is not None:
            self._to_finish.append((keeper, made))
        return made

    def memory(self, data: Any, *, torch: bool) -> tuple[Any, int]:
        """A block of memory, and the place of a stretch in it."""
        number, start = _fields(data)
        return self._memory(number, torch), start

    def finish(self) -> None:
        """Fill everything that was made, and what that makes."""
        while self._to_fill:
            keeper, made, data = self._to_fill.pop()
            if keeper.fill is not None:
                keeper.fill(made, data, self)
        for keeper, made in self._to_finish:
            if keeper.finish is not None:
                keeper.finish(made)
        self._to_finish.clear()


def _only(data: dict[str, Any]) -> tuple[str, Any]:
    if len(data) != 1:
        raise Broken("is malformed where a value belongs")
    return next(iter(data.items()))


def _fields(data: Any) -> tuple[int, int]:
    if not isinstance(data, dict) or data.keys() != {"memory", "start"}:
        raise Broken("is malformed where memory belongs")
    number, start = data["memory"], data["start"]
    if type(number) is not int or type(start) is not int or start < 0:
        raise Broken("names memory that is none")
    return number, start
