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
from typing import Any, BinaryIO

import numpy as np

from lispe_kernel.language.keeping import Broken
from lispe_kernel.sittings.blocks import Block
from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.files.atomic import SUFFIX, CannotWrite, reason, write_bytes, write_file
from lispe_kernel.torch_library.files.outflow import Outflow

try:
    import fcntl
except ImportError:  # a system without file locks: two savers of one folder are then the user's to avoid
    fcntl = None  # type: ignore[assignment]

MANIFEST = "session.json"
FORMAT, VERSION = "lispe session", 1
TENSORS = re.compile(r"tensors-[0-9a-f]{12}\.safetensors")
_LONGEST = 1 << 30
# Digits of the longest integer in the text; longer ones are written otherwise.
_DIGITS = 5000
DEEPEST = 500
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.S)
_SAFETENSORS = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
    "bool": "BOOL", "complex64": "C64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip


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
    try:
        os.makedirs(folder, exist_ok=True)
        names = os.listdir(folder)
    except OSError as error:
        raise CannotWrite(f"cannot write {folder}: {reason(error)}") from error
    if names and MANIFEST not in names and not all(_is_ours(name) for name in names):
        raise CannotWrite(f"cannot write {folder}: it holds other things, no session; name an empty one")


def _is_ours(name: str) -> bool:
    return bool(TENSORS.fullmatch(name)) or name.endswith(SUFFIX)


# -- writing --------------------------------------------------------------------------------------------


def save(folder: str, manifest: dict[str, Any], blocks: list[Block]) -> int:
    """Write a manifest and its memory into a folder; the number of bytes that were written.

    Errors: CannotWrite; what was in the folder is as it was.
    """
    with locked(folder, writing=True):
        path = os.path.join(folder, MANIFEST)
        _refuse_links(path)
        memory, written = _write_blocks(folder, blocks)
        manifest["memory"] = memory
        data = dumped(manifest)
        write_bytes(path, data)
        _forget(folder, {entry["file"] for entry in memory.values()})
        return written + len(data)


def _write_blocks(folder: str, blocks: list[Block]) -> tuple[dict[str, Any], int]:
    """The entries of the blocks by their numbers, and the bytes written: those that are not there already."""
    arrays = [block.bytes() for block in blocks]
    digests = checksums.digests(arrays)
    known = _known(folder, {(digest, len(array)) for digest, array in zip(digests, arrays, strict=True)})
    file = f"tensors-{secrets.token_hex(6)}.safetensors"
    memory: dict[str, Any] = {}
    new: list[int] = []
    for number, (block, array, digest) in enumerate(zip(blocks, arrays, digests, strict=True)):
        found = known.get((digest, len(array)))
        if found:
            place = found.pop()
        else:
            place = (file, str(number + 1))
            new.append(number)
        memory[str(number + 1)] = {
            "file": place[0],
            "name": place[1],
            "bytes": len(array),
            "checksum": digest,
            "torch": block.torch,
        }
    if not new:
        return memory, 0
    header, order = _header([(number, blocks[number], arrays[number]) for number in new])

    def fill(out: BinaryIO) -> None:
        flow = Outflow(out, lambda _bytes: None)
        flow.write(header)
        for number in order:
            flow.write(arrays[number])

    write_file(os.path.join(folder, file), fill)
    return memory, len(header) + sum(len(arrays[number]) for number in new)


