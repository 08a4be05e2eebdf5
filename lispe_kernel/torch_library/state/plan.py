"""All or nothing: every name, shape and dtype is compared before the first tensor of a model changes.

A plan pairs the tensors of a file (or of a state dict) with the tensors of a model, whole or a part; when
something does not fit, one error lists everything that is missing, unexpected and mismatched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.pt import dtype_name
from lispe_kernel.torch_library.files.trees import TensorRef

_SHOWN = 40
Plan = dict[str, list[torch.Tensor]]


class Described(Protocol):
    """What is known of a tensor before it is read."""

    @property
    def dtype(self) -> torch.dtype: ...

    @property
    def shape(self) -> Any: ...


# The names under which programs keep a model's tensors in a larger file.
_MODEL_KEYS = ("model", "model_state_dict", "state_dict")


def state_names(tree: Any) -> dict[str, str]:
    """The names of a model's tensors -> the archive's names, in a plain file or in a checkpoint.

    A checkpoint may keep a table without tensors (settings) under one of the model's usual keys, and the
    tensors under another.
    Errors: BadFile when the file holds no table of tensors.
    """
    if isinstance(tree, dict):
        inner = [tree[key] for key in _MODEL_KEYS if isinstance(tree.get(key), dict)]
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


# -- a part of a file into a part of a model


def chosen(part: Any, names: Iterable[str]) -> Callable[[str], bool] | None:
    """A test for the names of a part; None for everything.

    A part is a prefix, or a list of names and prefixes (each must be in the file).
    """
    if part is None:
        return None
    names = list(names)
    for each in _parts(part):
        if not any(_under(each, name) for name in names):
            raise BadFile(f"it holds no tensor {each} and none under {each}.; it holds {some(names)}")
    return _within(part)


def _parts(part: Any) -> list[str]:
    return [part] if isinstance(part, str) else [to_text(item) for item in part]


def _within(part: Any) -> Callable[[str], bool]:
    parts = _parts(part)
    return lambda name: any(_under(each, name) for each in parts)


def check_part(function: str, position: int, part: Any) -> None:
    """A part must be nil, a prefix or a list of names."""
    if part is None or (isinstance(part, str) and part):
        return
    if isinstance(part, list) and part and all(isinstance(item, str) for item in part):
        return
    raise wrong_argument(function, position, "a prefix (a string) or a list of names", part)


def _under(part: str, name: str) -> bool:
    return name == part or name.startswith(part.rstrip(".") + ".")


def inside(part: Any, sources: Mapping[str, Described]) -> dict[str, Described]:
    """The sources of a part. Errors: BadFile for a part that the file lacks."""
    test = chosen(part, sources)
    return {name: source for name, source in sources.items() if test is None or test(name)}


def prefix_outside(part: Any, targets: Iterable[str]) -> str:
    """The prefix that the model lacks since it is that part itself; an empty text when it has the part."""
    if not isinstance(part, str) or any(_under(part, name) for name in targets):
        return ""
    return part.rstrip(".")


def wanted(part: Any, targets: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The targets of a part under the names that the file has for them, the outside prefix in front."""
    lead = prefix and prefix + "."
    named = {lead + name: target for name, target in targets.items()}
    if part is None:
        return named
    test = _within(part)
    return {name: target for name, target in named.items() if test(name)}


# -- the comparison


Fits = Callable[[torch.dtype, torch.dtype], bool]


def same_dtype(source: torch.dtype, target: torch.dtype) -> bool:
    """What whole models ask for: nothing is rounded."""
    return source is target


def both_floating(source: torch.dtype, target: torch.dtype) -> bool:
    """What adapters ask for: a copy from one floating-point dtype to another converts, as PyTorch's does."""
    return source is target or (source.is_floating_point and target.is_floating_point)


