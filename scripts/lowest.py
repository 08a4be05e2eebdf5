"""Runs the suite with the lowest version that pyproject.toml allows of every direct dependency.

A lower bound is a promise that nobody sees broken: pip brings the newest release. So this makes an
environment of its own, pins each bound exactly, and runs there what a user meets: every folder of tests but
those of sources and pages, which need the tools of developers. Pages in a browser are left out.
It never touches `.venv`. JOBS says how many processes run it.

`python -m scripts.lowest` runs all of it; arguments are handed to pytest instead.
"""

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from scripts.make_venv import BUILD_TOOLS, ROOT, SetupError, ensure_environment, install

FOLDER = ROOT / "build" / "lowest"
REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)>=(?P<version>[0-9.]+)$")
# Tools that read our sources and run none of it, and the driver of a browser.
LEFT_OUT = frozenset({"import-linter", "mypy", "playwright", "ruff"})
OF_SOURCES = frozenset({"house", "docs"})
IN_A_BROWSER = (
    "tests/kernel/test_browser.py",
    "tests/display/test_browser.py",
    "tests/notebook/test_browser.py",
)


def suite() -> list[str]:
    """The folders of tests that run with the lowest versions."""
    return sorted(
        f"tests/{folder.name}"
        for folder in (ROOT / "tests").iterdir()
        if folder.name not in OF_SOURCES and any(folder.glob("test_*.py"))
    )


def lowest_pins(project: dict[str, Any]) -> list[str]:
    """Return `name==version` for the bound of each dependency, and of what the tests need besides."""
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras.get("hf", ()), *extras.get("ranks", ()), *extras["test"]]
    found = [bound for requirement in wanted if (bound := REQUIREMENT.match(requirement))]
    return sorted(
        {f"{bound['name']}=={bound['version']}" for bound in found if bound["name"] not in LEFT_OUT}
    )


def ensure_lowest() -> Path:
    """Return the Python of the environment with the lowest versions, made anew when a bound has changed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest_python = project["requires-python"].removeprefix(">=")
    if sys.version_info[:2] != tuple(map(int, lowest_python.split("."))):
        raise SetupError(
            f"The lowest versions are tested with Python {lowest_python}; this is {sys.version.split()[0]}. "
            f"make test-lowest finds it as `python{lowest_python}`."
        )
    pins = "\n".join([*lowest_pins(project), ""])
    environment, constraints = FOLDER / "venv", FOLDER / "constraints.txt"
    stamp = environment / hashlib.sha256(pins.encode()).hexdigest()
    python = ensure_environment(environment)
    if not stamp.exists():
        constraints.write_text(pins, encoding="utf-8")
        install(python, *BUILD_TOOLS, constraints=constraints)
        install(python, "--no-build-isolation", "-e", ".", *pins.split(), constraints=constraints)
        stamp.touch()
    return python


def main(arguments: list[str]) -> int:
    """Run the suite, or what the arguments name of it; return pytest's exit status."""
    try:
        python = ensure_lowest()
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 1
    processes = ("-n", os.environ.get("JOBS", "3"), "--dist", "loadfile")
    chosen = arguments or [*processes, *suite(), *(f"--ignore={path}" for path in IN_A_BROWSER)]
    # A kernel that a test starts takes its packages from this environment, and our code from this checkout.
    surroundings = {**os.environ, "VIRTUAL_ENV": str(python.parents[1]), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [python, "-m", "pytest", "-q", *chosen], cwd=ROOT, env=surroundings, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
