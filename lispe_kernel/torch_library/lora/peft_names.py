"""What PEFT makes of a folder's names on a model of transformers: it takes some for those of transformers 4.

Experts that were layers of their own there are one parameter now. PEFT adapts that one where it is told names
such as `gate_proj`, and none of the plain layers that are called so too (shared experts, dense layers); and
what is renamed when a checkpoint is loaded, it renames in an adapter's names as well, the new names among
them. Never imports PEFT.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from torch import nn

# How every name in a folder begins.
LEAD = "base_model.model."
# Names of layers that PEFT takes for parts of experts, by the architecture that it treats a model as.
_OF_EXPERTS = {
    "mixtral": frozenset({"gate", "w1", "w2", "w3"}),
    "qwen2_moe": frozenset({"gate", "gate_proj", "up_proj", "down_proj"}),
}


class Misread(NamedTuple):
    """What PEFT takes on a model for something else: names of layers, and renamings of tensors."""

    layers: frozenset[str] = frozenset()
    renamings: tuple[Any, ...] = ()

    def as_parameter(self, path: str) -> bool:
        """Whether PEFT finds this layer by its parameter alone."""
        return path.rpartition(".")[2] in self.layers

    def changed(self, names: Iterable[str]) -> tuple[str, str] | None:
        """The first name that PEFT would change, and what it would look for in its place."""
        for name in sorted(names):
            other = name
            for renaming in self.renamings:
                other, _ = renaming.rename_source_key(other)
            # What is an end of the name in the file PEFT takes back.
            if not f"{LEAD}{name}".endswith(other):
                return name, other
        return None


def misread_on(model: nn.Module | None) -> Misread:
    """What PEFT takes for something else on this model."""
    kind = getattr(getattr(model, "config", None), "model_type", None)
    if not isinstance(kind, str) or "transformers" not in sys.modules:
        return Misread()
    from transformers import conversion_mapping, core_model_loading  # noqa: PLC0415 - a model has it loaded

    table: Any = conversion_mapping
    if table.get_checkpoint_conversion_mapping(kind) is None:
        return Misread()
    # PEFT reads this table, too. Without it all are parameters, which is right on every model and slower.
    families = getattr(table, "_MODEL_TO_CONVERSION_PATTERN", None)
    if families is None:
        layers = frozenset().union(*_OF_EXPERTS.values())
    else:
        layers = _OF_EXPERTS.get("mixtral" if kind == "mixtral" else families.get(kind), frozenset())
    renaming = core_model_loading.WeightRenaming
    return Misread(
        layers, tuple(c for c in table.get_model_conversion_mapping(model) if isinstance(c, renaming))
    )
