"""What is measured of a tensor, against the plain formulas, for every kind of tensor."""

import math

import pytest
import torch

from lispe_kernel.display.drawing import looks, stored
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
    assert known.norm == pytest.approx(values.norm().item(), rel=1e-5, abs=0)
    assert (known.nans, known.infinities) == (0, 0)
    assert known.measured == ("magnitudes" if tensor.is_complex() else "values")
    if values.numel() > 1:
        assert known.deviation == pytest.approx(values.std().item(), rel=1e-3, abs=0)
    assert sum(known.histogram) == values.numel()


def test_a_quantized_tensor_is_measured_by_the_values_it_stands_for() -> None:
    quantized = torch.quantize_per_tensor(BASE, 0.1, 3, torch.qint8)
    known, plain = summarise(quantized), quantized.dequantize()
    assert known.minimum == pytest.approx(plain.min().item())
    assert known.mean == pytest.approx(plain.mean().item(), abs=1e-5)
    assert "quantized" in known.notes


def test_a_histogram_counts_each_value_once_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = summarise(BASE)
    monkeypatch.setattr(stored, "_PIECE", 7)
    pieces = summarise(BASE)
    assert pieces.histogram == whole.histogram
    assert pieces.deviation == pytest.approx(whole.deviation)


def test_bins_hold_what_numpy_puts_in_them() -> None:
    values = torch.linspace(-1, 1, 4801)
    known = summarise(values)
    expected = torch.histc(values, looks.BINS, -1, 1)
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
    assert (known.zeros, known.nans, known.infinities, known.histogram) == (0, 0, 0, ())
    assert (known.low, known.high, known.magnitude) == (0.0, 0.0, 0.0)


def test_measuring_changes_nothing() -> None:
    tensor = torch.randn(100, requires_grad=True)
    before, version = tensor.detach().clone(), tensor._version
    summarise(tensor)
    assert torch.equal(tensor.detach(), before)
    assert tensor._version == version
    assert tensor.grad is None


FACTS = {
    "plain": (torch.zeros(2, 3), {"shape": (2, 3), "dtype": "float32", "bytes": 24, "count": 6, "notes": ()}),
    "device": (torch.zeros(1), {"device": "cpu"}),
    "requires grad": (torch.zeros(1, requires_grad=True), {"notes": ("requires_grad",)}),
    "meta": (torch.zeros(3, device="meta"), {"notes": ("meta: no values",), "device": "meta", "count": 3}),
    # Two indices of eight bytes each and one value of four.
    "coo": (torch.tensor([[0.0, 5], [0, 0]]).to_sparse(), {"bytes": 2 * 8 + 4, "notes": ("sparse_coo",)}),
    # Three row bounds and one column of eight bytes each and one value of four.
    "csr": (torch.tensor([[0.0, 5], [0, 0]]).to_sparse_csr(), {"bytes": 4 * 8 + 4, "notes": ("sparse_csr",)}),
    "csc": (torch.tensor([[0.0, 5], [0, 0]]).to_sparse_csc(), {"bytes": 4 * 8 + 4, "notes": ("sparse_csc",)}),
    "bsr": (torch.eye(4).to_sparse_bsr((2, 2)), {"bytes": 5 * 8 + 8 * 4, "notes": ("sparse_bsr",)}),
    "bsc": (torch.eye(4).to_sparse_bsc((2, 2)), {"bytes": 5 * 8 + 8 * 4, "notes": ("sparse_bsc",)}),
    "conjugated": (torch.tensor([1j, 2]).conj(), {"notes": ("conjugated",), "measured": "magnitudes"}),
    "complex": (torch.tensor([1j, 2]), {"notes": (), "measured": "magnitudes", "bytes": 16}),
}


@pytest.mark.parametrize("kind", FACTS)
def test_the_facts_of_a_tensor(kind: str) -> None:
    tensor, expected = FACTS[kind]
    known = summarise(tensor)
    assert {name: getattr(known, name) for name in expected} == expected


