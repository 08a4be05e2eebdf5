"""LoRA layers: rank, scale, share of parameters, the change beside its base, and its singular values.

The change alpha/rank · B·A is never made to look at it: its singular values are those of a matrix of rank by
rank, and the mean of a block of it is the product of means of rows of B and columns of A. DoRA's is made.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.drawing import charts, heatmaps, pictures, stored
from lispe_kernel.display.drawing.frames import LINEAR, Series
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, name, table
from lispe_kernel.display.page.registry import renderer
from lispe_kernel.display.views.modules import ModuleView, Size, section

_ROWS = 200
_PIXELS = 208


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
    return [abs(float(v)) for v in found]


def _is_dora(layer: Any) -> bool:
    """Whether the change is more than B·A: what it is gets a size for each output."""
    return hasattr(layer, "lora_magnitude_vector")


def adapter_and_whole(layer: Any) -> tuple[int, int]:
    """The values of the active adapter, and those of the layer with it, the bias among them."""
    adapter = sum(part.numel() for part in layer.parts().values())
    base = (layer.original.weight, getattr(layer.original, "bias", None))
    return adapter, adapter + sum(part.numel() for part in base if part is not None)


def adapter_table(layers: list[tuple[str, Any]]) -> Element:
    """One row an adapter; which one is active stands there where any has a name of its own."""
    rows = []
    shown = layers[:_ROWS]
    named = {getattr(layer, "active", "") for _, layer in shown} - {"", "default"}
    for key, layer in shown:
        values = singular_values(layer)
        adapter, whole = adapter_and_whole(layer)
        rows.append(
            [
                name(key),
                f"{layer.in_features} → {layer.out_features}",
                str(layer.rank),
                numbers.value(float(layer.alpha)),
                numbers.value(float(layer.scale)),
                numbers.share(adapter, whole),
                *_norm_and_largest(layer, values),
                _of_base(layer),
                "merged" if layer.merged else "beside",
                name(getattr(layer, "active", "")) if named else "",
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
        "of the base",
        "state",
        "adapter",
    ]
    return table(
        headings, rows, label="LoRA adapters", numeric=range(2, 9), words=(9,), sparse=(10,), data_sort=True
    )


def _norm_and_largest(layer: Any, values: list[float] | None) -> tuple[str, str]:
    """The norm of the change and its largest singular value; DoRA's would cost those of a whole matrix."""
    if values is None:
        return "not finite", "not finite"
    if _is_dora(layer):
        norm = change_norm(layer)
        return "not finite" if norm is None else numbers.value(norm), ""
    return numbers.value(sum(v * v for v in values) ** 0.5), numbers.value(values[0]) if values else ""


def change_norm(layer: Any) -> float | None:
    """Frobenius' norm of what the adapter adds; None where it is not finite."""
    if _is_dora(layer):
        import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

        with torch.no_grad():
            found = float(layer.delta(torch.float64).norm())
        return found if found - found == 0 else None
    values = singular_values(layer)
    return None if values is None else sum(v * v for v in values) ** 0.5


def share_of_base(layer: Any) -> float | None:
    """The norm of the change over that of the weight it is added to; None where there is none."""
    weight = layer.original.weight.detach()
    if stored.unreadable(weight) or not weight.is_floating_point():
        return None
    changed, base = change_norm(layer), float(weight.double().norm())
    found = changed / base if changed is not None and base else None
    return found if found is not None and found - found == 0 else None


def _of_base(layer: Any) -> str:
    share = share_of_base(layer)
    return "" if share is None else f"{100 * share:.3g}%"


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
    return [adapter_table(found), norms_figure(found)] if found else None


def norms_figure(layers: list[tuple[str, Any]]) -> Node:
    """The change of each layer as a share of its base, in the order of the model."""
    shares = [share_of_base(layer) for _, layer in layers[:_ROWS]]
    known = [(float(k), share) for k, share in enumerate(shares) if share is not None]
    if len(known) < 2:
        return None
    series = Series("change", [k for k, _ in known], [share for _, share in known])
    label = "norm of the change over that of the base, layer by layer"
    caption = f"{label}: 0 is {layers[0][0]}, {len(shares) - 1} is {layers[len(shares) - 1][0]}"
    figure = charts.line_chart([series], label, x_name="layer", y_name="share", marks=True, scales=LINEAR)
    return element("div", figure, element("p", caption, class_="q"))


def change_figures(layer: Any) -> Node:
    """The base's weight, and beside it what the adapter adds, each on its own scale, [out, in] both."""
    weight = layer.original.weight.detach()
    if stored.unreadable(weight) or weight.dim() != 2 or not weight.numel():
        return None
    base = pictures.reduce_matrix(layer.laid(weight), _PIXELS)
    change = _change_raster(layer, base)
    drawn = []
    for raster, title in ((base, "base"), (change, "change")):
        down, across = Axis.counted("out", raster.rows), Axis.counted("in", raster.columns)
        label = f"heatmap of the {title} weight, {raster.rows} by {raster.columns}"
        shades = heatmaps.shades_of([raster])
        drawn.append(
            heatmaps.multiples([raster], [title], shades, label, down=down, across=across, widest=_PIXELS)
        )
    told = "base and change, each on its own scale"
    return element("div", drawn, element("p", told, class_="q"))


def _change_raster(layer: Any, like: Raster) -> Raster:
    """The change in the blocks of another raster."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    with torch.no_grad():
        if _is_dora(layer):
            return pictures.reduce_matrix(layer.delta(torch.float64), _PIXELS)
        up = layer.lora_B.weight.detach().double().cpu().split(like.down, 0)
        down = layer.lora_A.weight.detach().double().cpu().split(like.across, 1)
        rows, columns = torch.stack([part.mean(0) for part in up]), torch.stack([p.mean(1) for p in down])
        blocks = layer.scale * (rows @ columns.T)
    return Raster(blocks.numpy(), like.rows, like.columns, like.down, like.across)


@renderer("lispe_kernel.torch_library.modules.lora_layer.LoraLinear")
class LoraView(ModuleView):
    """One LoRA layer."""

    def properties(self, size: Size) -> list[tuple[str, Node]]:
        layer = self.value
        adapter, whole = adapter_and_whole(layer)
        return [
            ("rank", str(layer.rank)),
            ("alpha", numbers.value(float(layer.alpha))),
            ("scale", numbers.value(float(layer.scale))),
            ("adapter", f"{numbers.count(adapter)} values"),
            ("share", numbers.share(adapter, whole)),
            ("change, of the base's norm", _of_base(layer)),
            ("state", "merged into the base" if layer.merged else "beside the base"),
            ("adapters", ", ".join(layer.adapters()) if hasattr(layer, "adapters") else ""),
            ("size", numbers.size(size.bytes)),
        ]

    def special(self) -> Node:
        values = singular_values(self.value)
        if values is None:
            text = "A or B holds NaN or infinity: the delta has no singular values"
            return element("p", text, class_="q")
        if not change_norm(self.value):
            return element("p", "the delta is zero: a fresh adapter changes nothing", class_="q")
        series = Series("singular value", list(map(float, range(1, len(values) + 1))), values)
        what = "B·A, before the magnitudes" if _is_dora(self.value) else "the delta"
        label = f"singular values of {what}, the largest {numbers.value(values[0])}"
        figure = charts.line_chart(
            [series], label, x_name="rank", y_name="singular value", marks=True, height=160
        )
        caption = element("p", f"singular values of {what}", class_="q") if _is_dora(self.value) else None
        return [change_figures(self.value), figure, caption]
