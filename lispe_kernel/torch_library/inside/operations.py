"""The operations of a run, as PyTorch dispatches them: multiply-adds, and what every ReLU gave.

Counted are matrix products, convolutions and attention, by the formulas of `torch.utils.flop_counter` (two
operations a multiply-add), and recurrent layers of the processor. Sums, norms, activations and other element
by element work are not. An operation that multiplies and has no formula is named, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from lispe_kernel.torch_library.inside.measures import Rectified, rectified

# What multiplies matrices or may do so, where there is no formula for it.
_HEAVY = re.compile(r"mm|matmul|linear|conv|attention|rnn|lstm|gru|einsum|bilinear|outer|fft|dot|mv")
_LIGHT = re.compile(r"comm|format|backward|dropout|window|permute|convert|upsample|interpol|quantize_per")
_CHANNELS = ("convolution", "mkldnn_convolution", "native_batch_norm", "cudnn_convolution")
_ROWS = ("addmm", "mm", "bmm", "linear", "native_layer_norm")
_RELUS = ("relu", "relu_")
_BOUNDED = ("hardtanh", "hardtanh_")


def _recurrent(arguments: tuple[Any, ...]) -> int:
    """Operations of one layer and direction of an LSTM or GRU: both weights at each place of each text."""
    data, into, inside = arguments[0], arguments[1], arguments[2]
    places = data.numel() // data.shape[-1]
    return int(2 * places * (into.numel() + inside.numel()))


def _attention(arguments: tuple[Any, ...]) -> int:
    """Operations of attention on the processor: scores, and the values they weigh."""
    query, key, value = arguments[:3]
    batch, heads, length, width = query.shape
    return int(2 * batch * heads * length * key.shape[-2] * (width + value.shape[-1]))


def _whole_attention(arguments: tuple[Any, ...]) -> int:
    """Operations of a whole attention layer in one: four projections, scores, and the values they weigh."""
    batch, length, width = arguments[0].shape
    return int(2 * batch * length * (4 * width * width + 2 * length * width))


def _vector(arguments: tuple[Any, ...]) -> int:
    return int(2 * max(part.numel() for part in arguments if isinstance(part, torch.Tensor)))


_OWN: dict[str, Callable[[tuple[Any, ...]], int]] = {
    "mkldnn_rnn_layer": _recurrent,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_native_multi_head_attention": _whole_attention,
    "mv": _vector,
    "addmv": lambda arguments: _vector(arguments[1:]),
    "dot": _vector,
}


class Operations(TorchDispatchMode):
    """While it is on: the operations counted so far, and a call for what each ReLU gives."""

    def __init__(self, at_relu: Callable[[Rectified], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # PyTorch says nothing of its type
        self.count = 0
        self.uncounted: set[str] = set()
        # What is measured meanwhile is not the model's work.
        self.paused = False
        self._at_relu = at_relu
        self._channels_first = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing here is compiled; without this, the first operation imports PyTorch's compiler (a second).
        return False

    @property
    def multiply_adds(self) -> int:
        return self.count // 2

    def __torch_dispatch__(
        self,
        operation: Any,
        _types: Any,
        arguments: tuple[Any, ...] = (),
        named: dict[str, Any] | None = None,
    ) -> Any:
        answer = operation(*arguments, **(named or {}))
        if not self.paused:
            self.paused = True
            try:
                self._note(operation, arguments, named or {}, answer)
            finally:
                self.paused = False
        return answer

    def _note(self, operation: Any, arguments: tuple[Any, ...], named: dict[str, Any], answer: Any) -> None:
        packet = getattr(operation, "overloadpacket", None)
        name = getattr(packet, "__name__", str(operation))
        own = _OWN.get(name)
        if own is not None:
            self.count += own(arguments)
        elif packet in flop_registry:
            self.count += flop_registry[packet](*arguments, **named, out_val=answer)
        elif _HEAVY.search(name) and not _LIGHT.search(name):
            self.uncounted.add(name)
        if name in _CHANNELS or name in _ROWS:
            self._channels_first = name in _CHANNELS
        elif name in _RELUS or (name in _BOUNDED and len(arguments) > 1 and arguments[1] == 0):
            found = rectified(answer, self._channels_first)
            if found is not None:
                self._at_relu(found)
