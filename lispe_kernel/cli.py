"""The `lispe` command: runs a program, evaluates an expression, or prompts.

Errors go to stderr with their place and their chain of calls, and the exit status says that there was one.
It starts no kernel and imports torch only when the program does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

USAGE = """\
usage: lispe                         start the interactive prompt
       lispe FILE [ARGUMENT ...]     run a program; its arguments are in _args
       lispe - [ARGUMENT ...]        run a program read from standard input
       lispe -e EXPRESSION           print the value of an expression
       lispe notebook run|check|new|export FILE
       lispe --version | --help
"""

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments (without the program's name) ask for; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    match arguments:
        case []:
            return _prompt() if sys.stdin.isatty() else _run_stdin([])
        case ["-h" | "--help"]:
            print(USAGE, end="")
            return 0
        case ["-v" | "--version"]:
            from lispe_kernel import __version__

            print(f"LispE {__version__}")
            return 0
        case ["-e" | "--eval", expression, *rest]:
            return _guarded(lambda: _evaluate(expression, rest))
        case ["-e" | "--eval"]:
            return _misused("-e needs an expression")
        case ["-", *rest]:
            return _run_stdin(rest)
        case ["notebook", *rest]:
            from lispe_kernel.notebook.command import main as notebook_command

            return notebook_command(rest)
        case [option, *_] if option.startswith("-"):
            return _misused(f"unknown option {option}")
        case [file, *rest]:
            return run_file(file, rest)
    return MISUSED


def run_file(file: str, arguments: Sequence[str] = ()) -> int:
    """Run the program in a file with `_args` set; returns the exit status."""
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        print(f"Error: cannot read '{file}': {reason}", file=sys.stderr)
        return FAILED
    return _guarded(lambda: _run(text, file, arguments))


def _run_stdin(arguments: Sequence[str]) -> int:
    return _guarded(lambda: _run(sys.stdin.read(), "<stdin>", arguments))


def _run(text: str, name: str, arguments: Sequence[str]) -> None:
    # `(use "file.lisp")` and `(load ...)` look beside the program: `_current` says where that is.
    folder = None if name == "<stdin>" else str(Path(name).resolve().parent)
    _session(arguments, folder).run(text, name, name)


def _evaluate(expression: str, arguments: Sequence[str]) -> None:
    from lispe_kernel.language.printer import to_text

    outcome = _session(arguments).run(expression, "command line")
    if not outcome.silent:
        print(to_text(outcome.value))


def _session(arguments: Sequence[str], folder: str | None = None) -> Any:
    from lispe_kernel.session import Session

    return Session(arguments, folder)


def _prompt() -> int:
    from lispe_kernel.repl import Prompt

    return Prompt(_session([])).loop()


def _guarded(work: Callable[[], None]) -> int:
    """Run `work`; what leaves it becomes a message on stderr and an exit status."""
    try:
        _finished(work)
    except SystemExit as leave:
        return _status(leave)
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, BrokenPipeError) or isinstance(error.__cause__, BrokenPipeError):
            # The reader of our output has gone (`lispe program.lisp | head`): nobody is left to be told.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            _tell(error)
        return FAILED
    return 0


def _finished(work: Callable[[], None]) -> None:
    """Do the work, and show what waits for its end whether it ended well or not."""
    from lispe_kernel.running.interrupts import Interrupts

    try:
        Interrupts().during(work)
    finally:
        publish = sys.modules.get("lispe_kernel.display.page.publish")
        if publish is not None:
            publish.finish()
        sys.stdout.flush()


def _status(leave: SystemExit) -> int:
    if leave.code is None or isinstance(leave.code, int):
        return leave.code or 0
    print(leave.code, file=sys.stderr)
    return FAILED


def _tell(error: Exception) -> None:
    from lispe_kernel.running.report import report

    sys.stdout.flush()
    print(report(error, colours=sys.stderr.isatty()).text(), file=sys.stderr)


def _misused(reason: str) -> int:
    print(f"lispe: {reason}\n{USAGE}", end="", file=sys.stderr)
    return MISUSED


if __name__ == "__main__":
    sys.exit(main())
