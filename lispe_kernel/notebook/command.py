"""`lispe notebook run | check | new | export`: reads the arguments, says what happened, gives the status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lispe_kernel.notebook.run import NotebookError

FAILED, MISUSED = 1, 2


def main(arguments: Sequence[str]) -> int:
    """Do what `lispe notebook ARGUMENTS` asks for; returns the exit status."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as leave:
        return MISUSED if leave.code else 0
    try:
        return int(options.act(options))
    except (NotebookError, OSError) as problem:
        print(problem, file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lispe notebook", description="Notebooks as programs and as tests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run a notebook and store its outputs in it")
    run.add_argument("file", type=Path)
    run.set_defaults(act=_run)
    check = commands.add_parser("check", help="run a notebook and say what it answers differently")
    check.add_argument("file", type=Path)
    check.add_argument("--tolerance", type=_tolerance, default=0.0, help="relative, for numbers")
    check.add_argument("--sanitize", type=Path, help="a file of replacements, as nbval reads it")
    check.set_defaults(act=_check)
    new = commands.add_parser("new", help="make a notebook of a program's cells or paragraphs")
    new.add_argument("file", type=Path, help="PROGRAM.lisp")
    export = commands.add_parser("export", help="write a notebook's cells as a program")
    export.add_argument("file", type=Path, help="FILE.ipynb")
    for command, act in ((new, _new), (export, _export)):
        command.add_argument("-o", "--output", type=Path, help="where to write (beside the file)")
        command.add_argument("--force", action="store_true", help="write over a file that exists")
        command.set_defaults(act=act)
    return parser


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise ValueError
    return value


def announce(number: int, count: int, line: str) -> None:
    """A line of progress."""
    print(f"[{number:>2}/{count}] {line}", flush=True)


def _run(options: argparse.Namespace) -> int:
    from lispe_kernel.notebook.run import run_file

    count = run_file(options.file, announce)
    print(f"Ran {count} cells; the outputs are in {options.file}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from lispe_kernel.notebook.check import check_file

    changed = check_file(options.file, options.tolerance, options.sanitize, announce)
    for cell in changed:
        print("\n".join(["", *cell.lines()]))
    if changed:
        cells = "1 cell answers" if len(changed) == 1 else f"{len(changed)} cells answer"
        print(f"\n{cells} differently from {options.file}")
        return FAILED
    print(f"Every cell answers as in {options.file}")
    return 0


def _new(options: argparse.Namespace) -> int:
    import nbformat

    from lispe_kernel.notebook.convert import notebook_of

    try:
        program = options.file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise NotebookError(f"{options.file} is not UTF-8 text") from problem
    made = notebook_of(program)
    return _write(options, ".ipynb", nbformat.writes(made) + "\n", len(made.cells))


def _export(options: argparse.Namespace) -> int:
    from lispe_kernel.notebook.convert import program_of
    from lispe_kernel.notebook.run import read

    notebook = read(options.file)
    return _write(options, ".lisp", program_of(notebook), len(notebook.cells))


def _write(options: argparse.Namespace, suffix: str, text: str, count: int) -> int:
    target: Path = options.output or options.file.with_suffix(suffix)
    if target.exists() and not options.force:
        raise NotebookError(f"{target} exists already: --force writes over it, -o names another file.")
    target.write_text(text, encoding="utf-8")
    print(f"Wrote {count} cells to {target}")
    return 0
