"""Style and script of an output: 2 KB at most, more where a tree sorts, points turn or colours are read."""

import re
from pathlib import Path

import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.functions import compare
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.display.samples import KINDS

_OURS = re.compile(r"<style>.*?</style>|<script>.*?</script>", re.S)
_USUAL = 2_048
# What takes more, with its limit and what stands in it.
_MORE = (
    # Rasters whose colours are looked up, beside curves or in a row of a table that opens.
    (2_115, ("dictionary", "timeline", "state comparison")),
    # Beside a large picture heads to choose from.
    (2_205, ("heads",)),
    # A tree that sorts.
    (2_350, ("lora", "lora model")),
    # Points in the plane, and points in space that turn.
    (2_570, ("map",)),
    # A tree, and rasters whose colours are looked up.
    (2_730, ("embedding",)),
)
LIMITS = {kind: most for most, kinds in _MORE for kind in kinds}

# Without sorting and searching; with them; rows that open pictures besides, in a table and in a tree.
_FEW_ROWS, _MANY_ROWS, _OPENING, _TREE = 1_270, 2_700, 3_480, 3_790


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_style_and_script_of_each_kind_stay_small(kind: str, tmp_path: Path) -> None:
    assert _size(KINDS[kind]("a", tmp_path)) <= LIMITS.get(kind, _USUAL)


def test_many_rows_have_all_and_few_have_neither_sorting_nor_searching() -> None:
    first, second = (StateDict({f"t{k}": torch.randn(20, 30) for k in range(14)}) for _ in range(2))
    assert _FEW_ROWS < _size(StateDict({f"t{k}": torch.ones(3, 3) for k in range(14)})) <= _MANY_ROWS
    assert _MANY_ROWS < _size(compare(first, second)) <= _OPENING
    assert _OPENING < _size(torch.nn.Sequential(*(torch.nn.Linear(20, 20) for _ in range(7)))) <= _TREE
    for few in (torch.nn.Linear(2, 3), torch.nn.LayerNorm(4), StateDict({"a": torch.ones(3)})):
        assert _size(few) <= _FEW_ROWS


def _size(value: object) -> int:
    return sum(len(found.encode()) for found in _OURS.findall(bundle(value).get("text/html", "")))
