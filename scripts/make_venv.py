"""Makes the virtual environment that the Makefile works in: this checkout and its pinned packages.

Runs on the bare system Python (standard library only) and shows progress while pip works. It writes the stamp
file last, so an interrupted installation is taken up again by the next run. It never installs anything
outside the environment, except Debian's python3-venv where that is missing and may be installed.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
STAMP = ".installed"
EXTRAS = "docs,hf,lab,ranks,test"
# What builds the package: installed first, so that the build needs no environment of its own.
BUILD_TOOLS = ("hatchling", "editables")
STEP = 25  # One progress line for so many packages.
TAIL = 12  # So many of pip's lines are shown when it fails.


class SetupError(Exception):
    """The environment cannot be made; the message tells a person what to do."""


def main() -> int:
    """Make or complete the environment named on the command line; return the exit status."""
    environment = ROOT / (sys.argv[1] if len(sys.argv) > 1 else ".venv")
    start = time.monotonic()
    try:
        python = ensure_environment(environment)
        install(python, *BUILD_TOOLS)
        install(python, "--no-build-isolation", "-e", f".[{EXTRAS}]")
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 1
    (environment / STAMP).touch()
    print(f"The environment is ready in {environment} ({time.monotonic() - start:.0f} s)", flush=True)
    return 0


def ensure_environment(environment: Path) -> Path:
    """Return the environment's Python, making the environment where it is missing or broken."""
    python = environment / "bin" / "python"
    if works(python):
        return python
    print(f"Making {environment} with Python {sys.version.split()[0]}", flush=True)
    make_environment(environment)
    if not works(python) and install_debian_venv():
        make_environment(environment)
    if not works(python):
        raise SetupError(
            "A virtual environment with pip could not be made. On Debian and Ubuntu it is a package of its "
            "own: run `apt install python3-venv` as root, then make again."
        )
    return python


def make_environment(environment: Path) -> None:
    """Try to make the environment; whether that worked is for works() to say."""
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], stdout=subprocess.DEVNULL, check=False)


def works(python: Path) -> bool:
    """Say whether this Python starts and has pip."""
    if not python.exists():
        return False
    answer = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    return answer.returncode == 0


def install_debian_venv() -> bool:
    """Install Debian's python3-venv where that takes no password; return whether it was installed."""
    if not shutil.which("apt-get"):
        return False
    become_root = [] if os.getuid() == 0 else ["sudo", "-n"]
    if become_root and not shutil.which("sudo"):
        return False
    print("Installing Debian's python3-venv, which makes virtual environments", flush=True)
    packages = ["python3-venv", f"python{sys.version_info.major}.{sys.version_info.minor}-venv"]
    for command in (["update", "-qq"], *(["install", "-y", "-qq", package] for package in packages)):
        done = subprocess.run([*become_root, "apt-get", *command], capture_output=True, check=False)
    return done.returncode == 0


def install(python: Path, *what: str, constraints: Path = CONSTRAINTS) -> None:
    """Let the environment's pip install `what` under these constraints, with progress lines.

    Bytecode comes with the first import: for all of it pip needs a minute, and most is never used.
    """
    command = [
        *(str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"),
        *("--no-compile", "--progress-bar", "off", "--root-user-action", "ignore", "-c", str(constraints)),
        *torch_index(),
        *what,
    ]
    last: deque[str] = deque(maxlen=TAIL)
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as pip:
        assert pip.stdout is not None
        for line in progress(remembered(pip.stdout, last)):
            print(line, flush=True)
    if pip.returncode != 0:
        print("".join(last), file=sys.stderr)
        raise SetupError("The packages could not be installed; pip's last lines are above. Then make again.")


def remembered(lines: Iterable[str], last: deque[str]) -> Iterator[str]:
    """Pass the lines on, keeping the last of them in `last`."""
    for line in lines:
        last.append(line)
        yield line


def torch_index() -> list[str]:
    """Return pip's options for the index of PyTorch wheels that TORCH_INDEX names, none where it is unset."""
    index = os.environ.get("TORCH_INDEX", "")
    return ["--extra-index-url", index] if index else []


def progress(lines: Iterable[str]) -> Iterator[str]:
    """Turn pip's many lines into few: the large downloads, a count of packages, the installation itself."""
    seen = 0
    for line in lines:
        if line.startswith(("Collecting ", "Processing ")):
            seen += 1
            if seen % STEP == 0:
                yield f"  {seen} packages found"
        elif large := re.search(r"Downloading (\S+?)-\S* \(([\d.]+ [MG]B)\)", line):
            if float(large[2].split()[0]) >= 5:
                yield f"  downloading {large[1].rsplit('/', 1)[-1]} ({large[2]})"
        elif line.startswith("Installing collected packages"):
            yield f"  installing {line.count(',') + 1} packages"


if __name__ == "__main__":
    sys.exit(main())
