"""How models that ranks train together are kept: whole ones as themselves; those in parts are refused."""

from __future__ import annotations

from typing import Any

from torch.nn.parallel import DistributedDataParallel

from lispe_kernel.language.keeping import Broken, Into, Keeper, Out, register_keeper, register_refusal
from lispe_kernel.torch_library.distributed.parts import is_part

IN_PARTS = (
    "a model, an optimizer or a tensor of which this rank has only a part; torch_state_dict and "
    "torch_save_checkpoint bring all together"
)


def _write(model: DistributedDataParallel, out: Out) -> Any:
    out.note("the tie to the other ranks (torch_parallel): it comes back as the model itself")
    return {"of": out.value(model.module)}


def _make(data: Any, into: Into) -> Any:
    if not isinstance(data, dict) or data.keys() != {"of"}:
        raise Broken("holds a model of several ranks that is none")
    return into.value(data["of"])


register_keeper(Keeper("torch parallel", DistributedDataParallel, _write, _make))


def _why(value: Any) -> str:
    """Why something cannot be kept: a tensor in parts, or a module of such (FSDP2 changes its class)."""
    parted = is_part(value) or type(value).__name__.startswith("FSDP")
    return IN_PARTS if parted else ""


register_refusal(_why)
