"""Lists, typed lists, dictionaries, instances, sets and heaps: readable, foldable, shortened when long.

A short one is its printed text and nothing more. A long one shows its beginning and its end; what is
inside folds open, drawn by its own view. Cycles and depth end in a line of text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import (
    Element,
    Node,
    element,
    facts,
    foldable,
    headline,
    name,
    one_line,
    searched,
    shortened,
    table,
)
from lispe_kernel.display.page.registry import View, plain_text, renderer, view_of
from lispe_kernel.language.printer import quoted, to_text, type_atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList

_PRINTED_WHOLE = 400  # a container with at most so many things in it prints as LispE prints it
_HEAD, _TAIL = 24, 4
_SHOWN = 60  # items shown under a fold
_MEMBERS = 200  # of a set or heap
_DEEPEST = 5
_SHORT_TEXT = 100
_DRAWN, _FOLDS = 24, 120  # views and folds in one output
_TABLE_ROWS, _TABLE_COLUMNS = 40, 16
_CURVE_FROM = 24


def things_in(value: Any, most: int) -> int:
    """How many things a container holds, those of its containers included; stops counting beyond `most`."""
    seen = 0
    waiting = [value]
    while waiting and seen <= most:
        current = waiting.pop()
        if isinstance(current, TypedList):
            seen += len(current)
        elif isinstance(current, list | tuple | Mapping) or is_instance(current):
            things = list(islice(inside(current), most + 1))
            seen += len(things)
            # Not `+=`: a LispE list takes part in additions element by element.
            waiting.extend(things)
        elif (numel := getattr(current, "numel", None)) is not None and hasattr(current, "layout"):
            # A printed tensor is long.
            seen += numel()
        elif isinstance(current, str):
            seen += len(current) // 40
    return seen


def is_instance(value: Any) -> bool:
    """Whether the value is an instance of a class of the program."""
    return isinstance(getattr(type(value), "lispe_fields", None), tuple)


def fields_of(value: Any) -> list[tuple[str, Any]]:
    """The fields of an instance with their values."""
    from lispe_kernel.language.values.instances import pairs  # noqa: PLC0415 - start-up: only who needs it pays

    return pairs(value)


def short_text(value: Any, depth: int = 0) -> str:
    """The printed text of a value; of a long container its beginning and end, of a tensor its summary."""
    if depth == 0 and things_in(value, _PRINTED_WHOLE) <= _PRINTED_WHOLE:
        return plain_text(to_text(value))
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, str):
        return quoted(one_line(value, _SHORT_TEXT))
    if isinstance(value, Mapping):
        shown = [
            f"{short_text(k, depth + 1)}:{short_text(v, depth + 1)}" for k, v in islice(value.items(), _HEAD)
        ]
        more = [f"... {len(value) - _HEAD} more"] if len(value) > _HEAD else []
        return "{" + " ".join(shown + more) + "}"
    if isinstance(value, list | tuple | TypedList):
        return "(" + " ".join(_items_text(value, depth)) + ")"
    if is_instance(value):
        fields = [f"{quoted(key)}:{short_text(item, depth + 1)}" for key, item in fields_of(value)]
        return "(" + " ".join([value.lispe_type.name, *fields]) + ")"
    return one_line(view_of(value).line(), _SHORT_TEXT)


def _items_text(value: Sequence[Any] | TypedList, depth: int) -> Iterator[str]:
    length = len(value)
    if length <= _HEAD + _TAIL:
        yield from (short_text(item, depth + 1) for item in value)
        return
    yield from (short_text(value[k], depth + 1) for k in range(_HEAD))
    yield f"... {length - _HEAD - _TAIL} more ..."
    yield from (short_text(value[k], depth + 1) for k in range(length - _TAIL, length))


class Place:
    """Where a container stands in an output: what is open around it, and what may still be drawn.

    One output draws so many things and no more, however the containers are nested.
    """

    def __init__(self, around: Place | None = None, value: Any = None) -> None:
        self._open: frozenset[int] = frozenset() if around is None else around._open | {id(value)}
        self._left: dict[str, int] = {"drawn": _DRAWN, "folds": _FOLDS} if around is None else around._left

    def inside(self, value: Any) -> Place:
        """The place of what is in `value`."""
        return Place(self, value)

    def has_room_for(self, container: Any) -> bool:
        """Whether a container may fold open here: not in itself, not too deep, not one too many."""
        self._left["folds"] -= 1
        return id(container) not in self._open and len(self._open) <= _DEEPEST and self._left["folds"] >= 0

    def draws_one(self) -> bool:
        """Take one of the drawings that are left."""
        self._left["drawn"] -= 1
        return self._left["drawn"] >= 0


class ContainerView(View):
    """What all containers share: the text, and no page for what is short."""

    def text(self) -> str:
        return short_text(self.value)

    def line(self) -> str:
        kind = type_atom(self.value).name.strip("_").replace("_", " ")
        return f"{kind} of {numbers.count(len(self.value))}: {one_line(short_text(self.value), 80)}"

    def html(self) -> Node:
        text = self.text()
        if len(text) <= _SHORT_TEXT and "\n" not in text and not _draws(self.value):
            return None
        return self.body(Place())

    def body(self, _: Place) -> Node:
        """The page of the container at its place in the output."""
        return element("bdi", self.text())


def inside(value: Any) -> Iterable[Any]:
    """The things directly in a container; typed lists hold nothing that could be drawn."""
    if isinstance(value, TypedList):
        return ()
    if is_instance(value):
        return [item for _, item in fields_of(value)]
    return value.values() if isinstance(value, Mapping) else value


def _draws(value: Any) -> bool:
    """Whether something directly inside has a view of its own."""
    views = map(view_of, islice(inside(value), 100))
    return any(not isinstance(view, ContainerView) and type(view) is not View for view in views)


@renderer(List, list, tuple)
class ListView(ContainerView):
    """A generic list."""

    def body(self, place: Place) -> Node:
        value = self.value
        grid = grid_of(value)
        if grid is not None:
            return grid
        inner = place.inside(value)
        shown = list(value[:_SHOWN])
        rest = len(value) - len(shown)
        rows = [(element("span", str(k), class_="q"), item_node(item, inner)) for k, item in enumerate(shown)]
        return [
            headline(self._title()),
            table(("", "value"), rows, label=self._title(), numeric=(0,)),
            element("p", f"... {numbers.count(rest)} more, not shown", class_="q") if rest else None,
        ]

    def _title(self) -> str:
        return f"{type_atom(self.value).name.strip('_')} of {numbers.count(len(self.value))}"


def grid_of(value: Sequence[Any]) -> Element | None:
    """A list of equally long lists of plain values as a table."""
    if not 2 <= len(value) <= _TABLE_ROWS:
        return None
    widths = {len(row) if isinstance(row, list | tuple | TypedList) else -1 for row in value}
    if len(widths) != 1 or not 1 <= min(widths) <= _TABLE_COLUMNS:
        return None
    rows = [list(row) for row in value]
    if not all(isinstance(item, str | int | float | complex) or item is None for row in rows for item in row):
        return None
    numeric = [k + 1 for k in range(len(rows[0])) if all(isinstance(row[k], int | float) for row in rows)]
    lines = [[element("span", str(k), class_="q"), *map(_leaf, row)] for k, row in enumerate(rows)]
    return table(
        ["", *map(str, range(len(rows[0])))],
        lines,
        label=f"{len(rows)} rows",
        numeric=[0, *numeric],
        data_sort=True,
    )


def _leaf(value: Any) -> str:
    return shortened(value, 400) if isinstance(value, str) else shortened(plain_text(to_text(value)), 400)


def item_node(item: Any, place: Place) -> Node:
    """One thing inside a container: its text, or a line that folds open to its view."""
    view = view_of(item)
    if isinstance(view, ContainerView):
        if not place.has_room_for(item):
            return "..."
        text = short_text(item)
        if len(text) <= _SHORT_TEXT and not _draws(item):
            return element("bdi", text)
        return foldable(element("bdi", view.line()), view.body(place))
    if type(view) is View:
        text = quoted(item) if isinstance(item, str) else to_text(item)
        return element("bdi", shortened(text, 600))
    if not place.draws_one():
        return element("bdi", view.line())
    return foldable(element("bdi", view.line()), view.brief())


@renderer(TypedList)
class TypedListView(ContainerView):
    """Integers, numbers, floats, shorts: their range and a curve when they are many."""

    def html(self) -> Node:
        return self.body(Place()) if len(self.value) >= _CURVE_FROM else None

    def body(self, _: Place) -> Node:
        array = self.value.array
        title = f"{self.value.name} of {numbers.count(len(array))}"
        if len(array) < _CURVE_FROM:
            return element("bdi", short_text(self.value))
        finite = array[abs(array) < math.inf] if array.dtype.kind == "f" else array
        ends = [("min", finite.min()), ("max", finite.max()), ("mean", finite.mean())] if len(finite) else []
        return [
            headline(title),
            facts([(name, numbers.value(n.item())) for name, n in ends]),
            _curve(array, title),
            foldable("values", element("p", element("bdi", short_text(self.value)))),
        ]


def _curve(array: Any, title: str) -> Element:
    """A curve through the array; of a long one the lowest and highest value of each stretch."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    block = max(1, math.ceil(len(array) / 500))
    starts = np.arange(0, len(array), block)
    if block == 1:
        xs, ys = starts.tolist(), array.astype(float).tolist()
    else:
        lows, highs = np.minimum.reduceat(array, starts), np.maximum.reduceat(array, starts)
        xs = np.repeat(starts, 2).tolist()
        ys = np.stack([lows, highs], 1).astype(float).ravel().tolist()
    return charts.line_chart([Series(title, xs, ys)], f"curve of {title}", x_name="index")


