"""The explorer of a timeline: scrub through the checkpoints, compare two, load one into a model."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from lispe_kernel.display.explorers.base import Explorer
from lispe_kernel.display.explorers.registry import explorer
from lispe_kernel.display.page.html import Node, element, facts, headline, name
from lispe_kernel.display.views.checkpoints import metric_pairs
from lispe_kernel.display.views.compare import StateComparisonView, compare_states
from lispe_kernel.display.views.state_dicts import measured, tree_page
from lispe_kernel.display.views.timeline import Moment, Timeline, figures, timeline_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument

_NOTHING = "nothing"


@explorer(Timeline)
def timeline_explorer(timeline: Timeline, model: Any) -> Explorer:
    """An explorer of the healthy checkpoints; with a model each can be loaded into it."""
    if not timeline.healthy:
        raise LispeError("Error: explore: every checkpoint of this timeline is damaged")
    if model is not None and not hasattr(model, "state_dict"):
        raise wrong_argument("explore", 2, "a model into which a checkpoint can be loaded", model)
    return TimelineExplorer(timeline, model)


@explorer("lispe_kernel.torch_library.checkpoints.folders.CheckpointList")
def listing_explorer(listing: Any, model: Any) -> Explorer:
    """The explorer of the timeline of the listed files."""
    return timeline_explorer(timeline_of(listing), model)


class TimelineExplorer(Explorer):
    """One checkpoint at a time, and another beside it."""

    def __init__(self, timeline: Timeline, model: Any) -> None:
        super().__init__()
        self.timeline, self.model = timeline, model
        self.title = f"explorer of the {timeline.text}"
        moments = timeline.healthy
        style = {"description_width": "initial"}
        self.at = widgets.SelectionSlider(
            options=[(_label(m), k) for k, m in enumerate(moments)],
            value=len(moments) - 1,
            description="checkpoint",
            continuous_update=False,
            style=style,
            layout=widgets.Layout(width="min(460px, 100%)"),
        )
        self.beside = widgets.Dropdown(
            options=[(_NOTHING, -1), *((_label(m), k) for k, m in enumerate(moments))],
            value=-1,
            description="compare with",
            style=style,
            layout=widgets.Layout(margin="2px 12px 2px 12px"),
        )
        self.follow(self.at, self.beside)
        if model is not None:
            self.button("load into the model", self.load)

    @property
    def moment(self) -> Moment:
        chosen: int = self.at.value
        return self.timeline.healthy[chosen]

    def load(self) -> str:
        """Load the chosen checkpoint into the model."""
        from lispe_kernel.torch_library.checkpoints.files import load_checkpoint  # noqa: PLC0415 - PyTorch is imported when it is first needed
        from lispe_kernel.torch_library.state.state_dicts import load_state_dict  # noqa: PLC0415 - PyTorch is imported when it is first needed

        load_state_dict(self.model, load_checkpoint(self.moment.path))
        return f"{self.moment.file} is loaded into the model"

    def content(self) -> Node:
        moment = self.moment
        return [
            headline(self.title),
            element("div", figures(self.timeline, moment)),
            facts(
                [
                    ("file", name(moment.file)),
                    ("epoch", "" if moment.epoch is None else f"{moment.epoch:g}"),
                    *metric_pairs(dict(moment.metrics)),
                ]
            ),
            self._weights(moment),
        ]

    def _weights(self, moment: Moment) -> Node:
        chosen = state_of(moment)
        if self.beside.value < 0:
            return tree_page(measured(chosen.items()))
        other = self.timeline.healthy[self.beside.value]
        return StateComparisonView(compare_states(state_of(other), chosen)).html()


def _label(moment: Moment) -> str:
    return moment.file if moment.epoch is None else f"{moment.epoch:g}: {moment.file}"


def state_of(moment: Moment) -> dict[str, Any]:
    """The model's tensors of a checkpoint file."""
    from lispe_kernel.torch_library.checkpoints.files import load_checkpoint  # noqa: PLC0415 - PyTorch is imported when it is first needed

    return dict(load_checkpoint(moment.path).model)
