"""Where Python may not write compiled code beside the sources, the package keeps it in the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILES = ("__init__.py", "kernel/__init__.py", "kernel/bytecode.py")
PROGRAM = """
from lispe_kernel.kernel.bytecode import use_cache
use_cache()
import json.tool  # no module of ours
from lispe_kernel import probe
print(probe.ANSWER)
"""


@pytest.fixture
def package(root: Path, tmp_path: Path) -> Path:
    """A package of our name with the cache and one module more, never compiled."""
    made = tmp_path / "lispe_kernel"
    for name in FILES:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "lispe_kernel" / name, made / name)
    (made / "probe.py").write_text("ANSWER = 1\n")
    return made


def run(package: Path, cache: Path, **environment: str) -> str:
    given = {**os.environ, "PYTHONPATH": str(package.parent), "XDG_CACHE_HOME": str(cache)}
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(
        command, env={**given, **environment}, cwd=package.parent, capture_output=True, text=True, check=True
    ).stdout


def compiled(folder: Path) -> set[str]:
    return {file.name.partition(".")[0] for file in folder.rglob("*.pyc")}


def test_compiled_code_is_kept_in_the_cache_and_is_that_of_the_source(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for answer in (1, 22):
        (package / "probe.py").write_text(f"ANSWER = {answer}\n")
        assert run(package, cache, PYTHONDONTWRITEBYTECODE="1") == f"{answer}\n"
    assert (compiled(package), compiled(cache)) == (set(), {"probe"})


def test_compiled_code_of_an_older_source_is_not_compiled_again_each_time(
    package: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert run(package, cache) == "1\n"
    (package / "probe.py").write_text("ANSWER = 22\n")
    assert run(package, cache, PYTHONDONTWRITEBYTECODE="1") == "22\n"
    # What lies beside the sources and is of them is used: only the changed one is in the cache.
    assert compiled(cache) == {"probe"}


def test_elsewhere_python_keeps_its_own(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run(package, cache) == "1\n"
    assert "probe" in compiled(package)
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_done_without(package: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run(package, tmp_path / "file", PYTHONDONTWRITEBYTECODE="1") == "1\n"
