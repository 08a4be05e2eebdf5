"""Modules: the tree of layers with parameters, trainable share, bytes and output shapes, and their tensors.

Output shapes are those that the weights themselves tell (a linear layer's out_features, an embedding's
width); nothing is run to find them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.drawing import stored
from lispe_kernel.display.drawing.statistics import Statistics, unmeasured
from lispe_kernel.display.page import numbers, opened
from lispe_kernel.display.page.html import Node, element, facts, foldable, headline, name
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.page.trees import open_depth, rows_of_a_branch
from lispe_kernel.display.views.state_dicts import (
    Leaf,
    alarms_of,
    measured,
    norm_of,
    row,
    stored_views,
    tree_of_tensors,
)
from lispe_kernel.display.views.tensors import measures
from lispe_kernel.language.printer import to_text

_MOST_LAYERS = 3000
_MOST_TENSORS, _FIRST = 200, 60  # that all have a row; of more, those that have one
_MOST_VALUES = 20_000_000  # that are measured
_COLUMNS = 8


@dataclass(frozen=True)
class Size:
    """What a module weighs; a tensor shared by two layers counts once."""

    parameters: int
    trainable: int
    bytes: int
    buffers: int

    @property
    def line(self) -> str:
        parts = [f"{numbers.count(self.parameters)} parameters", numbers.size(self.bytes)]
        if self.trainable < self.parameters:
            parts.append(f"{numbers.share(self.trainable, self.parameters)} trainable")
        return ", ".join(parts)


def size_of(module: Any) -> Size:
    """The parameters, trainable parameters, bytes and buffer values of a module."""
    parameters = [p for p in module.parameters() if not stored.is_lazy(p)]
    buffers = [b for b in module.buffers() if not stored.is_lazy(b)]
    return Size(
        sum(p.numel() for p in parameters),
        sum(p.numel() for p in parameters if p.requires_grad),
        sum(t.numel() * t.element_size() for t in [*parameters, *buffers]),
        sum(b.numel() for b in buffers),
    )


def output_shape(module: Any) -> str:
    """The shape of what a layer gives, as far as its own numbers tell: `[..., 256]`."""
    for attribute in ("out_features", "embedding_dim", "embed_dim", "hidden_size"):
        width = getattr(module, attribute, None)
        if isinstance(width, int):
            return f"[..., {width}]"
    channels = getattr(module, "out_channels", None)
    if isinstance(channels, int):
        axes = len(getattr(module, "kernel_size", ()) or ())
        return "[batch, " + ", ".join([str(channels), *["..."] * axes]) + "]"
    normalized = getattr(module, "normalized_shape", None)
    if normalized is not None:
        return "[..., " + ", ".join(map(str, normalized)) + "]"
    last = list(module.children())[-1:]
    return output_shape(last[0]) if last and type(module).__name__ in ("Sequential", "TorchModel") else ""


Section = Callable[[Any], Node]
_sections: list[Section] = []


def section(make: Section) -> Section:
    """Put what the decorated function makes of a module on the page of every module; None adds nothing."""
    _sections.append(make)
    return make


@renderer("torch.nn.modules.module.Module")
class ModuleView(View):
    """Any PyTorch module."""

    def text(self) -> str:
        """LispE's line and a line of totals."""
        return f"{self.line()}\n{size_of(self.value).line}"

    @property
    def drawn(self) -> tuple[str, ...]:
        """Tensors whose pictures are `special`: their measures stand above it, their rows open none."""
        return ()

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        layers = _Layers(self.value, self.drawn)
        told = [norm_of(layers.parameters)] if layers.are_all_measured else []
        return [
            headline(self.line()),
            facts([*self.properties(size_of(self.value)), *told]),
            [facts(measures(entry.known)) for entry in layers.entries if entry.name in self.drawn],
            self.special(),
            layers.page(),
        ]

    def properties(self, size: Size) -> list[tuple[str, Node]]:
        devices = sorted({str(p.device) for p in self.value.parameters()})
        dtypes = sorted({str(p.dtype).removeprefix("torch.") for p in self.value.parameters()})
        return [
            ("class", type(self.value).__name__),
            ("parameters", numbers.count(size.parameters)),
            ("trainable", numbers.share(size.trainable, size.parameters) if size.parameters else ""),
            ("buffers", numbers.count(size.buffers) if size.buffers else ""),
            ("size", numbers.size(size.bytes)),
            ("dtype", ", ".join(dtypes)),
            ("device", ", ".join(d for d in devices if d != "cpu")),
            ("mode", "training" if self.value.training else "evaluation"),
        ]

    def special(self) -> Node:
        """What only this kind of module shows: by default the sections of files that know parts of it."""
        return [made(self.value) for made in _sections]


