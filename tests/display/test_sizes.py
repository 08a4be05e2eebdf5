"""Style and script of an output: 2 KB at most, more where many rows of a tree sort or open pictures."""

import re
from pathlib import Path

import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.functions import compare
from lispe_kernel.display.page import dense, theme
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.display.samples import KINDS

_OURS = re.compile(r"<style>.*?</style>|<script>.*?</script>", re.S)
_SCRIPT = re.compile(r"(?<=<script>).*(?=</script>)", re.S)
_MOST = 2_048

# What a browser has, and words of the language.
_ELSEWHERE = set(
    re.findall(
        r"\w+",
        "Array DOMMatrix DOMPoint Event JSON Math MutationObserver OffscreenCanvas Text document "
        "encodeURIComponent delete else false for function let new null return true undefined var",
    )
)

# Without sorting and searching; with them, in a table and in a tree; where rows open pictures besides, too.
_FEW_ROWS, _MANY_ROWS, _TREE, _OPENING, _OPENING_TREE = 1_280, 1_960, 2_385, 3_200, 3_355


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_style_and_script_of_each_kind_stay_small(kind: str, tmp_path: Path) -> None:
    value = KINDS[kind]("a", tmp_path)
    assert _size(value) <= _MOST
    assert _undeclared("".join(_SCRIPT.findall(bundle(value).get("text/html", "")))) == set()


def test_every_part_of_the_script_uses_names_that_are_declared() -> None:
    assert _undeclared(str(theme.script(frozenset(theme.uses())))[8:-9]) == set()


def test_many_rows_have_all_and_few_have_neither_sorting_nor_searching() -> None:
    first, second = (StateDict({f"t{k}": torch.randn(20, 30) for k in range(14)}) for _ in range(2))
    assert _FEW_ROWS < _size(StateDict({f"t{k}": torch.ones(3, 3) for k in range(14)})) <= _MANY_ROWS
    assert _MANY_ROWS < _size(StateDict({f"a.{k // 5}.t{k}": torch.ones(3) for k in range(14)})) <= _TREE
    assert _TREE < _size(compare(first, second)) <= _OPENING
    layers = (torch.nn.Linear(20, 20) for _ in range(7))
    assert _OPENING < _size(torch.nn.Sequential(*layers)) <= _OPENING_TREE
    for few in (torch.nn.Linear(2, 3), torch.nn.LayerNorm(4), StateDict({"a": torch.ones(3)})):
        assert _size(few) <= _FEW_ROWS


def _undeclared(script: str) -> set[str]:
    """Names that neither the script declares, whose own have two letters at most, nor every browser has."""
    code = dense._code(script)
    names = set(dense._used(code)) - {*dense._KEY.findall(code), *_ELSEWHERE}
    return {name for name in names if len(name) > 2}


def _size(value: object) -> int:
    return sum(len(found.encode()) for found in _OURS.findall(bundle(value).get("text/html", "")))
