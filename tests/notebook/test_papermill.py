"""papermill: its parameters as LispE text, and a notebook run by its command."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest
from papermill.translators import papermill_translators

from lispe_kernel.language.printer import to_text
from lispe_kernel.notebook.papermill import LispeEngine, LispeTranslator
from lispe_kernel.session import Session
from tests.notebook.notebooks import LISPE, text, write

VALUES: list[tuple[Any, str]] = [
    (None, "nil"),
    (True, "true"),
    (False, "nil"),
    (-3, "-3"),
    (10**30, "1" + "0" * 30),
    (0.5, "0.5"),
    (1e-07, "1e-07"),
    (float("-inf"), "-inf"),
    ('a "quote" \\ and\n\ttwo lines é', 'a "quote" \\ and\n\ttwo lines é'),
    ([1, [2.5, None], "x"], '(1 (2.5 nil) "x")'),
    ([], "()"),
    ({"a": [1, {"b": True}]}, '{"a":(1 {"b":true})}'),
    ({}, "{}"),
]


@pytest.mark.parametrize(("value", "printed"), VALUES)
def test_every_kind_of_parameter_is_written_so_that_it_reads_back(value: Any, printed: str) -> None:
    program = LispeTranslator.codify({"given": value}, "Parameters")
    assert program.startswith("; Parameters\n(setq given ")
    session = Session()
    session.run(program)
    assert to_text(session.run("given").value) == printed


INSPECTED = """; what may be set
(setq alpha 0.5) ; the learning rate
(setq name "a;b")
(println alpha)
(setq sizes '(1
   2)) ;; how large ;;
"""


def test_papermill_is_told_what_may_be_set() -> None:
    found = [tuple(each) for each in LispeTranslator.inspect({"source": INSPECTED})]
    assert found == [
        ("alpha", "number", "0.5", "the learning rate"),
        ("name", "string", '"a;b"', ""),
        ("sizes", "None", "'(1\n   2)", "how large"),
    ]
    assert LispeTranslator.inspect({"source": "(setq alpha"}) == []


def test_the_kernel_is_known_to_papermill_by_its_language() -> None:
    assert papermill_translators.find_translator("any name", LISPE["language"]) is LispeTranslator


def test_papermill_is_told_where_the_engine_is(root: Path) -> None:
    announced = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"]
    assert announced["papermill.engine"]["lispe"] == f"{LispeEngine.__module__}:LispeEngine"


# papermill, while it is imported, finds an installed package itself; a checkout may not be installed.
COMMAND = "from papermill.__main__ import papermill; import lispe_kernel.notebook.papermill; papermill()"


def test_a_notebook_takes_parameters_from_the_command_line(root: Path, tmp_path: Path) -> None:
    path, made = write(tmp_path / "in.ipynb", ("(* alpha 2)", text("0"))), tmp_path / "out.ipynb"
    command = [sys.executable, "-c", COMMAND, str(path), str(made), "-p", "alpha", "0.5"]
    subprocess.run([*command, "--no-progress-bar"], cwd=root, check=True, capture_output=True)
    cells = nbformat.read(made, 4).cells
    assert cells[0].source == "; Parameters\n(setq alpha 0.5)\n"
    assert cells[1].outputs[0].data["text/plain"] == "1"
