"""`lispe notebook run | check | new | export`: reads the arguments, says what happened, gives the status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lispe_kernel.command_line import DONE, FAILED, Command, CommandLine, with_options
from lispe_kernel.notebook.run import NotebookError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def main(arguments: Sequence[str]) -> int:
    """Do what `lispe notebook ARGUMENTS` asks for; returns the exit status."""
    return COMMANDS.run(arguments)


Declare = Callable[["ArgumentParser"], None]
Act = Callable[["Namespace"], int]


def _command(word: str, takes: str, text: str, declare: Declare, act: Act) -> Command:
    """A command on one notebook or program; what is wrong with the file is told on stderr."""

    def guarded(options: Namespace) -> int:
        try:
            return act(options)
        except (NotebookError, OSError) as problem:
            print(problem, file=sys.stderr)
            return FAILED

    return Command((word,), takes, text, with_options(f"lispe notebook {word}", text, declare, guarded))


def _file(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path)


def _comparing(parser: ArgumentParser) -> None:
    _file(parser)
    parser.add_argument("--tolerance", type=_tolerance, default=0.0, help="relative, for numbers")
    parser.add_argument("--sanitize", type=Path, help="a file of replacements, as nbval reads it")


def _writing(parser: ArgumentParser) -> None:
    _file(parser)
    parser.add_argument("-o", "--output", type=Path, help="where to write (beside the file)")
    parser.add_argument("--force", action="store_true", help="write over a file that exists")


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise ValueError
    return value


def announce(number: int, count: int, line: str) -> None:
    """A line of progress."""
    print(f"[{number:>2}/{count}] {line}", flush=True)


def _run(options: Namespace) -> int:
    from lispe_kernel.notebook.run import run_file  # noqa: PLC0415 - heavy: each command imports only what it runs

    count = run_file(options.file, announce)
    print(f"Ran {count} cells; the outputs are in {options.file}")
    return DONE


def _check(options: Namespace) -> int:
    from lispe_kernel.notebook.check import check_file  # noqa: PLC0415 - heavy: each command imports only what it runs

    changed = check_file(options.file, options.tolerance, options.sanitize, announce)
    for cell in changed:
        print("\n".join(["", *cell.lines()]))
    if changed:
        cells = "1 cell answers" if len(changed) == 1 else f"{len(changed)} cells answer"
        print(f"\n{cells} differently from {options.file}")
        return FAILED
    print(f"Every cell answers as in {options.file}")
    return DONE


def _new(options: Namespace) -> int:
    import nbformat  # noqa: PLC0415 - heavy: each command imports only what it runs

    from lispe_kernel.notebook.convert import notebook_of  # noqa: PLC0415 - heavy: each command imports only what it runs

    try:
        program = options.file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise NotebookError(f"{options.file} is not UTF-8 text") from problem
    made = notebook_of(program)
    return _write(options, ".ipynb", nbformat.writes(made) + "\n", len(made.cells))


def _export(options: Namespace) -> int:
    from lispe_kernel.notebook.convert import program_of  # noqa: PLC0415 - heavy: each command imports only what it runs
    from lispe_kernel.notebook.run import read  # noqa: PLC0415 - heavy: each command imports only what it runs

    notebook = read(options.file)
    return _write(options, ".lisp", program_of(notebook), len(notebook.cells))


def _write(options: Namespace, suffix: str, text: str, count: int) -> int:
    target: Path = options.output or options.file.with_suffix(suffix)
    if target.exists() and not options.force:
        raise NotebookError(f"{target} exists already: --force writes over it, -o names another file.")
    target.write_text(text, encoding="utf-8")
    print(f"Wrote {count} cells to {target}")
    return DONE


COMMANDS = CommandLine(
    "lispe notebook",
    (
        _command("run", "FILE", "run a notebook and store its outputs in it", _file, _run),
        _command(
            "check",
            "FILE [--tolerance T] [--sanitize FILE]",
            "run a notebook and say what it answers differently",
            _comparing,
            _check,
        ),
        _command(
            "new",
            "PROGRAM.lisp [-o OUTPUT] [--force]",
            "make a notebook of a program's cells or paragraphs",
            _writing,
            _new,
        ),
        _command(
            "export",
            "FILE.ipynb [-o OUTPUT] [--force]",
            "write a notebook's cells as a program",
            _writing,
            _export,
        ),
    ),
    notes="\nlispe notebook COMMAND --help explains the options of a command.\n",
)
