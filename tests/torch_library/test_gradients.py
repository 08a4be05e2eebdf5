"""Gradients can be seen, and modules taken out of training."""

import pytest
import torch

from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from tests.torch_library.torch_calls import call, error_of, listed


def backward(layer):
    call("torch_backward", call("torch_forward", layer, torch.ones(1, 2)).sum())


def test_a_parameter_shows_a_copy_of_its_gradient():
    layer = call("torch_linear", 2, 1)
    assert call("torch_grad", layer.weight) is None
    backward(layer)
    found = call("torch_grad", layer.weight)
    assert found.tolist() == [[1, 1]]
    found.fill_(9)
    assert layer.weight.grad.tolist() == [[1, 1]]
    assert call("torch_grad", layer.weight * 2) is None
    assert error_of("torch_grad", 3).startswith("Error: Argument must be a tensor")


def test_norms_of_gradients_go_by_name():
    layer = call("torch_linear", 2, 1)
    backward(layer)
    assert call("torch_gradient_norms", layer) == {"weight": pytest.approx(2**0.5), "bias": 1}
    assert list(call("torch_gradient_norms", listed(layer, layer))) == [
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
    ]


def test_a_frozen_module_does_not_change():
    first, second = call("torch_linear", 2, 2), call("torch_linear", 2, 1)
    optimizer = call("torch_optimizer", listed(first, second), 0.1, "adam")
    before = [first.weight.clone(), second.weight.clone()]
    assert call("torch_freeze", first) is TRUE
    call(
        "torch_backward", call("torch_forward", second, call("torch_forward", first, torch.ones(1, 2))).sum()
    )
    call("torch_optimizer_step", optimizer)
    assert torch.equal(first.weight, before[0])
    assert not torch.equal(second.weight, before[1])


def test_unfreezing_leaves_the_base_of_an_adapter_frozen():
    layer = call("torch_lora_linear", 2, 2, 1, 2.0)
    table = Dictionary({"a": layer, "b": call("torch_linear", 2, 2)})
    call("torch_freeze", table)
    assert call("torch_parameter_count", table, TRUE) == 0
    call("torch_unfreeze", table)
    assert call("torch_parameter_count", table, TRUE) == 4 + 6
    assert call("torch_parameter_count", table) == 4 + 6 + 6


def test_a_detached_tensor_takes_no_part():
    value = torch.ones(2, requires_grad=True)
    assert not call("torch_detach", value).requires_grad