def _header(entries: list[tuple[int, Block, Any]]) -> tuple[bytes, list[int]]:
    """The header of a safetensors file, and the order of the bytes: the widest elements first."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt", "written by": FORMAT}}
    ranked = sorted(entries, key=lambda entry: -_width(entry[1].as_a_whole[0]))
    end = 0
    for number, block, array in ranked:
        dtype, shape = block.as_a_whole
        kind = _SAFETENSORS.get(dtype)
        header[str(number + 1)] = {
            "dtype": kind or "U8",
            "shape": shape if kind else [len(array)],
            "data_offsets": [end, end + len(array)],
        }
        end += len(array)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, [number for number, _, _ in ranked]


def _width(dtype: str) -> int:
    found = re.search(r"\d+", dtype)
    return int(found.group()) if found else 1


def _known(folder: str, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], list[tuple[str, str]]]:
    """Where blocks with these checksums lie already. A file of which little is left is written anew."""
    try:
        memory = load(folder)["memory"]
    except (Broken, OSError):
        return {}
    live: dict[str, int] = {}
    for entry in memory.values():
        if (entry["checksum"], entry["bytes"]) in wanted:
            live[entry["file"]] = live.get(entry["file"], 0) + entry["bytes"]
    found: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for entry in memory.values():
        size = _size(folder, entry["file"])
        if 2 * live.get(entry["file"], 0) >= size > 0:
            found.setdefault((entry["checksum"], entry["bytes"]), []).append((entry["file"], entry["name"]))
    return found


def _size(folder: str, file: str) -> int:
    try:
        facts = os.lstat(os.path.join(folder, file))
    except OSError:
        return 0
    return facts.st_size if stat.S_ISREG(facts.st_mode) else 0


def _forget(folder: str, named: set[str]) -> None:
    """Remove the files of ours that nothing names any more."""
    for name in os.listdir(folder):
        if TENSORS.fullmatch(name) and name not in named:
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))


def dumped(manifest: dict[str, Any]) -> bytes:
    """The manifest as text, a line for each definition, variable and object, with its checksum."""
    whole = {**manifest, "checksum": _checksum(manifest)}
    lines = [f" {_json(key)}: {_section(value)}" for key, value in whole.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8", "surrogatepass")


def _section(value: Any) -> str:
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"  {_json(key)}: {_json(item)}" for key, item in value.items()) + "\n }"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"  {_definition(item)}" for item in value) + "\n ]"
    return _json(value)


def _definition(item: Any) -> str:
    """A definition with a line of the file for each of its lines."""
    if not isinstance(item, dict) or not isinstance(item.get("text"), list):
        return _json(item)
    rest = {key: value for key, value in item.items() if key != "text"}
    lines = ",\n".join(f"    {_json(line)}" for line in item["text"])
    return _json(rest)[:-1] + (", " if rest else "") + f'"text": [\n{lines}\n  ]}}'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _checksum(manifest: dict[str, Any]) -> str:
    text = json.dumps(manifest, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return checksums.digest(np.frombuffer(text.encode(), "u1"))


# -- reading --------------------------------------------------------------------------------------------


def opened(folder: str, name: str) -> BinaryIO:
    """A plain file of the folder; a link is not followed. Errors: OSError, Broken."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(os.path.join(folder, name), flags)
    except FileNotFoundError:
        raise Broken(f"has no file {name}") from None
    except OSError as error:
        raise Broken(f"has a file {name} that cannot be read ({(error.strerror or '').lower()})") from None
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise Broken(f"has under the name {name} something that is no file")
    return file


def load(folder: str) -> dict[str, Any]:
    """The manifest of a folder, whole and of a version that is known. Errors: Broken, OSError."""
    if not os.path.isdir(folder):
        raise Broken("is no folder" if os.path.exists(folder) else "is not there")
    with opened(folder, MANIFEST) as file:
        data = file.read(_LONGEST + 1)
    if len(data) > _LONGEST or depth(data) > DEEPEST:
        raise Broken(f"has a {MANIFEST} that is too large or too deep")
    try:
        manifest = json.loads(data.decode("utf-8", "surrogatepass"), parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise Broken(f"has a {MANIFEST} that is damaged") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Broken(f"has a {MANIFEST} that is not one of LispE")
    if manifest.get("version") != VERSION:
        raise Broken(f"is of version {manifest.get('version')}, this LispE reads version {VERSION}")
    if manifest.pop("checksum", None) != _checksum(manifest):
        raise Broken(f"has a {MANIFEST} that was changed or damaged since it was written")
    return manifest


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def depth(data: bytes) -> int:
    """How deep the brackets of a text of JSON stand in each other."""
    deepest = level = 0
    for character in re.sub(rb"[^][{}]", b"", _STRINGS.sub(b"", data)):
        level += 1 if character in b"[{" else -1
        deepest = max(deepest, level)
    return deepest
