"""The environment of the lowest versions pins each bound, and refuses a Python that has no builds of them."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from scripts import lowest
from scripts.make_venv import SetupError

PROJECT = {
    "requires-python": ">=3.11",
    "dependencies": ["numpy>=2.0.0", "torch>=2.13.0"],
    "optional-dependencies": {"test": ["pytest>=8.2", "ruff>=0.6"], "lab": ["jupyterlab>=4.2"]},
}


def normal(requirement: str) -> str:
    return re.sub(r"[-_]+", "-", requirement).lower()


def test_each_bound_is_pinned_but_for_tools_that_run_nothing_of_ours() -> None:
    assert lowest.lowest_pins(PROJECT) == ["numpy==2.0.0", "pytest==8.2", "torch==2.13.0"]


def test_every_dependency_of_the_package_is_tested_at_its_bound(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    pins = lowest.lowest_pins(project)
    assert {bound.replace(">=", "==") for bound in project["dependencies"]} <= set(pins)


def test_what_is_not_tested_at_its_bound_is_bound_to_what_is_pinned(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    pinned = {normal(line) for line in (root / "constraints.txt").read_text().splitlines()}
    tested = {normal(pin).partition("==")[0] for pin in lowest.lowest_pins(project)}
    bounds = {normal(bound) for extra in project["optional-dependencies"].values() for bound in extra}
    loose = [
        bound
        for bound in bounds
        if bound.partition(">=")[0] not in tested
        and not any(f"{pin}.".startswith(f"{bound.replace('>=', '==')}.") for pin in pinned)
    ]
    assert loose == []


def test_a_later_python_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    with pytest.raises(SetupError, match=r"with Python 3\.11.*make test-lowest"):
        lowest.ensure_lowest()


@pytest.mark.parametrize(
    "path", [*(f"tests/{folder}" for folder in sorted(lowest.OF_SOURCES)), *lowest.IN_A_BROWSER]
)
def test_what_it_leaves_out_is_there(root: Path, path: str) -> None:
    assert (root / path).exists()


def test_it_runs_every_other_folder(root: Path) -> None:
    assert {"tests/language", "tests/ranks", "tests/torch_library"} <= set(lowest.suite())
    assert not {"tests/house", "tests/docs"} & set(lowest.suite())
