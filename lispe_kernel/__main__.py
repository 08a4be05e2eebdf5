"""`python -m lispe_kernel`: starts the kernel, installs its kernelspec, or runs a program.

Jupyter starts the kernel through this file, so each command imports only what it needs, when it is run. It
decides nothing else: every command hands its arguments on as they are.
"""

import sys

from lispe_kernel.command_line import Command, CommandLine


def _run(arguments: list[str]) -> int:
    from lispe_kernel.cli import main as run_command  # noqa: PLC0415 - start-up: each command imports only what it runs

    return run_command(["run", *arguments])


def _version(_: list[str]) -> int:
    from lispe_kernel.cli import main as run_command  # noqa: PLC0415 - start-up: each command imports only what it runs

    return run_command(["--version"])


def _install(arguments: list[str]) -> int:
    from lispe_kernel.install import main as install_command  # noqa: PLC0415 - start-up: each command imports only what it runs

    return install_command(arguments)


def _kernel(arguments: list[str]) -> int:
    """Options that are nobody's are the kernel's: Jupyter may give more than the connection file."""
    if not arguments[0].startswith("-"):
        return COMMANDS.unknown(arguments[0])
    from lispe_kernel.kernel.app import launch  # noqa: PLC0415 - start-up: each command imports only what it runs

    return launch(arguments)


COMMANDS = CommandLine(
    "python -m lispe_kernel",
    (
        Command(
            ("-f",),
            "CONNECTION_FILE",
            "start the kernel (Jupyter does this)",
            lambda rest: _kernel(["-f", *rest]),
        ),
        Command(
            ("install",),
            "[--user | --sys-prefix | --prefix PATH] [--name NAME]",
            "write the kernelspec where Jupyter finds it",
            _install,
        ),
        Command(("run",), "[[--ranks N] FILE [ARGUMENT ...]]", "run a LispE program, as `lispe` does", _run),
        Command(("-v", "--version"), "", "the version", _version),
    ),
    other=_kernel,
)


def main(arguments: list[str]) -> int:
    """Do what `arguments` (without the program's name) ask for; return the exit status."""
    return COMMANDS.run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
