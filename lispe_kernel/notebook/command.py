"""`lispe notebook run | check | new | export`: reads the arguments, says what happened, gives the status."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lispe_kernel.command_line import DONE, FAILED, INTERRUPTED, Command, CommandLine, with_options
from lispe_kernel.notebook.run import CELL_TIMEOUT, NotebookError, Settings

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
        except KeyboardInterrupt:
            print("Interrupted", file=sys.stderr)
            return INTERRUPTED

    return Command((word,), takes, text, with_options(f"lispe notebook {word}", text, declare, guarded))


def _file(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path)


def _running(parser: ArgumentParser) -> None:
    _file(parser)
    parser.add_argument(
        "--timeout", type=_seconds, default=CELL_TIMEOUT, help="seconds for a cell (%(default)s)"
    )
    parser.add_argument("--allow-errors", action="store_true", help="go on after a cell that fails")
    parser.add_argument("--kernel", help="run in this kernel (the one that the notebook names)")


def _storing(parser: ArgumentParser) -> None:
    _running(parser)
    parser.add_argument("-o", "--output", type=Path, help="where to write (into the file itself)")


def _settings(options: Namespace) -> Settings:
    return Settings(options.timeout, options.allow_errors, options.kernel)


def _comparing(parser: ArgumentParser) -> None:
    _running(parser)
    parser.add_argument("--tolerance", type=_tolerance, default=0.0, help="relative, for numbers")
    parser.add_argument("--sanitize", type=Path, help="a file of replacements, as nbval reads it")


def _writing(parser: ArgumentParser) -> None:
    _file(parser)
    parser.add_argument("-o", "--output", type=Path, help="where to write (beside the file)")
    parser.add_argument("--force", action="store_true", help="write over a file that exists")


def _tolerance(text: str) -> float:
    from argparse import ArgumentTypeError  # noqa: PLC0415 - start-up: few command lines have options

    with contextlib.suppress(ValueError):
        if 0 <= (value := float(text)) < 1:
            return value
    raise ArgumentTypeError(f"a number from 0 to below 1 is needed, not {text!r}")


def _seconds(text: str) -> float:
    from argparse import ArgumentTypeError  # noqa: PLC0415 - start-up: few command lines have options

    with contextlib.suppress(ValueError):
        if 0 < (value := float(text)) < math.inf:
            return value
    raise ArgumentTypeError(f"a number of seconds above 0 is needed, not {text!r}")


def announce(number: int, count: int, line: str) -> None:
    """A line of progress."""
    print(f"[{number:>2}/{count}] {line}", flush=True)


def _run(options: Namespace) -> int:
    from lispe_kernel.notebook.run import run_file  # noqa: PLC0415 - heavy: each command imports only what it runs

    count = run_file(options.file, announce, _settings(options), options.output)
    cells = "1 cell" if count == 1 else f"{count} cells"
    print(f"Ran {cells}; the outputs are in {options.output or options.file}")
    return DONE


def _check(options: Namespace) -> int:
    from lispe_kernel.notebook.check import (  # noqa: PLC0415 - heavy: each command imports only what it runs
        Changed,
        CheckStoppedError,
        check_file,
        never_ran,
    )
    from lispe_kernel.notebook.run import code_cells, read  # noqa: PLC0415 - heavy: each command imports only what it runs

    def show(changed: list[Changed]) -> None:
        for cell in changed:
            print("\n".join(["", *cell.lines()]), flush=True)

    try:
        changed = check_file(options.file, options.tolerance, options.sanitize, announce, _settings(options))
    except CheckStoppedError as stopped:
        show(stopped.changed)
        raise
    show(changed)
    if changed:
        cells = "1 cell answers" if len(changed) == 1 else f"{len(changed)} cells answer"
        print(f"\n{cells} differently from {options.file}")
        return FAILED
    new = sum(map(never_ran, code_cells(read(options.file))))
    without = f", but for {new} that had not been run: `lispe notebook run` stores what they answer"
    print(f"Every cell answers as in {options.file}{without if new else ''}")
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
    if target.exists() and target.samefile(options.file):
        raise NotebookError(f"{target} is the file that is read: -o names another one to write.")
    if target.exists() and not options.force:
        raise NotebookError(f"{target} exists already: --force writes over it, -o names another file.")
    target.write_text(text, encoding="utf-8")
    print(f"Wrote {count} cell{'s' if count != 1 else ''} to {target}")
    return DONE


COMMANDS = CommandLine(
    "lispe notebook",
    (
        _command(
            "run",
            "FILE [-o OUTPUT] [--timeout S] [--allow-errors] [--kernel NAME]",
            "run a notebook and store its outputs in it",
            _storing,
            _run,
        ),
        _command(
            "check",
            "FILE [--tolerance T] [--sanitize FILE], and the options of run but -o",
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
