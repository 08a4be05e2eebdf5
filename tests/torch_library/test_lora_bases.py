"""LoRA over bases of all kinds: subclasses and hooks, half precision; and what an optimizer was made for."""

import pytest
import torch
from torch import nn

from tests.torch_library.torch_calls import call, error_of


class Doubled(nn.Linear):
    """A linear layer that does more than a linear layer."""

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(data)


def test_the_forward_of_a_subclass_is_kept_and_not_merged_away():
    layer, data = Doubled(3, 2), torch.randn(4, 3)
    expected = layer(data)
    model = call("torch_lora_apply", nn.Sequential(layer), 2, 4)
    assert torch.equal(model(data), expected)
    assert "0 is a Doubled, which has a forward of its own" in error_of("torch_lora_merge_weights", model)


class Router(nn.Linear):
    """As in Llama 4: scores, and what was computed on the way."""

    def forward(self, data: torch.Tensor) -> tuple[torch.Tensor, ...]:
        scores = super().forward(data)
        return scores.sigmoid(), scores


@pytest.mark.parametrize("dora", [None, True])
def test_a_layer_that_answers_no_tensor_is_named(dora):
    model = call("torch_lora_apply", nn.Sequential(Router(3, 2)), 2, 4, None, dora)
    text = error_of("torch_forward", model, torch.ones(1, 3))
    assert "a Router answers a tuple and no tensor" in text


def test_hooks_of_the_base_are_called_merged_or_not():
    layer, seen = nn.Linear(3, 2), []
    layer.register_forward_hook(lambda *_: seen.append(1))
    model = call("torch_lora_apply", nn.Sequential(layer), 2, 4)
    model(torch.ones(1, 3))
    call("torch_lora_merge_weights", model)
    model(torch.ones(1, 3))
    assert len(seen) == 2


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_an_adapter_of_a_half_precision_base_trains_in_float32(dtype):
    model = call("torch_lora_apply", nn.Sequential(nn.Linear(4, 2)).to(dtype), 2, 4)
    optimizer = call("torch_optimizer", model, 0.01, "adam")
    for _ in range(3):
        answer = model(torch.ones(2, 4, dtype=dtype))
        assert answer.dtype is dtype
        answer.float().pow(2).mean().backward()
        call("torch_optimizer_step", optimizer)
    assert model[0].lora_A.weight.dtype is torch.float32
    assert torch.isfinite(model(torch.ones(2, 4, dtype=dtype))).all()


def test_an_optimizer_of_a_resting_adapter_is_told_to_be_made_anew():
    model = call("torch_lora_apply", nn.Sequential(nn.Linear(4, 2)), 2, 4)
    optimizer = call("torch_optimizer", model, 0.1, "sgd")
    model(torch.ones(1, 4)).sum().backward()
    before = model[0].lora_B.weight.detach().clone()
    call("torch_lora_set_adapter", model, "other")
    text = error_of("torch_optimizer_step", optimizer)
    assert "was made for an adapter that rests, now other acts" in text
    call("torch_lora_set_adapter", model, "default")
    assert torch.equal(model[0].lora_B.weight, before)
    model(torch.ones(1, 4)).sum().backward()
    call("torch_optimizer_step", optimizer)
    assert not torch.equal(model[0].lora_B.weight, before)
