"""The plugin under nbval itself, in a pytest of its own."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from lispe_kernel.display.page.publish import PASSING
from tests.notebook.notebooks import text, write

PLUGIN = "lispe_kernel.notebook.pytest_plugin"


FAILING = (("(car 5)", None), ("(+ 1 1)", text("2")), ("(while true 1)", None))


def nbval(root: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-rA", "-p", "no:cacheprovider", "--color=no"]
    if PLUGIN not in {point.value for point in entry_points(group="pytest11")}:
        command += ["-p", PLUGIN]
    return subprocess.run(
        [*command, *options, "--rootdir", str(folder), str(folder)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def report(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of these notebooks; one run for all, since each starts a pytest and its kernels."""
    folder = tmp_path_factory.mktemp("plain")
    write(folder / "thirds.ipynb", ("(list 1 (/ 1.0 3))", text("(1 0.3334)")))
    write(folder / "changed.ipynb", ("(+ 2 2)", text("5")))
    last = text("2")
    last["output_type"] = "display_data"
    del last["execution_count"]
    write(folder / "updated.ipynb", ("(update_display (display 1) 2)", last))
    late = text("saving big.pt: done")
    late["output_type"], late["metadata"] = "display_data", {PASSING: True}
    del late["execution_count"]
    write(folder / "quicker.ipynb", ("(setq saved 1)", late))
    source = "(maybe (throw `no`) (λ (message) message))"
    write(folder / "caught.ipynb", (source, text("no, line: 1 in: cell 9")))
    other = write(folder / "other.ipynb", ("1 + 1", text("2")))
    other.write_text(other.read_text().replace('"name": "lispe"', '"name": "python3"'))
    return nbval(root, folder).stdout


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        # A third is not 0.3334 unless a tolerance is given.
        ("thirds", "FAILED"),
        ("changed", "FAILED"),
        # An updated output counts in its last state.
        ("updated", "PASSED"),
        # The progress of a long save was stored by a slower machine.
        ("quicker", "PASSED"),
        # The number of a cell in an error does not count.
        ("caught", "PASSED"),
        # A notebook of another kernel is left to nbval.
        ("other", "PASSED"),
    ],
)
def test_a_notebook_passes_or_fails(name: str, verdict: str, report: str) -> None:
    assert re.search(rf"^{verdict} \S*{name}\.ipynb::Cell 0", report, re.MULTILINE)


def test_a_changed_output_is_shown_line_by_line(report: str) -> None:
    assert "In lines (- stored, + now)" in report
    assert "  -5" in report
    assert "  +4" in report


def test_failures_are_reported_as_nbval_reports_them_and_numbers_agree_within_a_tolerance(
    root: Path, tmp_path: Path
) -> None:
    write(tmp_path / "failing.ipynb", *FAILING)
    # nbval reads comments that begin with `#`; ours begin with a semicolon.
    write(tmp_path / "marked.ipynb", ("; NBVAL_SKIP\n(car 5)", None))
    write(tmp_path / "thirds.ipynb", ("(list 1 (/ 1.0 3))", text("(1 0.3334)")))
    report = nbval(root, tmp_path, "--nbval-cell-timeout", "5", "--lispe-numeric-tolerance", "1e-3").stdout
    assert "Cell 0: Cell execution caused an exception" in report
    assert "not the integer 5, line: 1 in: cell 1" in report
    assert "Cell 2: Timeout of 5 seconds exceeded executing cell" in report
    assert re.search(r"^PASSED \S*thirds\.ipynb::Cell 0", report, re.MULTILINE)
    assert "2 failed, 2 passed, 1 skipped" in report


def test_an_impossible_tolerance_is_refused(root: Path, tmp_path: Path) -> None:
    assert nbval(root, tmp_path, "--lispe-numeric-tolerance", "9").returncode == pytest.ExitCode.USAGE_ERROR
