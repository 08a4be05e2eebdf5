"""Optimizers and schedules: the groups with their settings, what they remember, the curve of the rate."""

from __future__ import annotations

import math
from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, element, facts, headline, table
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.printer import to_text

_HIDDEN = frozenset({"params", "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay"})
_STEPS = 1000


@renderer(
    "torch.optim.optimizer.Optimizer", "lispe_kernel.torch_library.training.optimizers.RateOnlyOptimizer"
)
class OptimizerView(View):
    """An optimizer: what all parameter groups have in common, and a row for each of several."""

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def text(self) -> str:
        values = sum(p.numel() for group in self.value.param_groups for p in group["params"])
        rates = ", ".join(numbers.value(float(group["lr"])) for group in self.value.param_groups)
        return f"{self.line()}\n{self._kind()}, rate {rates}, {numbers.count(values)} values"

    def _kind(self) -> str:
        return str(getattr(self.value, "kind", type(self.value).__name__))

    def html(self) -> Node:
        groups = self.value.param_groups
        settings = [key for key in groups[0] if key not in _HIDDEN] if groups else []
        told = {key: [_setting(group.get(key)) for group in groups] for key in settings}
        own = [key for key in settings if len(set(told[key])) > 1]
        rows = [[str(k), *_weight(group), *(told[key][k] for key in own)] for k, group in enumerate(groups)]
        parameters = [p for group in groups for p in group["params"]]
        weight = zip(("tensors", "values"), _weight({"params": parameters}), strict=True)
        return [
            headline(self.line()),
            facts([("kind", self._kind()), *weight, *self._memory()]),
            facts([(key, told[key][0]) for key in settings if key not in own]),
            table(
                ["group", "tensors", "values", *own],
                rows,
                label="parameter groups",
                numeric=range(3 + len(own)),
            )
            if len(groups) > 1
            else None,
        ]

    def _memory(self) -> list[tuple[str, Node]]:
        """Steps made and the bytes of the moments."""
        states = list(getattr(self.value, "state", {}).values())
        tensors = [t for state in states for t in state.values() if hasattr(t, "element_size")]
        steps = {int(state["step"]) for state in states if "step" in state}
        return [
            ("steps", numbers.count(max(steps)) if steps else "0"),
            (
                "state",
                numbers.size(sum(t.numel() * t.element_size() for t in tensors)) if tensors else "empty",
            ),
        ]


def _weight(group: dict[str, Any]) -> tuple[str, str]:
    """How many tensors a group has, and how many values."""
    return str(len(group["params"])), numbers.count(sum(p.numel() for p in group["params"]))


def _setting(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(_setting, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return numbers.value(float(value)) if isinstance(value, int | float) else str(value)


@renderer("lispe_kernel.torch_library.training.schedulers.Scheduler")
class SchedulerView(View):
    """A learning-rate schedule: where it stands on its curve."""

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        rates = future_rates(self.value)
        label = f"learning rate over the first {len(rates)} steps"
        series = Series("rate", list(map(float, range(1, len(rates) + 1))), rates)
        return [
            headline(self.line()),
            charts.line_chart([series], label, x_name="step", y_name="rate") if len(rates) > 1 else None,
            self._before(),
        ]

    def _before(self) -> Node:
        """What the optimizer has until the schedule sets it, where that is another rate than its first."""
        rates = {float(group["lr"]) for group in self.value.optimizer.param_groups}
        if self.value.steps or rates == {self.value.settings["initial_lr"]}:
            return None
        told = ", ".join(numbers.value(rate) for rate in sorted(rates))
        return element("p", f"until its first step the optimizer has {told}", class_="q")


def future_rates(scheduler: Any) -> list[float]:
    """The rates of the schedule from its first step on, by its formula; nothing is stepped."""
    from lispe_kernel.torch_library.training.schedulers import SCHEDULES  # noqa: PLC0415 - PyTorch is imported when it is first needed

    formula = SCHEDULES[scheduler.kind][1]
    total = min(_STEPS, int(scheduler.settings["total_steps"]))
    rates = [formula(step, scheduler.settings) for step in range(1, total + 1)]
    return rates if all(map(math.isfinite, rates)) else []
