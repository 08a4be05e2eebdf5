"""`lispe notebook run`, `check`, `new`, `export`: files, reports and exit statuses."""

import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lispe_kernel.cli import main
from tests.notebook.notebooks import failure, text, write


def test_run_stores_the_outputs_and_running_again_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", ("(setq x 20)", None), ("(+ x 22)", None))
    assert main(["notebook", "run", str(path)]) == 0
    first = path.read_bytes()
    assert nbformat.read(path, 4).cells[1].outputs[0].data["text/plain"] == "42"
    assert main(["notebook", "run", str(path)]) == 0
    assert path.read_bytes() == first


def test_a_run_speaks_with_its_kernel_in_secret_so_that_nobody_warns(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.ipynb", ("(+ 1 2)", None))
    assert main(["notebook", "run", str(path)]) == 0
    assert capfd.readouterr().err == ""


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


def test_check_tells_what_changed_before_a_cell_that_stops_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.ipynb", ("(+ 2 2)", text("5")), ("(car 3)", text("6")), ("(+ 1 1)", text("3")))
    assert main(["notebook", "check", str(path)]) == 1
    told = capsys.readouterr()
    assert "cell 1: (+ 2 2)\n  text/plain:\n    -5\n    +4\n" in told.out
    assert "cell 2" not in told.out
    assert "cell 3" not in told.out
    assert "The notebook stopped" in told.err


def test_cells_that_were_never_run_are_run_and_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.ipynb", ("(+ 1 2)", None), ("(+ 2 2)", text("4")), ("(+ 3 3)", text("6")))
    made = nbformat.read(path, 4)
    made.cells[0].execution_count = None
    nbformat.write(made, path)
    assert main(["notebook", "check", str(path)]) == 0
    assert "but for 1 that had not been run" in capsys.readouterr().out
    made.cells[2].execution_count = None
    nbformat.write(made, path)
    assert main(["notebook", "check", str(path)]) == 1
    assert "cell 3: (+ 3 3)\n  outputs:\n    -stored, but" in capsys.readouterr().out


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


def test_new_and_export_never_write_over_what_they_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.ipynb", ("(+ 1 2)", None))
    before = path.read_bytes()
    assert main(["notebook", "new", str(path), "--force"]) == 1
    assert "is the file that is read" in capsys.readouterr().err
    assert path.read_bytes() == before


MARKED = (
    ("; NBVAL_SKIP\n(car 1)", text("kept")),
    ("; NBVAL_IGNORE_OUTPUT\n(+ 2 2)", text("5")),
    ("; NBVAL_RAISES_EXCEPTION\n(throw `no`)", failure("no, line: 2 in: cell 2")),
    ("(+ 1 1)", text("2")),
)


def test_the_marks_of_nbval_are_obeyed_and_the_outputs_stored_elsewhere(tmp_path: Path) -> None:
    path, made = write(tmp_path / "a.ipynb", *MARKED), tmp_path / "b.ipynb"
    before = path.read_bytes()
    assert main(["notebook", "check", str(path)]) == 0
    assert main(["notebook", "run", str(path), "-o", str(made)]) == 0
    assert path.read_bytes() == before
    cells = nbformat.read(made, 4).cells
    assert [cell.outputs[0].get("data", {}).get("text/plain") for cell in cells] == ["kept", "4", None, "2"]
    assert "tags" not in cells[2].metadata


def test_errors_may_be_allowed_and_widgets_that_take_output_work(tmp_path: Path) -> None:
    captured = "%%python\nimport ipywidgets\ntaken = ipywidgets.Output()\nwith taken:\n    print(1)"
    path = write(tmp_path / "a.ipynb", ("(car 1)", None), (captured, None), ("(+ 1 1)", None))
    assert main(["notebook", "run", str(path), "--allow-errors"]) == 0
    outputs = [cell.outputs for cell in nbformat.read(path, 4).cells]
    assert [[output.output_type for output in cell] for cell in outputs] == [
        ["error"],
        [],
        ["execute_result"],
    ]


@pytest.mark.parametrize("content", ["", "[1]", "3", "{}", '{"cells": [', '{"nbformat": 99, "cells": []}'])
def test_what_is_no_notebook_is_called_so(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(content)
    assert main(["notebook", "check", str(path)]) == 1
    assert "is not a notebook" in capsys.readouterr().err


def test_an_unknown_kernel_is_named_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.ipynb", ("(+ 1 2)", None))
    assert main(["notebook", "run", str(path), "--kernel", "absent"]) == 1
    assert "There is no kernel 'absent' here." in capsys.readouterr().err


def test_ctrl_c_ends_a_run_and_its_kernel(root: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", ("(sleep 60000)", None))
    command = [sys.executable, "-m", "lispe_kernel.cli", "notebook", "run", str(path)]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("[ 1/1]")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert (process.returncode, said.splitlines()[-1]) == (130, "Interrupted")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["run", "x.ipynb", "--timeout", "0"], 2),
        (["fly", "x"], 2),
        (["run", "absent.ipynb"], 1),
        (["check", "x.ipynb", "--tolerance", "2"], 2),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr(
    arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["notebook", *arguments]) == status
    assert capsys.readouterr().err
