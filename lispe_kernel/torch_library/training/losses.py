"""Losses, and the gradients that they send back. Whether operations are recorded for gradients at all."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.indexes import refuse_classes
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.training.functional_losses import reduction_of, same_shape


@torch_function("torch_mse_loss", "torch_loss_mse", prefix="Error calculating MSE loss: ")
def mse_loss(predictions: Any, targets: Any, reduction: Any = "mean") -> torch.Tensor:
    """The mean of the squared differences, a 0-dimensional tensor. Targets may be broadcast to predictions.

    `reduction` may be "sum" or "none".

    Example: (tensor_item (torch_mse_loss (tensor_create '(1.0 2)) (tensor_create '(1.0 4)))) => 2
    Errors: `Error: Both arguments must be tensors`; targets of another shape are refused, naming both
    Source: torch API 8.2
    """
    first = arguments.tensor(predictions, arguments.BOTH)
    second = _labels(targets, first)
    return nn.functional.mse_loss(
        first,
        same_shape("Error calculating MSE loss: ", first, second),
        reduction=reduction_of("torch_mse_loss", reduction),
    )


def _labels(targets: Any, predictions: torch.Tensor) -> torch.Tensor:
    """Targets: a tensor, or a list of numbers."""
    if isinstance(targets, list | TypedList):
        return conversions.as_tensor(targets, predictions)
    return arguments.tensor(targets, arguments.BOTH)


@torch_function(
    "torch_cross_entropy",
    "torch_crossentropy_loss",
    "torch_loss_crossentropy",
    prefix="Error calculating cross-entropy loss: ",
)
def cross_entropy(
    predictions: Any,
    targets: Any,
    weight: Any = None,
    ignore_index: Any = -100,
    reduction: Any = "mean",
    label_smoothing: Any = 0.0,
) -> torch.Tensor:
    """The mean of -log softmax at the right classes: logits [N,C] and int64 classes [N], or [C] and [].

    The classes may be a list of integers, or probabilities [N,C]. `weight` weighs the classes, targets equal
    to `ignore_index` do not count, `reduction` may be "sum" or "none".

    Example: (tensor_item (torch_cross_entropy (tensor_create '((7.0))) (tensor_create '(0)))) => 0
    Errors: `Error: Both arguments must be tensors`; a class outside the logits is named; a
    smoothing that is not from 0 to 1
    Source: torch API 8.2
    """
    logits = arguments.tensor(predictions, arguments.BOTH)
    name = "torch_cross_entropy"
    labels = _labels(targets, logits).to(logits.device)
    ignored = arguments.integer(
        -100 if ignore_index is None else ignore_index, f"Error: {name}: ignore_index must be an integer"
    )
    refuse_classes(labels, logits, ignored)
    smoothing = 0.0 if label_smoothing is None else arguments.number(name, 6, label_smoothing)
    if not 0 <= smoothing <= 1:
        # PyTorch passes a negative one by in silence.
        raise arguments.instead(f"Error: {name}: label_smoothing must be from 0 to 1", label_smoothing)
    return nn.functional.cross_entropy(
        logits,
        labels,
        weight=None if weight is None else conversions.as_tensor(weight, logits),
        ignore_index=ignored,
        reduction=reduction_of(name, reduction),
        label_smoothing=smoothing,
    )


@torch_function("torch_backward", prefix="Error in torch_backward: ")
def backward(loss: Any, retain_graph: Any = None, create_graph: Any = None) -> Atom:
    """Compute the gradients of a loss with respect to all parameters it came from; true.

    Example: (torch_backward (torch_forward (torch_linear 1 1) (torch_ones '(1)))) => true
    Errors: `Error: Argument must be a tensor (loss)`; a loss that no parameter led to is refused
    Source: torch API 8.2
    """
    value = arguments.tensor(loss, "Error: Argument must be a tensor (loss)")
    value.backward(retain_graph=True if retain_graph else None, create_graph=bool(create_graph))
    return TRUE


@torch_function("torch_set_grad_enabled")
def set_grad_enabled(enabled: Any) -> Atom:
    """Record operations for gradients from now on (true), or not (nil); returns true.

    Example: (torch_set_grad_enabled true) => true
    Source: torch API 8.2
    """
    torch.set_grad_enabled(bool(enabled))
    return TRUE
