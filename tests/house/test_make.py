"""make's own parts: the list of commands, the few lines that stand for pip's many, and what CI runs."""

import os
import subprocess
from pathlib import Path

import pytest

from scripts.make_venv import progress, torch_index

PIP_LINES = [
    "Looking in links: /somewhere\n",
    *[f"Collecting package{number}==1.0\n" for number in range(26)],
    "  Downloading small-1.0-py3-none-any.whl (15 kB)\n",
    "  Downloading medium-1.0-py3-none-any.whl (4.9 MB)\n",
    "  Downloading https://example/torch-2.13.0-cp311-cp311-linux_x86_64.whl (190.2 MB)\n",
    "Installing collected packages: a, b, c\n",
]


def test_pips_many_lines_become_few() -> None:
    assert list(progress(PIP_LINES)) == [
        "  25 packages found",
        "  downloading torch (190.2 MB)",
        "  installing 3 packages",
    ]


@pytest.mark.parametrize(
    ("value", "options"), [("", []), ("https://example/cpu", ["--extra-index-url", "https://example/cpu"])]
)
def test_an_index_for_torch_is_used_only_where_it_is_named(
    value: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_INDEX", value)
    assert torch_index() == options


def test_make_alone_lists_the_commands(root: Path) -> None:
    # The suite itself runs under make, which would tell about the folders it enters.
    outside = {name: value for name, value in os.environ.items() if "MAKE" not in name and name != "MFLAGS"}
    done = subprocess.run(["make"], cwd=root, env=outside, capture_output=True, text=True, check=True)
    listed = done.stdout
    commands = [line.split()[1] for line in listed.splitlines()]
    assert commands == [
        *("help", "venv", "demo", "lint", "test", "test-language", "test-lowest", "test-long", "mutate"),
        *("lab", "bench", "docs", "pages", "release-check", "clean"),
    ]


def test_ci_runs_make_test_and_stops_at_the_first_failure(root: Path) -> None:
    lines = (root / ".ci" / "run").read_text().splitlines()
    assert "set -euo pipefail" in lines
    assert lines[-1] == "make test"
