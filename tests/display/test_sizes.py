"""Style and script of an output: 2 KB at most, and more only where a table sorts or colours are looked up."""

import re
from pathlib import Path

import pytest

from lispe_kernel.display import bundle
from tests.display.samples import KINDS

_OURS = re.compile(r"<style>.*?</style>|<script>.*?</script>", re.S)
_USUAL = 2_000
# What takes more, with its limit and what stands in it.
_MORE = (
    # Tables beside a picture, and rasters that keep no values: a colour is looked up in the colour bar.
    (2_400, ("tensor", "positional", "rotary", "alibi", "comparison")),
    # A table that sorts.
    (2_800, ("instance", "table", "encodings")),
    # A tree that sorts and is searched; a table that sorts beside curves.
    (3_900, ("state dict", "module", "trace", "lora", "lora model", "tokenizer", "checkpoint")),
    (3_900, ("lens", "runs", "weights over time")),
    # All of that, or points in space that turn.
    (4_900, ("dictionary", "map", "state comparison", "timeline")),
    # Beside a tree or a table with pictures, points that turn or heads to choose from.
    (5_500, ("heads", "embedding")),
)
LIMITS = {kind: most for most, kinds in _MORE for kind in kinds}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_style_and_script_of_each_kind_stay_small(kind: str, tmp_path: Path) -> None:
    shown = bundle(KINDS[kind]("a", tmp_path)).get("text/html", "")
    assert sum(map(len, _OURS.findall(shown))) <= LIMITS.get(kind, _USUAL)
