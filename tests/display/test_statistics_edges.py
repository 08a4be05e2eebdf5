"""Where measuring goes wrong first: edges of pieces and bins, digits that float32 has not, implied zeros."""

import math

import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.drawing import large, looks, pictures, side_by_side, stored
from lispe_kernel.display.drawing.statistics import summarise, summarise_all

BINS = looks.BINS
NOISE = torch.linspace(-1, 1, 101)

# The tensor, and its deviation by the plain formula over all its values in float64.
SPREADS = {
    # Squares of the distances from the mean are beyond float32 too.
    "huge and close together": NOISE * 1e27 + 1e30,
    "float64 and close together": NOISE.double() * 1e-9 + 1,
    "close together, in float32": NOISE * 1e-3 + 1000,
    # One implied zero among a thousand stored values: it counts with its own distance from the mean.
    "sparse and nearly full": torch.cat([torch.zeros(1), torch.full((1000,), 1000.0)]).to_sparse(),
    "sparse rows, nearly full": torch.cat([torch.zeros(1), torch.full((1000,), 1000.0)])[
        None
    ].to_sparse_csr(),
    "two values": torch.tensor([1.0, 4.0]),
    "two values close together": torch.tensor([1e8, 1e8 + 1], dtype=torch.float64),
    "expanded": torch.tensor([[1.0], [3.0]]).expand(2, 50),
}


@pytest.mark.parametrize("kind", SPREADS)
def test_the_deviation_keeps_its_digits(kind: str) -> None:
    tensor = SPREADS[kind]
    plain = (tensor if str(tensor.layout) == "torch.strided" else tensor.to_dense()).double()
    assert summarise(tensor).deviation == pytest.approx(plain.std().item(), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint32])
def test_large_whole_numbers_keep_their_last_digit(dtype: torch.dtype) -> None:
    known = summarise(torch.tensor([(1 << 24) + 1, (1 << 30) + 1], dtype=dtype))
    assert (known.minimum, known.maximum) == ((1 << 24) + 1, (1 << 30) + 1)


def test_what_is_counted_is_summed_over_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_PIECE", 4)
    values = torch.tensor([0, 1, 0, 2, 0, math.nan, math.inf, 3, math.nan, -math.inf, 0, -5])
    known = summarise(values)
    assert (known.zeros, known.nans, known.infinities) == (4, 2, 2)
    assert (known.minimum, known.maximum, known.mean) == (-5, 3, pytest.approx(1 / 8))
    assert sum(known.histogram) == 8


def test_whole_numbers_are_summed_over_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_PIECE", 2)
    known = summarise(torch.tensor([1, 1, 0, 2, 2, 5, 0, 1]))
    assert (known.norm, known.zeros) == (6, 2)
    near = summarise(torch.tensor([1, 3, 5, 7, 9, 11]) + (1 << 61))
    assert near.deviation == pytest.approx(math.sqrt(14), rel=1e-12)


def test_many_values_are_counted_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.linspace(0, 1, 1007)
    whole = summarise(values)
    monkeypatch.setattr(stored, "_PIECE", 100)
    in_pieces = summarise(values)
    assert in_pieces.histogram == whole.histogram
    assert sum(in_pieces.histogram) == len(values)
    monkeypatch.setattr(stored, "_LARGE", 1000)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert summarise(values).histogram == whole.histogram


