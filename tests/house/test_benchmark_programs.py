"""The programs of the language benchmark: each is in one half, and gives what its Python twin gives."""

import pytest

from benchmarks.bench_language import PROFILED, PROGRAMS, UNSEEN, agree, prepared

SIZES = PROFILED | UNSEEN
SMALL = 5


def test_every_program_is_in_one_half_and_has_its_twin() -> None:
    twins = [path.stem for path in PROGRAMS.glob("*.py") if path.stem != "__init__"]
    assert sorted(PROFILED.keys() | UNSEEN.keys()) == sorted(twins)
    assert sorted(path.stem for path in PROGRAMS.glob("*.lisp")) == sorted(twins)
    assert PROFILED.keys().isdisjoint(UNSEEN)
    assert (len(PROFILED), len(UNSEEN)) == (20, 20)


@pytest.mark.parametrize("name", sorted(SIZES))
def test_a_program_gives_the_result_of_its_twin(name: str) -> None:
    ours, theirs = prepared(name)
    size = min(SIZES[name], max(SMALL, SIZES[name] // 100))
    assert agree(ours(size), theirs(size))


@pytest.mark.parametrize(
    ("mine", "yours", "same"),
    [("a", "a", True), ("a", "b", False), (1.0, 1, True), (2, 1, False), ("1", 1, False), (1, "1", False)],
)
def test_results_agree_as_texts_or_as_numbers(mine: object, yours: object, same: bool) -> None:
    assert agree(mine, yours) is same
