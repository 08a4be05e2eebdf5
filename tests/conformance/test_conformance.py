"""Every row of the conformance tables, each in a Session of its own.

The tables of the language need no torch; those whose file name starts with torch_ run in a test of their
own, in a temporary folder, because some of them write files. What a case is: conformance_cases.py.
"""

import contextlib
import io

import pytest
from conformance_cases import EXPECTATIONS, KEYS, SOURCES, Case, are_near, cases, entries, numbers_in, tables

from lispe_kernel import LispeError, Session

TORCH_TABLES = tables("torch_*.toml")
LANGUAGE_TABLES = [path for path in tables() if path not in TORCH_TABLES]


def params(paths):
    return [pytest.param(case, id=f"{path.stem}::{case.name}") for path in paths for case in cases(path)]


def printed_by(case: Case) -> str:
    """What the case's source writes, after its setup, whose output is dropped."""
    session = Session()
    for setup in case.setup:
        with contextlib.redirect_stdout(io.StringIO()):
            session.evaluate(setup)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        session.evaluate(case.source)
    return output.getvalue()


def check(case: Case) -> None:
    if case.error is not None:
        with pytest.raises(LispeError) as caught:
            printed_by(case)
        assert caught.value.text.startswith(case.error), caught.value.text
    elif case.near is not None:
        printed = printed_by(case)
        assert are_near(numbers_in(printed), case.near), f"{printed!r} is not near {case.near}"
    else:
        assert printed_by(case) == case.prints


@pytest.mark.parametrize("case", params(LANGUAGE_TABLES))
def test_language_does_what_the_table_says(case):
    check(case)


@pytest.mark.parametrize("case", params(TORCH_TABLES))
@pytest.mark.usefixtures("in_folder")
def test_torch_library_does_what_the_table_says(case):
    check(case)


@pytest.mark.parametrize("path", tables(), ids=lambda path: path.stem)
def test_every_case_has_one_source_and_one_expectation(path):
    for entry in entries(path):
        assert entry.keys() <= KEYS, entry
        assert len(entry.keys() & set(SOURCES)) == 1, entry
        assert len(entry.keys() & set(EXPECTATIONS)) == 1, entry


@pytest.mark.parametrize("path", tables(), ids=lambda path: path.stem)
def test_names_are_unique_in_a_table(path):
    names = [entry["name"] for entry in entries(path)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", tables(), ids=lambda path: path.stem)
def test_what_departs_from_the_reference_gives_a_reason(path):
    for entry in entries(path):
        if "reference" in entry:
            assert entry["dialect"], entry
            assert entry["reference"] != entry.get("prints"), entry


def test_numbers_are_read_from_printed_lists():
    assert numbers_in("(-2.5 3 (1e-05) 0.25)\n") == [-2.5, 3.0, 1e-05, 0.25]


def test_near_refuses_another_number_and_another_count():
    assert are_near([1.0000001, 0.0], (1.0, 0.0))
    assert not are_near([1.0001], (1.0,))
    assert not are_near([1.0], (1.0, 1.0))
