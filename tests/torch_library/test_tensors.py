"""Creation, arithmetic, reductions, shape: compared with plain PyTorch, and the errors' texts."""

import math

import pytest
import torch

from lispe_kernel.language.functions import registry
from lispe_kernel.torch_library.tensors.maths import BINARY, ELEMENTWISE
from tests.torch_library.torch_calls import call, error_of, floats, integers, listed

SHAPE = "Error: shape must be a list of integers"


def test_every_tensor_function_answers_to_its_torch_names_too():
    # The layer constructor keeps `torch_linear`; `tensor_in_memory` is about no tensor.
    own = {"tensor_linear", "tensor_in_memory"}
    ours = [e.name for e in registry if "torch_library" in e.call.__module__ and e.name not in own]
    shorts = [name.removeprefix("tensor_") for name in ours if name.startswith("tensor_")]
    assert len(shorts) > 60
    for short in shorts:
        entry = registry.get(f"tensor_{short}")
        assert registry.get(f"torch_{short}") is entry
        assert registry.get(f"torch_tensor_{short}") is entry
    assert registry.get("torch_tensor_linear") is registry.get("tensor_linear")
    assert registry.get("torch_linear") is not registry.get("tensor_linear")


@pytest.mark.parametrize("name", [row[0] for row in ELEMENTWISE])
def test_an_elementwise_function_is_torchs(name):
    value = torch.tensor([0.25, 0.5, 0.75])
    plain = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    assert torch.equal(call(f"tensor_{name}", value), plain(value))
    assert error_of(f"tensor_{name}", 2.5).startswith("Error: Argument must be a tensor")


@pytest.mark.parametrize("name", [row[0] for row in BINARY])
def test_a_binary_function_takes_tensors_only(name):
    a, b = torch.tensor([[6.0], [4.0]]), torch.tensor([2.0, 8.0])
    assert torch.equal(call(f"tensor_{name}", a, b), getattr(torch, name)(a, b))
    assert error_of(f"tensor_{name}", a, 2).startswith("Error: Both arguments must be tensors")
    assert error_of(f"tensor_{name}", torch.ones(2), torch.ones(3)).startswith("Error: ")


@pytest.mark.parametrize("name", ["zeros", "ones", "rand", "randn"])
def test_a_shape_is_a_list_of_integers(name):
    made = call(f"tensor_{name}", integers(2, 3))
    assert (list(made.shape), made.dtype) == ([2, 3], torch.float32)
    for wrong in (3, "a", listed("a"), listed(1.5), None):
        assert error_of(f"tensor_{name}", wrong).startswith(SHAPE)


def test_filling_with_an_integer_gives_fractions():
    made = call("tensor_full", integers(2), 7)
    assert (made.dtype, made.tolist()) == (torch.float32, [7, 7])
    assert call("tensor_full_like", torch.tensor([1, 2]), 5).dtype == torch.int64


def test_random_integers_lie_below_the_upper_bound():
    drawn = call("tensor_randint", 0, 10, integers(200))
    assert (drawn.dtype, int(drawn.min()) >= 0, int(drawn.max())) == (torch.int64, True, 9)


def test_a_seed_fixes_tensors_and_modules():
    def draw():
        call("torch_manual_seed", 7)
        return call("tensor_randn", integers(3)), call("torch_linear", 3, 3).weight

    (first, weight), (second, again) = draw(), draw()
    assert torch.equal(first, second)
    assert torch.equal(weight, again)


def test_reductions_of_a_whole_tensor_are_numbers():
    value = torch.tensor([1.0, 2, 3, 4], requires_grad=True)
    found = {name: call(f"tensor_{name}", value) for name in ("sum", "mean", "max", "min", "std")}
    assert all(isinstance(number, float) for number in found.values())
    assert found == {"sum": 10, "mean": 2.5, "max": 4, "min": 1, "std": pytest.approx(math.sqrt(5 / 3))}
    assert math.isnan(call("tensor_std", torch.ones(2, 1)[0]))


def test_the_mean_of_integers_is_refused():
    assert error_of("tensor_mean", torch.tensor([1, 2])).startswith("Error computing tensor mean: ")


@pytest.mark.parametrize(
    ("arguments", "shape", "values"),
    [((-1,), [2, 1], [[1], [0]]), ((1, None), [2], [1, 0]), ((None,), [], 2)],
)
def test_argmax_keeps_its_dimension_unless_told(arguments, shape, values):
    found = call("tensor_argmax", torch.tensor([[1, 5], [9, 2]]), *arguments)
    assert (list(found.shape), found.tolist(), found.dtype) == (shape, values, torch.int64)


