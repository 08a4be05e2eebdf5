"""Gradients to look at, and tensors taken out of training: our own additions to the library.

The original hides gradients; a model that does not learn is debugged by seeing them. Nothing here changes
a value.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.modules.layers import NO_MODULE, acts_as_linear, modules_in
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import tensor_function, torch_function
from lispe_kernel.torch_library.training.transforms import is_function, transformed


@tensor_function("grad")
def grad(tensor: Any) -> Any:
    """The gradient that the last `torch_backward` left in a parameter, a copy; nil before.

    Of a function that gives one number: the function that gives its gradient by the first argument.

    Example: (torch_grad (@ (torch_model_parameters (torch_linear 1 1)) 0)) => nil
    Example: (tensor_to_list ((torch_grad (λ (x) (tensor_matmul x x))) (tensor_create (floats 1 2)))) => (2 4)
    Errors: `Error: Argument must be a tensor`
    """
    if is_function(tensor):
        return transformed("torch_grad", torch.func.grad, tensor)
    value = arguments.tensor(tensor)
    # Only leaves hold a gradient; PyTorch warns when another tensor is asked.
    found = value.grad if value.is_leaf else None
    return None if found is None else found.clone()


@tensor_function("detach")
def detach(tensor: Any) -> torch.Tensor:
    """The same numbers outside the graph of gradients; shares memory with the tensor.

    Example: (tensor_to_list (torch_detach (tensor_create (floats 1 2)))) => (1 2)
    Errors: `Error: Argument must be a tensor`
    """
    return arguments.tensor(tensor).detach()


@torch_function("torch_gradient_norms")
def gradient_norms(model: Any) -> Dictionary:
    """The length of the gradient of each trainable tensor by name; those without a gradient are left out.

    Example: (size (torch_gradient_norms (torch_linear 1 1))) => 0
    Errors: `Error: Argument must be a PyTorch module`
    """
    found = Dictionary()
    layers = modules_in(model, NO_MODULE)
    for place, layer in enumerate(layers):
        for name, parameter in layer.named_parameters():
            if parameter.grad is not None:
                key = name if len(layers) == 1 else f"{place}.{name}"
                found[key] = float(parameter.grad.norm())
    return found


@torch_function("torch_freeze")
def freeze(model: Any) -> Atom:
    """Keep a module (a list, a table of modules) out of training from now on: optimizers pass it by. True.

    Example: (torch_freeze (torch_linear 1 1)) => true
    Errors: `Error: Argument must be a PyTorch module`
    """
    for layer in modules_in(model, NO_MODULE):
        layer.requires_grad_(False)
        # An optimizer made before would go on with the gradient that is left.
        layer.zero_grad(set_to_none=True)
    return TRUE


@torch_function("torch_unfreeze")
def unfreeze(model: Any) -> Atom:
    """Let a module be trained again; a LoRA layer's base stays frozen. True.

    Example: (torch_unfreeze (torch_linear 1 1)) => true
    Errors: `Error: Argument must be a PyTorch module`
    """
    for layer in modules_in(model, NO_MODULE):
        layer.requires_grad_(True)
        for inner in layer.modules():
            if acts_as_linear(inner):
                inner.original.requires_grad_(False)
    return TRUE


@torch_function("torch_parameter_count", returns="number")
def parameter_count(model: Any, trainable: Any = None) -> int:
    """How many numbers a module (a list, a table of modules) holds; with `trainable`, of those that learn.

    Example: (torch_parameter_count (torch_linear 512 256)) => 131328
    Errors: `Error: Argument must be a PyTorch module`
    """
    unique = {id(p): p for layer in modules_in(model, NO_MODULE) for p in layer.parameters()}
    return sum(p.numel() for p in unique.values() if p.requires_grad or not trainable)