def test_a_gradient_is_told() -> None:
    leaf = torch.ones(2, requires_grad=True)
    leaf.sum().backward()
    assert summarise(leaf).notes == ("requires_grad", "has grad")
    assert summarise(leaf * 1).notes == ("requires_grad",)


def exactly(tensor: torch.Tensor) -> dict[str, object]:
    known = summarise(tensor)
    names = ("minimum", "maximum", "mean", "deviation", "zeros", "low", "high", "histogram")
    return {name: getattr(known, name) for name in names}


def test_a_single_value_has_no_deviation_and_one_bin() -> None:
    assert exactly(torch.tensor([2.5])) == {
        "minimum": 2.5,
        "maximum": 2.5,
        "mean": 2.5,
        "deviation": None,
        "zeros": 0,
        "low": 2.5,
        "high": 2.5,
        "histogram": (1,),
    }


def test_two_values_have_the_deviation_of_two() -> None:
    known = summarise(torch.tensor([1.0, 3.0]))
    assert known.deviation == pytest.approx(math.sqrt(2))
    assert (known.low, known.high, len(known.histogram)) == (1.0, 3.0, 48)
    assert (known.histogram[0], known.histogram[-1]) == (1, 1)


def test_a_constant_is_one_bin_that_holds_all_of_it() -> None:
    known = summarise(torch.full((7, 7), 2.5).expand(2, 7, 7))
    assert (known.histogram, known.deviation) == ((98,), 0.0)


def test_the_histogram_reaches_five_deviations_and_counts_the_rest_at_its_ends() -> None:
    values = torch.cat([torch.zeros(9_998), torch.tensor([1000.0, -1000.0])])
    known = summarise(values)
    deviation = float(values.double().std())
    assert (known.low, known.high) == (pytest.approx(-5 * deviation), pytest.approx(5 * deviation))
    # Zero is the edge between the two bins in the middle.
    assert (known.histogram[0], sum(known.histogram[23:25]), known.histogram[-1]) == (1, 9_998, 1)
    assert (known.minimum, known.maximum) == (-1000.0, 1000.0)


def test_whole_numbers_that_spread_further_than_the_bins_share_them() -> None:
    assert summarise(torch.arange(48)).histogram == (1,) * 48
    known = summarise(torch.arange(49))
    assert (len(known.histogram), sum(known.histogram), known.low, known.high) == (48, 49, 0.0, 48.0)
    assert (summarise(torch.arange(3)).low, summarise(torch.arange(3)).high) == (-0.5, 2.5)


def test_implied_zeros_are_counted_once_each() -> None:
    known = summarise(torch.tensor([[0.0, 5.0, 0.0], [0.0, 0.0, 1.0]]).to_sparse())
    assert (known.count, known.zeros, known.minimum, known.maximum) == (6, 4, 0.0, 5.0)
    assert known.mean == pytest.approx(1.0)
    assert known.deviation == pytest.approx(math.sqrt((4 * 1 + 16 + 0) / 5))
    assert (known.histogram[0], known.histogram[9], known.histogram[-1]) == (4, 1, 1)
    below = summarise(torch.tensor([0.0, 0.0, -4.0, 0.0]).to_sparse())
    assert (below.minimum, below.maximum, below.histogram[-1], below.histogram[0]) == (-4.0, 0.0, 3, 1)


def test_an_explicit_zero_of_a_sparse_tensor_is_a_zero_too() -> None:
    sparse = torch.sparse_coo_tensor([[0, 1, 1]], [0.0, 2.0, 3.0], (4,))
    known = summarise(sparse)
    assert (known.count, known.zeros, known.maximum, sum(known.histogram)) == (4, 3, 5.0, 4)


