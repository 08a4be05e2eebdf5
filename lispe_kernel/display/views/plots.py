"""What `heatmap`, `plot` and `attention_map` make: pictures as values, shown when they are a result.

They hold numbers, not drawings: text, HTML and PNG come from the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from typing import Any

from lispe_kernel.display.drawing import charts, heatmaps, pictures
from lispe_kernel.display.drawing.frames import LINEAR, Scales, Series, has_place
from lispe_kernel.display.drawing.heatmaps import Shades
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.drawing.smoothing import smoothed
from lispe_kernel.display.drawing.stored import dense
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, element, headline, one_line, warning
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text, wrong_argument
from lispe_kernel.language.values.typed.lists import TypedList

_MOST_MAPS = 16


def is_tensor(value: Any) -> bool:
    """Whether the value is a torch tensor; torch is not imported to know."""
    return any(cls.__module__ == "torch" and cls.__name__ == "Tensor" for cls in type(value).__mro__)


def numbers_in(name: str, position: int, value: Any) -> list[float]:
    """The numbers of a list, typed list, tensor or array, one-dimensional."""
    if isinstance(value, TypedList):
        return [float(item) for item in value]
    if is_tensor(value):
        flat = dense(value).reshape(-1)
        return (flat.abs() if flat.is_complex() else flat).double().tolist()  # type: ignore[no-any-return]
    if isinstance(value, list | tuple | range):
        if all(isinstance(item, int | float) for item in value):
            return [float(item) for item in value]
        tensors: list[Any] = list(value)
        if all(is_tensor(item) and item.numel() == 1 for item in tensors):
            return [float(item) for item in value]
    array = getattr(value, "array", value)
    if getattr(array, "dtype", None) is not None and array.dtype.kind in "iufb":
        return [float(item) for item in array.ravel()]
    raise wrong_argument(name, position, "numbers (a list, a typed list or a tensor)", value)


def curves_in(name: str, position: int, value: Any) -> list[Sequence[float]]:
    """One or several sequences of numbers."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(item, list | tuple | TypedList) for item in value)
    ):
        return [numbers_in(name, position, item) for item in value]
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) == 2:
        return [numbers_in(name, position, row) for row in value]
    return [numbers_in(name, position, value)]


