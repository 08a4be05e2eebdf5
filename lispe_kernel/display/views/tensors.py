"""Tensors: one summary line, the loud facts, a histogram and a picture of the values.

A small tensor is a table of its values, a vector a curve, a matrix a heatmap, more axes small multiples
of their last two. Everything is computed once, from public torch API, and never changes the tensor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from itertools import islice, product
from typing import Any

from lispe_kernel.display.drawing import charts, colours, heatmaps, pictures
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.drawing.statistics import Statistics, summarise
from lispe_kernel.display.drawing.stored import dense, is_strided
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, facts, foldable, headline, warning
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.printer import to_text

PRINTED_VALUES = 40  # text/plain shows the values of tensors up to this size
_TABLE_SIDE = 10
_TABLE_VALUES = 100
_MULTIPLES = 12
_MULTIPLE_PIXELS = 64
_MATRIX_PIXELS = 208
_BRIEF_PIXELS = 48
_CURVE_VALUES = 2000
_HISTOGRAM_VALUES = 12


@renderer("torch.Tensor")
class TensorView(View):
    """A torch tensor of any kind: its statistics are made once and shared by all its outputs."""

    @classmethod
    def of(cls, tensor: Any, known: Statistics) -> TensorView:
        """The view of a tensor that was measured already."""
        made = cls(tensor)
        made.__dict__["statistics"] = known
        return made

    @cached_property
    def statistics(self) -> Statistics:
        return summarise(self.value)

    def text(self) -> str:
        """The summary line; under it the printed values when there are few."""
        line = summary(self.statistics)
        if self.statistics.count > PRINTED_VALUES or not self._has_places:
            return line
        try:
            return f"{line}\n{plain_text(to_text(self.value))}"
        except NotImplementedError:
            # Sparse values of some dtypes have no printed form in PyTorch.
            return line

    @property
    def _has_places(self) -> bool:
        """Whether there are values, and every one has its place in a shape of fixed lengths."""
        known = self.statistics
        return known.count > 0 and not known.ragged and known.is_readable

    def line(self) -> str:
        return summary(self.statistics)

    def brief(self) -> Node:
        """The facts, the histogram and a small picture of the first matrix."""
        known = self.statistics
        if fits_table(known.shape):
            return self.html()
        return [facts(_properties(known)), alarms(known), element("div", self._spread(), self._small())]

    def _small(self) -> list[Element]:
        """A small picture of the first matrix, of what has one."""
        small = self._rasters_of(1, _BRIEF_PIXELS)
        shades = heatmaps.shades_of(small)
        return [heatmaps.heatmap(raster, shades, "heatmap", widest=144) for raster in small]

    def stored(self) -> Node:
        """What the page of many tensors keeps of each: its measures, and its values or their histogram."""
        known = self.statistics
        drawn = list(self._values()) if fits_table(known.shape) or known.ragged else self._small()
        return [
            facts([*measures(known), *_masked(known), *_properties(known)[3:]]),
            alarms(known),
            element("div", drawn or self._spread()),
        ]

    @staticmethod
    def foreseen(known: Statistics) -> int:
        """About how many bytes `stored` takes: the kind of its picture and the number of values tell it."""
        if fits_table(known.shape):
            return 200 + 55 * known.count
        if len(known.shape) < 2:
            return 1_400
        shown = math.prod(known.shape[-2:])
        return 2_100 + 12 * shown if heatmaps.keeps_values(shown) else 4_200

    def html(self) -> Node:
        known = self.statistics
        return [
            headline(f"tensor {known.dtype} {known.sizes}"),
            facts(_properties(known)),
            facts([*measures(known), *_masked(known)]) if known.count > 1 else None,
            alarms(known),
            element("div", self._spread(), list(self._values())),
        ]

    def png(self) -> bytes | None:
        """The heatmap alone, for tensors that have one."""
        rasters = self._rasters
        if not rasters:
            return None
        shades = heatmaps.shades_of(rasters)
        if len(rasters) == 1 and max(rasters[0].blocks.shape) > _MULTIPLE_PIXELS:
            return pictures.picture(rasters[0], shades.low, shades.high, shades.scale)
        return pictures.montage(rasters, shades.low, shades.high, shades.scale)

    def _spread(self) -> Element | None:
        known = self.statistics
        if known.count < _HISTOGRAM_VALUES or len(known.histogram) < 2:
            return None
        low, high = charts.ends_of(known.histogram, known.low, known.high)
        below, above = charts.beyond(low, high, known.ends)
        ends = f"from {below}{numbers.value(low)} to {above}{numbers.value(high)}"
        label = f"histogram of {known.count} {known.measured} {ends}"
        return charts.histogram(
            known.histogram, known.low, known.high, label, name=known.measured, outer=known.ends
        )

    def _values(self) -> Iterator[Node]:
        known = self.statistics
        if known.ragged:
            yield self._parts()
        if not self._has_places:
            return
        if fits_table(known.shape):
            yield from value_tables(self.value, known)
        elif len(self._planar_shape) == 1:
            yield _curve(self.value, known)
        else:
            yield self._heatmaps()

    def _parts(self) -> Node:
        """The parts of a nested tensor under each other."""
        parts = self.value.detach().unbind() if self.statistics.is_readable else ()
        shown = [folded(part, summary(summarise(part))) for part in parts[:_MULTIPLES]]
        more = len(parts) - len(shown)
        return [shown, element("p", f"{more} more", class_="q") if more else None]

    @property
    def _planar_shape(self) -> tuple[int, ...]:
        """The shape without leading axes of length one; a column is a vector, as a row is."""
        shape = list(self.statistics.shape)
        while len(shape) > 1 and shape[0] == 1:
            del shape[0]
        return tuple(shape[:1] if shape[1:] == [1] else shape)

    @cached_property
    def _rasters(self) -> list[pictures.Raster]:
        several = len(self._planar_shape) > 2
        return self._rasters_of(_MULTIPLES, _MULTIPLE_PIXELS if several else _MATRIX_PIXELS)

    def _rasters_of(self, count: int, most: int) -> list[pictures.Raster]:
        """The first matrices of the last two axes, reduced; none for vectors and what a table shows."""
        known = self.statistics
        if not self._has_places or len(self._planar_shape) < 2 or fits_table(known.shape):
            return []
        return [pictures.reduce_matrix(matrix, most) for _, matrix in matrices(self.value, count)]

    def _heatmaps(self) -> Element:
        rasters = self._rasters
        shades = heatmaps.shades_of(rasters)
        shape = self.statistics.shape
        what = "magnitudes" if self.statistics.measured == "magnitudes" else "values"
        label = f"heatmap of the {what} of a {numbers.shape(shape)} tensor"
        if len(rasters) == 1:
            return heatmaps.heatmap(rasters[0], shades, label, widest=416)
        total = math.prod(shape[:-2])
        places = [_slice_name(index) for index, _ in matrices(self.value, _MULTIPLES)]
        told = f"{len(rasters)} of {total} matrices shown" if len(rasters) < total else None
        return heatmaps.multiples(rasters, places, shades, label, caption=told)


def _slice_name(index: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, index)) + ", :, :]"


def summary(known: Statistics) -> str:
    """The one line about a tensor.

    Example: `float32 [2, 2], min 1, max 4, mean 2.5, std 1.291`
    """
    parts = [f"{known.dtype} {known.sizes}"]
    if known.device not in ("cpu", "meta"):
        parts.append(known.device)
    parts += known.notes
    if known.count == 0:
        parts.append("no elements")
    parts += [f"{name} {shown}" for name, shown in measures(known)]
    if known.is_mask:
        parts.append(f"{numbers.count(known.below)} masked (-Inf)")
    parts += [f"{numbers.count(number)} {what}!" for what, number in known.damage]
    return ", ".join(parts)


def _properties(known: Statistics) -> list[tuple[str, str]]:
    return [
        ("values", numbers.count(known.count)),
        ("size", numbers.size(known.bytes)),
        ("device", known.device),
        ("state", ", ".join(known.notes)),
    ]


def measures(known: Statistics) -> list[tuple[str, str]]:
    """The measured numbers, rounded so that every machine writes the same."""
    if not known.known:
        return []
    largest = known.magnitude
    whole = known.dtype.startswith(("int", "uint", "bool"))

    def end(number: float | None) -> str:
        if number is not None and math.isinf(number):
            # A magnitude of finite parts that no float64 holds.
            return "> 1.797e308"
        return numbers.value(int(number or 0) if whole else float(number or 0))

    if known.count == 1:
        # A single whole number has room for all of its digits.
        return [("value", str(int(known.minimum or 0)) if whole else end(known.minimum))]
    prefix = "|z| " if known.measured == "magnitudes" else ""
    low, high = end(known.minimum), end(known.maximum)
    if low == high and known.minimum != known.maximum and known.deviation:
        low, high = numbers.ends(float(known.minimum or 0), float(known.maximum or 0))
    found = [
        (prefix + "min", low),
        (prefix + "max", high),
        (prefix + "mean", numbers.stable(known.mean or 0.0, largest, spread=known.deviation)),
    ]
    if known.deviation is not None and not math.isinf(known.deviation):
        found.append((prefix + "std", numbers.value(known.deviation)))
    if known.zeros:
        found.append(("zeros", numbers.share(known.zeros, known.count)))
    return found


def _masked(known: Statistics) -> list[tuple[str, str]]:
    """How much of a mask hides something."""
    if not known.is_mask:
        return []
    return [("masked (-Inf)", f"{numbers.count(known.below)} ({numbers.share(known.below, known.count)})")]


def alarms(known: Statistics) -> list[Element]:
    """NaNs and infinities, counted and loud."""
    return [
        warning(f"{numbers.count(number)} {what} ({numbers.share(number, known.count)} of the values)")
        for what, number in known.damage
    ]


def fits_table(shape: tuple[int, ...]) -> bool:
    """Whether the values themselves can be shown."""
    sides = [n for n in shape[-2:] if n]
    return (
        math.prod(shape) <= _TABLE_VALUES
        and all(n <= _TABLE_SIDE for n in sides)
        and math.prod(shape[:-2]) <= 8
    )


def matrices(tensor: Any, most: int) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The matrices of the last two axes with the leading index of each, the first `most` of them."""
    values = tensor.detach()
    leading = values.shape[:-2]
    if not is_strided(values) and len(leading):
        values = dense(values)
    for index in islice(product(*map(range, leading)), most):
        matrix = values
        for place in index:
            matrix = matrix[place]
        yield (index if math.prod(leading) > 1 else ()), matrix


