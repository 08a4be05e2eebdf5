"""Writing a checkpoint into a folder, by all ranks: each its own file at once, then one the index.

A tensor in shards is written by each rank that has a part of it, any other one by one rank; the ranks share
these by size. Files of a new version stand beside those of the old one until the new index is in its place,
and go with the next save where a rank was killed before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.distributed import group, parts
from lispe_kernel.torch_library.distributed.parts import dimension, here, is_part
from lispe_kernel.torch_library.files import known_whole, safetensors
from lispe_kernel.torch_library.files.atomic import SUFFIX, reason, write_bytes, write_file
from lispe_kernel.torch_library.files.compaction import compact, stored_bytes
from lispe_kernel.torch_library.files.errors import BadFile, writing
from lispe_kernel.torch_library.files.formats import opened
from lispe_kernel.torch_library.files.shards import (
    FILES,
    FORMAT,
    INDEX,
    Piece,
    header_sum,
    index_bytes,
    is_folder,
    noted,
    read_index,
)
from lispe_kernel.torch_library.files.trees import take_apart, to_json
from lispe_kernel.torch_library.support.dtypes import dtype_name
from lispe_kernel.torch_library.support.progress import progress
from lispe_kernel.torch_library.support.wording import kind_of

# Where in a program the ranks meet.
NAME = "torch_save_checkpoint"
# Where in the tree that stands which each rank has of its own.
_OWN = "random.ranks"
# Under this key of a header PyTorch's own reader of such files looks for the place of each piece.
_ENGINES_KEY = "DCP_SHARDING_INFO"
# Versions are counted to here, then from the beginning: names of files have room for nine digits.
_LAST = 999_999_998


def write_folder(prefix: str, path: str, tree: Any, own: Any, summary: dict[str, Any]) -> None:
    """Write a tree that all ranks have in common, and what each has of its own (under the key `ranks` of the
    table `random`), into a folder. Every rank calls it, with the same path.

    Errors: LispeError on all ranks, where one of them fails; the folder is then as it was.
    """
    group.agreed(NAME, "the folder", path)
    version = _begun(prefix, path)
    skeleton, tensors = take_apart(tree)
    own_skeleton, own_tensors = take_apart({f"{_OWN}.{group.rank()}": own})
    group.agreed(NAME, "the tensors", [f"{n} {kind_of(t)}" for n, t in tensors.items()])
    mine = {**_share(tensors), **own_tensors}
    name = f"v{version}-rank-{group.rank()}.safetensors"
    try:
        facts, told = group.together(NAME, lambda: _write(prefix, path, name, mine))
    except BaseException:
        # Another rank's disk is full, say: no index will name this file. None is written without this rank.
        _remove(path, [name])
        raise
    # The tagged form of the only entry of a table.
    (_, ((_, plain),)) = to_json(own_skeleton)
    written = [_Written(*each) for each in group.exchange(NAME, [name, facts, told, plain])]
    content = {
        "format": FORMAT,
        "version": version,
        "summary": summary,
        "files": {each.file: each.facts for each in written},
        "tensors": _joined(tensors, written),
        "tree": _with_own(to_json(skeleton), [each.plain for each in written]),
    }
    group.together(NAME, lambda: _finish(prefix, path, content), on=0)


class _Written(NamedTuple):
    """What a rank wrote: its file; dtype, start, shape and checksum of each tensor in it; its own values."""

    file: str
    # Its size, and the checksum of its header.
    facts: list[Any]
    tensors: dict[str, list[Any]]
    plain: Any


def _with_own(tree: Any, plain: list[Any]) -> Any:
    """The tagged form of a tree, with what each rank has of its own in it."""
    kind, entries = tree
    table, name = _OWN.split(".")
    return [kind, [*entries, [table, ["table", [[name, ["list", plain]]]]]]]


def _joined(tensors: dict[str, torch.Tensor], written: list[_Written]) -> dict[str, Any]:
    """What the index says of each tensor: those in common with the pieces of all ranks, then the others."""
    pieces: dict[str, list[Piece]] = {}
    kinds: dict[str, str] = {}
    for each in written:
        for name, (kind, start, shape, digest) in each.tensors.items():
            kinds[name] = kind
            pieces.setdefault(name, []).append(Piece(each.file, tuple(start), tuple(shape), digest))
    order = [*tensors, *(name for name in pieces if name not in tensors)]
    return {
        name: noted(
            kinds[name], tensors[name].shape if name in tensors else pieces[name][0].shape, pieces[name]
        )
        for name in order
    }


def _finish(prefix: str, path: str, content: dict[str, Any]) -> None:
    """Put the index in its place; the files of the version before go."""
    try:
        with writing(prefix, path):
            write_bytes(os.path.join(path, INDEX), index_bytes(content))
    except LispeError:
        # The old index is in its place.
        _remove(path, list(content["files"]))
        raise
    _remove(path, [n for n in os.listdir(path) if FILES.fullmatch(n) and n not in content["files"]])


def _begun(prefix: str, path: str) -> int:
    """Make the folder ready; gives the number of the new version."""
    version = 0

    def prepare() -> None:
        nonlocal version
        with writing(prefix, path):
            try:
                os.makedirs(path, exist_ok=True)
                version = 1 + _newest(path) % _LAST
            except OSError as error:
                raise LispeError(f"{prefix}{path}: {reason(error)}") from error

    group.together(NAME, prepare, on=0)
    return int(group.exchange(NAME, version)[0])


def _newest(path: str) -> int:
    """The version in a folder; what a killed save left of another one is removed."""
    names = os.listdir(path)
    odd = next((n for n in names if FILES.fullmatch(n) and os.path.isdir(os.path.join(path, n))), None)
    if odd is not None:
        raise BadFile(
            f"{odd} in it is a folder, where a rank's file belongs; remove it, or choose another one"
        )
    kept: Container[str] = ()
    version = 0
    if is_folder(path):
        try:
            index = read_index(path)
            kept, version = index.files, index.version
        except BadFile:
            # A damaged one is written over; its files stay until then, and count for their versions.
            kept = found = list(filter(FILES.fullmatch, names))
            if not found:
                raise BadFile(
                    f"its {INDEX} belongs to no checkpoint of ours; choose another folder"
                ) from None
            version = max(int(name[1 : name.index("-")]) for name in found)
    elif any(not FILES.fullmatch(name) and not name.endswith(SUFFIX) for name in names):
        raise BadFile("the folder has other files in it; choose one that is empty, or not there yet")
    _remove(path, [name for name in names if FILES.fullmatch(name) and name not in kept])
    return version


def _remove(path: str, names: list[str]) -> None:
    for name in names:
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(path, name))


def _share(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What this rank writes: its parts, and its share of the tensors that all ranks have.

    Every rank comes to the same division. Tensors that share memory are written by one rank, once.
    """
    bytes_of = [0] * group.size()
    writers: dict[int, int] = {}
    mine: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if is_part(tensor) and dimension(tensor) is not None:
            if here(tensor).numel() or group.rank() == 0:
                mine[name] = tensor
            continue
        plain = here(tensor)
        place = plain.untyped_storage().data_ptr() if plain.numel() else id(plain)
        if place not in writers:
            writers[place] = bytes_of.index(min(bytes_of))
            bytes_of[writers[place]] += plain.nbytes
        if writers[place] == group.rank():
            mine[name] = tensor
    return mine


def _write(
    prefix: str, path: str, name: str, tensors: dict[str, torch.Tensor]
) -> tuple[list[Any], dict[str, list[Any]]]:
    """Write this rank's file; gives its facts, and dtype, start, shape and checksum of what is in it."""
    place = os.path.join(path, name)
    with writing(prefix, path):
        made = compact({key: here(tensor) for key, tensor in tensors.items()})
        engines = {key: {"saved_offsets": parts.start(tensors[key])} for key in made}
        with progress(f"saving {name}", stored_bytes(made)) as advance:

            def fill(file: BinaryIO) -> None:
                more = {_ENGINES_KEY: json.dumps(engines)}
                safetensors.write(file, {}, made, {"kind": "shard"}, advance, more)

            facts = write_file(place, fill)
    if facts is not None:
        known_whole.note_written(known_whole.identity(facts))
    with opened(prefix, place) as archive:
        told = {
            key: [dtype_name(entry.dtype), parts.start(tensors[key]), entry.shape, entry.digest]
            for key, entry in archive.entries.items()
        }
        size = archive.file.size
    return [size, header_sum(place)], told
