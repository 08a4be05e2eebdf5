"""What an error says of the argument that was given: its kind and value, never an address or C++."""

from __future__ import annotations

import pytest
import torch

from tests.torch_library.torch_calls import call, error_of, integers, listed

TOO_LARGE = "Error: the number 1e+300 is too large: integers of tensors have 64 bits"
PAIR = torch.ones(2, 2)

CASES = (
    (
        "exp",
        (PAIR,),
        (
            "Error: exp: the first argument must be a number, not the torch tensor 1 1 1 1 "
            "[ CPUFloatType{2,2} ] (for tensors: tensor_exp)"
        ),
    ),
    ("tensor_abs", ("x",), 'Error: Argument must be a tensor, not the string "x"'),
    ("tensor_argmax", (PAIR, "x"), 'Error: dim must be an integer, not the string "x"'),
    ("tensor_zeros", (3,), "Error: shape must be a list of integers, not the integer 3"),
    (
        "torch_linear_forward",
        (PAIR, PAIR),
        "Error: First argument must be a linear layer, not the tensor float32 [2,2]",
    ),
    ("torch_save_model", (5, "x.pt"), "Error: First argument must be a PyTorch module, not the integer 5"),
    ("torch_save_state_dict", (5, "x.pt"), "Error: First argument must be a state dict, not the integer 5"),
    ("torch_optimizer_step", (5,), "Error: Argument must be an optimizer, not the integer 5"),
    ("torch_scheduler_step", (5,), "Argument must be a learning rate scheduler, not the integer 5"),
    (
        "torch_lora_merge_weights",
        (PAIR,),
        "Error: Argument must be a LoRA linear layer, not the tensor float32",
    ),
    ("torch_generate", (5, listed(1)), "First argument must be a torch generator, not the integer 5"),
    ("+", (PAIR, None), "Error: Both arguments must be tensors, not nil"),
    ("tensor_argmax", (PAIR, 1e300), TOO_LARGE),
    ("tensor_zeros", (listed(1e300),), TOO_LARGE),
    ("torch_layer_norm", (1e300,), TOO_LARGE),
    ("torch_quantize_dynamic", (PAIR, integers(1, 2)), "Unsupported dtype for quantization: (1 2)"),
    (
        "torch_quantize_static",
        (PAIR, 1, 0, integers(1)),
        "Error: torch_quantize_static: the fourth argument must be one of int8, qint8, uint8, quint8, not",
    ),
    (
        "torch_storage_report",
        (5, None, integers(1)),
        "Error: torch_storage_report: the third argument must be one of float32, ",
    ),
    ("torch_to_device", (PAIR, integers(1, 2)), "Error: unknown device:(1 2)"),
)


@pytest.mark.parametrize(("name", "given", "message"), CASES)
def test_an_error_says_what_was_given(name, given, message):
    assert error_of(name, *given).startswith(message)


def test_a_dtype_of_another_kind_is_described():
    message = error_of("tensor_to_dtype", PAIR, call("torch_state_dict", torch.nn.Linear(1, 1)))
    assert message.startswith("Error: tensor_to_dtype: unknown dtype the torch state dict ")
