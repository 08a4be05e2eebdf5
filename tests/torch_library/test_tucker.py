"""Tucker decomposition and the Khatri-Rao product."""

import pytest
import torch

from tests.torch_library.torch_calls import call, error_of, integers, listed


@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 3), (5,), (2, 2, 3, 2), (7, 2, 1)])
def test_full_ranks_reconstruct_the_tensor(shape):
    value = torch.randn(shape)
    core, factors = call("torch_tucker_decomposition", value, integers(*shape))
    assert [list(f.shape) for f in factors] == [[length, length] for length in shape]
    assert torch.allclose(call("torch_tucker_reconstruct", core, factors), value, atol=1e-4)


def test_factors_have_orthonormal_columns_and_the_core_the_ranks():
    core, factors = call("torch_tucker_decomposition", torch.randn(6, 5, 4), listed(3, 2, 2))
    assert list(core.shape) == [3, 2, 2]
    for factor in factors:
        assert torch.allclose(factor.T @ factor, torch.eye(factor.shape[1]), atol=1e-5)


def test_a_tensor_of_low_rank_is_found_again():
    value = torch.einsum("i,j,k->ijk", torch.randn(6), torch.randn(5), torch.randn(4))
    core, factors = call("torch_tucker_decomposition", value, 1)
    assert torch.allclose(call("torch_tucker_reconstruct", core, factors), value, atol=1e-5)


def test_iteration_is_no_worse_than_the_first_guess():
    value = torch.randn(8, 7, 6)
    lost = []
    for rounds in (0, 50):
        core, factors = call("torch_tucker_decomposition", value, integers(3, 3, 3), rounds, 0)
        lost.append(float((value - call("torch_tucker_reconstruct", core, factors)).norm()))
    assert lost[1] <= lost[0] + 1e-5


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((3, 2), "Error: Input must be a tensor"),
        (
            (torch.ones(2, 2), integers(1)),
            "Error in Tucker decomposition: Number of ranks must match tensor dimensions",
        ),
        ((torch.ones(2, 2), integers(3, 1)), "Error in Tucker decomposition: a rank must lie between 1 and"),
        ((torch.ones(2, 2), 0), "Error in Tucker decomposition: a rank must be at least 1"),
    ],
)
def test_a_wrong_decomposition_is_refused(arguments, text):
    assert error_of("torch_tucker_decomposition", *arguments).startswith(text)


def test_reconstruction_checks_its_arguments():
    core = torch.ones(2, 2)
    assert error_of("torch_tucker_reconstruct", 3, listed()).startswith("Error: Core must be a tensor")
    assert error_of("torch_tucker_reconstruct", core, 3).startswith(
        "Error: Factors must be a list of tensors"
    )
    assert error_of("torch_tucker_reconstruct", core, listed(1)).startswith(
        "Error: All factors must be tensors"
    )
    assert "needs as many factors" in error_of("torch_tucker_reconstruct", core, listed(core))


@pytest.mark.parametrize("make", [listed, integers])
def test_the_compression_ratio_comes_from_shapes(make):
    factors = listed(make(10, 2), make(10, 2), make(10, 2))
    ratio = call("torch_tucker_compression_ratio", make(10, 10, 10), make(2, 2, 2), factors)
    assert ratio == pytest.approx(1000 / 68)


def test_the_khatri_rao_product_is_the_kronecker_product_of_columns():
    a, b = torch.randn(3, 4), torch.randn(2, 4)
    found = call("torch_khatri_rao_product", a, b)
    expected = torch.stack([torch.kron(a[:, k], b[:, k]) for k in range(4)], 1)
    assert torch.allclose(found, expected)
    text = "Error in Khatri-Rao product: Matrices must have the same number of columns"
    assert error_of("torch_khatri_rao_product", a, torch.ones(2, 3)).startswith(text)
