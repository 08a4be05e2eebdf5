"""The display functions of LispE: show a value now, replace what was shown, heatmaps, plots, explorers.

Each makes a small display object or sends a bundle to the publisher; what things look like is decided by
their views.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lispe_kernel.display import publish
from lispe_kernel.display.plots import Heatmap, Plot, numbers_in
from lispe_kernel.display.registry import view_of
from lispe_kernel.language.errors import LispeError, wrong_argument
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import register_kind


class Handle:
    """An output that can be replaced. Prints as `display`; its identity is never shown."""

    __slots__ = ("identity",)

    def __init__(self) -> None:
        self.identity = publish.new_identity()


register_kind(Handle, "display_", lambda handle, show: "display")


@function("display", silent=True)
def display(value: Any) -> Handle:
    """Show a value now, as a cell shows its result, and return a handle with which it can be replaced.

    Example: (display 3) => display
    """
    handle = Handle()
    publish.show(value, handle.identity)
    return handle


@function("update_display", silent=True)
def update_display(handle: Handle, value: Any) -> Handle:
    """Replace what `display` showed.

    Example: (update_display (display 1) 2) => display
    Errors: `Error: update_display: the first argument must be what display returned`
    """
    if not isinstance(handle, Handle):
        raise wrong_argument("update_display", 1, "what display returned", handle)
    publish.show(value, handle.identity, update=True)
    return handle


@function("heatmap")
def heatmap(tensor: Any, row_labels: Any = None, column_labels: Any = None) -> Heatmap:
    """A tensor or matrix as a heatmap with its colour bar; labels (lists of strings) name rows and columns.

    More than two axes give one heatmap for each leading index. Nothing of the values changes.

    Example: (println (heatmap (list (list 1 2) (list 3 4)))) => heatmap of 2 x 2 values
    Errors: a value that is no tensor, matrix or list of lists of numbers; labels of another length
    """
    return Heatmap.of("heatmap", tensor, row_labels, column_labels)


@function("plot")
def plot(xs_or_ys: Any, ys: Any = None, label: str | None = None) -> Plot:
    """A curve through the values `ys`, over `xs` or over 0, 1, 2 ...

    A list of lists (or a matrix) gives one curve each. Values may be lists, typed lists or tensors.

    Example: (println (plot (list 1 4 9))) => plot of 3 points
    Errors: values that are no numbers; xs and ys of different lengths
    """
    if ys is None:
        return Plot.over(None, curves_of("plot", 1, xs_or_ys), label)
    xs = numbers_in("plot", 1, xs_or_ys)
    return Plot.over(xs, curves_of("plot", 2, ys), label)


def curves_of(name: str, position: int, value: Any) -> list[Sequence[float]]:
    """One or several sequences of numbers."""
    if isinstance(value, list) and value and all(hasattr(item, "__len__") for item in value):
        return [numbers_in(name, position, item) for item in value]
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) == 2:
        return [numbers_in(name, position, row) for row in value]
    return [numbers_in(name, position, value)]


@function("explore", silent=True)
def explore(value: Any, other: Any = None) -> Any:
    """A live widget for the value: sliders, zoom, choices; for tensors, encodings, state dicts, timelines.

    A second tensor or state dict is compared with the first; a model beside a timeline can be loaded from it.
    When the kernel ends, the widget's picture stays in the notebook.

    Errors: `Error: explore: there is no explorer for ...`; ipywidgets is not installed
    """
    try:
        made = view_of(value).explore(other)
    except ImportError as error:
        missing = error.name or "ipywidgets"
        raise LispeError(f"Error: explore: {missing} is not installed; pip install ipywidgets") from error
    made.show()
    return made