def matrix_in(name: str, value: Any) -> Any:
    """A tensor or numpy array of at least two axes from a tensor, a matrix or a list of lists."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    if is_tensor(value):
        found = value.detach()
        return found if found.dim() >= 2 else found.reshape(1, -1)
    if isinstance(value, TypedList):
        return value.array.reshape(1, -1)
    array = getattr(value, "array", value)
    if not isinstance(array, np.ndarray):
        array = _array_of_lists(name, value)
    return array if array.ndim >= 2 else array.reshape(1, -1)


def _array_of_lists(name: str, value: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    expected = "a tensor, a matrix or a list of equally long lists of numbers"
    if not isinstance(value, list | tuple) or not value:
        raise wrong_argument(name, 1, expected, value)
    try:
        found = np.array([item.array if isinstance(item, TypedList) else item for item in value])
    except ValueError:
        raise wrong_argument(name, 1, expected, value) from None
    if found.dtype.kind not in "iufbc":
        raise wrong_argument(name, 1, expected, value)
    return found


@dataclass(frozen=True)
class Heatmap:
    """Matrices on one colour scale, with what stands along their axes."""

    title: str
    shape: tuple[int, ...]
    names: tuple[str, ...]  # one a matrix, empty for a single one
    rasters: tuple[Raster, ...]
    total: int
    shades: Shades
    down: Axis
    across: Axis

    @classmethod
    def of(cls, name: str, value: Any, row_labels: Any = None, column_labels: Any = None) -> Heatmap:
        """A heatmap of anything with rows and columns."""
        matrix = matrix_in(name, value)
        return cls.made(
            name,
            "heatmap",
            matrix,
            labels_in(name, 2, row_labels, matrix.shape[-2]),
            labels_in(name, 3, column_labels, matrix.shape[-1]),
        )

    @classmethod
    def made(
        cls,
        name: str,
        title: str,
        matrix: Any,
        rows: list[str] | None,
        columns: list[str] | None,
        *,
        from_zero: bool = False,
        axes: tuple[str, str] = ("", ""),
        leading: Sequence[str] = (),
    ) -> Heatmap:
        shape = tuple(int(n) for n in matrix.shape)
        if 0 in shape:
            raise LispeError(f"Error: {name}: there are no values to draw in shape {numbers.shape(shape)}")
        total = math.prod(shape[:-2])
        shown = min(total, _MOST_MAPS)
        most = pictures.MOST_PIXELS if shown == 1 else 96
        labelled_most = max(most, len(rows or ()), len(columns or ()))
        parts = _parts(matrix, shown, leading)
        rasters = tuple(pictures.reduce_matrix(part, min(labelled_most, 512)) for _, part in parts)
        return cls(
            title=title,
            shape=shape,
            names=tuple(place for place, _ in parts) if total > 1 else (),
            rasters=rasters,
            total=total,
            shades=heatmaps.shades_of(rasters, from_zero=from_zero),
            down=_axis(axes[0], rows, shape[-2]),
            across=_axis(axes[1], columns, shape[-1]),
        )

    @property
    def text(self) -> str:
        return f"{self.title} of {' x '.join(map(str, self.shape))} values"


def _parts(matrix: Any, shown: int, names: Sequence[str]) -> list[tuple[str, Any]]:
    """The first matrices of the last two axes, each with the name of its place: `batch 0, head 3`."""
    leading = tuple(int(n) for n in matrix.shape[:-2])
    found = []
    for index in islice(product(*map(range, leading)), shown):
        part = matrix
        for place in index:
            part = part[place]
        # A leading axis of length one tells nothing.
        told = [
            f"{name} {place}".strip()
            for name, place, length in zip(names or [""] * len(leading), index, leading, strict=True)
            if length > 1
        ]
        found.append((", ".join(told), part))
    return found


def _axis(name: str, labels: list[str] | None, length: int) -> Axis:
    return Axis.counted(name, length) if labels is None else Axis.labelled(name, labels)


def labels_in(name: str, position: int, value: Any, length: int) -> list[str] | None:
    """Labels of an axis: one text or number a place."""
    if value is None:
        return None
    if not isinstance(value, list | tuple | TypedList) and not is_tensor(value):
        raise wrong_argument(name, position, "a list of labels", value)
    items = value.detach().flatten().tolist() if is_tensor(value) else value
    labels = [one_line(to_text(item), 24) for item in items]
    if len(labels) != length:
        raise LispeError(f"Error: {name}: {len(labels)} labels for {length} places on the axis")
    return labels


register_kind(Heatmap, "heatmap_", lambda value, _: value.text)


@renderer(Heatmap)
class HeatmapView(View):
    """A heatmap made by a display function."""

    value: Heatmap

    def html(self) -> Node:
        return [headline(self.value.text), self.figures()]

    def figures(self) -> Node:
        """The pictures without their title."""
        made = self.value
        rotate = _long(made.across)
        if len(made.rasters) == 1:
            return heatmaps.heatmap(
                made.rasters[0], made.shades, made.text, down=made.down, across=made.across, rotate=rotate
            )
        more = made.total - len(made.rasters)
        return heatmaps.multiples(
            made.rasters,
            made.names,
            made.shades,
            made.text,
            down=made.down,
            across=made.across,
            caption=f"{more} more are not shown" if more else None,
            widest=200,
            rotate=rotate,
        )

    def png(self) -> bytes | None:
        from lispe_kernel.display.drawing.labelled import heatmap_png  # noqa: PLC0415 - heavy: it draws with Pillow

        made = self.value
        if len(made.rasters) > 1:
            return pictures.montage(made.rasters, made.shades.low, made.shades.high, made.shades.scale)
        only = made.rasters[0]
        return heatmap_png(
            only,
            made.shades.low,
            made.shades.high,
            made.text,
            scale=made.shades.scale,
            down=made.down,
            across=made.across,
        )


def _long(axis: Axis) -> bool:
    """Whether the labels of a horizontal axis must stand upright to be read."""
    return any(len(text) > 4 for _, text in axis.ticks) and len(axis.ticks) > 5


@dataclass(frozen=True)
class Looks:
    """How curves are drawn: the names of the axes, logarithmic ones, how much is smoothed."""

    x_title: str = ""
    y_title: str = ""
    scales: Scales | None = None
    smoothing: float = 0.0


_LOGS = {"": (False, False), "x": (True, False), "y": (False, True), "xy": (True, True)}
Given = tuple[int, Any]


def looks(name: str, x_title: Given, y_title: Given, log: Given, smoothing: Given) -> Looks:
    """The looks that a function was given, each with its place among the arguments."""
    for position, title in (x_title, y_title):
        if title is not None and not isinstance(title, str):
            raise wrong_argument(name, position, "a title", title)
    if log[1] is not None and (not isinstance(log[1], str) or log[1] not in _LOGS):
        raise wrong_argument(name, log[0], 'the logarithmic axes, "x", "y", "xy" or ""', log[1])
    weight = smoothing[1]
    if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 <= weight < 1:
        raise wrong_argument(name, smoothing[0], "a smoothing from 0 to below 1", weight)
    scales = None if log[1] is None else Scales(*_LOGS[log[1]])
    return Looks(x_title[1] or "", y_title[1] or "", scales, float(weight))


@dataclass(frozen=True)
class Plot:
    """Curves over one axis."""

    series: tuple[Series, ...]
    title: str = ""
    looks: Looks = Looks()

    @classmethod
    def of(cls, xs_or_ys: Any, ys: Any, label: str | None, looks: Looks) -> Plot:
        """Curves from the arguments of `plot`."""
        position, values = (1, xs_or_ys) if ys is None else (2, ys)
        xs = None if ys is None else numbers_in("plot", 1, xs_or_ys)
        curves = _named_curves(position, values, label)
        made = []
        for name, heights in curves:
            places = list(map(float, range(len(heights)))) if xs is None else xs
            if len(places) != len(heights):
                raise LispeError(f"Error: plot: {len(places)} xs but {len(heights)} ys")
            made.append(smoothed(Series(name, places, heights), looks.smoothing))
        return cls(tuple(made), label or "", looks)

    @cached_property
    def text(self) -> str:
        points = max((len(s.ys) for s in self.series), default=0)
        curves = f"{len(self.series)} curves, " if len(self.series) > 1 else ""
        title = f" {one_line(self.title, 60)}" if self.title else ""
        most = "up to " if len({len(s.ys) for s in self.series}) > 1 else ""
        return f"plot{title} of {curves}{most}{points} point{'s' if points != 1 else ''}"

    @property
    def strange(self) -> str:
        """What no axis can hold."""
        values = [y for s in self.series for y in s.raw or s.ys]
        without = sum(not math.isfinite(y) for y in values)
        return (
            f"{without} of {len(values)} values {'is' if without == 1 else 'are'} NaN or Inf"
            if without
            else ""
        )

    @property
    def left_out(self) -> str:
        """What a logarithmic axis cannot hold."""
        scales = self.looks.scales or LINEAR
        without = sum(
            math.isfinite(x) and math.isfinite(y) and not (has_place(x, scales.x) and has_place(y, scales.y))
            for s in self.series
            for x, y in zip(s.xs, s.raw or s.ys, strict=True)
        )
        told = (
            "point has no place on a logarithmic axis: it is"
            if without == 1
            else "points have no place on a logarithmic axis: they are"
        )
        return f"{without} {told} not positive" if without else ""


def _named_curves(position: int, values: Any, label: str | None) -> list[tuple[str, Sequence[float]]]:
    if isinstance(values, Mapping):
        return [
            (one_line(to_text(name), 60), numbers_in("plot", position, ys)) for name, ys in values.items()
        ]
    curves = curves_in("plot", position, values)
    if len(curves) == 1:
        return [(label or "curve", curves[0])]
    return [(f"{label or 'curve'} {k}", ys) for k, ys in enumerate(curves)]


register_kind(Plot, "plot_", lambda value, _: plain_text(value.text))


@renderer(Plot)
class PlotView(View):
    """Curves made by `plot`."""

    value: Plot

    def html(self) -> Node:
        points = max((len(s.ys) for s in self.value.series), default=0)
        if not points:
            return headline(self.value.text)
        how = self.value.looks
        missing = filter(None, (self.value.strange, self.value.left_out))
        return [
            headline(self.value.text),
            [warning(sentence) for sentence in missing],
            charts.line_chart(
                self.value.series,
                self.value.text,
                x_name=how.x_title,
                y_name=how.y_title,
                width=560,
                height=260,
                marks=points <= 40,
                scales=how.scales,
            ),
            element("p", f"smoothed by {how.smoothing:g}; faint: the values themselves", class_="q")
            if how.smoothing
            else None,
        ]

    def png(self) -> bytes | None:
        from lispe_kernel.display.drawing.labelled import lines_png  # noqa: PLC0415 - heavy: it draws with Pillow

        how = self.value.looks
        return lines_png(self.value.series, self.value.text, how.x_title, how.y_title, scales=how.scales)
