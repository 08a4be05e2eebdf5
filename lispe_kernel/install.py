"""`python -m lispe_kernel install`: writes the kernelspec for this Python where Jupyter looks for it.

A wheel already carries the kernelspec as data files; this command is for every other place (the user's
folder, another prefix, another name). It writes the running interpreter's path, and never touches other
kernelspecs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lispe_kernel.command_line import DONE, FAILED, with_options

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

RESOURCES = Path(__file__).parent / "resources"
# In a checkout a link to the kernel.json at the top of the repository; in a wheel a copy of it.
SPEC = RESOURCES / "kernel.json"
LOGOS = ("logo-svg.svg", "logo-32x32.png", "logo-64x64.png")


def kernel_spec() -> dict[str, object]:
    """Return kernel.json with `python` replaced by the path of the interpreter that runs now."""
    spec: dict[str, object] = json.loads(SPEC.read_text(encoding="utf-8"))
    command = spec["argv"]
    assert isinstance(command, list)
    spec["argv"] = [sys.executable, *command[1:]]
    return spec


def install(name: str = "lispe", *, user: bool = False, prefix: str | None = None) -> Path:
    """Write the kernelspec and return its folder.

    name: the kernelspec's name, by which notebooks ask for the kernel.
    user: write into the user's Jupyter folder. prefix: write under PREFIX/share/jupyter/kernels. With
    neither, into the system's folder. Raises OSError where the folder cannot be written, ValueError for a
    name that Jupyter does not accept.
    """
    if not name or prefix == "":
        raise ValueError(f"{'a name' if not name else 'a folder'} is needed, not an empty text")
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - heavy, and help needs none of it

    with TemporaryDirectory() as folder:
        staged = Path(folder)
        staged.chmod(0o755)  # Jupyter copies the folder with its mode, and others must be able to read it.
        (staged / "kernel.json").write_text(json.dumps(kernel_spec(), indent=2) + "\n", encoding="utf-8")
        for logo in LOGOS:
            (staged / logo).write_bytes((RESOURCES / logo).read_bytes())
        return Path(KernelSpecManager().install_kernel_spec(folder, name, user=user, prefix=prefix))


def _options(parser: ArgumentParser) -> None:
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--user", action="store_true", help="into your own Jupyter folder")
    place.add_argument(
        "--sys-prefix",
        action="store_const",
        const=sys.prefix,
        dest="prefix",
        help="into this Python's environment",
    )
    place.add_argument("--prefix", help="under PREFIX/share/jupyter/kernels")
    parser.add_argument("--name", default="lispe", help="the kernelspec's name (lispe)")


def _install(options: Namespace) -> int:
    """Install as the command line asks; say where, or say on stderr why not."""
    try:
        folder = install(options.name, user=options.user, prefix=options.prefix)
    except (OSError, ValueError) as problem:
        print(f"The kernelspec was not installed: {problem}", file=sys.stderr)
        if isinstance(problem, OSError):
            print("Choose a place you may write to: --user, --sys-prefix or --prefix PATH.", file=sys.stderr)
        return FAILED
    print(f"Installed the kernelspec {options.name} in {folder}")
    return DONE


main = with_options(
    "python -m lispe_kernel install", "Install the LispE kernelspec for this Python.", _options, _install
)
