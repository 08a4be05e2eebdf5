"""The `lispe` command: runs a program, evaluates an expression, or prompts.

Errors go to stderr with their place and their chain of calls, and the exit status says that there was one.
It starts no kernel and imports torch only when the program does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lispe_kernel.command_line import DONE, FAILED, INTERRUPTED, Command, CommandLine
from lispe_kernel.running.surrogates import printable

if TYPE_CHECKING:
    from lispe_kernel.session import Session

# More processes than any machine has use for.
_MOST_RANKS = 1024


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments (without the program's name) ask for; returns the exit status."""
    printable()
    return COMMANDS.run(sys.argv[1:] if argv is None else argv)


def _version(_: list[str]) -> int:
    from lispe_kernel import __version__  # noqa: PLC0415 - start-up: each command imports only what it runs

    print(f"LispE {__version__}")
    return DONE


def _expression(arguments: list[str]) -> int:
    expression, *rest = arguments
    return _guarded(lambda: _evaluate(expression, rest))


def _explain(arguments: list[str]) -> int:
    """Write out what the compiler's stages make of a program file, or of an expression in parentheses."""
    given = arguments[0]
    text, name = (given, "command line") if given.lstrip().startswith("(") else (_text_of(given), given)
    if text is None:
        return FAILED

    def work() -> None:
        print(_session([]).explain(text, name), end="")

    return _guarded(work)


def _notebook(arguments: list[str]) -> int:
    from lispe_kernel.notebook.command import main as notebook_command  # noqa: PLC0415 - start-up: each command imports only what it runs

    return notebook_command(arguments)


def _run_words(arguments: list[str]) -> int:
    """`run FILE` is as `FILE` alone; with `--ranks N` in front torchrun runs the program N times."""
    if arguments[:1] != ["--ranks"]:
        return main(arguments)
    (count, file), rest = [*arguments[1:3], "", ""][:2], arguments[3:]
    if not (count.isdecimal() and 0 < int(count) <= _MOST_RANKS):
        return COMMANDS.misused(f"--ranks needs a number of ranks from 1 to {_MOST_RANKS}")
    if not file or file.startswith("-"):
        return COMMANDS.misused("--ranks N needs a file")
    if _text_of(file) is None:
        return FAILED

    from lispe_kernel.running.ranks import start  # noqa: PLC0415 - start-up: each command imports only what it runs

    try:
        return start(int(count), file, rest)
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        return INTERRUPTED


def _no_words() -> int:
    return _prompt() if sys.stdin.isatty() else _run_stdin([])


def _program(arguments: list[str]) -> int:
    file, *rest = arguments
    return COMMANDS.unknown(file) if file.startswith("-") else run_file(file, rest)


def run_file(file: str, arguments: Sequence[str] = ()) -> int:
    """Run the program in a file with `_args` set; returns the exit status."""
    text = _text_of(file)
    return FAILED if text is None else _guarded(lambda: _run(text, file, arguments))


def _text_of(file: str) -> str | None:
    """The text of a file; None, and why on stderr, when it cannot be read."""
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        print(f"Error: cannot read '{file}': {reason}", file=sys.stderr)
        return None


def _run_stdin(arguments: Sequence[str]) -> int:
    return _guarded(lambda: _run(sys.stdin.read().removeprefix("\ufeff"), "<stdin>", arguments))


def _run(text: str, name: str, arguments: Sequence[str]) -> None:
    from lispe_kernel.ranks import magics as _ranks  # noqa: F401, PLC0415 - says how its magic runs
    from lispe_kernel.running.places import tell_warnings  # noqa: PLC0415 - start-up: each command imports only what it runs
    from lispe_kernel.running.programs import run_program  # noqa: PLC0415 - start-up: each command imports only what it runs

    tell_warnings()
    # `(use "file.lisp")` and `(load ...)` look beside the program: `_current` says where that is.
    folder = None if name == "<stdin>" else str(Path(name).resolve().parent)
    session = _session(arguments, folder)
    with _finished(session):
        run_program(session, text, name)


def _evaluate(expression: str, arguments: Sequence[str]) -> None:
    from lispe_kernel.language.printer import to_text  # noqa: PLC0415 - start-up: each command imports only what it runs

    session = _session(arguments)
    with _finished(session):
        outcome = session.run(expression, "command line")
        if not outcome.silent:
            print(to_text(outcome.value))


def _session(arguments: Sequence[str], folder: str | None = None) -> Session:
    from lispe_kernel.session import Session  # noqa: PLC0415 - start-up: each command imports only what it runs

    return Session(arguments, folder)


def _prompt() -> int:
    from lispe_kernel.repl import Prompt  # noqa: PLC0415 - start-up: each command imports only what it runs

    return Prompt(_session([])).loop()


def _guarded(work: Callable[[], None]) -> int:
    """Run `work`; what leaves it becomes a message on stderr and an exit status."""
    from lispe_kernel.running.interrupts import Interrupts  # noqa: PLC0415 - start-up: each command imports only what it runs
    from lispe_kernel.running.ranks import heard  # noqa: PLC0415 - start-up: each command imports only what it runs

    with heard():
        return _status_of(lambda: Interrupts().during(work))


def _status_of(work: Callable[[], None]) -> int:
    try:
        try:
            work()
        finally:
            sys.stdout.flush()
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
    return DONE


@contextmanager
def _finished(session: Session) -> Iterator[None]:
    """Show what waits for the end of the program, whether it ends well or not.

    A program whose threads failed, and which did not wait for them, has failed.
    """
    from lispe_kernel.display.page.publish import finish  # noqa: PLC0415 - start-up: each command imports only what it runs

    try:
        yield
    finally:
        finish(session)
        failed = session.threads.unheard
        if failed:
            from lispe_kernel.running.report import threads_reported  # noqa: PLC0415 - only who needs it

            sys.stdout.flush()
            with threads_reported(session.threads):
                pass
    if failed:
        raise SystemExit(FAILED)


def _status(leave: SystemExit) -> int:
    if leave.code is None or isinstance(leave.code, int):
        return leave.code or 0
    print(leave.code, file=sys.stderr)
    return FAILED


def _tell(error: Exception) -> None:
    from lispe_kernel.running.report import report  # noqa: PLC0415 - start-up: each command imports only what it runs

    sys.stdout.flush()
    print(report(error, colours=sys.stderr.isatty()).text(), file=sys.stderr)


COMMANDS = CommandLine(
    "lispe",
    (
        Command((), "", "start the interactive prompt", _program),
        Command((), "FILE [ARGUMENT ...]", "run a program; its arguments are in _args", _program),
        Command(("-",), "[ARGUMENT ...]", "run a program read from standard input", _run_stdin),
        Command(
            ("-e", "--eval"), "EXPRESSION [ARGUMENT ...]", "print the value of an expression", _expression
        ),
        Command(
            ("--explain",), "FILE", "show what the compiler makes of a program; nothing is run", _explain
        ),
        Command(
            ("run",),
            "[--ranks N] FILE [ARGUMENT ...]",
            "run a program, on N ranks at once by torchrun",
            _run_words,
        ),
        Command(("notebook",), "COMMAND FILE", "run, check, make or export a notebook", _notebook),
        Command(("-v", "--version"), "", "the version", _version),
    ),
    other=_program,
    empty=_no_words,
    notes="\nlispe notebook --help says more of notebooks, python -m lispe_kernel --help of Jupyter.\n",
)


if __name__ == "__main__":
    sys.exit(main())