def test_what_is_expanded_counts_as_often_as_it_repeats() -> None:
    row = torch.tensor([math.nan, math.inf, 0.0, 2.0])
    known = summarise(row.expand(3, 5, 4))
    assert (known.nans, known.infinities, known.zeros, known.count) == (15, 15, 15, 60)
    assert (known.mean, sum(known.histogram)) == (1.0, 30)
    assert known.norm == pytest.approx(math.sqrt(15 * 4))
    assert known.deviation == pytest.approx(math.sqrt(30 / 29))


def test_an_expanded_axis_of_one_is_not_counted() -> None:
    values, repeats = stored.stored_values(torch.ones(1, 3).expand(1, 3))
    assert (tuple(values.shape), repeats) == ((1, 3), 1)
    values, repeats = stored.stored_values(torch.ones(1, 3).expand(2, 3))
    assert (tuple(values.shape), repeats) == ((1, 3), 2)


def test_what_is_expanded_around_a_large_mean_keeps_its_digits() -> None:
    row = torch.tensor([1000.001, 1000.002, 1000.003])
    known = summarise(row.expand(4, 3))
    assert known.deviation == pytest.approx(row.double().expand(4, 3).std().item(), rel=2e-3)


def test_a_sparse_tensor_around_a_large_mean_keeps_its_digits() -> None:
    # The mean is large beside the deviation, and one value of a thousand is an implied zero.
    plain = torch.full((1000,), 3e4)
    plain[0] = 0
    known = summarise(plain.to_sparse())
    assert known.deviation == pytest.approx(plain.double().std().item(), rel=1e-6)


def test_squares_that_overflow_are_summed_around_the_mean() -> None:
    values = torch.tensor([1e200, -1e200, 2e200], dtype=torch.float64)
    known = summarise(values)
    assert known.mean == pytest.approx(2e200 / 3)
    # No float64 holds their squares, but the roots: sqrt(6)e200 and sqrt(14/3)e200.
    assert known.norm == pytest.approx(math.sqrt(6) * 1e200)
    assert known.deviation == pytest.approx(math.sqrt(14 / 6) * 1e200)
    assert (known.histogram[0], known.histogram[-1], sum(known.histogram)) == (1, 1, 3)


def test_the_mean_lies_between_the_ends() -> None:
    values = torch.full((3,), 0.1, dtype=torch.float64)
    assert summarise(values).mean == 0.1


@pytest.mark.parametrize("scale", [1e-35, 1e-15, 1e-14, 1e14, 1e15, 1e35])
def test_squares_keep_their_digits_at_any_size(scale: float) -> None:
    values = torch.tensor([1.0, -2.0, 3.0]) * scale
    known = summarise(values)
    assert known.norm == pytest.approx(math.sqrt(14) * scale, rel=1e-5, abs=0)
    assert known.deviation == pytest.approx(values.double().std().item(), rel=1e-5, abs=0)
    assert (known.histogram[0], known.histogram[-1], sum(known.histogram)) == (1, 1, 3)


@pytest.mark.parametrize("kind", [torch.int32, torch.int64, torch.uint32])
def test_large_whole_numbers_are_measured_in_double_precision(kind: torch.dtype) -> None:
    values = torch.tensor([2_000_000_001, 2_000_000_003], dtype=kind)
    known = summarise(values)
    assert (known.minimum, known.maximum, known.mean) == (2_000_000_001, 2_000_000_003, 2_000_000_002)
    assert known.histogram == (1, 0, 1)


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        (torch.float16, torch.float32),
        (torch.int16, torch.float32),
        (torch.bool, torch.float32),
        (torch.int32, torch.float64),
        (torch.uint32, torch.float64),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
        # The magnitude of (3e38, 3e38) is beyond float32.
        (torch.complex64, torch.float64),
        (torch.complex128, torch.float64),
    ],
)
def test_values_are_measured_in_the_smallest_precision_that_holds_them(
    given: torch.dtype, measured: torch.dtype
) -> None:
    assert stored.real(torch.ones(2).to(given)).dtype == measured