@renderer("lispe_kernel.torch_library.modules.instances.ModuleInstance")
class InstanceView(ModuleView):
    """An instance of a class with `forward`: its layers say more than the text of all its fields."""

    def line(self) -> str:
        return f"instance of {self.value.lispe_type.name}"


class _Layers:
    """The layers of a module as a tree, the first of all tensors under their layers' lines."""

    def __init__(self, module: Any, drawn: tuple[str, ...] = ()) -> None:
        self.module = module
        named = [*module.named_parameters(), *module.named_buffers()]
        shown = named if len(named) <= _MOST_TENSORS else named[:_FIRST]
        chosen, left = [], _MOST_VALUES
        for key, tensor in shown:
            count = 0 if stored.is_lazy(tensor) else tensor.numel()
            if count <= left:
                chosen.append((key, tensor))
                left -= count
        self.tensors = len(named)
        self.unseen = len(shown) - len(chosen)
        self.entries = measured(chosen)
        self.drawn = drawn
        opening = [entry for entry in self.entries if entry.name not in drawn]
        self.views = {opening[k].name: view for k, view in stored_views(opening).items()}
        self.leaves = {key: Leaf(unmeasured(tensor)) for key, tensor in shown}
        self.leaves |= {e.name: Leaf(e.known, self.views.get(e.name)) for e in self.entries}

    @property
    def are_all_measured(self) -> bool:
        return 0 < self.tensors == len(self.entries)

    @property
    def parameters(self) -> list[Statistics]:
        """What is known of the parameters: buffers, as running means are, are not learned."""
        names = {key for key, _ in self.module.named_parameters()}
        return [entry.known for entry in self.entries if entry.name in names]

    def page(self) -> Node:
        layers = sum(1 for _ in self.module.modules())
        if layers > _MOST_LAYERS:
            return element("p", f"{numbers.count(layers)} layers, too many to draw", class_="q")
        if not self.tensors and layers == 1:
            return None
        branches = self._below(self.module, "", open_depth(self.module, self._lines, _children))
        more = self.tensors - len(self.leaves)
        if not self.leaves:
            return element("div", branches)
        return [
            alarms_of(self.entries),
            tree_of_tensors(branches, "search layers", len(self.leaves), layers - 1, opens=bool(self.views)),
            element("p", f"... and {numbers.count(more)} more tensors", class_="q") if more else None,
            self._why_unseen(),
            opened.told(len(self.views), self.tensors - len(self.drawn), "(explore ...)"),
        ]

    def _why_unseen(self) -> Node:
        """Why rows have no numbers, where they have none, and what has them."""
        if not self.unseen:
            return None
        few = "1 tensor shows its" if self.unseen == 1 else f"{self.unseen} tensors show their"
        told = f"{few} shape only: {numbers.count(_MOST_VALUES)} values are measured here"
        return element("p", f"{told}, all of them by (explore ...)", class_="q")

    def _own(self, module: Any, prefix: str) -> list[tuple[str, Leaf]]:
        """The tensors of a layer itself; one that several layers share stands in the first."""
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        return [(key, self.leaves[prefix + key]) for key, _ in own if prefix + key in self.leaves]

    def _lines(self, module: Any) -> int:
        own = sum(1 for _ in (*module.parameters(recurse=False), *module.buffers(recurse=False)))
        return own + len(_children(module))

    def _below(self, module: Any, prefix: str, depth: int) -> list[Node]:
        """What stands under a layer's line: rows of its tensors, then its layers in their order."""
        parts: list[Node] = []
        rows = [row(key, leaf) for key, leaf in self._own(module, prefix)]
        for label, child in module.named_children():
            line = _layer_line(label, child)
            below = self._below(child, f"{prefix}{label}.", depth - 1)
            if not below:
                # Without tensors: a line among the rows.
                rows.append(element("tr", element("td", line, colspan=_COLUMNS, align="left")))
                continue
            if rows:
                parts.append(rows_of_a_branch(rows, "tensors", prefix))
                rows = []
            parts.append(foldable(line, below, open_=depth > 0))
        return [*parts, rows_of_a_branch(rows, "tensors", prefix)] if rows else parts


def _children(module: Any) -> list[Any]:
    return list(module.children())


def _layer_line(label: str, module: Any) -> list[Node]:
    size = size_of(module)
    shape = output_shape(module)
    own = module.extra_repr() if hasattr(module, "extra_repr") else ""
    told = [
        f"{numbers.count(size.parameters)} parameters" if size.parameters else "",
        f"gives {shape}" if shape else "",
    ]
    return [
        element("b", name(label)),
        " ",
        type(module).__name__,
        f" ({plain_text(own)})" if own and len(own) < 90 else "",
        " ",
        element("span", ", ".join(filter(None, told)), class_="q"),
    ]
