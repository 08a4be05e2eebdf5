"""A drawing's elements as artists of matplotlib, in the pixels of the page and at the same places.

Only what our own drawings consist of is known (paths of straight lines, rectangles, words, pictures inside
the picture, one kind of gradient); anything else is refused by name. Ink is dark and nothing is see-through:
a grey that is read on black as well as on white is right for a screen, and a journal prints on white.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree import ElementTree

from lispe_kernel.display.drawing import svg
from lispe_kernel.display.papers.panels import SVG

_PAPER_INK = "#1a1a1a"
_LETTERS = 0.92  # the letters of matplotlib's own font are wider than those that the drawings count on
_POINTS = 0.75  # points in a pixel of the page: 72 and 96 to the inch
_SHIFT = re.compile(r"translate\(\s*(-?[\d.e]+)[ ,]+(-?[\d.e]+)\s*\)\Z")
_COMMAND = re.compile(r"([MmLlHhVvZz])|(-?\d*\.?\d+(?:e-?\d+)?)")
_PNG = "data:image/png;base64,"
_LINK = "{http://www.w3.org/1999/xlink}href"

Ends = tuple[float, float, float, float]


class Unknown(Exception):
    """A part of a drawing that is not known here."""


@dataclass
class Pen:
    """Where a drawing is drawn: the axes, the place and the scale of its pixels, what it has defined."""

    axes: Any
    scale: float  # inches of the figure for 1/96 inch of the page
    x: float = 0.0
    y: float = 0.0
    across: float = 1.0
    down: float = 1.0
    clip: Ends | None = None
    anchor: str = ""  # of the words of a group
    gradients: dict[str, list[str]] = field(default_factory=dict)

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.x + x * self.across, self.y + y * self.down

    def points(self, pixels: float) -> float:
        """A width in pixels of the page as points of the figure."""
        return pixels * _POINTS * self.scale

    def add(self, artist: Any) -> None:
        """Put a patch on the axes, cut where the drawing is."""
        self.axes.add_patch(artist)
        self.cut(artist)

    def cut(self, artist: Any) -> None:
        from matplotlib.patches import Rectangle  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

        if self.clip is not None:
            left, top, right, bottom = self.clip
            box = Rectangle((left, top), right - left, bottom - top, transform=self.axes.transData)
            artist.set_clip_path(box)


def draw(element: ElementTree.Element, pen: Pen) -> None:
    """Draw an element and what is in it."""
    tag = element.tag.removeprefix(SVG)
    kind = _KINDS.get(tag)
    if kind is None:
        raise Unknown(f"<{tag}>")
    kind(element, pen)


def words_of(element: ElementTree.Element) -> Iterator[str]:
    """Every text in a drawing."""
    return ("".join(part.itertext()) for part in element.iter(f"{SVG}text"))


# -- what holds other parts


def _group(element: ElementTree.Element, pen: Pen) -> None:
    shift = element.get("transform")
    if shift is not None:
        found = _SHIFT.match(shift)
        if found is None:
            raise Unknown(shift)
        x, y = pen.at(float(found[1]), float(found[2]))
        pen = replace(pen, x=x, y=y)
    if element.get("text-anchor"):
        pen = replace(pen, anchor=element.get("text-anchor", ""))
    for part in element:
        draw(part, pen)


def _nested(element: ElementTree.Element, pen: Pen) -> None:
    """A drawing in a drawing has a window of its own: its viewBox stretched to its size, cut at its edge."""
    left, top, width, height = (float(n) for n in (element.get("viewBox") or "0 0 1 1").split())
    x, y = pen.at(_number(element, "x"), _number(element, "y"))
    wide = float(element.get("width") or width) * pen.across
    high = float(element.get("height") or height) * pen.down
    across, down = wide / width, high / height
    inner = replace(pen, x=x - left * across, y=y - top * down, across=across, down=down)
    inner.clip = (x, y, x + wide, y + high)
    for part in element:
        draw(part, inner)


def _gradient(element: ElementTree.Element, pen: Pen) -> None:
    stops = [stop.get("stop-color", "") for stop in element]
    pen.gradients[element.get("id", "")] = stops


def _nothing(_element: ElementTree.Element, _pen: Pen) -> None:
    """The style says how letters look on a screen."""


# -- what is drawn


def _path(element: ElementTree.Element, pen: Pen) -> None:
    from matplotlib.patches import Circle, PathPatch  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved
    from matplotlib.path import Path  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

    vertices, codes = [], []
    width = float(element.get("stroke-width", "1"))
    for stretch, is_closed in _stretches(element.get("d", "")):
        places = [pen.at(x, y) for x, y in stretch]
        if len(set(places)) == 1 and element.get("stroke-linecap") == "round":
            # A line of no length with a round end is a dot.
            pen.add(Circle(places[0], width / 2 * pen.across, color=_ink(element.get("stroke")), linewidth=0))
            continue
        vertices += [*places, *([places[0]] if is_closed else [])]
        codes += [Path.MOVETO, *[Path.LINETO] * (len(places) - 1), *([Path.CLOSEPOLY] if is_closed else [])]
    if vertices:
        pen.add(PathPatch(Path(vertices, codes), **_looks(element, pen)))


def _stretches(text: str) -> Iterator[tuple[list[tuple[float, float]], bool]]:
    """The lines of a path: the places of each, and whether it goes back to where it began."""
    parts = [match.groups() for match in _COMMAND.finditer(text)]
    if "".join(filter(None, (a or b for a, b in parts))) != re.sub(r"[\s,]", "", text):
        raise Unknown(f"a path {text[:20]}")
    numbers = iter(parts)
    places: list[tuple[float, float]] = []
    x = y = 0.0
    command = "M"
    for letter, given in numbers:
        if letter is not None:
            command = letter
            if letter in "Zz":
                yield places, True
                (x, y), places = places[0], []
            continue
        first = float(given)
        second = float(next(numbers)[1]) if command in "MmLl" else 0.0
        if command in "Mm" and places:
            yield places, False
            places = []
        x, y = _moved(command, (x, y), first, second)
        # A line after a closed one begins where that began.
        places.append((x, y))
        command = {"M": "L", "m": "l"}.get(command, command)
    if places:
        yield places, False


def _moved(command: str, at: tuple[float, float], first: float, second: float) -> tuple[float, float]:
    x, y = at
    if command in "MmLl":
        return (first, second) if command in "ML" else (x + first, y + second)
    if command in "Hh":
        return (first if command == "H" else x + first), y
    return x, (first if command == "V" else y + first)


def _rectangle(element: ElementTree.Element, pen: Pen) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

    x, y = pen.at(_number(element, "x"), _number(element, "y"))
    width, height = _number(element, "width") * pen.across, _number(element, "height") * pen.down
    fill = element.get("fill") or ""
    if fill.startswith("url(#"):
        _shade(pen, pen.gradients[fill[5:-1]], (x, y, x + width, y + height))
    else:
        pen.add(Rectangle((x, y), width, height, **_looks(element, pen)))


def _text(element: ElementTree.Element, pen: Pen) -> None:
    x, y = pen.at(_number(element, "x"), _number(element, "y"))
    style = dict(part.split(":", 1) for part in (element.get("style") or "").split(";") if ":" in part)
    size = float(style.get("font-size", f"{svg.SIZE}px").removesuffix("px"))
    turn = element.get("transform")
    if turn is not None and not turn.startswith("rotate(-90"):
        raise Unknown(turn)
    pen.axes.text(
        x,
        y,
        "".join(element.itertext()),
        fontsize=pen.points(size * _LETTERS),
        color=_ink(style.get("fill") or element.get("fill") or svg.INK),
        ha={"middle": "center", "end": "right"}.get(element.get("text-anchor") or pen.anchor, "left"),
        va="baseline",
        rotation=90 if turn else 0,
        rotation_mode="anchor",
        parse_math=False,
        weight="bold" if "font-weight" in style else "normal",
    )


def _image(element: ElementTree.Element, pen: Pen) -> None:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow is imported when it is first needed

    source = element.get("href") or element.get(_LINK) or ""
    if not source.startswith(_PNG):
        raise Unknown("a picture that is no PNG")
    given = Image.open(io.BytesIO(base64.b64decode(source.removeprefix(_PNG)))).convert("RGBA")
    paper = Image.new("RGBA", given.size, "white")
    pixels = np.asarray(Image.alpha_composite(paper, given).convert("RGB"))
    x, y = pen.at(_number(element, "x"), _number(element, "y"))
    width, height = _number(element, "width") * pen.across, _number(element, "height") * pen.down
    _place(pen, pixels, (x, y, x + width, y + height))


def _shade(pen: Pen, stops: list[str], box: Ends) -> None:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed
    from matplotlib.colors import to_rgb  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

    colours = np.array([to_rgb(stop) for stop in stops])
    at = np.linspace(0, len(stops) - 1, 256)
    bands = [np.interp(at, range(len(stops)), colours[:, k]) for k in range(3)]
    _place(pen, np.stack(bands, -1)[None], box)


def _place(pen: Pen, pixels: Any, box: Ends) -> None:
    left, top, right, bottom = box
    limits = pen.axes.get_xlim(), pen.axes.get_ylim()
    shown = pen.axes.imshow(
        pixels, extent=(left, right, bottom, top), interpolation="none", aspect="auto", zorder=1
    )
    pen.axes.set(xlim=limits[0], ylim=limits[1])
    pen.cut(shown)


# -- how it looks


def _looks(element: ElementTree.Element, pen: Pen) -> dict[str, Any]:
    """Stroke and filling as matplotlib says them; faint lines of a frame are light, not clear."""
    faint = element.get("class") == "g"
    stroke = _ink(svg.INK) if faint else _ink(element.get("stroke"))
    fill = element.get("fill", "none" if faint else "black")
    width = pen.points(float(element.get("stroke-width", "1")))
    dashes = [pen.points(float(n)) for n in re.split(r"[ ,]+", element.get("stroke-dasharray") or "") if n]
    strength = float(element.get("opacity") or 1) * (0.3 if faint else 1)
    return {
        "edgecolor": _faded(stroke, strength),
        "facecolor": _faded(_ink(fill), strength),
        "linewidth": width if stroke != "none" else 0,
        "linestyle": (0, tuple(dashes)) if dashes else "-",
        "joinstyle": "round",
        "capstyle": element.get("stroke-linecap") or "butt",
        "zorder": 2,
    }


def _ink(colour: str | None) -> str:
    if colour is None:
        return "none"
    return _PAPER_INK if colour.lower() == svg.INK else colour


def _faded(colour: str, strength: float) -> Any:
    """The colour as it looks on white, without being see-through."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

    return colour if colour == "none" else tuple(1 - strength * (1 - part) for part in to_rgb(colour))


def _number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name) or 0)


_KINDS = {
    "svg": _nested,
    "g": _group,
    "path": _path,
    "rect": _rectangle,
    "text": _text,
    "image": _image,
    "linearGradient": _gradient,
    "style": _nothing,
}
