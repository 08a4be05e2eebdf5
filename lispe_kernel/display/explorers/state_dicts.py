"""The explorer of a state dict: find a tensor by name, order by what was measured, look inside."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from lispe_kernel.display.drawing.statistics import Statistics
from lispe_kernel.display.explorers.base import Explorer, choice
from lispe_kernel.display.explorers.registry import explorer
from lispe_kernel.display.explorers.rows import Rows
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, element, headline, one_line
from lispe_kernel.display.page.opened import Asked
from lispe_kernel.display.views.compare import (
    TensorComparisonView,
    change_table,
    compare_states,
    compare_tensors,
)
from lispe_kernel.display.views.state_dicts import Entry, asking_page, measured, tensors_of, totals_line
from lispe_kernel.display.views.tensors import TensorView, folded
from lispe_kernel.language.errors import LispeError

# What tensors can be ordered by: the label, and the number (None stands at the end).
_ORDERS = {
    "as saved": None,
    "values": lambda known: known.count,
    "norm": lambda known: known.norm,
    "std": lambda known: known.deviation,
    "largest value": lambda known: known.magnitude if known.known else None,
    "NaN and Inf": lambda known: known.nans + known.infinities,
}
_MOST_NAMES = 2000


@explorer(
    "lispe_kernel.torch_library.state.state_dicts.StateDict",
    "lispe_kernel.torch_library.checkpoints.files.Checkpoint",
)
def state_dict_explorer(state: Any, other: Any) -> Explorer:
    """An explorer of named tensors; `other` is a second state dict to compare with."""
    tensors = tensors_of(getattr(state, "model", state))
    if not tensors:
        raise LispeError("Error: explore: there are no tensors in it")
    return StateDictExplorer(
        tensors, None if other is None else dict(tensors_of(getattr(other, "model", other)))
    )


@explorer("torch.nn.modules.module.Module")
def module_explorer(module: Any, other: Any) -> Explorer:
    """The explorer of its tensors; another module is compared with it."""
    state, beside = (part.state_dict() if hasattr(part, "state_dict") else part for part in (module, other))
    return state_dict_explorer(state, beside)


class StateDictExplorer(Explorer):
    """Names on one side, the chosen tensor beside them."""

    def __init__(self, tensors: list[tuple[str, Any]], other: dict[str, Any] | None) -> None:
        super().__init__()
        self.tensors, self.other = dict(tensors), other
        entries = measured(tensors)
        self.known: dict[str, Statistics] = {e.name: e.known for e in entries}
        self.title = f"explorer of {totals_line(list(self.known.values()))}"
        self.search = widgets.Text(placeholder="search names", continuous_update=True)
        self.order = choice("order", _ORDERS)
        self.names = widgets.Select(
            options=self._options(), rows=8, layout=widgets.Layout(width="min(460px, 100%)")
        )
        for control in (self.search, self.order):
            control.observe(lambda _change: self._find(), names="value")
        self.controls += [self.search, self.order]
        self.follow(self.names)
        self.below += (self._changes() or self._entries(entries)).parts

    def _entries(self, entries: list[Entry]) -> Rows:
        """The tree of tensors, each of which opens as it is at that moment."""
        return Rows(
            asking_page(entries), len(entries), lambda place: TensorView(entries[place].tensor).html()
        )

    def _changes(self) -> Rows | None:
        """What differs from the other one, each of which opens as both are at that moment."""
        if self.other is None:
            return None
        first, second = self.tensors, self.other
        try:
            changed = [c for c in compare_states(first, second).changes if not c.same]
        except LispeError:
            # A kind of tensor that has no difference; its view says what it is.
            return None

        def view(place: int) -> Node:
            name = changed[place].name
            return TensorComparisonView(compare_tensors(first[name], second[name])).html()

        listing = change_table(changed, {place: Asked(place) for place in range(len(changed))})
        return Rows(element("div", listing, data_asks=True), len(changed), view) if changed else None

    def _options(self) -> list[tuple[str, str]]:
        wanted = self.search.value.lower()
        found = [key for key in self.known if wanted in key.lower()]
        measure = _ORDERS[self.order.value]
        if measure is not None:
            found.sort(key=lambda key: -(measure(self.known[key]) or 0))
        return [
            (f"{one_line(key, 70)}  {numbers.shape(self.known[key].shape)}", key)
            for key in found[:_MOST_NAMES]
        ]

    def _find(self) -> None:
        chosen, options = self.names.value, self._options()
        self.names.options = options
        keys = [key for _, key in options]
        self.names.value = chosen if chosen in keys else (keys[0] if keys else None)

    def content(self) -> Node:
        key = self.names.value
        title = headline(self.title)
        if key is None:
            return [title, element("p", "no name holds this text")]
        return [
            title,
            element("p", element("b", element("bdi", one_line(key)))),
            TensorView(self.tensors[key]).html(),
            self._change(key),
        ]

    def _change(self, key: str) -> Node:
        if self.other is None:
            return None
        second = self.other.get(key)
        if second is None or second.shape != self.tensors[key].shape:
            return element("p", "the other one has no tensor of this name and shape")
        return folded(second.detach().cpu() - self.tensors[key].detach().cpu(), "second - first")
