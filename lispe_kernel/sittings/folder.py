"""The folder of a session: `session.json`, which is all of it but the numbers, and files of safetensors.

A save is whole or not there: the numbers that are new go into a new file, `session.json` takes the place of
the old one in one step, and only then goes what nothing names any more. What is read is checked first.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.keeping import Broken
from lispe_kernel.sittings import shown
from lispe_kernel.sittings.blocks import Block
from lispe_kernel.sittings.lean import as_array, filled, leaned
from lispe_kernel.sittings.memory import TENSORS, Files, forgotten, note_written, opened
from lispe_kernel.sittings.seen import Content, Seen
from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.files.atomic import (
    SUFFIX,
    CannotWrite,
    reason,
    refused,
    write_file,
    write_files,
)
from lispe_kernel.torch_library.files.outflow import Outflow
from lispe_kernel.torch_library.support.collector import at_rest
from lispe_kernel.torch_library.support.foreign_json import LONGEST, MOST_VALUES, Beyond, beyond, parsed

try:
    import fcntl
except ImportError:  # a system without file locks: two savers of one folder are then the user's to avoid
    fcntl = None  # type: ignore[assignment]

MANIFEST = "session.json"
FORMAT, VERSION = "lispe session", 2
# The version before says all of a manifest in full.
_IN_FULL = 1
# The file that a session's keeper holds a lock on.
KEEPER = "keeper.lock"
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_SAFETENSORS = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
    "bool": "BOOL", "complex64": "C64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip


@contextmanager
def told(name: str, folder: str, besides: str = "; nothing has changed") -> Iterator[None]:
    """Errors of folders as LispE's, with the name of the function and the folder."""
    try:
        yield
    except CannotWrite as error:
        raise LispeError(f"Error: {name}: {error}") from error
    except Broken as error:
        raise LispeError(f"Error: {name}: {folder} {shown(str(error))}{besides}") from error
    except OSError as error:
        raise LispeError(f"Error: {name}: {folder}: {reason(error)}{besides}") from error


def _refuse_links(path: str) -> None:
    """Errors: CannotWrite where something that is no plain file stands under a name of ours."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise CannotWrite(f"cannot write {path}: a link or no file stands there")


@contextmanager
def locked(folder: str, *, writing: bool) -> Iterator[None]:
    """Nobody else saves into the folder meanwhile."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX if writing else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def exists(folder: str) -> bool:
    """Whether there is such a folder."""
    return os.path.isdir(folder)


def prepare(folder: str) -> None:
    """Make the folder where it is not there. Errors: CannotWrite for one that holds something else."""
    with refused(folder):
        os.makedirs(folder, exist_ok=True)
        names = os.listdir(folder)
    if names and MANIFEST not in names and not all(_is_ours(name) for name in names):
        raise CannotWrite(f"cannot write {folder}: it holds other things, no session; name an empty one")


def is_cell(name: str) -> bool:
    """Whether a file is what a session was after a cell."""
    return re.fullmatch(r"cell-[0-9]{6}\.json", name) is not None


def _is_ours(name: str) -> bool:
    return bool(TENSORS.fullmatch(name)) or is_cell(name) or name == KEEPER or name.endswith(SUFFIX)


# -- writing --------------------------------------------------------------------------------------------


def save(folder: str, manifest: dict[str, Any], blocks: list[Block], seen: Seen) -> int:
    """Write a manifest and its memory into a folder; the number of bytes that were written.

    What the folder has is not written again; where it has nothing, nothing is read to find that out.
    Errors: CannotWrite; what was in the folder is as it was.
    """
    with locked(folder, writing=True):
        there = _there(folder)
        cells = cells_of(folder)
        before = there.get("memory", {})
        contents, learn = (seen.contents(blocks), None) if before or cells else seen.unread(blocks)
        (memory,), written = write_blocks(folder, [contents], before, cells)
        if learn is not None:
            learn([entry["checksum"] for entry in memory.values()])
        manifest["memory"] = memory
        # As text: Python takes 1, 1.0 and true for one another.
        if there and _checksum({**manifest, "saved": there["saved"]}) == _checksum(there):
            return written
        data = dumped(manifest)
        write_manifests(folder, {MANIFEST: data})
        forget(folder, [memory, *cells.values()])
        return written + len(data)


def write_manifests(folder: str, files: dict[str, bytes]) -> None:
    """Put manifests, which were `dumped`, into a folder, each in one step, in order. Errors: CannotWrite."""
    paths = {os.path.join(folder, name): data for name, data in files.items()}
    for path in paths:
        _refuse_links(path)
    write_files({path: partial(_fill, data) for path, data in paths.items()})


