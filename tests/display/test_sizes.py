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
    # Rasters whose colours are looked up in the colour bar, or beside curves.
    (2_048, ("tensor",)),
    (2_100, ("positional", "rotary", "alibi")),
    # A table beside those.
    (2_400, ("encodings",)),
    # A table that is searched; one that sorts beside curves.
    (3_100, ("tokenizer", "lens", "runs", "weights over time")),
    # A tree that sorts and is searched.
    (3_750, ("state dict", "module", "trace", "lora", "lora model", "checkpoint", "dictionary", "timeline")),
    # All of that, or points in space that turn.
    (4_250, ("map", "state comparison")),
    # Beside a tree or a table with pictures, points that turn or heads to choose from.
    (4_600, ("heads",)),
    (5_300, ("embedding",)),
)
LIMITS = {kind: most for most, kinds in _MORE for kind in kinds}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_style_and_script_of_each_kind_stay_small(kind: str, tmp_path: Path) -> None:
    shown = bundle(KINDS[kind]("a", tmp_path)).get("text/html", "")
    assert sum(map(len, _OURS.findall(shown))) <= LIMITS.get(kind, _USUAL)
