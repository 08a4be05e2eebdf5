"""The names that tensors have in files, and what wrappers and adapters put into them.

Programs keep a model's tensors in a plain table or inside a larger one, and wrappers (DataParallel,
torch.compile) lengthen the names. Nothing here reads a tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.trees import EXTRA_STATE, TensorRef

# The names under which programs keep a model's tensors in a larger file.
MODEL_KEYS = ("model", "model_state_dict", "state_dict")


def state_names(tree: Any) -> dict[str, str]:
    """The names of a model's tensors -> the archive's names, in a plain file or in a checkpoint.

    A checkpoint may keep a table without tensors (settings) under one of the model's usual keys, and the
    tensors under another.
    Errors: BadFile when the file holds no table of tensors.
    """
    return _tensors(model_table(tree))


def other_values(tree: Any) -> dict[str, Any]:
    """What stands beside the tensors in a model's table: extra states, and values that no model takes.

    A table around tables of tensors is the program's, not a model's: its numbers and texts are passed over.
    """
    return {
        name: value
        for name, value, of_model in _flat(model_table(tree))
        if not isinstance(value, TensorRef) and (of_model or _is_extra_state(name))
    }


def _is_extra_state(key: Any) -> bool:
    return str(key).rpartition(".")[2] == EXTRA_STATE


def model_table(tree: Any) -> dict[Any, Any]:
    """The table of a model's tensors in a plain file or in a checkpoint. Errors: BadFile for none."""
    if isinstance(tree, dict):
        inner = [tree[key] for key in MODEL_KEYS if isinstance(tree.get(key), dict)]
        found = next(filter(None, map(_table, inner)), None) if inner else tree
        if found is not None and (_tensors(found) or not found):
            return found
        if {} in inner:
            return {}
    raise BadFile("it holds no table of tensors")


def _table(tree: dict[Any, Any]) -> dict[Any, Any] | None:
    """The same in an inner table: None where it holds no tensors."""
    try:
        return model_table(tree)
    except BadFile:
        return None


def _tensors(table: dict[Any, Any]) -> dict[str, str]:
    return {name: value.name for name, value, _ in _flat(table) if isinstance(value, TensorRef)}


def _flat(tree: dict[Any, Any], prefix: str = "", of_model: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """The values of a table and of the tables in it by name, and whether tensors stand beside or above each.

    An extra state is one value, whatever it is.
    """
    of_model = of_model or any(isinstance(item, TensorRef) for item in tree.values())
    for key, item in tree.items():
        if isinstance(item, dict) and not _is_extra_state(key):
            yield from _flat(item, f"{prefix}{key}.", of_model)
        else:
            yield f"{prefix}{key}", item, of_model


def without_lead(names: Mapping[str, str], wanted: Collection[str]) -> dict[str, str]:
    """The names without a part that all of them have in front, where the model's names are what follows.

    So a training module (Lightning's) keeps the names of the model that it trains.
    """
    lead = next(iter(names), "").partition(".")[0] + "."
    rest = {name.removeprefix(lead): ref for name, ref in names.items() if name.startswith(lead)}
    return rest if len(rest) == len(names) and rest.keys() == set(wanted) else dict(names)


# What DataParallel and torch.compile put into the names of what they wrap.
_WRAPPERS = ("module", "_orig_mod")
# What stands between the path of a LoRA layer and the name of an adapter that rests.
ADAPTERS = "adapters"


def wrapping(names: Iterable[str], model: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """A function that gives a file's names (of tensors and of layers) the wrappers that the model's have.

    `module.fc._orig_mod.weight` becomes `fc.weight`, or the other way round. Parts that both have stay, and
    all do where two names of one side would become one.
    """
    names, ours = list(names), list(model())
    if not any(part in _WRAPPERS for name in (*names, *ours) for part in _path(name)):
        return lambda name: name
    plain = {unwrapped(name): name for name in ours}
    if len(plain) < len(ours) or len({unwrapped(name) for name in names}) < len(names):
        return lambda name: name
    # The longest of the paths that are one without wrappers is that of the layer inside of them.
    paths = {unwrapped(path): path for name in ours for path in _above(name)}
    return partial(_as_ours, {*ours, *paths.values()}, plain | paths)


def _as_ours(known: Collection[str], plain: Mapping[str, str], name: str) -> str:
    if name in known:
        return name
    bare = unwrapped(name)
    for path in (bare, *reversed(list(_above(bare)))):
        if path in plain:
            return joined(plain[path], bare.removeprefix(path).removeprefix("."))
    return bare


def _above(name: str) -> Iterator[str]:
    """The paths of the layers in which a tensor stands, the outermost first."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def unwrapped(name: str, wrappers: Collection[str] = _WRAPPERS) -> str:
    """A name without the parts that wrappers put in."""
    path = _path(name)
    return ".".join([*(part for part in path if part not in wrappers), *name.split(".")[len(path) :]])


def _path(name: str) -> list[str]:
    """The parts of a name, up to the adapters of a layer, whose names are anything."""
    parts = name.split(".")
    return parts[: parts.index(ADAPTERS)] if ADAPTERS in parts else parts


def joined(prefix: str, name: str) -> str:
    """Two parts of a name with a dot between them; an empty part adds nothing."""
    return f"{prefix}.{name}" if prefix and name else prefix or name
