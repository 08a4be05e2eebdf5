"""Modules: the tree of layers with parameters, trainable share, bytes and output shapes.

Output shapes are those that the weights themselves tell (a linear layer's out_features, an embedding's
width); nothing is run to find them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.drawing import stored
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, facts, foldable, headline, name
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.views.state_dicts import measured, tree_page
from lispe_kernel.language.printer import to_text

_OPEN_LAYERS = 40
_MOST_LAYERS = 3000


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

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        size = size_of(self.value)
        return [
            headline(self.line()),
            facts(self.properties(size)),
            self.special(),
            tree(self.value),
            self._weights(),
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

    def _weights(self) -> Node:
        """The tensors of a small module, measured; a large one says how to see them."""
        entries = [*self.value.named_parameters(), *self.value.named_buffers()]
        if not entries:
            return None
        values = sum(t.numel() for _, t in entries if not stored.is_lazy(t))
        if len(entries) > 200 or values > 20_000_000:
            return element("p", "its tensors: (torch_state_dict module)", class_="q")
        return foldable(f"{len(entries)} tensors", tree_page(measured(entries)), open_=len(entries) <= 4)


@renderer("lispe_kernel.torch_library.modules.instances.ModuleInstance")
class InstanceView(ModuleView):
    """An instance of a class with `forward`: its layers say more than the text of all its fields."""

    def line(self) -> str:
        return f"instance of {self.value.lispe_type.name}"


def tree(module: Any) -> Node:
    """The layers as foldable lines."""
    layers = sum(1 for _ in module.modules())
    if layers == 1:
        return None
    if layers > _MOST_LAYERS:
        return element("p", f"{numbers.count(layers)} layers, too many to draw", class_="q")
    return _listed(list(_branches(module, layers <= _OPEN_LAYERS)))


def _branches(module: Any, opened: bool) -> Iterator[Element]:
    for label, child in module.named_children():
        line = _layer_line(label, child)
        below = list(_branches(child, opened))
        yield element("li", foldable(line, _listed(below), open_=opened) if below else element("p", line))


def _listed(lines: list[Element]) -> Element:
    return element("ul", lines)


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
