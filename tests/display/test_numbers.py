"""Numbers as people read them."""

import math

import pytest

from lispe_kernel.display.page import numbers

VALUES = [
    (0.0, "0"),
    (-0.0, "0"),
    (3, "3"),
    (123456, "123456"),
    (3.14159265, "3.142"),
    (12345.678, "12346"),
    (1e-7, "1e-07"),
    (1e12, "1e+12"),
    (10**12, "1e+12"),
    (10**400, "1.000e+400"),
    (math.nan, "nan"),
    (-math.inf, "-inf"),
    (0.1 + 0.2, "0.3"),
]


@pytest.mark.parametrize(("number", "text"), VALUES)
def test_a_value_has_four_digits(number: float, text: str) -> None:
    assert numbers.value(number) == text


STABLE = [
    (1e-9, 3.0, "0"),
    (0.12345678, 1.0, "0.1235"),
    (2.4999999, 4.0, "2.5"),
    (5.0, 0.0, "5"),
    (math.nan, 1.0, "nan"),
]


@pytest.mark.parametrize(("number", "magnitude", "text"), STABLE)
def test_rounding_errors_are_not_shown(number: float, magnitude: float, text: str) -> None:
    assert numbers.stable(number, magnitude) == text


def test_two_machines_that_differ_in_the_last_digits_write_the_same() -> None:
    assert numbers.stable(0.33333331, 1.2) == numbers.stable(0.33333337, 1.2)


SIZES = [
    (0, "0 B"),
    (999, "999 B"),
    (1000, "1 KB"),
    (28_000_000_000, "28 GB"),
    (32_000_000, "32 MB"),
    (999_600, "1 MB"),
]


@pytest.mark.parametrize(("number", "text"), SIZES)
def test_sizes_are_decimal(number: int, text: str) -> None:
    assert numbers.size(number) == text


SHARES = [
    (0, 10, "0%"),
    (10, 10, "100%"),
    (1, 3, "33.3%"),
    (1, 10**6, "<0.1%"),
    (10**6 - 1, 10**6, ">99.9%"),
    (0, 0, "0%"),
]


@pytest.mark.parametrize(("part", "whole", "text"), SHARES)
def test_a_share_says_all_and_nothing_only_when_exact(part: int, whole: int, text: str) -> None:
    assert numbers.share(part, whole) == text


TICKS = [
    (512, [0, 128, 256, 384]),
    (11, [0, 2, 4, 6, 8, 10]),
    (1, [0]),
    (0, []),
    (1000, [0, 200, 400, 600, 800]),
]


@pytest.mark.parametrize(("length", "places"), TICKS)
def test_ticks_are_round_places(length: int, places: list[int]) -> None:
    assert numbers.ticks(length) == places


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-5.3, 5.4), (1e-9, 3e-9), (1e6, 1e6 + 1)])
def test_axis_ticks_lie_inside(low: float, high: float) -> None:
    found = [place for place, _ in numbers.axis_ticks(low, high).places]
    assert 2 <= len(found) <= 12
    assert all(low - 1e-9 * abs(high) <= tick <= high + 1e-9 * abs(high) for tick in found)


# The ends of an axis, the texts of its ticks and what stands above them.
TICK_TEXTS = [
    ((0, 1), "0 0.2 0.4 0.6 0.8 1", ""),
    ((100001.1, 100001.9), "1.2 1.4 1.6 1.8", "+100000"),
    ((1.7e9, 1.7e9 + 240), "0 50 100 150 200", "+1700000000"),
    ((-1.7e308, 1.7e308), "-1e+308 0 1e+308", ""),
    ((1234567, 7654321), "2000000 4000000 6000000", ""),
    ((0.00011, 0.00019), "0.00012 0.00014 0.00016 0.00018", ""),
]


@pytest.mark.parametrize(("ends", "texts", "above"), TICK_TEXTS)
def test_no_two_ticks_read_the_same(ends: tuple[float, float], texts: str, above: str) -> None:
    found = numbers.axis_ticks(*ends)
    assert (" ".join(text for _, text in found.places), found.above) == (texts, above)


@pytest.mark.parametrize("last", [1, 2, 3, 7, 100])
def test_between_whole_numbers_there_are_no_ticks(last: int) -> None:
    assert all(place.is_integer() for place, _ in numbers.axis_ticks(0, last, 8, whole=True).places)


def test_ends_are_told_apart() -> None:
    assert numbers.ends(1.7e9, 1.7e9 + 240) == ("1700000000", "1700000240")
    assert numbers.ends(-3.214, 4.5) == ("-3.21", "4.5")


DURATIONS = [(0.44, "0.4 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]


@pytest.mark.parametrize(("seconds", "text"), DURATIONS)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ns"),
        (3e-9, "3 ns"),
        (1.25e-5, "12.5 µs"),
        (0.001, "1 ms"),
        (0.25, "250 ms"),
        (1, "1 s"),
        (75.5, "75.5 s"),
    ],
)
def test_a_short_time_has_the_unit_that_people_would_choose(seconds: float, text: str) -> None:
    assert numbers.brief(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (512, "512"), (999_500, "1 M"), (4_194_304, "4.19 M")]
)
def test_a_large_number_is_short_in_a_table(number: int, text: str) -> None:
    assert numbers.short_count(number) == text