def _fill(data: bytes, file: BinaryIO) -> None:
    file.write(data)


def cells_of(folder: str) -> dict[str, Any]:
    """The memory of each cell that a folder keeps, by the name of its file, the oldest first."""
    names = sorted(name for name in os.listdir(folder) if is_cell(name))
    return {name: _there(folder, name).get("memory", {}) for name in names}


def _there(folder: str, name: str = MANIFEST) -> dict[str, Any]:
    """A manifest that is in a folder; empty where there is none that can be used."""
    try:
        found = load(folder, name)
    except (Broken, OSError):
        return {}
    return found if _is_memory(found.get("memory")) else {}


def write_blocks(
    folder: str, sessions: list[list[Content]], there: dict[str, Any], cells: dict[str, Any]
) -> tuple[list[dict[str, Any]], int]:
    """The entries of the blocks of each session by their numbers, and the bytes written.

    Written, into one file, is what is not there already. An entry has the checksum of the bytes in the file,
    also where a thread changes the block meanwhile. there: the memory of the newest session in the folder;
    cells: that of the cells that it keeps.
    """
    known = _known(folder, {each.key for contents in sessions for each in contents}, there, cells)
    file = f"tensors-{secrets.token_hex(6)}.safetensors"
    memories: list[dict[str, Any]] = []
    new: list[tuple[str, Content]] = []
    for contents in sessions:
        # Blocks of one session that have the same bytes have each its own, in the order of before.
        left = {key: places[::-1] for key, places in known.items()}
        memory: dict[str, Any] = {}
        for number, content in enumerate(contents, 1):
            found = left.get(content.key)
            if found:
                place = found.pop()
            else:
                place = (file, str(len(new) + 1))
                new.append((place[1], content))
                known.setdefault(content.key, []).append(place)
            memory[str(number)] = {
                "file": place[0],
                "name": place[1],
                "bytes": content.size,
                "checksum": content.checksum,
                "torch": content.torch,
                **as_array(content.dtype, content.shape, content.size),
            }
        memories.append(memory)
    if not new:
        return memories, 0
    new.sort(key=lambda entry: -_width(entry[1].dtype))
    header = _header(new)
    written: dict[str, str] = {}

    def fill(out: BinaryIO) -> None:
        flow = Outflow(out, lambda _bytes: None)
        flow.write(header)
        for name, content in new:
            written[name] = checksums.handed_on(content.read(), flow.write)

    facts = write_file(os.path.join(folder, file), fill)
    entries = [entry for memory in memories for entry in memory.values() if entry["file"] == file]
    for entry in entries:
        entry["checksum"] = written[entry["name"]]
    note_written(folder, facts, entries)
    return memories, len(header) + sum(content.size for _, content in new)


