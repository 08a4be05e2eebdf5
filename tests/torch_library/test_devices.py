"""Devices: what this machine lacks is refused by name; memory and counts are numbers."""

import pytest
import torch

from tests.torch_library.torch_calls import call, error_of

CUDA = torch.cuda.is_available()


@pytest.mark.parametrize("name", ["tpu", "cuda:99", "cuda:", "cuda:x", "", 3])
def test_an_unknown_device_is_named(name):
    assert error_of("torch_to_device", torch.ones(1), name).startswith(f"Error: unknown device:{name}")


def test_tensors_and_modules_move_to_the_main_memory():
    value, module = torch.ones(2), call("torch_linear", 1, 1)
    assert torch.equal(call("torch_to_cpu", value), value)
    assert call("torch_to_device", module, "cpu") is module
    assert call("torch_device", value) == "cpu"
    assert error_of("torch_to_device", 3, "cpu").startswith("Error: First argument must be a tensor")
    assert error_of("torch_to_cpu", 3).startswith("Error: Argument must be a tensor")


def test_the_count_agrees_with_the_question():
    count = call("torch_cuda_device_count")
    assert (count > 0) is (call("torch_cuda_is_available") is not None) is CUDA
    assert (call("torch_cuda_memory_total") > 0) is CUDA


def test_cuda_functions_say_what_is_missing():
    complaint = "Error: Invalid device ID" if CUDA else "Error: CUDA not available"
    assert error_of("torch_set_device", 99) == complaint
    assert error_of("torch_to_cuda", torch.ones(1), 99) == complaint


def test_the_best_device_is_one_that_works():
    assert call("torch_to_device", torch.ones(1), call("torch_get_best_device")).item() == 1


def test_tensors_in_memory_are_counted():
    before = call("tensor_in_memory")
    held = [torch.ones(1) for _ in range(10)]
    assert call("tensor_in_memory") - before == len(held)
