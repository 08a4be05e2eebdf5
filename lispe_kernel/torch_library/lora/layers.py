"""LoRA in LispE: layers, merging, deltas, and adapters on the layers of any model.

Files of adapters are in `files.py`, the exchange with PEFT in `peft.py`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.modules.layers import NO_LINEAR
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear, empty_linear
from lispe_kernel.torch_library.state.modules import lora_layers, modules_of
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.dtypes import dtype_name
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.uninterrupted import uninterrupted

NO_LORA = "Error: Argument must be a LoRA linear layer"
NO_LAYERS = "Error: Model must contain LoRA layers"
NO_LORA_FIRST = "Error: First argument must be a LoRA linear layer"


def _text(layer: LoraLinear) -> str:
    merged = "true" if layer.merged else "false"
    sizes = f"{layer.in_features} -> {layer.out_features}"
    return f"{layer.title} ({sizes}, rank={layer.rank}, alpha={layer.alpha:g}, merged={merged})"


register_kind(LoraLinear, "torch_lora_linear_", lambda layer, _show: _text(layer))


def lora_settings(function: str, position: int, rank: Any, alpha: Any) -> tuple[int, float]:
    """Rank and alpha, checked: a positive integer and a number."""
    return arguments.size(function, position, rank), arguments.number(function, position + 1, alpha)


@torch_function("torch_lora_linear", "torch_lora_linear_create", prefix="Error creating LoRA linear layer: ")
def lora_linear(in_features: int, out_features: int, rank: int, alpha: float) -> LoraLinear:
    """A linear layer with a low-rank adapter: y = base(x) + alpha/rank · B(A x).

    The base is random and frozen; a fresh adapter changes nothing, since B is zero.

    Example: (torch_lora_linear 64 32 4 8.0) => LoRA Linear Layer (64 -> 32, rank=4, alpha=8, merged=false)
    Errors: sizes and rank must be positive integers
    Source: guide, LoRA Fine-tuning Integration; torch API 10
    """
    name = "torch_lora_linear"
    base = nn.Linear(arguments.size(name, 1, in_features), arguments.size(name, 2, out_features))
    return LoraLinear(base, *lora_settings(name, 3, rank, alpha))


@torch_function("torch_lora_apply_to_linear", prefix="Error creating LoRA linear layer: ")
def lora_apply_to_linear(linear_layer: nn.Linear, rank: int, alpha: float) -> LoraLinear:
    """A LoRA layer over a copy of the linear layer's weights; the linear layer is left alone.

    Example: (type (torch_lora_apply_to_linear (torch_linear 8 5) 2 4)) => torch_lora_linear_
    Errors: `Error: First argument must be a linear layer`
    Source: guide, Adapter Switching Workflow; torch API 10
    """
    linear = arguments.module(linear_layer, nn.Linear, NO_LINEAR)
    settings = lora_settings("torch_lora_apply_to_linear", 2, rank, alpha)
    base = empty_linear(linear.in_features, linear.out_features, linear.bias is not None, linear.weight)
    base.load_state_dict(linear.state_dict())
    return LoraLinear(base, *settings)


@torch_function("torch_lora_forward", "torch_lora_linear_forward", prefix="Error in LoRA forward: ")
def lora_forward(lora_layer: LoraLinear, input_data: torch.Tensor) -> torch.Tensor:
    """The layer's answer: input [..., in] -> [..., out].

    Example: (tensor_shape (torch_lora_forward (torch_lora_linear 8 3 2 4) (tensor_ones (list 5 8)))) => (5 3)
    Errors: `Error: First argument must be a LoRA linear layer`, `Error: Second argument must be a tensor`
    Source: torch API 10
    """
    layer = arguments.module(lora_layer, LoraLinear, NO_LORA_FIRST)
    return layer(arguments.tensor(input_data, arguments.SECOND))  # type: ignore[no-any-return]


@torch_function("torch_lora_forward_with_gradients", prefix="Error in LoRA forward: ")
def lora_forward_with_gradients(
    lora_layer: LoraLinear, input_: torch.Tensor, retain_graph: Any = None
) -> torch.Tensor:
    """As `torch_lora_forward`, with gradients for A and B even where gradients are switched off.

    Example: (size (torch_lora_forward_with_gradients (torch_lora_linear 1 1 1 1) (tensor_ones '(3 1)))) => 3
    Errors: as `torch_lora_forward`
    Source: torch API 10
    """
    del retain_graph  # without effect, as in the original
    with torch.enable_grad():
        return lora_forward(lora_layer, input_)


def adapted(model: Any, text: str) -> dict[str, LoraLinear]:
    """The LoRA layers of a layer, a module or a table of modules, by path. Errors: `text` when none."""
    found = lora_layers(modules_of(model, text))
    if not found:
        raise arguments.instead(text, model)
    return found


@torch_function("torch_lora_merge_weights", "torch_lora_merge", prefix="Error merging LoRA weights: ")
def lora_merge_weights(lora_layer: LoraLinear) -> str:
    """Add alpha/rank · B·A to the base, once: the layer then costs what a linear layer costs.

    A model with LoRA layers merges all of them, or none on an error. A second call changes nothing. The base
    is kept beside the merged weight, at the cost of its memory, and a layer that shares its weight with
    another module leaves that one alone.

    Example: (torch_lora_merge_weights (torch_lora_linear 8 3 2 4)) => LoRA weights merged successfully
    Errors: `Error: Argument must be a LoRA linear layer`; an adapter that holds NaN or infinity is refused
    Source: guide, Production Deployment Options; torch API 10
    """
    waiting = {path: layer for path, layer in adapted(lora_layer, NO_LORA).items() if not layer.merged}
    weights = {path: _merged_weight(path, layer) for path, layer in waiting.items()}
    with uninterrupted():
        for path, layer in waiting.items():
            layer.merge(weights[path])
    return "LoRA weights merged successfully"


def _merged_weight(path: str, layer: LoraLinear) -> torch.Tensor:
    if layer.computes_otherwise:
        raise LispeError(
            f"Error merging LoRA weights: {path or 'the layer'} is a {type(layer.original).__name__}, which "
            "has a forward of its own: with another weight it may compute something else. Nothing was merged"
        )
    try:
        return layer.merged_weight()
    except FloatingPointError as error:
        where = f" of {path}" if path else ""
        raise LispeError(
            f"Error merging LoRA weights: {error}: A or B{where} holds such a value, or one too large for "
            f"{dtype_name(layer.original.weight.dtype)}. Nothing was merged; load an adapter that is whole: "
            "(torch_lora_load_adapters layer path)"
        ) from error


@torch_function("torch_lora_unmerge_weights", "torch_lora_unmerge", prefix="Error unmerging LoRA weights: ")
def lora_unmerge_weights(lora_layer: LoraLinear) -> str:
    """Let the adapter act beside the base again, which is bit for bit what it was before merging.

    Example: (torch_lora_unmerge_weights (torch_lora_linear 8 3 2 4)) => LoRA weights unmerged successfully
    Errors: `Error: Argument must be a LoRA linear layer`
    """
    for layer in adapted(lora_layer, NO_LORA).values():
        layer.unmerge()
    return "LoRA weights unmerged successfully"


@torch_function("torch_lora_compute_delta", prefix="Error computing the LoRA delta: ")
def lora_compute_delta(lora_layer: LoraLinear) -> torch.Tensor:
    """alpha/rank · B·A, a tensor [out, in]; zeros for a fresh layer.

    Example: (tensor_shape (torch_lora_compute_delta (torch_lora_linear 8 5 2 4))) => (5 8)
    Errors: `Error: Argument must be a LoRA linear layer`
    Source: torch API 10
    """
    return arguments.module(lora_layer, LoraLinear, NO_LORA).delta().detach()  # type: ignore[no-any-return]


@torch_function("torch_lora_get_adaptation_magnitude", prefix="Error computing the LoRA magnitude: ")
def lora_get_adaptation_magnitude(lora_layer: LoraLinear) -> float:
    """The Frobenius norm of the delta: how far the adapter moves the layer. 0 for a fresh layer.

    Example: (torch_lora_get_adaptation_magnitude (torch_lora_linear 8 5 2 4)) => 0
    Errors: `Error: Argument must be a LoRA linear layer`
    Source: torch API 10
    """
    layer = arguments.module(lora_layer, LoraLinear, NO_LORA)
    return float(torch.linalg.matrix_norm(layer.delta().detach().double()))


@torch_function("torch_lora_trainable_params", "torch_lora_get_trainable_params")
def lora_trainable_params(model: Any) -> List:
    """The tensors that training changes: A and B of each LoRA layer (and the lengths of DoRA), as a list that
    feeds an optimizer.

    Example: (size (torch_lora_trainable_params (torch_lora_linear 8 5 2 4))) => 2
    Errors: `Error: Model must contain LoRA layers`
    Source: torch API 10
    """
    layers = adapted(model, NO_LAYERS).values()
    return List(tensor for layer in layers for tensor in layer.parts().values())