@pytest.mark.parametrize(
    ("name", "arguments", "values"),
    [
        ("tensor_reshape", (integers(3, -1),), [[1, 2], [3, 4], [5, 6]]),
        ("tensor_transpose", (0, 1), [[1, 4], [2, 5], [3, 6]]),
        ("tensor_slice", (1, 1, 99), [[2, 3], [5, 6]]),
        ("tensor_slice", (-1, -2, 3), [[2, 3], [5, 6]]),
        ("tensor_select", (1, -1), [3, 6]),
        ("tensor_squeeze", (0,), [[1, 2, 3], [4, 5, 6]]),
        ("tensor_cumsum", (0,), [[1, 2, 3], [5, 7, 9]]),
        ("tensor_mean_dim", (0,), [2.5, 3.5, 4.5]),
        ("tensor_clamp", (2, 4), [[2, 2, 3], [4, 4, 4]]),
        ("tensor_clamp", (None, 4), [[1, 2, 3], [4, 4, 4]]),
        ("tensor_triu", (), [[1, 2, 3], [0, 5, 6]]),
        ("tensor_tril", (-1,), [[0, 0, 0], [4, 0, 0]]),
        ("tensor_pow", (2,), [[1, 4, 9], [16, 25, 36]]),
        ("tensor_set_item", (integers(0, 1), 9), [[1, 9, 3], [4, 5, 6]]),
        ("tensor_set_item", (integers(1), 0), [[1, 2, 3], [0, 0, 0]]),
        ("tensor_to_dtype", ("int64",), [[1, 2, 3], [4, 5, 6]]),
    ],
)
def test_a_function_of_one_matrix(name, arguments, values):
    source = torch.arange(1.0, 7).reshape(2, 3)
    assert call(name, source, *arguments).tolist() == values
    assert source.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_masked_fill_writes_into_the_tensor_itself():
    value = torch.tensor([1.0, 2, 3])
    assert call("tensor_masked_fill_", value, torch.tensor([0, 1, 0]), -5) is value
    assert value.tolist() == [1, -5, 3]


def test_joining_tensors():
    a, b = torch.ones(2, 2), torch.zeros(2, 2)
    assert torch.equal(call("tensor_cat", listed(a, b), 1), torch.cat([a, b], 1))
    assert torch.equal(call("tensor_stack", listed(a, b)), torch.stack([a, b]))
    assert error_of("tensor_cat", a, 0).startswith("Error: First argument must be a list of tensors")
    assert error_of("tensor_cat", listed(a, 1), 0).startswith("Error: All elements must be tensors")
    text = error_of("tensor_cat", listed(torch.ones(2, 3), torch.ones(2, 2)), 0)
    assert text.startswith("Error in torch_cat: ")
    assert "float32 [2,3]" in text


def test_scalar_arithmetic_makes_fractions_of_integers():
    ids = torch.tensor([1, 2])
    assert call("tensor_add_scalar", ids, 1).dtype == torch.float32
    assert call("tensor_mul_scalar", ids, 2).tolist() == [2, 4]
    assert call("tensor_div_scalar", ids, 2).tolist() == [0.5, 1]
    assert error_of("tensor_div_scalar", ids, 0) == "Error: Division by zero"


def test_products_of_matrices():
    m = torch.tensor([[1.0, 2], [3, 4]])
    assert call("tensor_matmul", m, m).tolist() == [[7, 10], [15, 22]]
    assert call("tensor_linear", m, m).tolist() == [[5, 11], [11, 25]]
    assert call("tensor_einsum", "ij,ij->", listed(m, m)).item() == 30
    assert error_of("tensor_einsum", "i", listed()) == "Error: tensor list cannot be empty"
    assert error_of("tensor_einsum", "i", m).startswith("Error: second argument must be a list of tensors")


def test_shapes_that_do_not_fit_are_both_named_without_a_stack_trace():
    text = error_of("tensor_matmul", torch.ones(2, 3), torch.ones(2, 3))
    assert "tensor1: float32 [2,3], tensor2: float32 [2,3]" in text
    assert "\n" not in text
    assert "frame #" not in text


def test_rms_norm_is_the_formula():
    x, weight = torch.randn(2, 8), torch.randn(8)
    expected = torch.nn.functional.rms_norm(x, (8,), weight, 1e-6)
    assert torch.allclose(call("tensor_rms_norm", x, weight), expected, atol=1e-6)


def test_sampling_helpers_take_nil_for_their_defaults():
    values, places = call("torch_topk", floats_tensor(1, 9, 5), 2, None, None)
    assert (values.tolist(), places.tolist()) == ([9, 5], [1, 2])
    values, places = call("torch_sort", floats_tensor(3, 1, 2), None, None)
    assert (values.tolist(), places.tolist()) == ([1, 2, 3], [1, 2, 0])
    assert call("torch_multinomial", floats_tensor(0, 0, 1), 1, None).item() == 2
    assert error_of("torch_topk", floats(1), 1).startswith("First argument must be a torch tensor")


def floats_tensor(*values: float) -> torch.Tensor:
    return call("torch_tensor", floats(*values))