LARGE = {
    **SPREADS,
    "zeros among others": NOISE.relu(),
    "one NaN, one infinity": torch.cat([NOISE, torch.tensor([math.nan, -math.inf])]),
    "columns in memory": NOISE[:100].view(5, 20).t(),
    "gaps in memory": NOISE[::2],
    "near the end of floats": NOISE * 3e38,
    "tiny": NOISE.double() * 1e-310,
}


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize("threads", [1, 2])
def test_large_tensors_are_measured_as_others_are(
    kind: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = summarise(LARGE[kind])
    for name, number in (("_LEAST", 1), ("_PIECE", 7), ("_THREADS", threads)):
        monkeypatch.setattr(large, name, number)
    known = summarise(LARGE[kind])
    exact = ("minimum", "maximum", "zeros", "nans", "infinities", "count")
    assert [getattr(known, name) for name in exact] == [getattr(usual, name) for name in exact]
    for name in ("mean", "deviation", "norm", "low", "high", "histogram"):
        assert getattr(known, name) == pytest.approx(getattr(usual, name), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("side", [(70, 30), (400, 3), (9, 9)])
def test_a_large_matrix_is_reduced_as_others_are(
    side: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = torch.linspace(-1, 2, math.prod(side)).view(side)
    usual = pictures.reduce_matrix(matrix, 8)
    monkeypatch.setattr(large, "_LEAST", 1)
    assert pictures.reduce_matrix(matrix, 8).blocks == pytest.approx(usual.blocks, rel=1e-5, abs=1e-6)


# How many whole numbers a range may span for each to get a bin of its own.
WHOLE = {"as many as there are bins": (BINS - 1, BINS), "one more": (BINS, BINS), "a single one": (0, 1)}


@pytest.mark.parametrize("case", WHOLE)
def test_whole_numbers_get_a_bin_each_while_there_are_enough(case: str) -> None:
    last, bins = WHOLE[case]
    known = summarise(torch.arange(last + 1))
    assert len(known.histogram) == bins
    ends = (-0.5, last + 0.5) if last < BINS else (0, last)
    assert (known.low, known.high) == ends


def test_a_value_measured_once_counts_as_often_as_it_is_repeated() -> None:
    values = torch.tensor([[0.0], [math.nan], [math.inf], [2.0]]).expand(4, 10)
    known = summarise(values)
    assert (known.count, known.zeros, known.nans, known.infinities) == (40, 10, 10, 10)
    assert (known.mean, sum(known.histogram), known.bytes) == (1.0, 20, 160)


def uncoalesced() -> torch.Tensor:
    """A place named twice: its value is the sum."""
    return torch.sparse_coo_tensor(torch.tensor([[0, 0, 2]]), torch.tensor([1.0, 2.0, 4.0]), (4,))


def with_gradient() -> torch.Tensor:
    made = torch.ones(2, requires_grad=True)
    made.sum().backward()
    return made


# The tensor, its notes, and how many bytes its parts take; an index of a sparse one takes 8.
FACTS = {
    "dense": (torch.ones(2, 3), (), 24),
    "half": (torch.ones(5).half(), (), 10),
    "meta": (torch.empty(2, 2, device="meta"), ("meta: no values",), 16),
    "requires grad": (torch.ones(2, requires_grad=True), ("requires_grad",), 8),
    "has a gradient": (with_gradient(), ("requires_grad", "has grad"), 8),
    "computed": (torch.ones(2, requires_grad=True) * 2, ("requires_grad",), 8),
    "conjugated": (torch.tensor([1 + 2j]).conj(), ("conjugated",), 8),
    "quantized": (torch.quantize_per_tensor(NOISE, 0.1, 3, torch.qint8), ("quantized",), 101),
    "sparse": (uncoalesced(), ("sparse_coo",), 36),
    "sparse rows": (torch.eye(3).to_sparse_csr(), ("sparse_csr",), 68),
    "sparse columns": (torch.eye(3).to_sparse_csc(), ("sparse_csc",), 68),
    "sparse blocks": (torch.eye(4).to_sparse_bsr((2, 2)), ("sparse_bsr",), 72),
    "sparse blocks, columns": (torch.eye(4).to_sparse_bsc((2, 2)), ("sparse_bsc",), 72),
}


@pytest.mark.parametrize("kind", FACTS)
def test_a_tensor_is_told_with_its_state_and_its_bytes(kind: str) -> None:
    tensor, notes, size = FACTS[kind]
    known = summarise(tensor)
    assert (known.notes, known.bytes) == (notes, size)
    assert (known.shape, known.count, known.device) == (tensor.shape, tensor.numel(), str(tensor.device))
    assert f"torch.{known.dtype}" == str(tensor.dtype)


def test_values_at_one_place_are_added_before_they_are_measured() -> None:
    known = summarise(uncoalesced())
    assert (known.minimum, known.maximum, known.zeros, known.norm) == (0, 4, 2, 5)
    assert known.mean == 7 / 4


def test_complex_values_are_measured_by_their_magnitudes() -> None:
    known = summarise(torch.tensor([3 + 4j, 0j]))
    assert (known.measured, known.minimum, known.maximum, known.zeros) == ("magnitudes", 0, 5, 1)
    assert summarise(torch.ones(2)).measured == "values"


def test_without_values_no_number_is_told() -> None:
    known = summarise(torch.zeros(0, 3))
    assert (known.minimum, known.maximum, known.mean, known.deviation, known.norm) == (None,) * 5
    assert (known.zeros, known.nans, known.infinities, known.histogram, known.magnitude) == (0, 0, 0, (), 0)
    assert (known.low, known.high, known.measured) == (0, 0, "values")


def test_one_value_has_no_deviation() -> None:
    known = summarise(torch.tensor([-3.0]))
    assert (known.deviation, known.mean, known.magnitude, known.histogram) == (None, -3, 3, (1,))


def test_a_histogram_can_be_left_out() -> None:
    known = summarise(torch.ones(3), histogram=False)
    assert (known.histogram, known.mean) == ((), 1)


def test_a_histogram_reaches_five_deviations_from_the_mean() -> None:
    values = torch.cat([NOISE, torch.tensor([1e6, -1e6])])
    known = summarise(values)
    spread = values.double().std().item()
    assert (known.low, known.high) == (pytest.approx(-5 * spread), pytest.approx(5 * spread))
    assert (known.histogram[0], known.histogram[-1], sum(known.histogram)) == (1, 1, 103)
    assert {type(count) for count in known.histogram} == {int}


@pytest.mark.parametrize("stored", [[-1.0, 3.0, -0.5, 2.0], [1.0, 3.0, 2.0], [-1.0, -3.0]])
def test_implied_zeros_stand_in_the_bin_of_zero(stored: list[float]) -> None:
    dense = torch.zeros(100)
    dense[: len(stored)] = torch.tensor(stored)
    assert summarise(dense.to_sparse()).histogram == summarise(dense).histogram


def test_each_channel_of_a_quantized_tensor_has_its_own_scale() -> None:
    scales, zeros = torch.tensor([0.1, 1.0]), torch.tensor([0, 0])
    values = torch.tensor([[0.1, 0.2], [1.0, 4.0]])
    known = summarise(torch.quantize_per_channel(values, scales, zeros, 0, torch.qint8))
    assert (known.minimum, known.maximum) == (pytest.approx(0.1), pytest.approx(4))


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf])
def test_a_histogram_holds_the_finite_values_alone(strange: float) -> None:
    values = torch.cat([NOISE, torch.tensor([strange])])
    assert summarise(values).histogram == summarise(NOISE).histogram


@pytest.mark.parametrize(
    "tensor",
    [
        torch.complex(NOISE, NOISE),
        torch.quantize_per_tensor(NOISE, 0.01, 0, torch.qint8),
        NOISE,
        NOISE.half(),
    ],
    ids=["complex", "quantized", "float32", "half"],
)
def test_values_that_are_no_whole_numbers_get_all_the_bins(tensor: torch.Tensor) -> None:
    assert len(summarise(tensor).histogram) == BINS


@pytest.mark.parametrize("unit", [1e-170, 1e-140, 1e140, 1e170])
def test_squares_beyond_all_floats_cost_no_digit(unit: float) -> None:
    known = summarise(torch.tensor([3.0, 4.0, 0.0], dtype=torch.float64) * unit)
    assert known.norm == pytest.approx(5 * unit, rel=1e-12, abs=0)
    assert known.mean == pytest.approx(7 / 3 * unit, rel=1e-12, abs=0)
    assert known.deviation == pytest.approx(math.sqrt(13 / 3) * unit, rel=1e-12, abs=0)
    assert (known.minimum, known.maximum, known.zeros) == (0, 4 * unit, 1)


def test_the_smallest_float_beside_a_large_one_is_told() -> None:
    known = summarise(torch.tensor([5e-324, 1e300], dtype=torch.float64))
    assert (known.minimum, known.maximum, known.zeros) == (5e-324, 1e300, 0)


def test_whole_numbers_beyond_the_signed_ones_keep_their_distances() -> None:
    known = summarise(torch.tensor([(1 << 63) + 1, (1 << 63) + 3], dtype=torch.uint64))
    assert (known.minimum, known.maximum) == ((1 << 63) + 1, (1 << 63) + 3)
    assert known.deviation == pytest.approx(math.sqrt(2), rel=1e-12)
    assert sum(known.histogram) == 2


class Named(torch.Tensor):
    """A tensor as PyTorch made them while axes could have names."""

    names = ("row", "column")


def test_axes_with_names_keep_them() -> None:
    known = summarise(torch.zeros(2, 3).as_subclass(Named))
    assert (known.names, known.sizes) == (("row", "column"), "[row 2, column 3]")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_parts_of_different_lengths_are_told_as_such() -> None:
    known = summarise(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]))
    assert known.notes == ("nested",)
    assert (known.sizes, known.names, known.count, known.mean) == ("[2, *]", (), 5, 1)


