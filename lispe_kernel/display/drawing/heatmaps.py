"""Heatmaps that stand alone: the raster between its axes, in true proportion, and its colour bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lispe_kernel.display.drawing import colours, pictures, svg
from lispe_kernel.display.drawing.colours import DIVERGING, SEQUENTIAL, Scale
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.drawing.svg import Drawing
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element

_WIDEST = 448
_ZOOM = 22  # the most pixels of a value
_THIN = 14  # a row or column alone is drawn at least so wide
_ANCHOR = 0.2  # values nearer to zero than this share of the furthest make zero the end of their scale
_SWATCH = 14  # how wide a colour beside its meaning is
_KEPT = 400  # values kept in the page, for a pointer to read
_LONGEST = 24  # the letters of a label that are shown


@dataclass(frozen=True)
class Shades:
    """What colours mean: the ends of a scale, and whether values lie beyond them or are no numbers."""

    low: float
    high: float
    scale: Scale = DIVERGING

    def texts(self, rasters: Sequence[Raster]) -> tuple[str, str]:
        """What the ends of the colour bar say."""
        lowest, highest = pictures.range_of(rasters)
        low, high = numbers.ends(_rounded(self.low), _rounded(self.high))
        slack = 1e-5 * (self.high - self.low)
        below, above = lowest < self.low - slack, highest > self.high + slack
        return ("≤ " if below else "") + low, ("≥ " if above else "") + high


def shades_of(rasters: Sequence[Raster], *, from_zero: bool = False) -> Shades:
    """The scale that fits: around zero for values of both signs, else from the lowest to the highest.

    Values of one sign begin at zero where the nearest of them is not far from it. A few values that lie far
    out do not take the colours from all others: they have the colour of the end. Where all values are zero
    there is no scale, only the colour of zero.
    from_zero: values of one sign begin at zero wherever they lie (shares, weights of attention).
    """
    found = _fitting(rasters, from_zero)
    return replace(found, scale=colours.masked(found.scale)) if pictures.are_masks(rasters) else found


def _fitting(rasters: Sequence[Raster], from_zero: bool) -> Shades:
    lowest, highest = pictures.range_of(rasters)
    if lowest == highest == 0:
        return Shades(0.0, 0.0)
    limit = pictures.limit_of(rasters)
    if lowest < 0 < highest:
        return Shades(-limit, limit)
    near, far = sorted((abs(lowest), abs(highest)))
    near = near if _ANCHOR * far < near < far and not from_zero else 0.0
    if highest > 0:
        return Shades(near, max(limit, near * 1.000001), SEQUENTIAL)
    return Shades(-max(limit, near * 1.000001), -near, SEQUENTIAL)


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")


def heatmap(
    raster: Raster,
    shades: Shades,
    label: str,
    *,
    down: Axis | None = None,
    across: Axis | None = None,
    caption: Node = None,
    widest: int = _WIDEST,
    rotate: bool = False,
) -> Element:
    """A figure: the picture between its axes with the colour bar under it, and a caption.

    rotate: the labels of the columns stand upright, for words.
    """
    drawn = framed(raster, shades, down=down, across=across, widest=widest, rotate=rotate)
    return _figure(drawn, [raster], shades, label, caption)


def multiples(
    rasters: Sequence[Raster],
    names: Sequence[str],
    shades: Shades,
    label: str,
    *,
    down: Axis | None = None,
    across: Axis | None = None,
    caption: Node = None,
    widest: int = 128,
    rotate: bool = False,
) -> Element:
    """Heatmaps of one size in a grid, each under its name, with one colour bar."""
    drawn = [
        framed(r, shades, down=down, across=across, widest=widest, rotate=rotate, title=name)
        for r, name in zip(rasters, names, strict=True)
    ]
    return gathered(drawn, rasters, shades, label, caption)


def gathered(
    drawn: Sequence[Drawing], rasters: Sequence[Raster], shades: Shades, label: str, caption: Node = None
) -> Element:
    """A figure of heatmaps that are drawn already, in a grid with one colour bar, in line at the left."""
    left = max(one.facts[0]["x"] for one in drawn)
    return _figure(svg.grid([_from(left, one) for one in drawn], 640), rasters, shades, label, caption)


def _from(left: float, drawn: Drawing) -> Drawing:
    """The drawing with its picture at this place."""
    (fact,) = drawn.facts
    apart = left - fact["x"]
    if not apart:
        return drawn
    return Drawing(svg.moved(drawn, apart, 0), drawn.width + apart, drawn.height, ({**fact, "x": left},))


def _figure(drawn: Drawing, rasters: Sequence[Raster], shades: Shades, label: str, caption: Node) -> Element:
    bar, left = _legend(shades, rasters, drawn.width), drawn.facts[0]["x"]
    under = drawn.height + 4
    whole = Drawing(
        [drawn.parts, svg.moved(bar, left, under)],
        max(drawn.width, left + bar.width + 2),
        under + bar.height,
    )
    ends = " to ".join(dict.fromkeys(shades.texts(rasters)))
    facts: dict[str, Any] = {"maps": [_placed(one) for one in drawn.facts]}
    if not all("v" in one for one in drawn.facts):
        # Where the colours are, for the value of one to be looked up, what the first means, and a step.
        wide = (_SWATCH if shades.low == shades.high else int(bar.width)) - 1
        step = shades.high / (wide - 1) - shades.low / (wide - 1)
        scale = (float(f"{end:.6g}") for end in (shades.low, step))
        other = filter(None, [pictures.strange(rasters)])
        # Where nothing has a colour of the bar, it is looked for on the paper.
        at = (math.ceil(left), math.ceil(under) + 4) if pictures.has_numbers(rasters) else (0, 0)
        facts["bar"] = [*at, wide, *scale, *other]
    told = svg.for_script(facts)
    means = _averaged(rasters)
    under_it = [caption, ", ", means] if caption and means else caption or means or None
    return svg.figure(whole, f"{label}, colours from {ends}", under_it, data_scale=told)


def _averaged(rasters: Sequence[Raster]) -> str:
    """What a pixel stands for where it is not one value: means lie nearer to zero than the values do."""
    sizes = {(one.down, one.across) for one in rasters} - {(1, 1)}
    if not sizes:
        return ""
    return "a pixel is the mean of " + (
        "{} x {} values".format(*sizes.pop()) if len(sizes) == 1 else "a block of values"
    )


def framed(
    raster: Raster,
    shades: Shades,
    *,
    down: Axis | None = None,
    across: Axis | None = None,
    widest: int = _WIDEST,
    rotate: bool = False,
    title: str = "",
    size: tuple[float, float] | None = None,
    values: Any = None,
) -> Drawing:
    """The raster between its axes, without its colour bar.

    size: width and height, where rows and columns mean different things. values: what a pointer is told of
    the places in their stead, an array like the raster's.
    """
    down = down or Axis.counted(svg.name_on_paper("row"), raster.rows)
    across = across or Axis.counted(svg.name_on_paper("column"), raster.columns)
    width, height = size or extent(raster, widest)
    down = down.fitting(raster.rows, height, upright=True)
    lying = across.fitting(raster.columns, width, upright=False)
    # Words that have no room beside each other stand upright before any of them is left out.
    rotate = rotate or (len(lying.ticks) < len(across.ticks) and across.has_words)
    across = across.fitting(raster.columns, width, upright=True) if rotate else lying
    rows = [(place, text[:_LONGEST]) for place, text in down.ticks]
    columns = [(place, text[:_LONGEST]) for place, text in across.ticks]
    left = (16 if down.name else 0) + 8 + max((svg.width_of(t) for _, t in rows), default=0)
    # The highest label may be at the edge.
    highest = (rows[0][0] + 0.5) / raster.rows * height if rows else height
    top = 16 if title else max(4.0, 6 - highest)
    parts: list[Node] = [_image(raster, shades, left, top, width, height)]
    beside = [
        svg.words(text, left - 5, top + (place + 0.5) / raster.rows * height + 4) for place, text in rows
    ]
    bottom = top + height + 4
    under = []
    for place, text in columns:
        x = left + (place + 0.5) / raster.columns * width
        y = bottom if rotate else bottom + 10
        under.append(svg.words(text, x + (4 if rotate else 0), y, upright=rotate))
    parts += [svg.anchored("end", beside), svg.anchored("end" if rotate else "middle", under)]
    wordy = max((svg.width_of(t) for _, t in columns), default=0) if rotate else 10
    bottom += wordy + 4
    if title:
        parts.append(svg.words(title, left, 11))
    if down.name:
        parts.append(svg.words(down.name, 12, top + height / 2, "middle", upright=True))
    if across.name:
        bottom += 12
        parts.append(svg.words(across.name, left + width / 2, bottom - 3, "middle"))
    last = svg.width_of(columns[-1][1]) / 2 if columns and not rotate else 0
    facts = _facts(raster, down, across, raster.blocks if values is None else values) | {
        "x": left,
        "y": top,
        "w": width,
        "h": height,
    }
    return Drawing(parts, max(left + width + max(4, last - 4), svg.width_of(title) + left), bottom, (facts,))


def extent(raster: Raster, widest: int) -> tuple[float, float]:
    """Width and height on the screen: every value equally wide and high, a very narrow picture widened."""
    longest = max(raster.rows, raster.columns, 1)
    block = max(raster.down, raster.across)
    zoom = (
        max(1.0, min(_ZOOM, widest * block // longest))
        if block > 1
        else min(_ZOOM, max(1, widest // longest))
    )
    cell = zoom / block
    least = max(_THIN, longest * cell / pictures.NARROWEST)
    return max(raster.columns * cell, least), max(raster.rows * cell, least)


def _image(raster: Raster, shades: Shades, x: float, y: float, width: float, height: float) -> Element:
    """The pixels, cut where the last block is not full."""
    high, wide = raster.blocks.shape
    place = {"x": svg.number(x), "y": svg.number(y), "width": svg.number(width), "height": svg.number(height)}
    if (high * raster.down, wide * raster.across) == (raster.rows, raster.columns):
        shown = pictures.picture(raster, shades.low, shades.high, shades.scale)
        return svg.pixels(shown, **place, preserveAspectRatio="none")
    inner = svg.pixels(
        pictures.picture(raster, shades.low, shades.high, shades.scale),
        width=wide * raster.across,
        height=high * raster.down,
        preserveAspectRatio="none",
    )
    return element(
        "svg",
        inner,
        **place,
        viewBox=f"0 0 {raster.columns} {raster.rows}",
        preserveAspectRatio="none",
    )


def _legend(shades: Shades, rasters: Sequence[Raster], width: float) -> Drawing:
    """What the colours mean: the scale, or the one colour that there is, and that of what is no number."""
    strange = pictures.strange(rasters)
    if strange and not pictures.has_numbers(rasters):
        return _swatch(shades.scale.strange, strange)
    if shades.low == shades.high:
        bar = _swatch(shades.scale.colour(0.5), numbers.value(shades.low, 3))
    else:
        bar = colour_bar(shades, rasters, width)
    if not strange:
        return bar
    other = _swatch(shades.scale.strange, strange)
    under = bar.height + 2
    return Drawing([bar.parts, svg.moved(other, 0, under)], max(bar.width, other.width), under + other.height)


def _swatch(paint: colours.Rgb, text: str) -> Drawing:
    """A colour beside what has it."""
    edge = None if paint == colours.NOT_A_NUMBER else svg.INK
    box = element("rect", width=_SWATCH, height="9", fill=colours.css(paint), stroke=edge)
    return Drawing([box, svg.words(text, _SWATCH + 5, 9)], _SWATCH + 5 + svg.width_of(text), 14.0)


def colour_bar(shades: Shades, rasters: Sequence[Raster], width: float) -> Drawing:
    """The scale with its ends and zero."""
    low, high = shades.texts(rasters)
    room = max(110.0, min(190.0, width))
    stops = shades.scale.stops
    gradient = element(
        "linearGradient",
        [
            element("stop", offset=f"{k / (len(stops) - 1):g}", stop_color=colours.css(c))
            for k, c in enumerate(stops)
        ],
        id="s",
    )
    parts: list[Node] = [gradient, element("rect", width=svg.number(room), height="9", fill="url(#s)")]
    parts += [svg.words(low, 0, 21), svg.words(high, room, 21, "end")]
    if shades.low < 0 < shades.high:
        zero = room * -shades.low / (shades.high - shades.low)
        parts.append(element("path", d=f"M{svg.number(zero)},9v3", stroke=svg.INK))
        if svg.width_of(low) + 8 < zero < room - svg.width_of(high) - 8:
            parts.append(svg.words("0", zero, 21, "middle"))
    return Drawing(parts, room, 26.0)


def _facts(raster: Raster, down: Axis, across: Axis, values: Any) -> dict[str, Any]:
    """What a pointer over the picture is told: which places a pixel covers, and the values of a small one."""
    axes = [
        _axis(across, f"{across.name or 'column'} ", raster.columns, raster.across),
        # The words of rows say by themselves what they are.
        _axis(down, "" if down.told else f"{down.name or 'row'} ", raster.rows, raster.down),
    ]
    found: dict[str, Any] = {"axes": axes}
    if keeps_values(values.size):
        found["v"] = ";".join(",".join(map(_exact, row)) for row in values.tolist())
    return found


def _placed(fact: dict[str, Any]) -> dict[str, Any]:
    """What is told of a raster, with its axes beginning where it lies."""
    (across, down), rest = fact["axes"], {"v": fact["v"]} if "v" in fact else {}
    axes = [_from_to(fact["x"], fact["w"], *across), _from_to(fact["y"], fact["h"], *down)]
    return {"axes": axes, **rest}


def _from_to(begin: float, length: float, count: int, block: int, first: int, *names: Any) -> list[Any]:
    """Where an axis begins, how large a pixel is, how many there are, then which values they cover."""
    pixel = round(length * block / max(1, count), 4)
    return [round(begin, 4), pixel, math.ceil(count / block), block, first, first + count - 1, *names]


def _axis(axis: Axis, name: str, count: int, block: int) -> list[Any]:
    """How many places an axis has, how many a pixel covers, the number of the first, and their names."""
    return [count, block, axis.first, name, *([axis.told] if axis.told else [])]


def keeps_values(count: int) -> bool:
    """Whether so many values stay in the page, for a pointer to read."""
    return count <= _KEPT


def _exact(value: float) -> str:
    if math.isfinite(value):
        return format(value, ".7g")
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Inf"
