"""The page *From PyTorch to LispE*: both columns run from top to bottom, and each line gives the same."""

from __future__ import annotations

import ast
import copy
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lispe_kernel import Session
from lispe_kernel.language.values.atoms import TRUE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-pytorch.md"
LINE = re.compile(
    r"^\| `(?P<python>.+?)` \| `(?P<lisp>.+?)` \|$"
    r"|^```python\n(?P<block>.*?)^```\n\n```lisp\n(?P<forms>.*?)^```$",
    re.M | re.S,
)
PAIRS = [(f["python"] or f["block"], f["lisp"] or f["forms"]) for f in LINE.finditer(PAGE.read_text())]
UNSEEN = "not data"


def plain(value: Any) -> Any:
    """A value as data that compares, or UNSEEN: what only says that something was done is no data."""
    if isinstance(value, torch.Tensor):
        return (str(value.dtype), value.tolist())
    if value is TRUE or isinstance(value, bool):
        return "true" if value is TRUE or value else "None"
    if isinstance(value, nn.Module):
        return plain(dict(value.state_dict()))
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, torch.dtype) or value is None:
        return str(value)
    if isinstance(value, (int, float, str)):
        return UNSEEN if str(value).endswith("successfully") else value
    if isinstance(value, Iterable) and not hasattr(value, "missing_keys"):
        return [plain(each) for each in value]
    return UNSEEN


def in_python(code: str, names: dict[str, Any]) -> Any:
    """The value of the last statement, or of what it assigns."""
    tree = ast.parse(code)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.fix_missing_locations(
            ast.Assign([ast.Name("_", ast.Store())], last.value, lineno=1)
        )
    exec(compile(tree, "page", "exec"), names)
    if isinstance(last, ast.With):
        last = last.body[-1]
    if isinstance(last, ast.Expr):
        return names["_"]
    if not isinstance(last, ast.Assign):
        return UNSEEN
    target: Any = last.targets[0]
    if isinstance(target, ast.Tuple):
        target = target.elts[-1]
    return names[(target.value if isinstance(target, ast.Subscript) else target).id]


def in_lispe(code: str, session: Session) -> Any:
    value = session.evaluate(code)
    assigned = re.match(r"\(setq (\w+) ", code)
    return session.namespace[assigned[1]] if assigned and "\n" not in code else value


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {side: tmp_path_factory.mktemp(side) for side in ("python", "lispe")}


@pytest.fixture(scope="module")
def values(folders: dict[str, Path]) -> list[tuple[Any, Any]]:
    """What both sides give, line by line, each in a folder and with random numbers of its own."""
    before, sides = Path.cwd(), []
    names: dict[str, Any] = {}
    session = Session(folder=str(folders["lispe"]))
    try:
        for side, folder in folders.items():
            os.chdir(folder)
            found = []
            for python, lisp in PAIRS:
                value = in_python(python, names) if side == "python" else in_lispe(lisp, session)
                found.append(copy.deepcopy(plain(value)))
            sides.append(found)
    finally:
        os.chdir(before)
    return list(zip(*sides, strict=True))


@pytest.mark.parametrize("line", range(len(PAIRS)), ids=[python.split("\n")[0] for python, _ in PAIRS])
def test_a_line_gives_the_same_on_both_sides(line: int, values: list[tuple[Any, Any]]) -> None:
    python, lisp = values[line]
    if UNSEEN not in (python, lisp):
        assert lisp == python


def test_nearly_every_line_is_compared(values: list[tuple[Any, Any]]) -> None:
    assert len([pair for pair in values if UNSEEN not in pair]) > 100


def test_the_saved_files_hold_the_same(values: list[tuple[Any, Any]], folders: dict[str, Path]) -> None:
    assert values
    python, lisp = (plain(torch.load(folder / "net.pt")) for folder in folders.values())
    assert lisp == python
