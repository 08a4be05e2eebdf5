"""What is measured of a tensor, against the plain formulas, for every kind of tensor."""

import math

import pytest
import torch

from lispe_kernel.display.drawing import statistics
from lispe_kernel.display.drawing.statistics import summarise

torch.manual_seed(3)
BASE = torch.randn(40, 50)

# The tensor, and the same values as a plain float64 tensor.
KINDS = {
    "float32": (BASE, BASE),
    "float64": (BASE.double(), BASE),
    "half": (BASE.half(), BASE.half()),
    "bfloat16": (BASE.bfloat16(), BASE.bfloat16()),
    "float8": (BASE.to(torch.float8_e4m3fn), BASE.to(torch.float8_e4m3fn).float()),
    "int64": ((BASE * 100).long(), (BASE * 100).long()),
    "uint8": ((BASE * 30).abs().to(torch.uint8), (BASE * 30).abs().to(torch.uint8)),
    "uint16": ((BASE * 30).abs().to(torch.uint16), (BASE * 30).abs().to(torch.int32)),
    "bool": (BASE > 0, (BASE > 0).float()),
    "complex": (torch.complex(BASE, BASE.flip(0)), torch.complex(BASE, BASE.flip(0)).abs()),
    "scalar": (torch.tensor(3.5), torch.tensor(3.5)),
    "transposed": (BASE.t(), BASE),
    "strided": (BASE[::3, 1::2], BASE[::3, 1::2]),
    "reversed axes": (
        torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(1)).permute(2, 0, 1),
        None,
    ),
    "expanded": (
        torch.tensor([[1.0], [3.0]]).expand(2, 500),
        torch.tensor([[1.0], [3.0]]).expand(2, 500).clone(),
    ),
    "requires grad": (BASE.clone().requires_grad_(), BASE),
    "sparse coo": ((BASE * (BASE > 1)).to_sparse(), BASE * (BASE > 1)),
    "sparse csr": ((BASE * (BASE > 1)).to_sparse_csr(), BASE * (BASE > 1)),
    "large mean": (BASE * 1e-3 + 1000, BASE * 1e-3 + 1000),
    "huge": (BASE * 1e30, BASE.double() * 1e30),
    "tiny": (BASE * 1e-30, BASE.double() * 1e-30),
    "constant": (torch.full((7, 7), 2.5), torch.full((7, 7), 2.5)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_those_of_the_formulas(kind: str) -> None:
    tensor, plain = KINDS[kind]
    values = (tensor if plain is None else plain).detach().double().reshape(-1)
    known = summarise(tensor)
    assert known.count == values.numel()
    assert known.minimum == pytest.approx(values.min().item(), rel=1e-6)
    assert known.maximum == pytest.approx(values.max().item(), rel=1e-6)
    assert known.mean == pytest.approx(values.mean().item(), rel=1e-5, abs=1e-6 * known.magnitude)
    assert known.zeros == int((values == 0).sum())
    assert known.norm == pytest.approx(values.norm().item(), rel=1e-5)
    if values.numel() > 1:
        assert known.deviation == pytest.approx(values.std().item(), rel=1e-3, abs=1e-30)
    assert sum(known.histogram) == values.numel()


def test_a_quantized_tensor_is_measured_by_the_values_it_stands_for() -> None:
    quantized = torch.quantize_per_tensor(BASE, 0.1, 3, torch.qint8)
    known, plain = summarise(quantized), quantized.dequantize()
    assert known.minimum == pytest.approx(plain.min().item())
    assert known.mean == pytest.approx(plain.mean().item(), abs=1e-5)
    assert "quantized" in known.notes


def test_a_histogram_counts_each_value_once_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = summarise(BASE)
    monkeypatch.setattr(statistics, "_PIECE", 7)
    pieces = summarise(BASE)
    assert pieces.histogram == whole.histogram
    assert pieces.deviation == pytest.approx(whole.deviation)


def test_bins_hold_what_numpy_puts_in_them() -> None:
    values = torch.linspace(-1, 1, 4801)
    known = summarise(values)
    expected = torch.histc(values, statistics.BINS, -1, 1)
    assert max(abs(a - b) for a, b in zip(known.histogram, expected.tolist(), strict=True)) <= 1


def test_few_whole_numbers_get_a_bin_each() -> None:
    assert summarise(torch.tensor([1, 1, 2, 4])).histogram == (2, 1, 0, 1)


BAD = [
    (torch.tensor([1.0, math.nan, math.inf, -math.inf, 2.0]), 1, 2, (1.0, 2.0)),
    (torch.full((3,), math.nan), 3, 0, None),
    (torch.tensor([math.inf]), 0, 1, None),
    (torch.tensor([1.0, math.nan]).half(), 1, 0, (1.0, 1.0)),
    (torch.tensor([complex(math.nan, 0), 3 + 4j]), 1, 0, (5.0, 5.0)),
]


@pytest.mark.parametrize(("tensor", "nans", "infinities", "ends"), BAD)
def test_nan_and_inf_are_counted_and_left_out(
    tensor: torch.Tensor, nans: int, infinities: int, ends: tuple[float, float] | None
) -> None:
    known = summarise(tensor)
    assert (known.nans, known.infinities) == (nans, infinities)
    assert (None if ends is None else (known.minimum, known.maximum)) == ends
    assert known.known == (ends is not None)


@pytest.mark.parametrize(
    "tensor", [torch.zeros(0, 3), torch.empty(4, 4, device="meta")], ids=["empty", "meta"]
)
def test_a_tensor_without_values_has_only_facts(tensor: torch.Tensor) -> None:
    known = summarise(tensor)
    assert not known.known
    assert known.shape == tuple(tensor.shape)


def test_measuring_changes_nothing() -> None:
    tensor = torch.randn(100, requires_grad=True)
    before, version = tensor.detach().clone(), tensor._version
    summarise(tensor)
    assert torch.equal(tensor.detach(), before)
    assert tensor._version == version
    assert tensor.grad is None
