"""Tucker decomposition of a tensor into a core and one matrix a dimension, and the Khatri-Rao product.

Computed by the higher-order SVD, then improved by orthogonal iteration; the matrices have orthonormal
columns. Nothing here is random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors.projections import oriented

Factors = list[torch.Tensor]


def unfold(tensor: torch.Tensor, mode: int) -> torch.Tensor:
    """The tensor as a matrix whose rows are the entries along one dimension."""
    return tensor.movedim(mode, 0).reshape(tensor.shape[mode], -1)


def times(tensor: torch.Tensor, matrix: torch.Tensor, mode: int) -> torch.Tensor:
    """The product of a matrix with every vector along one dimension."""
    product: torch.Tensor = torch.tensordot(matrix, tensor, dims=([1], [mode]))
    return product.movedim(0, mode)


def leading(matrix: torch.Tensor, count: int) -> torch.Tensor:
    """The `count` left singular vectors of the largest singular values, filled up when there are fewer."""
    left: torch.Tensor = torch.linalg.svd(matrix, full_matrices=matrix.shape[1] < count)[0][:, :count]
    return oriented(left, 0)


def project(
    tensor: torch.Tensor, factors: Sequence[torch.Tensor], without: int | None = None
) -> torch.Tensor:
    """The tensor multiplied by each transposed factor, one dimension left out if asked."""
    for mode, factor in enumerate(factors):
        if mode != without:
            tensor = times(tensor, factor.T, mode)
    return tensor


def decompose(
    tensor: torch.Tensor, ranks: list[int], rounds: int, tolerance: float
) -> tuple[torch.Tensor, Factors]:
    """Core and factors; stops when the error (relative to the tensor) changes by less than the tolerance."""
    factors = [leading(unfold(tensor, mode), rank) for mode, rank in enumerate(ranks)]
    norm = float(torch.linalg.vector_norm(tensor)) or 1.0
    before = math.inf
    for _ in range(rounds):
        for mode, rank in enumerate(ranks):
            factors[mode] = leading(unfold(project(tensor, factors, mode), mode), rank)
        # Projections keep lengths, so what the core lacks is the error.
        kept = float(torch.linalg.vector_norm(project(tensor, factors)))
        error = math.sqrt(max(0.0, norm**2 - kept**2)) / norm
        if abs(before - error) < tolerance:
            break
        before = error
    return project(tensor, factors), factors


def _ranks(rank: Any, tensor: torch.Tensor) -> list[int]:
    wrong = "Error: torch_tucker_decomposition: the rank must be an integer or a list of integers"
    single = arguments.whole(rank)
    ranks = [single] * tensor.dim() if single is not None else arguments.shape(rank, wrong)
    if len(ranks) != tensor.dim():
        raise ValueError("Number of ranks must match tensor dimensions")
    for found, length in zip(ranks, tensor.shape, strict=True):
        if single is None and not 1 <= found <= length:
            raise ValueError(f"a rank must lie between 1 and the size of its dimension: {found} for {length}")
    if single is not None and single < 1:
        raise ValueError(f"a rank must be at least 1, not {single}")
    # One rank for all dimensions is cut to the short ones.
    return [min(found, length) for found, length in zip(ranks, tensor.shape, strict=True)]


@torch_function("torch_tucker_decomposition", prefix="Error in Tucker decomposition: ")
def tucker_decomposition(tensor: Any, rank: Any, max_iter: Any = 100, tol: Any = 1e-6) -> List:
    """A list (core factors): a core [R1 ... RN] and a list of matrices [In,Rn] with orthonormal columns.

    The rank is a list with one number for each dimension, or one number for all.

    Example: (size (@ (torch_tucker_decomposition (tensor_ones '(2 3 4)) 2) 1)) => 3
    Errors: `Error: Input must be a tensor`,
    `Error in Tucker decomposition: Number of ranks must match tensor dimensions`
    Source: torch API 18; De Lathauwer et al., higher-order orthogonal iteration
    """
    value = arguments.tensor(tensor, "Error: Input must be a tensor")
    if value.dim() == 0 or value.numel() == 0:
        raise ValueError("the tensor must have at least one dimension and one element")
    value = value.detach() if value.is_floating_point() else value.detach().float()
    rounds = 100 if max_iter is None else arguments.integer(max_iter, "Error: max_iter must be an integer")
    tolerance = 1e-6 if tol is None else arguments.number("torch_tucker_decomposition", 4, tol)
    core, factors = decompose(value, _ranks(rank, value), rounds, tolerance)
    return List([core, List(factors)])


@torch_function("torch_tucker_reconstruct", prefix="Error in Tucker reconstruction: ")
def tucker_reconstruct(core: Any, factors: Any) -> torch.Tensor:
    """The tensor that a core and its factors stand for: the core multiplied by each factor.

    Example: (tensor_shape (torch_tucker_reconstruct (tensor_ones '(2)) (list (tensor_ones '(5 2))))) => (5)
    Errors: `Error: Core must be a tensor`, `Error: Factors must be a list of tensors`,
    `Error: All factors must be tensors`
    Source: torch API 18
    """
    value = arguments.tensor(core, "Error: Core must be a tensor")
    matrices = arguments.tensors(
        factors, "Error: Factors must be a list of tensors", "Error: All factors must be tensors"
    )
    if len(matrices) != value.dim():
        raise ValueError(f"a core of {value.dim()} dimensions needs as many factors, not {len(matrices)}")
    for mode, matrix in enumerate(matrices):
        value = times(value, matrix, mode)
    return value


@torch_function("torch_tucker_compression_ratio", returns="number")
def tucker_compression_ratio(original_shape: Any, core_shape: Any, factor_shapes: Any) -> float:
    """How many times fewer numbers the core and the factors hold than the tensor; from shapes alone.

    Example: (torch_tucker_compression_ratio '(10 10) '(2 2) '((10 2) (10 2))) => 2.27273
    Errors: the shapes must be lists of integers
    Source: torch API 18
    """
    if not isinstance(factor_shapes, list):
        raise LispeError("Error: torch_tucker_compression_ratio: the factor shapes must be a list of shapes")
    held = _count(core_shape) + sum(_count(shape) for shape in factor_shapes)
    return _count(original_shape) / held


def _count(shape: Any) -> int:
    wrong = "Error: torch_tucker_compression_ratio: a shape must be a list of integers"
    if isinstance(shape, torch.Tensor):
        return shape.numel()
    return math.prod(arguments.shape(shape if isinstance(shape, list | TypedList) else None, wrong))


@torch_function("torch_khatri_rao_product", prefix="Error in Khatri-Rao product: ")
def khatri_rao_product(A: Any, B: Any) -> torch.Tensor:
    """The column-wise Kronecker product of [I,K] and [J,K]: [I·J,K], row i·J+j.

    Example: (torch_size (torch_khatri_rao_product (torch_ones '(3 2)) (torch_ones '(4 2)))) => (12 2)
    Errors: `Error: Both arguments must be tensors`,
    `Error in Khatri-Rao product: Matrices must have the same number of columns`
    Source: torch API 18
    """
    first, second = (arguments.tensor(value, arguments.BOTH) for value in (A, B))
    if first.dim() != 2 or second.dim() != 2:
        raise ValueError("Both arguments must be matrices")
    if first.shape[1] != second.shape[1]:
        raise ValueError("Matrices must have the same number of columns")
    return (first.unsqueeze(1) * second.unsqueeze(0)).reshape(-1, first.shape[1])
