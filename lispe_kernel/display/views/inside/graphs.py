"""A graph of a model: layers and data flow as pictures, blocks folded away with a picture of their own each.

Boxes say names, classes and parameters, lines the shapes that go along them. All of it is in the picture;
the page's script adds what a box stands for under the pointer, and opens a block that is clicked.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.drawing import svg
from lispe_kernel.display.drawing.boxes import Sign, flowchart, listed
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, facts, headline, shortened
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.inside.levels import Box, Level, levels_of, under
from lispe_kernel.language.printer import to_text

_BLUE, _GREEN = "#2f7fd1", "#2e8b57"
_COLOURS = {"module": _BLUE, "function": svg.INK, "input": _GREEN, "output": _GREEN}
_MOST_DRAWN = 160  # boxes of one picture
_MOST_LINES = 60  # of text/plain
_MOST_HELD = 6  # tensors in a box
_WIDEST = 34  # letters in a box


@renderer("lispe_kernel.torch_library.inside.graph.Graph")
class GraphView(View):
    """What flowed where in a run of a model."""

    def text(self) -> str:
        """The boxes of the first picture with what they take, in the order of the run."""
        level = levels_of(self.value)[0]
        lines = [self.line(), *_notes(self.value)]
        for place, box in enumerate(level.boxes[:_MOST_LINES]):
            lines.append(_sentence(level, place, box))
        if len(level.boxes) > _MOST_LINES:
            lines.append(f"... and {len(level.boxes) - _MOST_LINES} more")
        return plain_text("\n".join(lines))

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        levels = levels_of(self.value)
        graph = self.value
        layers = sum(1 for step in graph.steps() if step.role == "module")
        told: list[tuple[str, Node]] = [
            ("class" if graph.output else "file", graph.root.kind),
            ("parameters", numbers.count(graph.root.parameters)),
            ("calls of layers" if graph.output else "layers", numbers.count(layers)),
            ("edges", numbers.count(len(graph.edges)) if graph.output else ""),
        ]
        return [
            headline(self.line()),
            facts(told),
            [element("p", line, class_="q") for line in _notes(self.value)],
            _pages(levels),
        ]


def _notes(graph: Any) -> list[str]:
    return [graph.note] if graph.note else []


def _pages(levels: list[Level]) -> Node:
    """The first picture, then every block under a line that opens it, where it is first seen."""
    shown = {0}

    def page(number: int) -> list[Node]:
        level = levels[number]
        below = [inner for inner in under(level) if inner not in shown]
        shown.update(below)
        return [_figure(level), *map(_folded, below)]

    def _folded(number: int) -> Element:
        level = levels[number]
        times = f" × {level.times}" if level.times > 1 else ""
        summary = [element("b", level.title), times, " ", element("span", _census(level), class_="q")]
        return element("details", element("summary", summary), page(number), data_level=number)

    return page(0)


def _census(level: Level) -> str:
    steps = [step for box in level.boxes for part in box.repeats for step in part]
    inside = sum(1 for step in steps for below in step.all() if below.role == "module" and not below.inner)
    parameters = sum(step.parameters for step in steps)
    told = [f"{inside} layer{'s' if inside != 1 else ''}" if inside else "", _parameters(parameters)]
    return ", ".join(filter(None, told))


# -- words


def _name(level: Level, box: Box) -> str:
    """What a box is called inside its picture."""
    names = [part[0].label for part in box.repeats] + (
        [box.repeats[-1][-1].label] if len(box.repeats[0]) > 1 else []
    )
    first, last = (_short(level, name) for name in (names[0], names[-1]))
    return first if first == last else _range(first, last)


def _range(first: str, last: str) -> str:
    """`h.0 – 11` for `h.0` and `h.11`, whole names where more than an end differs."""
    start, _, end = last.rpartition(".")
    return f"{first} – {end}" if start and first.rpartition(".")[0] == start else f"{first} – {last}"


def _short(level: Level, name: str) -> str:
    """A name inside its picture; what a block itself holds beside its layers is called as the block."""
    return name.removeprefix(level.prefix).removesuffix(".") or "itself"


def _class(box: Box) -> str:
    """The class of a box, how often it is there, its parameters."""
    steps = box.repeats[0]
    kind = " · ".join(dict.fromkeys(step.kind for step in steps if step.role == "module"))
    times = len(box.repeats)
    if times > 1:
        kind += f" × {times}" + ("" if box.chained else " side by side")
    total = sum(step.parameters for part in box.repeats for step in part)
    amount = numbers.size(total).removesuffix("B").strip() if total else ""
    return " · ".join(filter(None, [kind.strip(), amount if kind else f"{amount} values"]))


def _parameters(count: int) -> str:
    return f"{numbers.count(count)} parameters" if count else ""


def _words(level: Level, box: Box) -> list[str]:
    """The lines in a box."""
    step = box.first
    if step.role == "module" or len(box.repeats) > 1:
        lines = [_name(level, box), _class(box), *_held(box)]
    elif step.role == "function":
        lines = [
            step.name,
            *([f"with {', '.join(_short(level, n) for n in step.tensors)}"] if step.tensors else []),
        ]
    else:
        lines = [step.label]
    return [plain_text(line) for line in lines if line]


def _held(box: Box) -> list[str]:
    """The tensors of a layer in a file."""
    steps = box.repeats[0]
    lines = [_shape(held) for held in steps[0].holds] if len(steps) == 1 else []
    return (
        lines
        if len(lines) <= _MOST_HELD
        else [*lines[: _MOST_HELD - 1], f"and {len(lines) - _MOST_HELD + 1} more"]
    )


def _fitting(text: str) -> str:
    """A text for a box: of a long path its end, of anything else both ends."""
    first, *rest = text.split(".")
    while rest and " " not in first and len(text) > _WIDEST:
        text = "…" + ".".join(rest)
        first, *rest = rest
    return shortened(text, _WIDEST)


def _shape(kind: str) -> str:
    """A kind of tensor beside a line: `2×5×7`, the usual type left out; of an output its name first."""
    *name, dtype, sizes = kind.split(" ")
    sizes = sizes.strip("[]").replace(",", "×") or "scalar"
    return " ".join([*name, sizes, *([dtype] if dtype != "float32" else [])])


def _shapes(kinds: list[str]) -> str:
    shown = ", ".join(dict.fromkeys(map(_shape, kinds[:3])))
    return shown + (f" and {len(kinds) - 3} more" if len(kinds) > 3 else "")


def _sentence(level: Level, place: int, box: Box) -> str:
    """A box in one line: what it is, what it takes and from where."""
    words = " ".join(_words(level, box))
    taken = [
        f"{_called(level, source)} {'/'.join(kinds[:3])}"
        for (source, target), kinds in level.links.items()
        if target == place
    ]
    given = f" {box.first.kind}" if box.first.role == "input" else ""
    return f"{words}{given}" + (f" <- {', '.join(taken[:6])}" if taken else "")


def _called(level: Level, number: int) -> str:
    if number < 0:
        return str(level.sources[-1 - number].label)
    return _words(level, level.boxes[number])[0] if number < len(level.boxes) else "outside"


# -- pictures


def _figure(level: Level) -> Node:
    if len(level.boxes) > _MOST_DRAWN:
        return element("p", f"{numbers.count(len(level.boxes))} boxes, too many to draw", class_="q")
    outside = len(level.sources)
    signs = [_outer(step) for step in reversed(level.sources)]
    signs += [_sign(level, box) for box in level.boxes]
    told = [step.label for step in reversed(level.sources)]
    told += [_sentence(level, place, box) for place, box in enumerate(level.boxes)]
    if level.leaves:
        signs.append(Sign(("goes on",), bare=True))
        told.append("what is outside takes it")
    links = {(s + outside, t + outside): _shapes(kinds) for (s, t), kinds in level.links.items()}
    drawing, spots = flowchart(signs, links) if links else listed(signs)
    inner = spots[outside : outside + len(level.boxes)]
    opened = [
        [*map(round, spot), box.level]
        for spot, box in zip(inner, level.boxes, strict=True)
        if box.level is not None
    ]
    points = [
        [round((x + right) / 2), round(y) + 4, text]
        for (x, y, right, _), text in zip(spots, told, strict=True)
    ]
    names = ", ".join(_called(level, k) for k in range(min(12, len(level.boxes))))
    shown = svg.picture(
        drawing,
        f"graph of {level.title}: {names}",
        data_scale=svg.for_script({"points": svg.places(points)}),
    )
    return element("figure", shown, data_opens=svg.for_script(opened) if opened else None)


def _outer(step: Any) -> Sign:
    return Sign((f"from {_fitting(plain_text(step.label))}",), bare=True)


def _sign(level: Level, box: Box) -> Sign:
    several = len(box.repeats) > 1
    role = "module" if several else box.first.role
    return Sign(
        tuple(map(_fitting, _words(level, box))),
        _COLOURS[role],
        role != "function",
        several or box.level is not None,
    )
