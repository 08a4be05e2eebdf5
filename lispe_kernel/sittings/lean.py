"""A manifest as it stands in its file: without what follows from the rest.

Left out are the layout of tensors that lie in their block as usual, what most tensors and modules have, and
the name of a file at each of its blocks. Reading puts all of it back, so that nobody else knows of it; the
checksum of a manifest is that of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from lispe_kernel.language.keeping import Broken

_TENSORS = {"torch tensor": False, "torch parameter": True}
_OF_TENSORS = frozenset({"at", "dtype", "shape", "steps", "device", "requires_grad", "grad"})
# What modules have where nothing is said; their settings are always said.
_OF_MODULES: dict[str, Any] = {"training": True, "parameters": {}, "buffers": {}, "passing": [], "parts": {}}
_FIELDS = frozenset({"settings", *_OF_MODULES})
_TREES = ("variables", "slots", "states", "objects")
_WIDTHS = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1,
    "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1, "bool": 1, "complex64": 8, "complex128": 16,
    "float8_e4m3fn": 1, "float8_e5m2": 1,
}  # fmt: skip


def leaned(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest without what `filled` puts back."""
    memory = manifest["memory"]
    found = {name: _changed(manifest[name], partial(_lean, memory)) for name in _TREES}
    return {**manifest, **found, "memory": _by_file(memory)}


def filled(manifest: dict[str, Any]) -> dict[str, Any]:
    """The whole of a manifest from a file. Errors: Broken."""
    memory = _by_number(manifest.get("memory"))
    try:
        found = {name: _changed(manifest.get(name), partial(_full, memory)) for name in _TREES}
    except (RecursionError, TypeError, ValueError) as error:
        raise Broken("is malformed: it holds what no save of LispE writes") from error
    return {**manifest, **found, "memory": memory}


# -- values ---------------------------------------------------------------------------------------------


def _changed(data: Any, change: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Any:
    """Data with what is said of each tensor and module of PyTorch's changed, from the inside out."""
    if isinstance(data, list):
        return [_changed(item, change) if type(item) in (dict, list) else item for item in data]
    if not isinstance(data, dict):
        return data
    found = {
        key: _changed(item, change) if type(item) in (dict, list) else item for key, item in data.items()
    }
    if len(found) == 1:
        ((kind, inner),) = found.items()
        if kind.startswith("torch ") and isinstance(inner, dict):
            return {kind: change(kind, inner)}
    return found


def _lean(memory: dict[str, Any], kind: str, data: dict[str, Any]) -> dict[str, Any]:
    if kind in _TENSORS and data.keys() == _OF_TENSORS:
        return _lean_tensor(data, _TENSORS[kind], memory)
    return _without(data, _OF_MODULES) if data.keys() == _FIELDS else data


def _full(memory: dict[str, Any], kind: str, data: dict[str, Any]) -> dict[str, Any]:
    if kind in _TENSORS and "at" in data and data.keys() <= _OF_TENSORS:
        return _full_tensor(data, _TENSORS[kind], memory)
    return {**_OF_MODULES, **data} if "settings" in data and data.keys() <= _FIELDS else data


def _without(data: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    # Python takes 1 and true for one another.
    return {
        key: item
        for key, item in data.items()
        if key not in usual or type(item) is not type(usual[key]) or item != usual[key]
    }


def _lean_tensor(data: dict[str, Any], trained: bool, memory: dict[str, Any]) -> dict[str, Any]:
    usual = {"device": "cpu", "requires_grad": trained, "grad": None, "steps": _steps(data["shape"])}
    at, entry = data["at"], memory.get(str(data["at"]["memory"]), {})
    if at["start"] == 0:
        data = {**data, "at": at["memory"]}
        if entry.get("dtype") == data["dtype"] and entry["shape"] == data["shape"]:
            usual |= {name: entry[name] for name in ("dtype", "shape")}
    return _without(data, usual)


def _full_tensor(data: dict[str, Any], trained: bool, memory: dict[str, Any]) -> dict[str, Any]:
    found = {"device": "cpu", "requires_grad": trained, "grad": None, **data}
    if type(data["at"]) is int:
        entry = memory.get(str(data["at"]), {})
        if entry.get("dtype") and "dtype" not in data:
            found = {"dtype": entry["dtype"], "shape": entry["shape"], **found}
        found["at"] = {"memory": data["at"], "start": 0}
    if "steps" not in data and isinstance(found.get("shape", []), list):
        found["steps"] = _steps(found.get("shape", []))
    return found


def _steps(shape: list[int]) -> list[int]:
    """The steps of a tensor of this shape whose elements follow each other."""
    found, step = [], 1
    for size in reversed(shape):
        found.append(step)
        step *= max(size, 1)
    return found[::-1]


# -- memory ---------------------------------------------------------------------------------------------


def _by_file(memory: dict[str, Any]) -> dict[str, Any]:
    """For each file its blocks: the checksum, what the block is or how many bytes it has, what is rare."""
    found: dict[str, Any] = {}
    for number, entry in memory.items():
        rare = {"name": entry["name"], "torch": entry["torch"]}
        rare = _without(rare, {"name": number, "torch": True})
        kind, shape = entry.get("dtype"), entry.get("shape")
        what = [kind, shape] if _bytes_of(kind, shape) == entry["bytes"] else [entry["bytes"]]
        found.setdefault(entry["file"], {})[number] = [entry["checksum"], *what, *([rare] if rare else [])]
    return found


def _by_number(memory: Any) -> dict[str, Any]:
    if not isinstance(memory, dict) or not all(isinstance(blocks, dict) for blocks in memory.values()):
        raise Broken("is malformed where its memory belongs")
    found = {}
    for file, blocks in memory.items():
        for number, block in blocks.items():
            if number in found:
                raise Broken("is malformed where its memory belongs")
            found[number] = _entry(file, number, block)
    return found


def _entry(file: str, number: str, block: Any) -> dict[str, Any]:
    """All that is known of a block. Errors: Broken."""
    match block:
        case [str(checksum), str(kind), [*shape], *rare] if (known := _bytes_of(kind, shape)) is not None:
            size = known
        case [str(checksum), int(size), *rare]:
            kind, shape = "", []
        case _:
            raise Broken("is malformed where its memory belongs")
    told: dict[str, Any] = {"name": number, "torch": True}
    for each in rare:
        if not isinstance(each, dict) or not each.keys() <= told.keys():
            raise Broken("is malformed where its memory belongs")
        told |= each
    found = {"file": file, "bytes": size, "checksum": checksum, "dtype": kind, "shape": shape}
    return {**found, **told}


def as_array(kind: str, shape: list[int], size: int) -> dict[str, Any]:
    """What the entry of a block of so many bytes says of the array that it is, where it is one."""
    is_one = _bytes_of(kind, shape) == size
    return {"dtype": kind if is_one else "", "shape": shape if is_one else []}


def _bytes_of(kind: Any, shape: Any) -> int | None:
    """The bytes of a block that is one array; None for anything else."""
    width = _WIDTHS.get(kind) if isinstance(kind, str) else None
    if width is None or not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        return None
    return width * math.prod(shape)
