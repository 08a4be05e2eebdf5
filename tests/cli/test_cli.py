"""The `lispe` command in a process of its own: programs, expressions, errors, exit statuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lispe_kernel import __version__

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "lispe_kernel.cli"]


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "LISPE_HISTORY": str(folder / "history.sqlite")}


def lispe(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder),
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("(+ 1 2)", "3\n"),
        ('"text"', "text\n"),
        ("nil", "nil\n"),
        ("(setq x 1)", ""),
        ('(println "a")', "a\n"),
    ],
)
def test_an_expression_prints_its_value_unless_it_is_silent(
    tmp_path: Path, expression: str, printed: str
) -> None:
    done = lispe(tmp_path, "-e", expression)
    assert (done.stdout, done.stderr, done.returncode) == (printed, "", 0)


def test_a_program_gets_its_arguments_and_prints_no_values(tmp_path: Path) -> None:
    (tmp_path / "p.lisp").write_text('(println _args)\n"a value"\n')
    done = lispe(tmp_path, "p.lisp", "one", "-e")
    assert (done.stdout, done.returncode) == ('("one" "-e")\n', 0)


def test_python_m_runs_programs_too(tmp_path: Path) -> None:
    (tmp_path / "p.lisp").write_text("(println (+ 1 1))")
    command = [sys.executable, "-m", "lispe_kernel", "run", "p.lisp"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment(tmp_path), check=True
    )
    assert done.stdout == "2\n"


@pytest.mark.parametrize("arguments", [[], ["-"], ["-", "x"]])
def test_standard_input_is_run_as_a_program(tmp_path: Path, arguments: list[str]) -> None:
    done = lispe(tmp_path, *arguments, typed="(println (size _args))")
    assert (done.stdout, done.returncode) == (f"{max(0, len(arguments) - 1)}\n", 0)


def test_an_error_goes_to_stderr_with_place_caret_and_calls(tmp_path: Path) -> None:
    (tmp_path / "p.lisp").write_text("(println 1)\n(defun f (n)\n    (/ 1 n))\n(f 0)\n(println 2)\n")
    done = lispe(tmp_path, "p.lisp")
    assert done.returncode == 1
    assert done.stdout == "1\n"
    assert done.stderr == (
        "Error: division by zero, line: 3 in: p.lisp\n"
        "\n"
        "  3 |     (/ 1 n))\n"
        "    |     ^^^^^^^\n"
        "\n"
        "Calls, the innermost last:\n"
        "  p.lisp, line 4  (f 0)\n"
        "  p.lisp, line 3 in f  (/ 1 n))\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["-e", "(car"], 1, "do not balance"),
        (["-e", '(throw "mine")'], 1, "mine"),
        (["-e", "unknown_name"], 1, "Unbound atom: 'unknown_name'"),
        (["-e", "(defun d (n) (+ 1 (d n))) (d 0)"], 1, "Stack overflow"),
        (["no_such_file.lisp"], 1, "cannot read 'no_such_file.lisp': No such file"),
        (["."], 1, "cannot read '.'"),
        (["--unheard-of"], 2, "unknown option --unheard-of"),
        (["-e"], 2, "-e needs an expression"),
    ],
)
def test_what_goes_wrong_is_said(tmp_path: Path, arguments: list[str], status: int, said: str) -> None:
    done = lispe(tmp_path, *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.lisp").write_bytes(b"\xff\xfe\x00")
    done = lispe(tmp_path, "b.lisp")
    assert (done.returncode, done.stderr) == (1, "Error: cannot read 'b.lisp': it is not UTF-8 text\n")


BOM = "\ufeff"


@pytest.mark.parametrize(
    "arguments", [["p.lisp"], ["-"], ["-e", '(load "p.lisp")'], ["-e", '(use "p.lisp")']]
)
def test_a_byte_order_mark_before_a_program_is_no_part_of_it(tmp_path: Path, arguments: list[str]) -> None:
    program = BOM + '(println "read")\n'
    (tmp_path / "p.lisp").write_text(program, encoding="utf-8")
    done = lispe(tmp_path, *arguments, typed=program)
    assert done.stdout.startswith("read\n")
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("words", [[], ["notebook"], ["notebook", "check"]])
def test_help_of_every_command_line(tmp_path: Path, words: list[str]) -> None:
    done = lispe(tmp_path, *words, "--help")
    assert done.stdout.startswith(" ".join(["usage: lispe", *words]))
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["notebook"], "notebook needs a command"),
        (["notebook", "frob"], "unknown command frob"),
        (["notebook", "run"], "run needs a file"),
        (["notebook", "check", "a.ipynb", "--tolerance", "2"], "--tolerance"),
        (["--version", "more"], "unknown option --version"),
    ],
)
def test_a_command_line_that_is_not_understood(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = lispe(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "usage: lispe" in done.stderr


def test_version_and_help(tmp_path: Path) -> None:
    assert lispe(tmp_path, "--version").stdout == f"LispE {__version__}\n"
    assert lispe(tmp_path, "--help").stdout.startswith("usage: lispe ")


def test_interrupting_a_program_ends_it_with_130(tmp_path: Path) -> None:
    (tmp_path / "p.lisp").write_text('(println "started")\n(while true (+ 1 1))')
    process = subprocess.Popen(
        [*COMMAND, "p.lisp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(tmp_path) | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (130, b"Interrupted\n")


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "p.lisp").write_text("(loopcount 100000 (println 1))")
    done = subprocess.run(
        f"{sys.executable} -m lispe_kernel.cli p.lisp | head -1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_standard_streams_that_are_closed_are_empty(tmp_path: Path) -> None:
    (tmp_path / "p.lisp").write_text('(fwrite "seen" (string (pipe))) (println 1) (printerrln 2)')
    command = f"{sys.executable} -m lispe_kernel.cli p.lisp <&- >&- 2>&-"
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment(tmp_path), check=False)
    assert (done.returncode, (tmp_path / "seen").read_text()) == (0, "nil")


def test_a_program_whose_thread_failed_unheard_has_failed(tmp_path: Path) -> None:
    alive = """(python "[t for t in __import__('threading').enumerate() if t.name == 'bad']")"""
    program = f"(dethread bad (x) (/ 1 x)) (bad 0) (while {alive} (sleep 1)) (println 'end)"
    done = lispe(tmp_path, "-e", program)
    assert (done.stdout, done.returncode) == ("end\n", 1)
    assert done.stderr.startswith("In the thread bad: Error: division by zero")


def test_torch_is_not_imported_for_a_program_that_does_not_use_it(tmp_path: Path) -> None:
    code = (
        "import sys; from lispe_kernel.cli import main; main(['-e', '1']); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), cwd=tmp_path, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("(println (chr 55357))", b"\xef\xbf\xbd\n"),
        ("(chr 233)", b"\xc3\xa9\n"),
    ],
)
def test_text_that_utf_8_cannot_hold_is_printed(tmp_path: Path, expression: str, printed: bytes) -> None:
    command = [*COMMAND, "-e", expression]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, printed)
