"""A loaded checkpoint: epoch, metrics, optimizer and random state beside the tree of the model's tensors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, facts, headline, one_line
from lispe_kernel.display.page.registry import renderer
from lispe_kernel.display.views.state_dicts import (
    Entry,
    StateDictView,
    measured,
    tensors_of,
    totals_line,
    tree_page,
)
from lispe_kernel.language.printer import to_text


@renderer("lispe_kernel.torch_library.checkpoints.files.Checkpoint")
class CheckpointView(StateDictView):
    """What a training checkpoint holds."""

    @cached_property
    def entries(self) -> list[Entry]:
        return measured(tensors_of(self.value.model))

    def text(self) -> str:
        return f"{self.line()}\n{self._told()}{totals_line([e.known for e in self.entries])}"

    def _told(self) -> str:
        epoch = self.value.epoch
        return f"epoch {epoch}, " if epoch is not None else ""

    def html(self) -> Node:
        return [
            headline(self.line()),
            facts([("epoch", str(self.value.epoch)), *metric_pairs(self.value.metrics), *self._parts()]),
            tree_page(self.entries),
        ]

    def _parts(self) -> list[tuple[str, Node]]:
        others = [key for key in self.value.parts if key not in ("model", "epoch", "metrics")]
        return [("also holds", ", ".join(others))]


def metric_pairs(metrics: Any) -> list[tuple[str, Node]]:
    """Metrics as named facts."""
    if not isinstance(metrics, Mapping):
        return []
    return [(one_line(str(key), 40), metric_text(value)) for key, value in metrics.items()]


def metric_text(value: Any) -> str:
    return numbers.value(value) if isinstance(value, int | float) else one_line(to_text(value), 60)
