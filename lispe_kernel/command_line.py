"""The one way in which command lines are read: the first word picks a command from a table.

A command takes the words after its own as they are (they are the program's) or declares options, which
argparse reads. Help is written from the table. Nothing is imported for a command line that needs no options.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DONE, FAILED, MISUSED = 0, 1, 2
# What a shell says of a command that Ctrl-C ended.
INTERRUPTED = 130


@dataclass(frozen=True)
class Command:
    """What a command line may ask for.

    words: any of them as the first word picks the command; without words it is only a line of the help.
    takes: what may follow, as the help writes it; with nothing the words stand alone. run: is given what
    follows and returns the exit status.
    """

    words: tuple[str, ...]
    takes: str
    help: str
    run: Callable[[list[str]], int]

    @property
    def usage(self) -> str:
        """How the command is written, after the program's name."""
        return " ".join(filter(None, (" | ".join(self.words), self.takes)))

    @property
    def needs(self) -> str:
        """What must follow, in words; nothing where all that may follow is in brackets."""
        first = self.takes.partition(" ")[0]
        return first.lower().replace("_", " ") if first[:1].isalpha() else ""

    def fits(self, arguments: Sequence[str]) -> bool:
        """Whether the arguments ask for this command."""
        return arguments[0] in self.words and (bool(self.takes) or len(arguments) == 1)


@dataclass(frozen=True)
class CommandLine:
    """A program's commands, and what an unknown first word means; None where it is a mistake.

    empty: what no words at all mean, the help on stderr when absent.
    """

    program: str
    commands: tuple[Command, ...]
    other: Callable[[list[str]], int] | None = None
    empty: Callable[[], int] | None = None
    notes: str = ""

    def run(self, arguments: Sequence[str]) -> int:
        """Do what the arguments ask for; returns the exit status."""
        if not arguments:
            return self.empty() if self.empty is not None else self.misused("a command is needed")
        if list(arguments) in (["-h"], ["--help"]):
            print(self.help(), end="")
            return DONE
        for command in self.commands:
            if command.fits(arguments):
                if command.needs and len(arguments) == 1:
                    return self.misused(f"{arguments[0]} needs {_with_article(command.needs)}")
                return command.run(list(arguments[1:]))
        if self.other is not None:
            return self.other(list(arguments))
        return self.unknown(arguments[0])

    def unknown(self, word: str) -> int:
        """Say that a first word means nothing here."""
        return self.misused(f"unknown {'option' if word.startswith('-') else 'command'} {word}")

    def misused(self, reason: str) -> int:
        """Say on stderr what is wrong with a command line, and how it is written."""
        print(f"{self.program}: {reason}\n{self.help()}", end="", file=sys.stderr)
        return MISUSED

    def help(self) -> str:
        """Every command with what it does."""
        rows = [(f"{self.program} {command.usage}".rstrip(), command.help) for command in self.commands]
        rows.append((f"{self.program} -h | --help", "this help"))
        width = max(len(usage) for usage, _ in rows if len(usage) < _WIDE)
        lines = [_row(usage, text, width) for usage, text in rows]
        indented = "\n".join(lines).replace("\n", "\n" + " " * len(_USAGE))
        return f"{_USAGE}{indented}\n{self.notes}"


_USAGE = "usage: "
# A usage as long as this has its help on the next line.
_WIDE = 48


def _row(usage: str, text: str, width: int) -> str:
    if len(usage) >= _WIDE:
        return f"{usage}\n{' ' * width}  {text}"
    return f"{usage:<{width}}  {text}"


def _with_article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def with_options(
    program: str, description: str, declare: Callable[[ArgumentParser], None], act: Callable[[Namespace], int]
) -> Callable[[list[str]], int]:
    """What a command with options runs: argparse reads them as `declare` says, and `act` is given them.

    A mistake in them is told on stderr and gives the status of a misused command, `--help` prints their help.
    """

    def run(arguments: list[str]) -> int:
        from argparse import ArgumentParser  # noqa: PLC0415 - start-up: few command lines have options

        parser = ArgumentParser(prog=program, description=description)
        declare(parser)
        try:
            options = parser.parse_args(arguments)
        except SystemExit as leave:
            return MISUSED if leave.code else DONE
        return act(options)

    return run