def _header(entries: list[tuple[str, Content]]) -> bytes:
    """The header of a safetensors file, which has these in this order."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt", "written by": FORMAT}}
    end = 0
    for name, content in entries:
        kind = _SAFETENSORS.get(content.dtype)
        header[name] = {
            "dtype": kind or "U8",
            "shape": content.shape if kind else [content.size],
            "data_offsets": [end, end + content.size],
        }
        end += content.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _width(dtype: str) -> int:
    found = re.search(r"\d+", dtype)
    return int(found.group()) if found else 1


def _known(
    folder: str, wanted: set[tuple[str, int]], there: dict[str, Any], cells: dict[str, Any]
) -> dict[tuple[str, int], list[tuple[str, str]]]:
    """Where blocks with these checksums lie already. A file of which little is left is written anew.

    A manifest is not believed: files may be damaged since, or be those of a save that was.
    """
    places = {(entry["file"], entry["name"]): entry for memory in cells.values() for entry in memory.values()}
    kept = set(places)
    places |= {(entry["file"], entry["name"]): entry for entry in there.values()}
    live: dict[str, int] = {}
    for place, entry in places.items():
        if place in kept or (entry["checksum"], entry["bytes"]) in wanted:
            live[place[0]] = live.get(place[0], 0) + entry["bytes"]
    full = {file for file, size in live.items() if 2 * size >= size_of(folder, file)}
    files = Files(folder)
    found: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for place, entry in places.items():
        key = (entry["checksum"], entry["bytes"])
        if place[0] in full and key in wanted and files.hold(entry):
            found.setdefault(key, []).append(place)
    return found


def _is_memory(memory: Any) -> bool:
    """Whether the part of a manifest that names stretches of files is one that a save makes."""
    return isinstance(memory, dict) and all(
        isinstance(entry, dict)
        and all(isinstance(entry.get(name), str) for name in ("file", "name", "checksum"))
        and type(entry.get("bytes")) is int
        and TENSORS.fullmatch(entry["file"])
        for entry in memory.values()
    )


def size_of(folder: str, file: str) -> int:
    """The bytes of a plain file of the folder; 0 where there is none."""
    try:
        facts = os.lstat(os.path.join(folder, file))
    except OSError:
        return 0
    return facts.st_size if stat.S_ISREG(facts.st_mode) else 0


def forget(folder: str, memories: list[dict[str, Any]]) -> None:
    """Remove the files of numbers that none of these memories names."""
    named = {entry["file"] for memory in memories for entry in memory.values()}
    for name in os.listdir(folder):
        if TENSORS.fullmatch(name) and name not in named:
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))
            forgotten(folder, name)


def dumped(manifest: dict[str, Any]) -> bytes:
    """The manifest as text, a line for each definition, variable and object, with its checksum.

    Errors: CannotWrite for one that could not be read again.
    """
    lean = manifest["version"] == VERSION
    whole = {**(leaned(manifest) if lean else manifest), "checksum": _checksum(manifest)}
    text_of = {"memory": _files} if lean else {}
    lines = [f" {_json(key)}: {text_of.get(key, _section)(value)}" for key, value in whole.items()]
    data = ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8", "surrogatepass")
    if len(data) > MOST_VALUES and beyond(data):
        raise CannotWrite(f"cannot write {MANIFEST}: {beyond(data)}; {_way_out(manifest)}")
    return data


def _way_out(manifest: dict[str, Any]) -> str:
    """What to do about a session whose lists are too long."""
    sizes = {name: len(_json(data)) for name, data in manifest["variables"].items()}
    shared = {number: len(_json(data)) for number, data in manifest["objects"].items()}
    for name, data in manifest["variables"].items():
        if isinstance(data, dict) and "object" in data:
            sizes[name] += shared.get(str(data["object"]), 0)
    largest = max(sizes, key=sizes.__getitem__, default="")
    named = f" The longest text is that of {largest}." if largest else ""
    return f"rows of numbers take no text as tensors or as lists of one kind (integers, numbers).{named}"


def _section(value: Any) -> str:
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"  {_json(key)}: {_json(item)}" for key, item in value.items()) + "\n }"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"  {_definition(item)}" for item in value) + "\n ]"
    return _json(value)


def _files(memory: dict[str, Any]) -> str:
    """What the files have, a line for each block."""
    if not memory:
        return "{}"
    files = []
    for file, blocks in memory.items():
        lines = [f"   {_json(number)}: {_json(block)}" for number, block in blocks.items()]
        files.append(f"  {_json(file)}: {{\n" + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(files) + "\n }"


def _definition(item: Any) -> str:
    """A definition with a line of the file for each of its lines."""
    if not isinstance(item, dict) or not isinstance(item.get("text"), list):
        return _json(item)
    rest = {key: value for key, value in item.items() if key != "text"}
    lines = ",\n".join(f"    {_json(line)}" for line in item["text"])
    return _json(rest)[:-1] + (", " if rest else "") + f'"text": [\n{lines}\n  ]}}'


def _json(value: Any) -> str:
    return _ENCODER.encode(value)


def _checksum(manifest: dict[str, Any]) -> str:
    text = json.dumps(manifest, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return checksums.digest(np.frombuffer(text.encode(), "u1"))


# -- reading --------------------------------------------------------------------------------------------


@at_rest()
def load(folder: str, name: str = MANIFEST) -> dict[str, Any]:
    """A manifest of a folder, whole and of a version that is known. Errors: Broken, OSError."""
    if not os.path.isdir(folder):
        raise Broken("is no folder" if os.path.exists(folder) else "is not there")
    with opened(folder, name) as file:
        data = file.read(LONGEST + 1)
    try:
        manifest = parsed(data)
    except Beyond as error:
        raise Broken(f"has a {name} that no save of LispE writes: {error}") from error
    except ValueError as error:
        raise Broken(f"has a {name} that is damaged") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Broken(f"has a {name} that is not one of LispE")
    version = manifest.get("version")
    if type(version) is not int or version not in (_IN_FULL, VERSION):
        told = f"version {version}" if type(version) is int and version < 1 << 63 else "an unknown version"
        way_out = ": update lispe_kernel" if type(version) is int and version > VERSION else ""
        raise Broken(f"is of {told}, this LispE reads versions {_IN_FULL} and {VERSION}{way_out}")
    found: dict[str, Any] = filled(manifest) if version == VERSION else manifest
    if found.pop("checksum", None) != _checksum(found):
        raise Broken(f"has a {name} that was changed or damaged since it was written")
    return found
