"""Activation checkpointing: the same numbers and gradients, computed again when enabled."""

import pytest
import torch

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import TRUE
from tests.torch_library.torch_calls import call, error_of


class Counting(torch.nn.Linear):
    """A layer that counts how often it is asked."""

    asked = 0

    def forward(self, data):
        self.asked += 1
        return super().forward(data)


def test_the_text_tells_the_state():
    wrapper = call("torch_checkpoint_create", call("torch_linear", 4, 4))
    assert to_text(wrapper) == "PyTorch Checkpointed Module (checkpointing disabled)"
    assert call("torch_checkpoint_enable", wrapper) is TRUE
    assert to_text(wrapper) == "PyTorch Checkpointed Module (checkpointing enabled)"
    assert call("torch_checkpoint_disable", wrapper) is TRUE
    assert to_text(wrapper) == "PyTorch Checkpointed Module (checkpointing disabled)"


@pytest.mark.parametrize(
    ("name", "sizes", "data"),
    [
        ("torch_linear", (4, 4), torch.randn(2, 3, 4)),
        ("torch_layer_norm", (4,), torch.randn(2, 3, 4)),
        ("torch_embedding", (9, 4), torch.tensor([[1, 2, 3]])),
        ("torch_multihead_attention", (4, 2), torch.randn(2, 3, 4)),
        ("torch_transformer_block", (4, 2, 8), torch.randn(2, 3, 4)),
    ],
)
def test_enabling_changes_no_number_and_no_gradient(name, sizes, data):
    module = call(name, *sizes)
    wrapper = call("torch_checkpoint_create", module)
    answers, gradients = [], []
    for switch in ("torch_checkpoint_disable", "torch_checkpoint_enable"):
        call(switch, wrapper)
        module.zero_grad()
        answer = call("torch_checkpoint_forward", wrapper, data)
        call("torch_backward", (answer**2).sum())
        answers.append(answer.detach())
        gradients.append(torch.cat([p.grad.flatten() for p in module.parameters()]))
    assert torch.equal(*answers)
    assert torch.allclose(*gradients)
    assert torch.equal(answers[0], call("torch_forward", module, data))


@pytest.mark.parametrize(("switch", "asked"), [("disable", 1), ("enable", 2)])
def test_only_an_enabled_wrapper_computes_again(switch, asked):
    layer = Counting(2, 2)
    wrapper = call("torch_checkpoint_create", layer)
    call(f"torch_checkpoint_{switch}", wrapper)
    call("torch_backward", call("torch_checkpoint_forward", wrapper, torch.ones(2)).sum())
    assert layer.asked == asked


def test_other_values_are_refused():
    text = "Error: Unsupported module type for checkpointing"
    assert error_of("torch_checkpoint_create", call("torch_simple_tokenizer")).startswith(text)
    assert error_of("torch_checkpoint_enable", 3).startswith("Error: Argument must be a checkpointed module")
    text = "Error: First argument must be a checkpointed module"
    assert error_of("torch_checkpoint_forward", call("torch_linear", 1, 1), torch.ones(1)).startswith(text)
