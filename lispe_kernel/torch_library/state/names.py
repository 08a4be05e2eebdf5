"""The names that tensors have in files, and what wrappers and adapters put into them.

Programs keep a model's tensors in a plain table or inside a larger one, and wrappers (DataParallel,
torch.compile) lengthen the names. Nothing here reads a tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.trees import TensorRef

# The names under which programs keep a model's tensors in a larger file.
MODEL_KEYS = ("model", "model_state_dict", "state_dict")


def state_names(tree: Any) -> dict[str, str]:
    """The names of a model's tensors -> the archive's names, in a plain file or in a checkpoint.

    A checkpoint may keep a table without tensors (settings) under one of the model's usual keys, and the
    tensors under another.
    Errors: BadFile when the file holds no table of tensors.
    """
    if isinstance(tree, dict):
        inner = [tree[key] for key in MODEL_KEYS if isinstance(tree.get(key), dict)]
        found = next(filter(None, map(_named, inner)), {}) if inner else _flat(tree, "")
        if found or not tree or {} in inner:
            return found
    raise BadFile("it holds no table of tensors")


def _named(tree: dict[Any, Any]) -> dict[str, str]:
    """The same in an inner table: nothing where it holds no tensors."""
    try:
        return state_names(tree)
    except BadFile:
        return {}


# What DataParallel and torch.compile put into the names of what they wrap.
_WRAPPERS = ("module", "_orig_mod")
# What stands between the path of a LoRA layer and the name of an adapter that rests.
ADAPTERS = "adapters"


def wrapping(names: Iterable[str], model: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """A function that leaves out of a file's names the parts that wrappers put in.

    `module.fc._orig_mod.weight` -> `fc.weight`. Parts that the model has itself stay, and all do where two
    names would become one.
    """
    names = list(names)
    there = {part for name in names for part in _path(name) if part in _WRAPPERS}
    extra = there - {part for name in model() for part in name.split(".")} if there else there
    if not extra or len({unwrapped(name, extra) for name in names}) < len(names):
        return lambda name: name
    return lambda name: unwrapped(name, extra)


def unwrapped(name: str, wrappers: Collection[str] = _WRAPPERS) -> str:
    """A name without the parts that wrappers put in."""
    path = _path(name)
    return ".".join([*(part for part in path if part not in wrappers), *name.split(".")[len(path) :]])


def _path(name: str) -> list[str]:
    """The parts of a name, up to the adapters of a layer, whose names are anything."""
    parts = name.split(".")
    return parts[: parts.index(ADAPTERS)] if ADAPTERS in parts else parts


def _flat(tree: dict[Any, Any], prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, item in tree.items():
        path = f"{prefix}{key}"
        if isinstance(item, TensorRef):
            found[path] = item.name
        elif isinstance(item, dict):
            found.update(_flat(item, path + "."))
    return found


def joined(prefix: str, name: str) -> str:
    """Two parts of a name with a dot between them; an empty part adds nothing."""
    return f"{prefix}.{name}" if prefix and name else prefix or name