def value_tables(tensor: Any, known: Statistics) -> Iterator[Element]:
    """A small tensor as one table a matrix, each cell tinted by its value."""
    values = dense(tensor)
    if values.dim() == 0:
        yield element("p", element("b", entry(values.item())))
        return
    if values.dim() == 1:
        yield _value_table(values.unsqueeze(0), known, "", rows=False)
        return
    for index, matrix in matrices(values, 8):
        yield _value_table(matrix, known, _slice_name(index) if index else "", rows=True)


def _value_table(matrix: Any, known: Statistics, title: str, rows: bool) -> Element:
    strange = colours.MASKED if known.is_mask else colours.NOT_A_NUMBER
    apart = float((known.maximum or 0) - (known.minimum or 0)) if known.measured == "values" else 0.0
    digits = numbers.digits_apart(float(known.magnitude), apart)
    head = element(
        "tr",
        element("th") if rows else None,
        [element("th", str(k), scope="col") for k in range(matrix.shape[1])],
    )
    body = []
    for k, line in enumerate(matrix.tolist()):
        first = element("th", str(k), scope="row") if rows else None
        body.append(
            element("tr", first, [_tinted(value, known.magnitude, strange, digits) for value in line])
        )
    table = element(
        "table",
        element("thead", head),
        element("tbody", body),
        class_="v",
        aria_label=f"values {title}".strip(),
    )
    return element("figure", table, element("figcaption", title) if title else None)


