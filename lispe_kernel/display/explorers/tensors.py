"""The explorer of a tensor: leading axes, zoom, colour range, single values, a second tensor to compare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from lispe_kernel.display.drawing import charts, heatmaps, pictures
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.drawing.statistics import summarise
from lispe_kernel.display.drawing.stored import dense, is_strided
from lispe_kernel.display.explorers.base import Explorer, choice, slider, span, stretch
from lispe_kernel.display.explorers.registry import explorer
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, element, facts, headline
from lispe_kernel.display.views.tensors import alarms, entry, envelope, summary
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument

_PIXELS = 256
_AXES = ("row", "column")


@explorer("torch.Tensor")
def tensor_explorer(tensor: Any, other: Any) -> Explorer:
    """An explorer of a tensor with values; `other` has the same shape."""
    if tensor.is_meta or tensor.numel() == 0:
        raise LispeError("Error: explore: the tensor has no values")
    if other is not None and tuple(getattr(other, "shape", ())) != tuple(tensor.shape):
        raise wrong_argument("explore", 2, f"a tensor of the shape {numbers.shape(tensor.shape)}", other)
    return TensorExplorer(tensor, other)


class TensorExplorer(Explorer):
    """A tensor that stays where it is; each picture reads the region it shows."""

    def __init__(self, tensor: Any, other: Any = None) -> None:
        super().__init__()
        self.tensor, self.other = tensor, other
        self.title = f"explorer of {summary(summarise(tensor, histogram=False))}"
        shape = tuple(tensor.shape)
        self.leading = [
            slider(f"axis {axis}", length) for axis, length in enumerate(shape[:-2]) if length > 1
        ]
        self.axes = [axis for axis, length in enumerate(shape[:-2]) if length > 1]
        self.follow(*self.leading)
        # A vector has no rows, a scalar neither rows nor columns.
        self.rows: Any = span("rows", shape[-2]) if len(shape) > 1 else None
        self.columns: Any = span("columns", shape[-1]) if shape else None
        self.follow(*(control for control in (self.rows, self.columns) if control is not None))
        self.range = widgets.FloatLogSlider(
            value=1,
            base=10,
            min=-2,
            max=1,
            step=0.05,
            description="colour range x",
            continuous_update=False,
            style={"description_width": "initial"},
        )
        self.at = [
            slider(f"at {name}", n) for name, n in zip(_AXES[2 - len(shape[-2:]) :], shape[-2:], strict=True)
        ]
        self.follow(self.range, *self.at)
        self.which = None
        if other is not None:
            self.which = choice("show", ("first", "second", "second - first"))
            self.follow(self.which)

    def plane(self) -> Any:
        """The matrix that the sliders choose (a vector or scalar of a smaller tensor), as shown."""
        chosen = self.which.value if self.which is not None else "first"
        if chosen == "second - first":
            return self._slice(self.other) - self._slice(self.tensor)
        return self._slice(self.other if chosen == "second" else self.tensor)

    def _slice(self, tensor: Any) -> Any:
        values = tensor.detach()
        if not is_strided(values):
            values = values.to_dense()
        places = dict(zip(self.axes, self.leading, strict=True))
        for axis in range(max(0, values.dim() - 2)):
            values = values[places[axis].value if axis in places else 0]
        return dense(values)

    def content(self) -> Node:
        plane = self.plane()
        region = self._region(plane)
        known = summarise(region)
        return [
            headline(summary(known)),
            facts([("value", self._value(plane))]),
            alarms(known),
            element("div", self._picture(region), self._spread(known)),
        ]

    def _region(self, plane: Any) -> Any:
        if plane.dim() == 2:
            (top, bottom), (left, right) = stretch(self.rows), stretch(self.columns)
            return plane[top:bottom, left:right]
        if plane.dim() == 1:
            left, right = stretch(self.columns)
            return plane[left:right]
        return plane

    def _value(self, plane: Any) -> str:
        place = tuple(control.value for control in self.at)
        if plane.dim() == 0:
            return entry(plane.item())
        return f"[{', '.join(map(str, place))}] = {entry(plane[place].item())}"

    def _picture(self, region: Any) -> Node:
        if region.dim() == 0:
            return None
        if region.dim() == 1:
            values = (region.abs() if region.is_complex() else region).double()
            xs, ys = envelope(values)
            start = stretch(self.columns)[0]
            series = Series("values", [x + start for x in xs], ys)
            return charts.line_chart([series], self.title, x_name="index")
        raster = pictures.reduce_matrix(region, _PIXELS)
        shades = heatmaps.shades_of([raster])
        reach = self.range.value
        shades = replace(shades, low=shades.low * reach, high=shades.high * reach)
        down = _shifted("row", stretch(self.rows)[0], raster.rows)
        across = _shifted("column", stretch(self.columns)[0], raster.columns)
        return heatmaps.heatmap(raster, shades, self.title, down=down, across=across)

    def _spread(self, known: Any) -> Node:
        if len(known.histogram) < 2:
            return None
        title = "histogram of the region"
        return charts.histogram(known.histogram, known.low, known.high, title, outer=known.ends)


def _shifted(name: str, start: int, length: int) -> pictures.Axis:
    """An axis whose numbers go on from where the region begins."""
    return pictures.Axis.window(name, start, length)
