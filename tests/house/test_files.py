"""Every Python file of the project keeps the habits that can be checked by reading it."""

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("lispe_kernel", "scripts", "benchmarks", "tests")
LONGEST = {"lispe_kernel": 400}
LONGEST_ELSEWHERE = 500
FULLEST = 20
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|raise NotImplementedError)\b")
VAGUE_NAMES = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"}


def python_files(*folders: str) -> list[Path]:
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", python_files(*FOLDERS), ids=str)
def test_a_file_says_what_it_is_for(path: Path) -> None:
    source = (ROOT / path).read_text()
    assert not source.strip() or ast.get_docstring(ast.parse(source)), f"{path} opens with no docstring"


@pytest.mark.parametrize("path", python_files(*FOLDERS), ids=str)
def test_a_file_is_short(path: Path) -> None:
    lines = len((ROOT / path).read_text().splitlines())
    allowed = LONGEST.get(path.parts[0], LONGEST_ELSEWHERE)
    assert lines <= allowed, f"{path} has {lines} lines; {allowed} are allowed"


def test_a_folder_of_the_package_holds_what_one_look_takes_in() -> None:
    files = [path for path in (ROOT / "lispe_kernel").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in files)
    assert {folder: count for folder, count in counts.items() if count > FULLEST} == {}


@pytest.mark.parametrize("path", python_files("lispe_kernel"), ids=str)
def test_a_file_is_finished(path: Path) -> None:
    assert not UNFINISHED.search((ROOT / path).read_text())


def test_no_file_has_a_vague_name() -> None:
    assert [path for path in python_files(*FOLDERS) if path.name in VAGUE_NAMES] == []


@pytest.mark.parametrize("path", python_files("tests"), ids=str)
def test_no_test_is_set_aside(path: Path) -> None:
    marks = {
        node.attr
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pytest.mark"
    }
    assert not marks & {"skip", "skipif", "xfail"}


@pytest.mark.parametrize("path", python_files("tests"), ids=str)
def test_how_many_examples_a_property_is_tried_with_is_left_to_the_profile(path: Path) -> None:
    fixed = [
        ast.unparse(node)
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("settings", "hypothesis.settings")
        and any(
            keyword.arg != "max_examples" or isinstance(keyword.value, ast.Constant)
            for keyword in node.keywords
        )
    ]
    assert fixed == []


def test_nothing_made_by_make_is_committed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line for line in tracked.splitlines() if line.startswith((".venv/", "build/"))] == []
