"""What a tensor shows: its line, its values when few, its picture, what is wrong with it."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from lispe_kernel.display import bundle
from lispe_kernel.display.drawing.pictures import limit_of, reduce_matrix
from tests.display import samples
from tests.display.page_checks import Page, faults, written
from tests.display.test_statistics import KINDS

LINES = [
    (torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "float32 [2, 2], min 1, max 4, mean 2.5, std 1.291"),
    (torch.tensor(3.5), "float32 [], value 3.5"),
    (torch.zeros(0, 3), "float32 [0, 3], no elements"),
    (torch.tensor([3, 0, 50256]), "int64 [3], min 0, max 50256, mean 16753, std 29014, zeros 33.3%"),
    (torch.tensor([True, False]), "bool [2], min 0, max 1, mean 0.5, std 0.7071, zeros 50%"),
    (torch.empty(2, 3, device="meta"), "float32 [2, 3], meta: no values"),
    (torch.tensor([float("nan"), 1.0]), "float32 [2], min 1, max 1, mean 1, 1 NaN!"),
    (torch.tensor([3 + 4j]), "complex64 [1], value 5"),
    (torch.ones(2, requires_grad=True), "float32 [2], requires_grad, min 1, max 1, mean 1, std 0"),
    (torch.eye(2).to_sparse(), "float32 [2, 2], sparse_coo, min 0, max 1, mean 0.5, std 0.5774, zeros 50%"),
]


@pytest.mark.parametrize(("tensor", "line"), LINES, ids=[line for _, line in LINES])
def test_the_first_line_sums_the_tensor_up(tensor: torch.Tensor, line: str) -> None:
    assert bundle(tensor)["text/plain"].splitlines()[0] == line


def test_a_small_tensor_prints_its_values_under_the_line() -> None:
    text = bundle(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))["text/plain"]
    assert text.splitlines()[1:] == [" 1  2", " 3  4", "[ CPUFloatType{2,2} ]"]


def test_a_large_tensor_has_one_line() -> None:
    assert len(bundle(torch.randn(50, 50))["text/plain"].splitlines()) == 1


SHAPES = [
    (),
    (0,),
    (1,),
    (5,),
    (5000,),
    (3, 3),
    (1, 300),
    (300, 1),
    (7, 3000),
    (2, 3, 4),
    (2, 40, 50),
    (1, 1, 40, 50),
    (3, 2, 0, 4),
    (2, 2, 2, 2, 2),
    (9, 64, 64),
    (130, 130),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.bool, torch.int64, torch.complex64, torch.float16], ids=str
)
def test_every_shape_can_be_drawn(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    data = bundle((torch.randn(shape) * 3).to(dtype))
    assert faults(data["text/html"]) == []
    assert "could not be drawn" not in data["text/html"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_tensor_can_be_drawn(kind: str) -> None:
    data = bundle(KINDS[kind][0])
    assert faults(data["text/html"]) == []
    assert "could not be drawn" not in data["text/html"]


@pytest.mark.parametrize("layout", ["to_sparse", "to_sparse_csr"])
def test_a_sparse_matrix_looks_like_its_dense_one(layout: str) -> None:
    dense = torch.randn(60, 500) * (torch.rand(60, 500) > 0.8)
    sparse, plain = reduce_matrix(getattr(dense, layout)(), 50), reduce_matrix(dense, 50)
    assert np.allclose(sparse.blocks, plain.blocks, atol=1e-6)


def test_a_pixel_is_the_mean_of_its_block_and_nothing_is_skipped() -> None:
    matrix = torch.randn(1001, 333)
    raster = reduce_matrix(matrix, 100)
    # One factor for both axes: what is square stays square.
    assert raster.blocks.shape == (91, 31)
    assert raster.blocks[3, 5] == pytest.approx(matrix[33:44, 55:66].mean().item(), abs=1e-5)
    assert raster.blocks[-1, -1] == pytest.approx(matrix[990:, 330:].mean().item(), abs=1e-5)


def test_numpy_and_torch_reduce_alike() -> None:
    matrix = torch.randn(301, 77, dtype=torch.float64)
    assert np.allclose(reduce_matrix(matrix, 40).blocks, reduce_matrix(matrix.numpy(), 40).blocks)


def test_one_nan_in_a_large_matrix_is_seen_and_said() -> None:
    matrix = torch.zeros(1000, 1000)
    matrix[700, 300] = float("nan")
    data = bundle(matrix)
    assert "1 NaN (<0.1% of the values)" in Page(data["text/html"]).words
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB"))
    assert (picture == (255, 0, 200)).all(-1).any()


def test_a_far_outlier_does_not_wash_the_picture_out() -> None:
    matrix = torch.randn(100, 100)
    matrix[0, 0] = 1e6
    assert limit_of([reduce_matrix(matrix)]) < 10


def test_many_matrices_say_how_many_are_shown() -> None:
    html = bundle(torch.randn(5, 6, 20, 20))["text/html"]
    assert "12 of 30 matrices shown" in Page(html).words
    assert "[1, 5, :, :]" in written(html)


def test_the_output_of_a_large_matrix_is_small() -> None:
    data = bundle(torch.randn(2048, 2048))
    assert sum(map(len, data.values())) < 150_000


def test_a_tensor_in_a_list_is_one_line_that_folds_open() -> None:
    page = Page(bundle(samples.List([torch.randn(30, 30)]))["text/html"])
    assert "details" in page.elements
    assert "float32 [30, 30]" in page.words
