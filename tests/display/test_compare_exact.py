"""What differs between two tensors, against Python's own exact comparison of their numbers."""

import math
from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.display import bundle
from lispe_kernel.display.views.compare import compare
from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.state.arithmetic import state_dict_difference
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.display.page_checks import Page
from tests.display.test_statistics_exact import READABLE, numbers_of

NAN, INF = math.nan, math.inf


def same(a: object, b: object) -> bool:
    """Equality of Python's numbers, which is exact across kinds; NaN is the same as NaN."""
    return bool(a == b) or (a != a and b != b)


@given(st.data())
def test_what_differs_is_what_python_says(data: st.DataObject) -> None:
    count = data.draw(st.sampled_from([1, 2, 30]))
    first = data.draw(numbers_of(data.draw(st.sampled_from(READABLE)), count))
    if data.draw(st.booleans()):
        second = first.clone()
        second[data.draw(st.integers(0, count - 1))] = data.draw(numbers_of(first.dtype, 1))[0]
    else:
        second = data.draw(numbers_of(data.draw(st.sampled_from(READABLE)), count))
    check(first, second)


def check(first: torch.Tensor, second: torch.Tensor) -> None:
    found = compare(first, second)
    pairs = list(zip(first.reshape(-1).tolist(), second.reshape(-1).tolist(), strict=True))
    differing = sum(1 for a, b in pairs if not same(a, b))
    assert found.change.differing == differing
    assert found.text.startswith("different" if differing else "equal")
    whole = state_dict_difference(StateDict({"t": first}), StateDict({"t": second}))
    assert whole["changed"] == bool(differing)
    if first.is_complex() or second.is_complex():
        return
    finite = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    apart = [abs(Fraction(b) - Fraction(a)) for a, b in finite]
    largest = max(apart, default=Fraction(0))
    if largest < Fraction(1.79e308):
        # A whole number of 64 bits beside a float is subtracted in float64.
        size = max((max(abs(Fraction(a)), abs(Fraction(b))) for a, b in finite), default=Fraction(0))
        loose = 0 if first.dtype == second.dtype else size / 2**51
        assert abs(Fraction(found.change.difference.magnitude) - largest) <= largest / 10**6 + loose
    if not found.change.became and largest and any(a for a, _ in finite):
        with mpmath.workdps(40):
            above = mpmath.sqrt(mpmath.fsum(_exact(x) ** 2 for x in apart))
            below = mpmath.sqrt(mpmath.fsum(_exact(Fraction(a)) ** 2 for a, _ in finite))
            if above < 1.79e308 and below > 1e-300:
                for given_ in (found.change.relative, whole["relative"]):
                    assert abs(given_ - above / below) <= 1e-5 * above / below + 1e-14


def _exact(number: Fraction) -> mpmath.mpf:
    return mpmath.mpf(number.numerator) / mpmath.mpf(number.denominator)


# The pair, and what is told.
PAIRS = {
    "became NaN": ([1.0, 2.0], [1.0, NAN], "different: 1 became NaN"),
    "became infinite": ([1.0, 2.0], [INF, 4.0], "different: 1 became infinite, largest change 2"),
    "infinity and its clone": ([-INF, 1.0], [-INF, 1.0], "equal: float32 [2]"),
    "NaN and its clone": ([NAN, 1.0], [NAN, 1.0], "equal: float32 [2]"),
    "plus and minus infinity": ([-INF], [INF], "different: 1 changed among NaN and infinities"),
    "became finite": ([NAN], [1.0], "different: 1 became finite"),
    "nothing": ([], [], "equal: float32 [0]"),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_what_is_not_finite_is_told_first(kind: str) -> None:
    first, second, told = PAIRS[kind]
    found = compare(torch.tensor(first), torch.tensor(second))
    assert found.text.startswith(told)
    check(torch.tensor(first), torch.tensor(second))


def test_whole_numbers_beyond_all_floats_differ_by_one() -> None:
    for kind in (torch.int64, torch.uint64):
        first, second = (torch.tensor([2**53 + k], dtype=kind) for k in (0, 1))
        assert compare(first, second).text == "different: largest change 1, relative 1.11e-16"
        found = state_dict_difference(StateDict({"n": first}), StateDict({"n": second}))
        assert (found["changed"], found["largest"], found["at"]) == (1, 1.0, "n")


def test_a_whole_number_and_the_float_it_is_rounded_to_differ() -> None:
    check(torch.tensor([2**53 + 1]), torch.tensor([2.0**53], dtype=torch.float64))
    check(torch.tensor([2**64 - 1], dtype=torch.uint64), torch.tensor([2.0**64], dtype=torch.float64))
    check(torch.tensor([2**63 - 1]), torch.tensor([2.0**63], dtype=torch.float64))


def test_distances_near_the_end_of_float64_are_measured() -> None:
    first, second = (torch.tensor([s * 1.7e308, 1e308], dtype=torch.float64) for s in (1, -1))
    assert compare(first, second).text.startswith("different: largest change > 1.797e308")
    near = torch.tensor([1.6e308, 1e308], dtype=torch.float64)
    assert compare(first, near).text == "different: largest change 1e+307, relative 0.0507"
    assert state_dict_difference(StateDict({"t": first}), StateDict({"t": near}))["cosine"] < 1


def test_what_became_nan_comes_before_what_changed_much() -> None:
    a = {"much": torch.ones(2), "lost": torch.ones(2), "empty": torch.ones(0)}
    b = {"much": torch.ones(2) * 1000, "lost": torch.tensor([1.0, NAN]), "empty": torch.ones(0)}
    found = compare(StateDict(a), StateDict(b))
    assert [c.name for c in found.changes] == ["lost", "much", "empty"]
    assert found.text == "2 of 3 common tensors differ"
    page = Page(bundle(found)["text/html"]).words
    assert "1 became NaN" in page
    whole = state_dict_difference(StateDict(a), StateDict(b))
    assert (whole["changed"], whole["at"]) == (2, "lost")


def test_what_has_no_values_is_refused_by_name() -> None:
    lazy = StateDict({"w": torch.nn.LazyLinear(3).weight})
    with pytest.raises(LispeError, match=r"w cannot be compared \(not yet initialized"):
        compare(lazy, lazy)
