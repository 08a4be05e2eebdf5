"""Activation checkpointing: a module that forgets its inner results and computes them again going backward.

Saves memory in training and changes no number. It has nothing to do with checkpoint files. The wrapper
refers to the module it is given, it does not copy it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.python.border import to_lispe
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.torch_library.modules.layers import answer_of
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

UNSUPPORTED = "Error: Unsupported module type for checkpointing"
NO_WRAPPER = "Error: Argument must be a checkpointed module"


class CheckpointedModule(nn.Module):
    """A module whose activations are kept (disabled, as made) or computed again (enabled)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.enabled = False

    def forward(self, data: torch.Tensor) -> Any:
        if not (self.enabled and torch.is_grad_enabled()):
            return answer_of(self.module, data)
        return checkpoint(answer_of, self.module, data, use_reentrant=False)


register_kind(
    CheckpointedModule,
    "torch_checkpointed_module_",
    lambda wrapper, _show: (
        f"PyTorch Checkpointed Module (checkpointing {'enabled' if wrapper.enabled else 'disabled'})"
    ),
)


@torch_function("torch_checkpoint_create")
def checkpoint_create(module: Any) -> CheckpointedModule:
    """Wrap a module, so that its activations can be computed again instead of kept; starts disabled.

    Example: (type (torch_checkpoint_create (torch_linear 4 4))) => torch_checkpointed_module_
    Errors: `Error: Unsupported module type for checkpointing`
    Source: torch API 9.4
    """
    if not isinstance(module, nn.Module) or isinstance(module, CheckpointedModule):
        raise LispeError(UNSUPPORTED)
    return CheckpointedModule(module)


def _switch(value: Any, enabled: bool) -> Atom:
    arguments.module(value, CheckpointedModule, NO_WRAPPER).enabled = enabled
    return TRUE


@torch_function("torch_checkpoint_enable")
def checkpoint_enable(module: Any) -> Atom:
    """Compute activations again when going backward; true.

    Example: (torch_checkpoint_enable (torch_checkpoint_create (torch_linear 4 4))) => true
    Errors: `Error: Argument must be a checkpointed module`
    Source: torch API 9.4
    """
    return _switch(module, True)


@torch_function("torch_checkpoint_disable")
def checkpoint_disable(module: Any) -> Atom:
    """Keep activations, as usual; true.

    Example: (torch_checkpoint_disable (torch_checkpoint_create (torch_linear 4 4))) => true
    Errors: `Error: Argument must be a checkpointed module`
    Source: torch API 9.4
    """
    return _switch(module, False)


@torch_function("torch_checkpoint_forward", prefix="Error in torch_checkpoint_forward: ")
def checkpoint_forward(module: Any, input_data: Any) -> Any:
    """The wrapped module's answer, the same numbers whether enabled or not; attention attends to itself.

    Example: (maybe (torch_checkpoint_forward 3 4) "no wrapper") => no wrapper
    Errors: `Error: First argument must be a checkpointed module`, `Error: Second argument must be a tensor`
    Source: torch API 9.4
    """
    wrapper = arguments.module(
        module, CheckpointedModule, "Error: First argument must be a checkpointed module"
    )
    return to_lispe(wrapper(arguments.tensor(input_data, arguments.SECOND)))
