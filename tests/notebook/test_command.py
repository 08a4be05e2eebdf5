"""`lispe notebook run`, `check`, `new`, `export`: files, reports and exit statuses."""

from pathlib import Path

import nbformat
import pytest

from lispe_kernel.cli import main
from tests.notebook.notebooks import text, write


def test_run_stores_the_outputs_and_running_again_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", ("(setq x 20)", None), ("(+ x 22)", None))
    assert main(["notebook", "run", str(path)]) == 0
    first = path.read_bytes()
    assert nbformat.read(path, 4).cells[1].outputs[0].data["text/plain"] == "42"
    assert main(["notebook", "run", str(path)]) == 0
    assert path.read_bytes() == first


def test_a_failing_cell_leaves_the_file_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.ipynb", ("(car 3)", None))
    before = path.read_bytes()
    assert main(["notebook", "run", str(path)]) == 1
    assert "The notebook stopped" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_check_reports_the_cell_and_the_lines_that_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.ipynb", ("(+ 1 2)", text("3")), ("; the sum\n(+ 2 2)", text("5")))
    before = path.read_bytes()
    assert main(["notebook", "check", str(path)]) == 1
    report = capsys.readouterr().out.splitlines()
    assert report[2:] == [
        "",
        "cell 2: ; the sum",
        "  text/plain:",
        "    -5",
        "    +4",
        "",
        f"1 cell answers differently from {path}",
    ]
    assert path.read_bytes() == before


@pytest.mark.parametrize(("tolerance", "status"), [("0", 1), ("1e-3", 0)])
def test_check_takes_a_tolerance(tolerance: str, status: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", ("(/ 1.0 3)", text("0.3334")))
    assert main(["notebook", "check", str(path), "--tolerance", tolerance]) == status


def test_a_byte_order_mark_is_no_part_of_a_program(tmp_path: Path) -> None:
    program = tmp_path / "p.lisp"
    program.write_text("\ufeff(+ 1 2)\n", encoding="utf-8")
    assert main(["notebook", "new", str(program)]) == 0
    assert nbformat.read(tmp_path / "p.ipynb", 4).cells[0].source == "(+ 1 2)"


def test_check_takes_replacements(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", ('"seed 17"', text("seed 4")))
    rules = tmp_path / "rules.cfg"
    rules.write_text("[seed]\nregex: seed \\d+\nreplace: SEED\n")
    assert main(["notebook", "check", str(path)]) == 1
    assert main(["notebook", "check", str(path), "--sanitize", str(rules)]) == 0


def test_new_and_export_write_beside_the_file_and_never_over_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "p.lisp"
    program.write_text("; %%\n(+ 1 2)\n")
    assert main(["notebook", "new", str(program)]) == 0
    assert main(["notebook", "export", str(program.with_suffix(".ipynb"))]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["notebook", "export", str(program.with_suffix(".ipynb")), "--force"]) == 0
    assert program.read_text() == "; %%\n(+ 1 2)\n"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [([], 2), (["fly", "x"], 2), (["run", "absent.ipynb"], 1), (["check", "x.ipynb", "--tolerance", "2"], 2)],
)
def test_what_cannot_be_done_is_said_on_stderr(
    arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["notebook", *arguments]) == status
    assert capsys.readouterr().err