# Values of one kind: what is measured beside others, and what asks for a look of its own.
ROWS = {
    "ordinary": NOISE,
    "rectified": NOISE.relu(),
    "close together": NOISE * 1e-3 + 1000,
    "constant": NOISE * 0 + 3,
    "zeros": NOISE * 0,
    "huge": NOISE * 1e30,
    "not finite": NOISE / NOISE.relu(),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_many_tensors_have_the_numbers_that_each_has_alone(dtype: torch.dtype) -> None:
    tensors = [row.to(dtype) for row in ROWS.values()]
    tensors += [
        torch.nn.Parameter(tensors[0]),
        tensors[0].view(1, 101),
        tensors[0][::2],
        tensors[0].to_sparse(),
    ]
    alone = [summarise(tensor) for tensor in tensors]
    assert len(side_by_side.measured(tensors)) == 7
    assert summarise_all(tensors) == alone


CAUSAL = torch.full((4, 4), -math.inf).triu(1)
# What the line of a tensor says of values that are no finite numbers.
TOLD = [
    (CAUSAL, "6 masked (-Inf)"),
    (CAUSAL.bfloat16()[None].expand(3, 4, 4), "18 masked (-Inf)"),
    # Scores of attention that are masked; places that are not looked at for another reason may be damage.
    (CAUSAL + 0.5, "6 masked (-Inf)"),
    (CAUSAL[None, None].expand(2, 3, 4, 4) - 2.5, "36 masked (-Inf)"),
    (CAUSAL[:3] + 0.5, "6 -Inf!"),
    (CAUSAL.roll(1, 1) + 0.5, "6 -Inf!"),
    (CAUSAL[:2, :2] + 0.5, "1 -Inf!"),
    (torch.tensor([0.5, -math.inf]), "1 -Inf!"),
    (torch.tensor([-math.inf]), "1 -Inf!"),
    (torch.tensor([0, math.inf]), "1 Inf!"),
    (torch.tensor([0, math.nan, -math.inf, math.inf, math.inf]), "1 NaN!, 2 Inf!, 1 -Inf!"),
]


@pytest.mark.parametrize(("tensor", "told"), TOLD)
def test_minus_infinity_is_told_apart_and_in_a_mask_is_no_alarm(tensor: torch.Tensor, told: str) -> None:
    shown = bundle(tensor)
    assert shown["text/plain"].splitlines()[0].endswith(told)
    assert ("class=w" in shown["text/html"]) == ("!" in told)
    assert bool(summarise(tensor).damage) == ("!" in told)
