"""The printed text of a tensor: the C++ formatter's layout, PyTorch's shortening."""

import pytest
import torch
from torch._subclasses import FakeTensorMode

from lispe_kernel.language.printer import to_text
from tests.torch_library.torch_calls import call

INFINITE, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (torch.tensor(3.5), ["3.5", "[ CPUFloatType{} ]"]),
        (torch.tensor(123456789), ["123456789", "[ CPULongType{} ]"]),
        (torch.tensor([1.0, 2, 3]), [" 1", " 2", " 3", "[ CPUFloatType{3} ]"]),
        (torch.tensor([10, -20]), [" 10", "-20", "[ CPULongType{2} ]"]),
        (torch.tensor([1.5, 2.7]), [" 1.5000", " 2.7000", "[ CPUFloatType{2} ]"]),
        (torch.tensor([[1.0, 2], [3, 4]]), [" 1  2", " 3  4", "[ CPUFloatType{2,2} ]"]),
        (torch.tensor([True, False]), [" 1", " 0", "[ CPUBoolType{2} ]"]),
        (torch.tensor([0.5, 0.25]), [" 0.5000", " 0.2500", "[ CPUFloatType{2} ]"]),
        (torch.tensor([0.001, 0.002]).double(), ["0.001 *", " 1.0000", " 2.0000", "[ CPUDoubleType{2} ]"]),
        (torch.tensor([1e10, 1.5]), [" 1.0000e+10", " 1.5000e+00", "[ CPUFloatType{2} ]"]),
        (torch.tensor([INFINITE, -1.5]), ["    inf", "-1.5000", "[ CPUFloatType{2} ]"]),
        (torch.tensor([NAN, 2.0]), ["  nan", "    2", "[ CPUFloatType{2} ]"]),
        (torch.empty(0), ["[ CPUFloatType{0} ]"]),
        (torch.empty(2, 0, dtype=torch.float16), ["[ CPUHalfType{2,0} ]"]),
        (torch.ones(1, dtype=torch.bfloat16), [" 1", "[ CPUBFloat16Type{1} ]"]),
    ],
)
def test_a_tensor_prints_as(value, lines):
    assert to_text(value) == "\n".join(lines)


def test_matrices_of_a_larger_tensor_carry_their_index_from_one():
    text = to_text(torch.arange(1.0, 9).reshape(2, 2, 2))
    blocks = ["(1,.,.) = ", "  1  2", "  3  4", "", "(2,.,.) = ", "  5  6", "  7  8"]
    assert text == "\n".join([*blocks, "[ CPUFloatType{2,2,2} ]"])


def test_the_first_leading_index_varies_fastest():
    heads = [line for line in to_text(torch.zeros(2, 2, 1, 1)).splitlines() if line.startswith("(")]
    assert heads == ["(1,1,.,.) = ", "(2,1,.,.) = ", "(1,2,.,.) = ", "(2,2,.,.) = "]


def test_wide_matrices_are_cut_into_columns():
    lines = to_text(torch.full((1, 20), 1.5)).splitlines()
    assert [line for line in lines if line.startswith("Columns")] == [
        "Columns 1 to 10",
        "Columns 11 to 20",
    ]
    assert max(map(len, lines)) <= 80


def test_a_thousand_elements_are_written_in_full_and_one_more_is_not():
    assert "..." not in to_text(torch.arange(1000))
    lines = to_text(torch.arange(1001)).splitlines()
    assert [line.strip() for line in lines[:-1]] == ["0", "1", "2", "...", "998", "999", "1000"]
    assert lines[-1] == "[ CPULongType{1001} ]"


def test_a_large_tensor_keeps_three_entries_at_each_edge_of_each_axis():
    lines = to_text(torch.arange(128 * 512).reshape(1, 128, 512)).splitlines()
    assert lines[0] == "(1,.,.) = "
    assert lines[1].split() == ["0", "1", "2", "...", "509", "510", "511"]
    assert lines[4].strip() == "..."
    assert lines[7].split()[-1] == str(128 * 512 - 1)
    assert lines[8:] == ["[ CPULongType{1,128,512} ]"]


def test_many_matrices_are_shortened_too():
    text = to_text(torch.zeros(20, 20, 2, 2))
    assert text.count(".,.) = ") == 36
    assert "(20,20,.,.) = " in text
    assert "(4,1,.,.) = " not in text


def test_gradients_are_not_shown():
    assert to_text(torch.ones(1, requires_grad=True) * 2) == " 2\n[ CPUFloatType{1} ]"


def test_a_quantized_tensor_tells_its_scale():
    value = call("torch_quantize_dynamic", torch.tensor([1.0, 2]), "int8")
    last = "[ QuantizedCPUQInt8Type{2}, qscheme: per_tensor_affine, scale: 1, zero_point: 0 ]"
    assert to_text(value) == f" 1\n 2\n{last}"


def test_a_parameter_is_a_tensor():
    assert to_text(call("torch_linear", 1, 1).bias).endswith("[ CPUFloatType{1} ]")


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (torch.ones(2, 3, device="meta"), "...\n[ METAFloatType{2,3} ]"),
        (torch.zeros(2, dtype=torch.uint8).view(torch.bits8), "...\n[ CPUbits8Type{2} ]"),
        (torch.nn.LazyLinear(3).weight, "[ CPUFloatType ]"),
        (FakeTensorMode().from_tensor(torch.ones(2, 3)), "...\n[ CPUFloatType{2,3} ]"),
    ],
)
def test_a_tensor_without_numbers_to_read_has_a_text(tensor, text):
    assert to_text(tensor) == text


def test_a_nested_tensor_prints_its_tensors():
    jagged = torch.nested.nested_tensor([torch.ones(1), torch.zeros(2)], layout=torch.jagged)
    parts = [" 1", "[ CPUFloatType{1} ]", " 0", " 0", "[ CPUFloatType{2} ]"]
    assert to_text(jagged).splitlines() == [*parts, "[ nested CPUFloatType{2,*} ]"]
