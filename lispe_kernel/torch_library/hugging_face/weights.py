"""The files of weights of a folder, looked at before and after transformers loads them.

Before: that each is a file of its kind and whole, and that two do not disagree. After: that no number changed
its kind on the way: transformers makes fractions of anything, so that quantised weights whose scales are
missing would compute nonsense.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.files.errors import BadFile, reading
from lispe_kernel.torch_library.files.formats import open_file
from lispe_kernel.torch_library.hugging_face.folders import LOADING_MODEL, VALIDATING, Folder, weight_files
from lispe_kernel.torch_library.support.dtypes import dtype_name

# Kinds that turn into each other by rounding alone.
PLAIN = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def kinds_in(folder: Folder) -> dict[str, torch.dtype]:
    """The kinds of numbers of the weights by name, as the files have them.

    Errors: a file that is damaged, of another format, or holds more than tensors; a weight that stands in two
    files with different values
    """
    kinds: dict[str, torch.dtype] = {}
    where: dict[str, Path] = {}
    for path in map(folder.path.joinpath, weight_files(folder)):
        with reading(LOADING_MODEL, str(path)), open_file(str(path)) as archive:
            if folder.pickled:
                # Formats of pickles carry checksums that transformers does not compare.
                archive.verify(archive.entries)
            for name, entry in archive.entries.items():
                if name in where and not torch.equal(archive.read(name), _value(where[name], name)):
                    raise BadFile(f"its {name} is another one than that in {where[name].name}")
                kinds[name], where[name] = entry.dtype, path
    return kinds


def _value(path: Path, name: str) -> torch.Tensor:
    with open_file(str(path)) as archive:
        return archive.read(name)


def refuse_changed_kinds(folder: Folder, kinds: dict[str, torch.dtype], model: nn.Module) -> None:
    """No weight was made a fraction that was none, or is one of eight bits. Errors: it is named."""
    odd = {name: kind for name, kind in kinds.items() if kind not in PLAIN}
    if not odd:
        return
    state: dict[str, Any] = model.state_dict()
    ignored = [re.compile(rule) for rule in getattr(model, "_keys_to_ignore_on_load_unexpected", None) or ()]
    lead = f"{getattr(model, 'base_model_prefix', '')}."
    for name, kind in odd.items():
        there = next((state[n] for n in (name, lead + name, name.removeprefix(lead)) if n in state), None)
        quantised = kind.itemsize == 1 and kind is not torch.bool
        # Under another name in the model, where it may be one of those of its kind.
        renamed = there is None and not quantised and any(tensor.dtype is kind for tensor in state.values())
        if renamed or (there is None and any(rule.search(name) for rule in ignored)):
            continue
        if there is None or there.dtype != kind:
            small = ": quantised weights are not supported" if quantised else ""
            wanted = "a fraction" if there is None else dtype_name(there.dtype)
            text = f"{name} is {dtype_name(kind)} in the folder, {wanted} in the model{small}"
            raise LispeError(f"{VALIDATING}{folder.what} in {folder.path}: {text}. Nothing was loaded")
