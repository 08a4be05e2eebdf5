"""The plugin under nbval itself, in a pytest of its own."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.notebook.notebooks import text, write

PLUGIN = "lispe_kernel.notebook.pytest_plugin"


def nbval(root: Path, path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "--color=no"]
    if PLUGIN not in {point.value for point in entry_points(group="pytest11")}:
        command += ["-p", PLUGIN]
    return subprocess.run(
        [*command, *options, "--rootdir", str(path.parent), str(path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "status"),
    [([], 1), (["--lispe-numeric-tolerance", "1e-3"], 0), (["--lispe-numeric-tolerance", "9"], 4)],
)
def test_numbers_agree_when_a_tolerance_is_given(
    options: list[str], status: int, root: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.ipynb", ("(list 1 (/ 1.0 3))", text("(1 0.3334)")))
    assert nbval(root, path, *options).returncode == status


def test_a_changed_output_is_shown_line_by_line(root: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", ("(+ 2 2)", text("5")))
    report = nbval(root, path).stdout
    assert "In lines (- stored, + now)" in report
    assert "  -5" in report
    assert "  +4" in report


def test_an_updated_output_counts_in_its_last_state(root: Path, tmp_path: Path) -> None:
    last = text("2")
    last["output_type"] = "display_data"
    del last["execution_count"]
    result = nbval(root, write(tmp_path / "a.ipynb", ("(update_display (display 1) 2)", last)))
    assert result.returncode == 0, result.stdout


def test_the_number_of_a_cell_in_an_error_does_not_count(root: Path, tmp_path: Path) -> None:
    source = "(maybe (throw `no`) (λ (message) message))"
    result = nbval(root, write(tmp_path / "a.ipynb", (source, text("no, line: 1 in: cell 9"))))
    assert result.returncode == 0, result.stdout


def test_failures_are_reported_as_nbval_reports_them(root: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", ("(car 5)", None), ("(+ 1 1)", text("2")), ("(while true 1)", None))
    # nbval reads comments that begin with `#`; ours begin with a semicolon.
    write(tmp_path / "marked.ipynb", ("; NBVAL_SKIP\n(car 5)", None))
    report = nbval(root, path, str(tmp_path / "marked.ipynb"), "--nbval-cell-timeout", "2").stdout
    assert "Cell 0: Cell execution caused an exception" in report
    assert "not the integer 5, line: 1 in: cell 1" in report
    assert "Cell 2: Timeout of 2 seconds exceeded executing cell" in report
    assert "2 failed, 1 passed, 1 skipped" in report


def test_a_notebook_of_another_kernel_is_left_to_nbval(root: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", ("1 + 1", text("2")))
    path.write_text(path.read_text().replace('"name": "lispe"', '"name": "python3"'))
    assert nbval(root, path).returncode == 0