@renderer(Dictionary, dict)
class DictionaryView(ContainerView):
    """A dictionary as a table of keys and values; a table of modules with their sizes."""

    def body(self, place: Place) -> Node:
        value = self.value
        shown = list(islice(value.items(), _SHOWN * 4))
        rest = len(value) - len(shown)
        inner = place.inside(value)
        rows = [(name(_key(key)), item_node(item, inner)) for key, item in shown]
        title = f"{type_atom(value).name.strip('_')} of {numbers.count(len(value))}"
        return [
            headline(title),
            self._totals(),
            table(("key", "value"), rows, label=title, data_sort=True),
            element("p", f"... {numbers.count(rest)} more, not shown", class_="q") if rest else None,
        ]

    def _totals(self) -> Node:
        """Parameters of a table of modules, all together."""
        modules = [item for item in self.value.values() if hasattr(item, "named_parameters")]
        if not modules:
            return None
        from lispe_kernel.display.views.modules import size_of  # noqa: PLC0415 - start-up: only who needs it pays

        sizes = [size_of(module) for module in modules]
        return facts(
            [
                ("modules", str(len(modules))),
                ("parameters", numbers.count(sum(size.parameters for size in sizes))),
                ("size", numbers.size(sum(size.bytes for size in sizes))),
            ]
        )


