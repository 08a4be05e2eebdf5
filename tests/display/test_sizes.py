"""Style and script of an output: 2 KB at most, and more only where a table sorts or colours are looked up."""

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
    # Rasters beside curves and a table; a picture beside a table that is searched.
    (2_200, ("encodings", "state comparison")),
    # A table that sorts beside curves.
    (2_500, ("lens", "runs", "weights over time")),
    # A tree that sorts and is searched; one with pictures in it.
    (2_780, ("state dict", "module", "lora", "lora model", "embedding")),
    # Points in space that turn.
    (2_820, ("map",)),
    # Rasters, curves and a table that sorts.
    (3_050, ("dictionary", "timeline")),
    # Beside a table heads to choose from.
    (3_100, ("heads",)),
)
LIMITS = {kind: most for most, kinds in _MORE for kind in kinds}

# Rows that sort, are searched, open and have pictures in them.
_ALL = 3_600
_FEW_ROWS = 1_250


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_style_and_script_of_each_kind_stay_small(kind: str, tmp_path: Path) -> None:
    assert _size(KINDS[kind]("a", tmp_path)) <= LIMITS.get(kind, _USUAL)


def test_many_rows_have_all_and_few_have_neither_sorting_nor_searching() -> None:
    first, second = ({f"t{k}": torch.randn(20, 30) for k in range(4)} for _ in range(2))
    assert _size(compare(StateDict(first), StateDict(second))) <= _ALL
    for few in (torch.nn.Linear(2, 3), torch.nn.LayerNorm(4), StateDict({"a": torch.ones(3)})):
        assert _size(few) <= _FEW_ROWS


def _size(value: object) -> int:
    return sum(len(found.encode()) for found in _OURS.findall(bundle(value).get("text/html", "")))
