"""What is measured of any tensor, against exact arithmetic over its values as PyTorch gives them."""

import math
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.display import bundle
from lispe_kernel.display.drawing.statistics import summarise
from lispe_kernel.torch_library import load
from lispe_kernel.torch_library.state.state_dicts import StateDict

load()
warnings.filterwarnings("ignore", category=UserWarning, module="torch")
warnings.filterwarnings("ignore", message=r".*(ComplexHalf|quantize|nested tensors|Sparse).*")

DTYPES = sorted({d for d in vars(torch).values() if isinstance(d, torch.dtype)}, key=str)
# The digits that a sum in the dtype's own working precision keeps, as a share of the largest value.
LOOSE, TIGHT = 4e-6, 1e-12


def readable(dtype: torch.dtype) -> bool:
    """Whether PyTorch itself gives a tensor's numbers."""
    try:
        torch.zeros(1, dtype=torch.uint8).to(dtype).tolist()
    except (NotImplementedError, RuntimeError):
        return False
    return True


READABLE = [dtype for dtype in DTYPES if readable(dtype)]


def test_what_pytorch_cannot_read_has_its_facts_and_a_reason() -> None:
    assert len(READABLE) >= 20
    for dtype in sorted(set(DTYPES) - set(READABLE), key=str):
        try:
            tensor = torch.empty(2, 3, dtype=dtype)
        except (NotImplementedError, RuntimeError):
            continue
        text = bundle(StateDict({"ok": torch.ones(3), "odd": tensor}))["text/html"]
        assert "ok" in text, dtype
        assert "could not be drawn" not in text, dtype


