"""Every Python file of the project keeps the habits that can be checked by reading it.

One test a habit, which names all files without it: a test for each file took seconds.
"""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("lispe_kernel", "scripts", "benchmarks", "tests")
LONGEST = {"lispe_kernel": 400}
LONGEST_ELSEWHERE = 500
FULLEST = 20
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|raise NotImplementedError)\b")
SET_ASIDE = {"skip", "skipif", "xfail"}
VAGUE_NAMES = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"}


def python_files(*folders: str) -> list[Path]:
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def sources(*folders: str) -> Iterator[tuple[Path, str]]:
    for path in python_files(*folders):
        yield path, (ROOT / path).read_text()


def test_a_file_says_what_it_is_for() -> None:
    silent = [
        path for path, text in sources(*FOLDERS) if text.strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == [], "these open with no docstring"


def test_a_file_is_short() -> None:
    lines = {path: len(text.splitlines()) for path, text in sources(*FOLDERS)}
    allowed = {path: LONGEST.get(path.parts[0], LONGEST_ELSEWHERE) for path in lines}
    assert {path: (lines[path], allowed[path]) for path in lines if lines[path] > allowed[path]} == {}


def test_a_folder_of_the_package_holds_what_one_look_takes_in() -> None:
    files = [path for path in (ROOT / "lispe_kernel").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in files)
    assert {folder: count for folder, count in counts.items() if count > FULLEST} == {}


def test_a_file_is_finished() -> None:
    assert [path for path, text in sources("lispe_kernel") if UNFINISHED.search(text)] == []


def test_no_file_has_a_vague_name() -> None:
    assert [path for path in python_files(*FOLDERS) if path.name in VAGUE_NAMES] == []


def test_no_test_is_set_aside_and_examples_are_left_to_the_profile() -> None:
    found = []
    for path, text in sources("tests"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and node.attr in SET_ASIDE:
                found += [f"{path}: {ast.unparse(node)}"] * (ast.unparse(node.value) == "pytest.mark")
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("settings", "hypothesis.settings"):
                # How many examples a property is tried with stands in tests/conftest.py.
                fixed = [
                    k for k in node.keywords if k.arg != "max_examples" or isinstance(k.value, ast.Constant)
                ]
                found += [f"{path}: {ast.unparse(node)}"] * bool(fixed)
    assert found == []


def test_nothing_made_by_make_is_committed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line for line in tracked.splitlines() if line.startswith((".venv/", "build/"))] == []
