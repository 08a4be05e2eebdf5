"""`python -m lispe_kernel`: starts the kernel, installs its kernelspec, or runs a program.

Jupyter starts the kernel through this file, so each branch imports only what it needs, when it is taken. It
decides nothing else: every branch hands its arguments on as they are.
"""

import sys

USAGE = """\
usage: python -m lispe_kernel -f CONNECTION_FILE      start the kernel (Jupyter does this)
       python -m lispe_kernel install [--user | --sys-prefix | --prefix PATH] [--name NAME]
       python -m lispe_kernel run FILE [ARGUMENT ...]  run a LispE program
"""


def main(arguments: list[str]) -> int | None:
    """Do what `arguments` (without the program's name) ask for; return the exit status, None for success."""
    match arguments:
        case ["run", *program]:
            from lispe_kernel.cli import main as run_command

            return run_command(program)
        case ["install", *options]:
            from lispe_kernel.install import main as install_command

            return install_command(options)
        case ["-h" | "--help"]:
            print(USAGE, end="")
            return 0
        case [first, *_] if first.startswith("-"):
            from lispe_kernel.kernel.app import launch

            return launch(arguments)
    print(USAGE, end="", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