def plan(
    what: str,
    sources: Mapping[str, Described],
    targets: dict[str, torch.Tensor],
    *,
    names: str = "the file",
    fits: Fits = same_dtype,
) -> Plan:
    """Which tensors each source fills. Every target must be filled and every source used.

    Errors: LispeError beginning with `what`, which lists all that does not fit.
    """
    pairs = {name: [target] for name, target in targets.items() if name in sources}
    filled = {identity(target) for tensors in pairs.values() for target in tensors}
    missing = [n for n, target in targets.items() if n not in sources and identity(target) not in filled]
    unexpected = [name for name in sources if name not in targets]
    shapes, dtypes = compared(pairs, sources, names, fits)
    problems = [
        _line("missing", [_described(name, targets[name]) for name in missing]),
        _line("unexpected", [_described(name, sources[name]) for name in unexpected]),
        _line("mismatched", shapes),
        _line("of another dtype", dtypes),
    ]
    found = "; ".join(problem for problem in problems if problem)
    if found:
        prefix = _common_prefix(sources, targets)
        way_out = _way_out(bool(missing or unexpected), bool(shapes), prefix, _kinds(pairs, sources))
        raise LispeError(f"{what}{found}. Nothing was changed; {way_out}")
    return pairs


def compared(
    pairs: Plan, sources: Mapping[str, Described], names: str, fits: Fits = same_dtype
) -> tuple[list[str], list[str]]:
    """The differences in shape and in dtype between the two sides, as texts that name both."""
    shapes, dtypes = [], []
    for name, tensors in pairs.items():
        source, target = sources[name], tensors[0]
        if not same_shape(name, source.shape, target.shape):
            sizes = f"{shape(source.shape)} in {names} and {shape(target.shape)} in the model"
            shapes.append(f"{name} is {sizes}")
        elif not fits(source.dtype, target.dtype):
            kinds = f"{dtype_name(source.dtype)} in {names} and {dtype_name(target.dtype)} in the model"
            dtypes.append(f"{name} is {kinds}")
    return shapes, dtypes


def same_shape(name: str, source: Iterable[int], target: Iterable[int]) -> bool:
    """Equal shapes; a positional table may have libtorch's extra dimension of one."""
    source, target = tuple(source), tuple(target)
    if source == target:
        return True
    is_table = name.rpartition(".")[2] == "pe"
    return is_table and [n for n in source if n != 1] == [n for n in target if n != 1]


def identity(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Tied weights have one identity under several names."""
    return tensor.data_ptr() or id(tensor), tuple(tensor.shape), tensor.stride()


def _described(name: str, tensor: Described) -> str:
    return f"{name} {shape(tensor.shape)}"


def shape(sizes: Iterable[int]) -> str:
    """A shape in a text: `[256,512]`."""
    return "[" + ",".join(map(str, sizes)) + "]"


def _line(kind: str, texts: list[str]) -> str:
    if not texts:
        return ""
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"{kind}: {', '.join(texts[:_SHOWN])}{more}"


def some(names: list[str]) -> str:
    """The first names of a list, for an error."""
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more if names else "nothing"


def _common_prefix(sources: Iterable[str], targets: Iterable[str]) -> str:
    """The prefix that all names of the file have in front of the model's, or an empty text."""
    first = next(iter(targets), "")
    wanted = set(targets)
    for name in sources:
        prefix = name.removesuffix("." + first)
        if prefix != name and {f"{prefix}.{target}" for target in wanted} <= set(sources):
            return prefix
    return ""


def _kinds(pairs: Plan, sources: Mapping[str, Described]) -> set[str]:
    """The floating-point dtypes of a model; none when other kinds of numbers do not fit."""
    targets = {name: tensors[0].dtype for name, tensors in pairs.items()}
    if not all(both_floating(sources[name].dtype, dtype) for name, dtype in targets.items()):
        return set()
    return {dtype_name(dtype) for dtype in targets.values() if dtype.is_floating_point}


def _way_out(other_names: bool, other_shapes: bool, prefix: str, kinds: set[str]) -> str:
    """What the user can do; `kinds` are the floating-point dtypes of the model."""
    if prefix:
        return f'the model is the part {prefix} of the file: (torch_load_model path model "{prefix}")'
    if other_shapes:
        return "build the model with the sizes of the file"
    if other_names:
        return "build the same architecture, or load a part: (torch_load_model path model (list names...))"
    if not kinds:
        return "save the file with the model's dtypes"
    state = "(torch_read_state_dict path)"
    if len(kinds) == 1:
        state = f'(torch_state_dict_convert {state} "{kinds.pop()}")'
    return f"convert the file's tensors: (torch_load_state_dict model {state})"
