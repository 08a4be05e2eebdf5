"""Sizes for people: three digits, the next unit where a thousand is reached, never a power of ten."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lispe_kernel.display.page import numbers
from lispe_kernel.language.printer import to_text
from lispe_kernel.torch_library.support.sizes import amount, short_amount
from tests.torch_library.torch_calls import call

UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")
BORDERS = (
    999,
    1000,
    9_995,
    99_499,
    99_500,
    99_949,
    99_950,
    999_499,
    999_500,
    999_996,
    999_499_999,
    999_500_000,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (99_500, "99.5 KB"),
        (999_499, "999 KB"),
        (999_500, "1 MB"),
        (67_125_248, "67.1 MB"),
        (28e9, "28 GB"),
        (5e15, "5 PB"),
        (2e19, "20000 PB"),
    ],
)
def test_amounts_for_people(size, text):
    assert amount(size) == text


@given(st.integers(0, 10**21) | st.sampled_from(BORDERS))
@example(249_990 * 4)
def test_an_amount_says_the_size_to_three_digits_and_grows_with_it(size):
    found = re.fullmatch(r"(\d+(?:\.\d+)?) (\w+)", amount(size))
    assert found is not None
    digits, unit = found.groups()
    assert float(digits) < 1000 or unit == UNITS[-1]
    shown = float(digits) * 1000 ** UNITS.index(unit)
    assert abs(shown - size) <= 0.00501 * size
    assert len(digits.replace(".", "").lstrip("0")) <= 3 or unit == UNITS[-1]


@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_a_larger_size_is_never_said_smaller(one, other):
    def said(size: int) -> float:
        digits, unit = amount(size).split()
        return float(digits) * 1000 ** UNITS.index(unit)

    assert (said(min(one, other))) <= said(max(one, other))


@given(st.integers(0, 10**21) | st.sampled_from(BORDERS))
def test_a_table_and_a_sentence_say_the_same_size(size):
    assert short_amount(size).replace(" B", " bytes") == amount(size)
    assert numbers.size(size) == short_amount(size)


def test_a_report_of_a_million_bytes_says_so():
    assert to_text(call("torch_storage_report", 249_990)) == "model: 249,990 parameters, 1 MB in float32"