def _key(key: Any) -> str:
    return key if isinstance(key, str) else to_text(key)


@renderer("lispe_kernel.language.values.instances.Instance")
class InstanceView(ContainerView):
    """An instance of a class of the program: its fields."""

    def line(self) -> str:
        return one_line(short_text(self.value), 80)

    def body(self, place: Place) -> Node:
        value = self.value
        inner = place.inside(value)
        rows = [(name(key), item_node(item, inner)) for key, item in fields_of(value)]
        title = f"instance of {shortened(value.lispe_type.name)}"
        return [
            headline(title),
            table(("field", "value"), rows, label=title, data_sort=True),
        ]


@renderer(
    "lispe_kernel.language.values.sets.Set",
    "lispe_kernel.language.values.heaps.Heap",
    "lispe_kernel.language.values.linked.LinkedList",
)
class BagView(View):
    """A set, heap or linked list: its members, shortened when they are many."""

    def html(self) -> Node:
        members = list(self.value)
        if len(members) <= 24:
            return None
        kind = type_atom(self.value).name.strip("_").replace("_", " ")
        place = Place().inside(self.value)
        rows = [(item_node(item, place),) for item in members[:_MEMBERS]]
        more = len(members) - len(rows)
        return [
            headline(f"{kind} of {numbers.count(len(members))}"),
            searched(
                table(("member",), rows, label=kind, data_sort=True),
                len(rows),
                "search",
                opens=False,
                style="max-height:320px;overflow-y:auto",
            ),
            element("p", f"{numbers.count(more)} more", class_="q") if more else None,
        ]