def _tinted(value: Any, limit: float, strange: colours.Rgb, digits: int) -> Element:
    size = math.hypot(value.real, value.imag) if isinstance(value, complex) else float(value)
    if not math.isfinite(size):
        paint = strange
    else:
        share = size / limit if limit else 0.0
        paint = colours.DIVERGING.colour(0.5 + 0.36 * (share if math.isfinite(share) else 1.0))
    return element("td", entry(value, digits), style=colours.under_text(paint))


def entry(value: Any, digits: int = 4) -> str:
    """One value of a tensor in a cell: `true`, `3`, `0.25`, `1-2i`."""
    if isinstance(value, bool):
        return "true" if value else "nil"
    if isinstance(value, complex):
        sign = "" if value.imag < 0 or math.isnan(value.imag) else "+"
        return f"{numbers.value(value.real)}{sign}{numbers.value(value.imag)}i"
    return numbers.value(value, digits)


def _curve(tensor: Any, known: Statistics) -> Element:
    """A vector as a curve; a long one by the lowest and highest value of each stretch."""
    values = tensor.detach()
    while values.dim() > 1 and len(values) == 1:
        values = values[0]
    values = dense(values).reshape(-1)
    values = (values.abs() if values.is_complex() else values).double()
    xs, ys = envelope(values)
    label = f"curve of the {known.count} {known.measured} of a vector"
    return charts.line_chart([Series("values", xs, ys)], label, x_name="index")


def envelope(values: Any) -> tuple[list[float], list[float]]:
    """Points of a curve through a vector: every value, or the extremes of at most a thousand stretches."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    length = values.numel()
    if length <= _CURVE_VALUES:
        return list(map(float, range(length))), values.tolist()
    block = math.ceil(length / (_CURVE_VALUES // 2))
    xs: list[float] = []
    ys: list[float] = []
    for start in range(0, length, block):
        low, high = torch.aminmax(values[start : start + block])
        xs += [float(start), float(start) + block / 2]
        ys += [float(low), float(high)]
    return xs, ys


def folded(tensor: Any, title: Node) -> Element:
    """A tensor under a line that opens it."""
    return foldable(title, TensorView(tensor).html())
