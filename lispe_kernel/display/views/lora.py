"""LoRA layers: rank, scale, share of parameters, and the singular values of what the adapter adds.

The delta is never made to look at it: its singular values are those of a matrix of rank by rank.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, name, table
from lispe_kernel.display.page.registry import renderer
from lispe_kernel.display.views.modules import ModuleView, Size, section

_ROWS = 200


def singular_values(layer: Any) -> list[float] | None:
    """The singular values of alpha/rank · B·A, largest first: those of R_B·R_Aᵀ of two thin QR factors.

    None where A or B holds NaN or infinity: there are none then.
    """
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    with torch.no_grad():
        down = layer.lora_A.weight.detach().double().cpu()
        up = layer.lora_B.weight.detach().double().cpu()
        _, of_up = torch.linalg.qr(up)
        _, of_down = torch.linalg.qr(down.T)
        core = of_up @ of_down.T
        if not core.isfinite().all():
            return None
        found = torch.linalg.svdvals(core) * layer.scale
    return [float(v) for v in found]


def adapter_table(layers: list[tuple[str, Any]]) -> Element:
    """One row an adapter."""
    rows = []
    for key, layer in layers[:_ROWS]:
        values = singular_values(layer)
        adapter = layer.lora_A.weight.numel() + layer.lora_B.weight.numel()
        base = layer.original.weight.numel()
        rows.append(
            [
                name(key),
                f"{layer.in_features} → {layer.out_features}",
                str(layer.rank),
                numbers.value(float(layer.alpha)),
                numbers.value(float(layer.scale)),
                numbers.share(adapter, base + adapter),
                *_norm_and_largest(values),
                "merged" if layer.merged else "beside the base",
                name(getattr(layer, "active", "")),
            ]
        )
    headings = [
        "layer",
        "features",
        "rank",
        "alpha",
        "scale",
        "share",
        "norm of delta",
        "largest",
        "state",
        "adapter",
    ]
    return table(headings, rows, label="LoRA adapters", numeric=range(2, 8), data_sort=True)


def _norm_and_largest(values: list[float] | None) -> tuple[str, str]:
    if values is None:
        return "not finite", "not finite"
    return numbers.value(sum(v * v for v in values) ** 0.5), numbers.value(values[0]) if values else ""


def adapters_in(module: Any) -> list[tuple[str, Any]]:
    """The LoRA layers inside a module, by name."""
    return [
        (key, part)
        for key, part in module.named_modules()
        if hasattr(part, "lora_A") and hasattr(part, "scale")
    ]


@section
def adapters(module: Any) -> Node:
    """The adapters of a module that has some."""
    found = adapters_in(module)
    return adapter_table(found) if found else None


@renderer("lispe_kernel.torch_library.modules.lora_layer.LoraLinear")
class LoraView(ModuleView):
    """One LoRA layer."""

    def properties(self, size: Size) -> list[tuple[str, Node]]:
        layer = self.value
        adapter = layer.lora_A.weight.numel() + layer.lora_B.weight.numel()
        return [
            ("rank", str(layer.rank)),
            ("alpha", numbers.value(float(layer.alpha))),
            ("scale", numbers.value(float(layer.scale))),
            ("adapter", f"{numbers.count(adapter)} values"),
            ("share", numbers.share(adapter, size.parameters)),
            ("state", "merged into the base" if layer.merged else "beside the base"),
            ("adapters", ", ".join(layer.adapters()) if hasattr(layer, "adapters") else ""),
            ("size", numbers.size(size.bytes)),
        ]

    def special(self) -> Node:
        values = singular_values(self.value)
        if values is None:
            text = "A or B holds NaN or infinity: the delta has no singular values"
            return element("p", text, class_="q")
        if not values or values[0] == 0:
            return element("p", "the delta is zero: a fresh adapter changes nothing", class_="q")
        series = Series("singular value", list(map(float, range(1, len(values) + 1))), values)
        label = f"singular values of the delta, the largest {numbers.value(values[0])}"
        return charts.line_chart(
            [series], label, x_name="rank", y_name="singular value", marks=True, height=160
        )
