"""TorchScript archives (what libtorch writes): their tensors by name, without loading the program in them.

The pickle inside is interpreted by a small machine that knows data only: a class becomes an inert mark, an
object the table of its attributes, a storage the place of its bytes. Nothing is imported, called or run.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import torch

from lispe_kernel.torch_library.files.archive import Entry, Layout
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.pt import data_offset
from lispe_kernel.torch_library.files.trees import TensorRef
from lispe_kernel.torch_library.files.zip_sums import SCHEME, Record

_STORAGES = {
    "FloatStorage": torch.float32, "DoubleStorage": torch.float64, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}  # fmt: skip
_REBUILD = "torch._utils _rebuild_tensor_v2"
_ORDERED = "collections OrderedDict"


@dataclass(frozen=True)
class _Global:
    """A class or function that the pickle names; never looked up."""

    name: str


class _Object(dict[str, Any]):
    """An object of some class: its attributes only."""


_MARK = object()


class _Machine:
    """A stack machine for the data opcodes of a pickle. `place(key)` gives the offset of a storage."""

    def __init__(self, place: Callable[[str], Record]) -> None:
        self._place = place
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        try:
            for opcode, argument, _ in pickletools.genops(data):
                self._step(opcode.name, argument)
            return self._stack.pop()
        except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
            raise BadFile("its module table is damaged") from error

    def _step(self, name: str, argument: Any) -> None:
        if name in _PUSHES:
            self._stack.append(argument if argument is not None or name == "NONE" else _PUSHES[name]())
        elif name in _TUPLES:
            self._push(tuple(self._take(_TUPLES[name])))
        elif name not in _IGNORED:
            step = _STEPS.get(name)
            if step is None:
                raise BadFile(f"its module table holds {name}, which is neither a tensor nor a plain value")
            step(self, argument)

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _take(self, count: int) -> list[Any]:
        taken = self._stack[len(self._stack) - count :]
        if len(taken) < count:
            raise IndexError(count)
        del self._stack[len(self._stack) - count :]
        return taken

    def _to_mark(self) -> list[Any]:
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise IndexError(at)
        taken = self._stack[at + 1 :]
        del self._stack[at:]
        return taken

    # -- the steps that are more than pushing a value

    def tuple_(self, _: Any) -> None:
        self._push(tuple(self._to_mark()))

    def append(self, _: Any) -> None:
        value = self._stack.pop()
        self._stack[-1].append(value)

    def appends(self, _: Any) -> None:
        values = self._to_mark()
        self._stack[-1].extend(values)

    def set_item(self, _: Any) -> None:
        key, value = self._take(2)
        self._stack[-1][key] = value

    def set_items(self, _: Any) -> None:
        values = self._to_mark()
        self._stack[-1].update(zip(values[::2], values[1::2], strict=True))

    def put(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    def memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def get(self, index: int) -> None:
        self._push(self._memo[index])

    def global_(self, name: str) -> None:
        self._push(_Global(name))

    def new_object(self, _: Any) -> None:
        self._take(2)
        self._push(_Object())

    def build(self, _: Any) -> None:
        target, state = self._take(2)
        if isinstance(target, _Object):
            target.update(state if isinstance(state, dict) else {"state": state})
        self._push(target)

    def reduce(self, _: Any) -> None:
        what, values = self._take(2)
        if what == _Global(_ORDERED):
            self._push({})
        elif what == _Global(_REBUILD):
            self._push(self._tensor(*values[:4]))
        elif isinstance(what, _Global) and what.name.startswith("torch.jit._pickle "):
            # Typed lists of TorchScript: the list itself is the first value.
            self._push(values[0])
        else:
            raise BadFile(f"it calls {getattr(what, 'name', what)}, which is not run")

    def persistent(self, _: Any) -> None:
        kind, storage, key, _, length = self._stack.pop()
        if kind != "storage" or not isinstance(storage, _Global):
            raise BadFile("its module table is damaged")
        dtype = _STORAGES.get(storage.name.split()[-1])
        if dtype is None:
            raise BadFile(f"it holds a {storage.name.split()[-1]}, which is not supported")
        record = self._place(str(key))
        if length * dtype.itemsize > record.size:
            raise BadFile(f"its record data/{key} is shorter than the table says; the file is truncated")
        self._push((dtype, record))

    def _tensor(self, storage: Any, first: int, shape: Any, stride: Any) -> Entry:
        dtype, record = storage
        offset, size = record.offset, record.size
        if not all(type(n) is int for n in (first, *shape, *stride)):
            raise BadFile("a tensor has a size that is no whole number; the file is damaged")
        entry = Entry(
            dtype,
            tuple(shape),
            offset + first * dtype.itemsize,
            tuple(stride),
            record=record if record.crc else None,
        )
        if first < 0 or min((*shape, *stride), default=0) < 0 or first * dtype.itemsize + entry.span > size:
            raise BadFile("a tensor reaches beyond its record; the file is damaged")
        return entry


_PUSHES: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "MARK": lambda: _MARK,
    **dict.fromkeys(
        ("INT", "LONG", "BININT", "BININT1", "BININT2", "LONG1", "FLOAT", "BINFLOAT", "UNICODE",
         "BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING", "STRING", "BINBYTES",
         "SHORT_BINBYTES"),
        lambda: None,
    ),
}  # fmt: skip
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED = frozenset({"PROTO", "FRAME", "STOP"})
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "TUPLE": _Machine.tuple_, "APPEND": _Machine.append, "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item, "SETITEMS": _Machine.set_items,
    "PUT": _Machine.put, "BINPUT": _Machine.put, "LONG_BINPUT": _Machine.put, "MEMOIZE": _Machine.memoize,
    "GET": _Machine.get, "BINGET": _Machine.get, "LONG_BINGET": _Machine.get,
    "GLOBAL": _Machine.global_, "NEWOBJ": _Machine.new_object, "BUILD": _Machine.build,
    "REDUCE": _Machine.reduce, "BINPERSID": _Machine.persistent,
}  # fmt: skip


def layout(file: BinaryIO, records: zipfile.ZipFile) -> Layout:
    """The tensors of a TorchScript archive under the names that its module gives them. Errors: BadFile."""
    names = set(records.namelist())
    pickle_name = next(name for name in names if name.endswith("/data.pkl"))
    folder = pickle_name.removesuffix("data.pkl")

    def place(key: str) -> Record:
        name = f"{folder}data/{key}"
        if name not in names:
            raise BadFile(f"its record data/{key} is missing; the file is damaged")
        info = records.getinfo(name)
        return Record(data_offset(file, info), info.file_size, info.CRC)

    module = _Machine(place).run(records.read(pickle_name))
    entries = _tensors_of(module, "", 0)
    if not entries:
        raise BadFile("it is a TorchScript archive without tensors")
    return Layout("torchscript", entries, {name: TensorRef(name) for name in entries}, {}, SCHEME)


def _tensors_of(value: Any, path: str, depth: int) -> dict[str, Entry]:
    if isinstance(value, Entry):
        return {path: _row_after_row(value)}
    found: dict[str, Entry] = {}
    if isinstance(value, dict) and depth < 50:
        for name, item in value.items():
            found.update(_tensors_of(item, f"{path}.{name}" if path else str(name), depth + 1))
    return found


def _row_after_row(entry: Entry) -> Entry:
    """The entry without its strides where they say nothing: it can then be read straight into its target."""
    wanted: list[int] = []
    step = 1
    for size in reversed(entry.shape):
        wanted.insert(0, step)
        step *= size
    plain = entry.span == 0 or tuple(wanted) == entry.stride
    return replace(entry, stride=None) if plain else entry