@st.composite
def numbers_of(draw: st.DrawFn, dtype: torch.dtype, count: int) -> torch.Tensor:
    """Values of a dtype: any bits, near each other on a large base, or near an end of its range."""
    kind = draw(st.sampled_from(["any", "near", "few"]))
    seed = draw(st.integers(0, 2**31))
    generator = torch.Generator().manual_seed(seed)
    base = draw(st.sampled_from(["zero", "large", "end", "tiny"]))
    if not (dtype.is_floating_point or dtype.is_complex):
        low, high = (0, 1) if dtype == torch.bool else (torch.iinfo(dtype).min, torch.iinfo(dtype).max)
        start = {"zero": max(low, 0), "large": (low + 3 * high) // 4, "end": low, "tiny": high}[base]
        width = {"any": high - low, "near": 100, "few": 2}[kind]
        places = torch.rand(count, generator=generator, dtype=torch.float64).tolist()
        found = [min(high, max(low, start + int(p * width) * (-1 if base == "tiny" else 1))) for p in places]
        return torch.tensor(found, dtype=dtype)
    if dtype.is_complex:
        part = (
            torch.float16 if dtype.itemsize == 4 else torch.float32 if dtype.itemsize == 8 else torch.float64
        )
        pair = [draw(numbers_of(part, count)).double() for _ in range(2)]
        return torch.complex(*pair).to(dtype)
    info = torch.finfo(dtype)
    size = {"zero": 1.0, "large": 1e4, "end": info.max, "tiny": info.tiny}[base]
    noise = torch.randn(count, generator=generator, dtype=torch.float64).clamp(-2, 2) / 2
    found = size * {"any": noise, "near": 0.5 + noise * 1e-5, "few": noise.round()}[kind]
    strange = draw(st.sampled_from([None, None, math.nan, math.inf, -math.inf]))
    if strange is not None:
        found[seed % count] = strange
    return found.to(dtype)


def dense(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


def expanded(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.reshape(-1, 1)[:7].expand(-1, 3)


def strided(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.repeat(2).reshape(2, -1).t()[::2]


def sparse(tensor: torch.Tensor) -> torch.Tensor:
    count = tensor.numel()
    return torch.sparse_coo_tensor(torch.arange(count)[None] * 2, tensor, (2 * count + 1,), is_coalesced=True)


def rows(tensor: torch.Tensor) -> torch.Tensor:
    count = tensor.numel()
    return torch.sparse_csr_tensor([0, count, count], torch.arange(count), tensor, (2, count + 3))


def nested(tensor: torch.Tensor) -> torch.Tensor:
    half = tensor.numel() // 2
    return torch.nested.nested_tensor([tensor[:half], tensor[half:]])


LAYOUTS: list[Callable[[torch.Tensor], torch.Tensor]] = [dense, expanded, strided, sparse, rows, nested]


def listed(tensor: torch.Tensor) -> list[Any]:
    """The numbers as Python's, zeros that are implied among them."""
    if tensor.is_nested:
        return [value for part in tensor.unbind() for value in part.reshape(-1).tolist()]
    if tensor.layout != torch.strided:
        values = tensor.values().tolist()
        return values + [0] * (tensor.numel() - len(values))
    return tensor.reshape(-1).tolist()


def made(layout: Callable[[torch.Tensor], torch.Tensor], values: torch.Tensor) -> torch.Tensor | None:
    """The tensor in the layout, where PyTorch has it for the dtype."""
    try:
        tensor = layout(values)
        listed(tensor)
    except (NotImplementedError, RuntimeError):
        return None
    return tensor


@given(st.data())
def test_every_number_is_that_of_exact_arithmetic(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(READABLE))
    values = data.draw(numbers_of(dtype, data.draw(st.sampled_from([1, 2, 3, 30, 200]))))
    tensor = made(data.draw(st.sampled_from(LAYOUTS)), values)
    if tensor is not None:
        check(tensor)


def check(tensor: torch.Tensor) -> None:
    """Compare all numbers with fractions (and fifty digits where roots are drawn)."""
    found, known = listed(tensor), summarise(tensor)
    is_nan = [v != v and not _infinite(v) for v in found]
    is_infinite = [_infinite(v) for v in found]
    assert not any("cannot" in note for note in known.notes), known.notes
    assert (known.count, known.nans, known.infinities) == (len(found), sum(is_nan), sum(is_infinite))
    finite = [v for v, a, b in zip(found, is_nan, is_infinite, strict=True) if not (a or b)]
    assert known.zeros == sum(1 for v in finite if v == 0)
    if not finite:
        assert not known.known
        return
    assert sum(known.histogram) == len(finite)
    with mpmath.workdps(60):
        exact = [_size(v) for v in finite]
        largest = max(abs(v) for v in exact)
        whole = not (tensor.is_floating_point() or tensor.is_complex())
        tolerance = TIGHT if whole or tensor.dtype.itemsize >= 8 else LOOSE
        if not tensor.is_complex():
            assert (known.minimum, known.maximum) == (min(finite), max(finite))
        else:
            near(known.minimum, min(exact), TIGHT * largest)
            near(known.maximum, max(exact), TIGHT * largest)
        mean = mpmath.fsum(exact) / len(exact)
        near(known.mean, mean, tolerance * largest)
        near(known.norm, mpmath.sqrt(mpmath.fsum(v * v for v in exact)), 1e-5 * largest * len(exact) ** 0.5)
        if len(exact) == 1:
            assert known.deviation is None
            return
        deviation = mpmath.sqrt(mpmath.fsum((v - mean) ** 2 for v in exact) / (len(exact) - 1))
        # Its own digits, however large the values are; beside them only the last bit of float64.
        near(known.deviation, deviation, 1e-4 * deviation + 1e-16 * largest)


def near(given: float | None, exact: Any, tolerance: Any) -> None:
    assert given is not None
    if math.isinf(given):
        assert exact > mpmath.mpf(1.797e308)
        return
    assert abs(mpmath.mpf(given) - exact) <= tolerance, (given, float(exact))


def _infinite(value: Any) -> bool:
    if isinstance(value, complex):
        return math.isinf(value.real) or math.isinf(value.imag)
    return isinstance(value, float) and math.isinf(value)


def _size(value: Any) -> Any:
    """A value, or the magnitude of a complex one, in sixty digits."""
    if isinstance(value, complex):
        return mpmath.hypot(mpmath.mpf(value.real), mpmath.mpf(value.imag))
    exact = Fraction(int(value) if isinstance(value, bool) else value)
    return mpmath.mpf(exact.numerator) / mpmath.mpf(exact.denominator)


# What was once told wrongly, each with what is right.
WRONG_ONCE = {
    "timestamps a minute apart": torch.arange(5) * 60 + 1_700_000_000,
    "nanoseconds": torch.arange(5) * 60 + 1_700_000_000_000_000_000,
    "near 1e-310": torch.tensor([1e-310, 2e-310, 4e-310], dtype=torch.float64),
    "near 1e308": torch.tensor([1e308, 1.1e308, 1.7e308], dtype=torch.float64),
    "both ends of float64": torch.tensor([1.7e308, -1.7e308, 0], dtype=torch.float64),
    "magnitudes beyond float64": torch.tensor([1.7e308 + 1.7e308j, 1], dtype=torch.complex128),
    "magnitudes beyond float32": torch.tensor([3e38 + 3e38j, 1], dtype=torch.complex64),
    "unsigned beyond int64": torch.tensor([2**63 + 5, 7, 2**64 - 1], dtype=torch.uint64),
    "both ends of int64": torch.tensor([-(2**63), 2**63 - 1]),
    "sparse without entries": torch.zeros(3, 4).to_sparse(),
    "rows without entries": torch.zeros(3, 4).to_sparse_csr(),
    "nested": torch.nested.nested_tensor([torch.ones(2, 3), torch.zeros(4, 3)]),
    "jagged": torch.nested.nested_tensor([torch.ones(2, 3), torch.zeros(4, 3)], layout=torch.jagged),
}


@pytest.mark.parametrize("kind", WRONG_ONCE)
def test_what_was_once_told_wrongly(kind: str) -> None:
    check(WRONG_ONCE[kind])
    assert "could not be drawn" not in bundle(WRONG_ONCE[kind])["text/html"]


@pytest.mark.parametrize("start", [2**53, 2**62, -(2**62)])
def test_whole_numbers_near_one_another_keep_their_distances(start: int) -> None:
    assert summarise(torch.tensor([start + 1, start + 2, start + 4])).deviation == pytest.approx(
        1.5275252316519468
    )


def test_packed_quantized_values_are_those_that_pytorch_unpacks() -> None:
    values = torch.tensor([[0.1, 0.8], [0.2, 0.4]])
    scales, zeros = torch.tensor([0.1, 0.1]), torch.tensor([0.0, 0.0])
    for tensor in (
        torch.quantize_per_channel(values, scales, zeros, 0, torch.quint4x2),
        torch.quantize_per_tensor(values, 0.1, 0, torch.quint4x2),
    ):
        known, plain = summarise(tensor), tensor.dequantize()
        assert (known.minimum, known.maximum) == (plain.min().item(), plain.max().item())


def test_a_tensor_that_answers_nothing_leaves_the_others_of_its_state_dict() -> None:
    lazy = torch.nn.LazyLinear(3)
    state = {"lazy": lazy.weight, "whole": torch.ones(3), "masked": Stubborn(torch.ones(2))}
    page = bundle(StateDict(state))["text/html"]
    assert "not yet initialized" in page
    assert "cannot be measured" in page
    assert "whole" in page


class Stubborn(torch.Tensor):
    """Somebody's own kind of tensor: it has a shape, and refuses to compute."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in ("__get__", "numel", "element_size", "is_complex", "dim"):
            return super().__torch_function__(func, types, args, kwargs or {})
        raise TypeError("no")