def test_pieces_follow_memory_and_hold_every_value_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_PIECE", 4)
    table = torch.arange(12.0).reshape(3, 4)
    assert [p.tolist() for p in stored.pieces(table.t())] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    strided = [p.tolist() for p in stored.pieces(table[:, ::2])]
    assert strided == [[0, 2, 4, 6], [8, 10]]
    assert [p.tolist() for p in stored.pieces(torch.arange(16.0).reshape(2, 8)[:, ::2])] == [
        [0, 2, 4, 6],
        [8, 10, 12, 14],
    ]


def test_a_tensor_quantized_by_channel_is_measured_by_what_it_stands_for() -> None:
    scales, zeros = torch.tensor([0.1, 0.5]), torch.tensor([0, 4])
    quantized = torch.quantize_per_channel(
        torch.tensor([[1.0, 2.0], [3.0, 4.0]]), scales, zeros, 0, torch.qint8
    )
    known = summarise(quantized)
    assert (known.minimum, known.maximum) == (pytest.approx(1.0), pytest.approx(4.0))
    by_tensor = torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.5, 3, torch.qint8)
    assert [p.tolist() for p in stored.pieces(by_tensor)] == [[1.0, 2.0]]


def test_few_quantized_values_are_no_whole_numbers() -> None:
    assert (
        len(summarise(torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.5, 3, torch.qint8)).histogram)
        == 48
    )


def test_the_histogram_may_be_left_out() -> None:
    known = summarise(torch.tensor([1.0, 2.0]), histogram=False)
    assert (known.histogram, known.maximum) == ((), 2.0)


def test_nan_and_inf_are_in_no_bin() -> None:
    known = summarise(torch.tensor([math.nan, 1.0, math.inf, 3.0]))
    assert (sum(known.histogram), known.histogram[0], known.histogram[-1]) == (2, 1, 1)
    assert known.deviation == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize(
    ("values", "magnitude"), [([-3.0, 2.0], 3.0), ([1.0, 2.0], 2.0), ([-3.0, -5.0], 5.0), ([], 0.0)]
)
def test_the_magnitude_is_the_largest_absolute_value(values: list[float], magnitude: float) -> None:
    assert summarise(torch.tensor(values)).magnitude == magnitude


def test_small_values_beside_a_large_one_lose_nothing() -> None:
    assert summarise(torch.tensor([1e-10, 1e20])).norm == pytest.approx(1e20, rel=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_kind_of_bad_value_is_in_no_bin(bad: float) -> None:
    known = summarise(torch.tensor([bad, 1.0, 3.0, 3.0]))
    assert (known.histogram[0], known.histogram[-1], sum(known.histogram)) == (1, 2, 3)


@pytest.mark.parametrize("scale", [1e-39, 3e38])
def test_bins_are_right_at_the_ends_of_what_float32_holds(scale: float) -> None:
    known = summarise(torch.tensor([-1.0, 0.51, 1.0]) * scale)
    assert [place for place, count in enumerate(known.histogram) if count] == [0, 36, 47]


def test_two_values_around_a_large_mean_keep_their_digits() -> None:
    values = torch.tensor([4096.0, 4096.25])
    assert summarise(values).deviation == pytest.approx(0.25 / math.sqrt(2), rel=1e-6)
    assert summarise(values.double() * 1e6).deviation == pytest.approx(0.25e6 / math.sqrt(2), rel=1e-6)


def test_a_row_longer_than_a_piece_is_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_PIECE", 1)
    found = [piece.tolist() for piece in stored.pieces(torch.arange(12.0).reshape(3, 4)[:, ::2])]
    assert found == [[0, 2], [4, 6], [8, 10]]


def test_what_is_known_does_not_change() -> None:
    with pytest.raises(AttributeError):
        summarise(torch.ones(2)).zeros = 5  # type: ignore[misc]


def test_the_axes_are_named_as_in_the_tensor() -> None:
    tensor = torch.ones(2, 3)
    assert summarise(tensor).names == tuple(getattr(tensor, "names", ()) or ())
