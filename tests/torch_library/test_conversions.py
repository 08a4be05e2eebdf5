"""Lists become tensors of the right dtype, tensors become lists, and neither shares memory."""

import numpy as np
import pytest
import torch

from lispe_kernel.language.printer import to_text, type_atom
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import Strings
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.typed.lists import Numbers, Shorts
from lispe_kernel.language.values.views import View
from tests.torch_library.torch_calls import call, error_of, floats, integers, listed

UNSUPPORTED = "Error: Unsupported type for tensor conversion"


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (integers(1, 2), torch.int64, [2]),
        (floats(1, 2, 3), torch.float32, [3]),
        (Numbers([1.5]), torch.float64, [1]),
        (Shorts([1, 2]), torch.int16, [2]),
        (listed(1, 2), torch.int64, [2]),
        (listed(1, 2.5), torch.float32, [2]),
        (listed(listed(1, 2), listed(3, 4), listed(5, 6)), torch.int64, [3, 2]),
        (listed(floats(1, 2), floats(3, 4)), torch.float32, [2, 2]),
        (listed(), torch.float32, [0]),
        (View(listed(9, 1, 2), 1), torch.int64, [2]),
        (listed(View(listed(9, 1, 2), 1), View(listed(9, 3, 4), 1)), torch.int64, [2, 2]),
        (listed(listed(1, 2), View(listed(9, 3, 4), 1)), torch.int64, [2, 2]),
        (LinkedList([1, 2, 3]), torch.int64, [3]),
    ],
)
def test_a_list_gives_its_dtype_and_shape(value, dtype, shape):
    made = call("torch_tensor", value)
    assert (made.dtype, list(made.shape)) == (dtype, shape)


def test_numbers_survive_the_way_to_a_tensor_and_back():
    rows = listed(listed(1, 2.5), listed(-3, 4))
    assert call("tensor_create", rows).tolist() == [[1, 2.5], [-3, 4]]
    assert to_text(call("tensor_to_list", call("tensor_create", rows))) == "((1 2.5) (-3 4))"


def test_a_tensor_passes_through_as_the_same_object():
    value = torch.ones(2)
    assert call("torch_tensor", value) is value


def test_a_tensor_never_aliases_its_list():
    source = floats(1, 2)
    made = call("torch_tensor", source)
    source[0] = 9
    assert made.tolist() == [1, 2]
    back = call("tensor_to_list", made)
    back[0] = 7
    assert made.tolist() == [1, 2]


def test_a_number_alone_is_a_tensor_without_dimensions():
    whole, fraction = call("torch_tensor", 5), call("torch_tensor", 2.5)
    assert (whole.item(), whole.dtype, whole.shape) == (5, torch.int64, ())
    assert (fraction.item(), fraction.dtype) == (2.5, torch.float32)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("abc", 'the string "abc"'),
        (None, "nil"),
        (TRUE, "true"),
        (Dictionary(), "the dictionary {}"),
        (Strings(["a"]), 'the strings ("a")'),
        (listed("a"), 'the string "a"'),
    ],
)
def test_other_values_are_no_tensor(value, shown):
    text = f"{UNSUPPORTED}: {shown} is neither a number nor a list of numbers"
    assert error_of("torch_tensor", value) == text


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, listed(1, 2**70), listed(integers(1), listed(2**70))])
def test_an_integer_without_room_is_refused(value):
    assert "an integer is larger than the 64 bits of a tensor's integers" in error_of("torch_tensor", value)


def test_rows_of_different_lengths_are_refused():
    assert error_of("torch_tensor", listed(listed(1, 2), listed(3))).startswith(UNSUPPORTED)


@pytest.mark.parametrize(
    ("dtype", "atom"),
    [
        (torch.float32, "floats_"),
        (torch.bfloat16, "floats_"),
        (torch.float64, "numbers_"),
        (torch.int64, "integers_"),
        (torch.int32, "integers_"),
        (torch.int16, "shorts_"),
        (torch.int8, "shorts_"),
    ],
)
def test_a_dtype_gives_its_list(dtype, atom):
    back = call("tensor_to_list", torch.tensor([1, 2], dtype=dtype))
    assert type_atom(back).name == atom
    assert back.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", [torch.bool, torch.float16, torch.uint8])
def test_a_dtype_without_a_list_is_refused(dtype):
    assert error_of("tensor_to_list", torch.ones(2, dtype=dtype)) == "Error: Unsupported tensor dtype"


def test_three_dimensions_become_nested_lists():
    back = call("tensor_to_list", torch.arange(8).reshape(2, 2, 2))
    assert to_text(back) == "(((0 1) (2 3)) ((4 5) (6 7)))"


def test_a_tensor_that_requires_a_gradient_converts():
    assert call("tensor_to_list", torch.ones(1, requires_grad=True) * 2).tolist() == [2]


@pytest.mark.parametrize(
    ("value", "item"),
    [
        (torch.tensor([[2.5]]), 2.5),
        (torch.tensor(3), 3),
        (torch.tensor([True]), TRUE),
        (torch.tensor([False]), None),
        (torch.tensor([1.5], dtype=torch.float16), 1.5),
    ],
)
def test_one_element_becomes_a_number(value, item):
    found = call("tensor_item", value)
    assert found == item
    assert type(found) is type(item)


def test_several_elements_are_no_number():
    text = "Error: tensor must contain exactly one element, but has 4 elements"
    assert error_of("tensor_item", torch.ones(2, 2)) == text


@pytest.mark.parametrize(
    ("shape", "dtype", "atom"),
    [
        ((2, 2), torch.float32, "matrix_float_"),
        ((2, 2), torch.float64, "matrix_number_"),
        ((2, 2), torch.int64, "matrix_integer_"),
        ((1, 2, 2), torch.int32, "tensor_integer_"),
        ((1, 2, 2), torch.int8, "tensor_short_"),
    ],
)
def test_more_dimensions_become_lispes_own_arrays_and_come_back(shape, dtype, atom):
    value = torch.arange(4).reshape(shape).to(dtype)
    back = call("tensor_to_list", value)
    assert type_atom(back).name == atom
    assert torch.equal(call("torch_tensor", back).to(dtype), value)

    back.array.fill(7)
    assert value.max() == 3


def test_an_array_of_texts_is_no_tensor():
    texts = Matrix(np.array([["a", "b"]], dtype=object))
    assert error_of("torch_tensor", texts).startswith(f"{UNSUPPORTED}: the matrix")


@pytest.mark.parametrize("place", [0, 1])
def test_a_list_that_holds_itself_is_refused(place):
    endless = listed(1, 1)
    endless[place] = endless
    assert error_of("torch_tensor", endless).startswith(UNSUPPORTED)


def test_the_rest_of_a_list_is_seen():
    rows = listed(View(listed(9, 1, 2), 1), View(listed(9, 3, 4), 1))
    assert call("torch_tensor", rows).tolist() == [[1, 2], [3, 4]]
    assert call("torch_tensor", View(rows, 1)).tolist() == [[3, 4]]
    assert call("tensor_zeros", View(listed(9, 2, 3), 1)).shape == (2, 3)
    tensors = View(listed(0, torch.ones(1), torch.zeros(1)), 1)
    assert call("tensor_cat", tensors, 0).tolist() == [1, 0]
    assert call("torch_pad_sequence", View(listed(0, torch.ones(2)), 1), 3).tolist() == [[1, 1, 0]]
