"""The pickles in files of PyTorch, interpreted by small machines that know data only.

A class becomes an inert mark, an object the table of its attributes, a tensor the place of its bytes. Nothing
is imported, called or run, and what a machine does not know is an error.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch

from lispe_kernel.torch_library.files.archive import Entry
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.zip_sums import Record

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
_PUSHES: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "MARK": lambda: _MARK,
    **dict.fromkeys(
        ("INT", "LONG", "BININT", "BININT1", "BININT2", "LONG1", "FLOAT", "BINFLOAT", "UNICODE",
         "BINUNICODE", "SHORT_BINUNICODE"),
        lambda: None,
    ),
}  # fmt: skip
_BYTES = ("BINSTRING", "SHORT_BINSTRING", "STRING", "BINBYTES", "SHORT_BINBYTES")


class Machine:
    """A stack machine for the data opcodes of a pickle. `place(key)` gives the record of a storage.

    It takes TorchScript's modules, and leaves out of their objects what is no data.
    """

    # The opcodes that push a value: their argument, or what is made here where they have none.
    pushes: ClassVar[dict[str, Callable[[], Any]]] = _PUSHES | dict.fromkeys(_BYTES, lambda: None)

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
        if name in self.pushes:
            self._stack.append(argument if argument is not None or name == "NONE" else self.pushes[name]())
        elif name in _TUPLES:
            self._push(tuple(self._take(_TUPLES[name])))
        elif name not in _IGNORED:
            step = _STEPS.get(name)
            if step is None:
                raise BadFile(f"its module table holds {name}, which is neither a tensor nor a plain value")
            getattr(self, step)(argument)

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


class Table(dict[Any, Any]):
    """A state dict, with what PyTorch notes beside it of the modules' classes."""

    _metadata: Any = None

    def note(self, versions: Any) -> None:
        self._metadata = versions


class PlainMachine(Machine):
    """Takes tables and lists of tensors and plain values as torch.save writes them, each to its last value.

    Errors: BadFile for all else, though it may be right: torch itself reads such a file.
    """

    pushes = _PUSHES

    def __init__(self, place: Callable[[str], Record]) -> None:
        super().__init__(place)
        self._storages: dict[Any, tuple[torch.dtype, Record]] = {}

    def new_object(self, _: Any) -> None:
        raise BadFile(_OTHER)

    def build(self, _: Any) -> None:
        table, state = self._take(2)
        if type(table) is not Table or type(state) is not dict or list(state) != ["_metadata"]:
            raise BadFile(_OTHER)
        table.note(state["_metadata"])
        self._push(table)

    def reduce(self, _: Any) -> None:
        what, values = self._take(2)
        if what == _Global(_ORDERED) and values == ():
            self._push(Table())
        elif what == _Global(_REBUILD) and len(values) == _REBUILT and values[-1] == {}:
            self._push(in_rows(self._tensor(*values[:4])))
        else:
            raise BadFile(_OTHER)

    def persistent(self, _: Any) -> None:
        _, storage, key, _, length = self._stack[-1]
        super().persistent(_)
        dtype, record = found = self._stack[-1]
        whole = type(length) is int and length * dtype.itemsize == record.size
        if not (
            whole and storage.name.startswith("torch ") and self._storages.setdefault(key, found) == found
        ):
            raise BadFile(_OTHER)


_OTHER = "it is not written as torch.save writes plain tables of tensors"
# Storage, offset, shape, strides, whether it takes a gradient, hooks.
_REBUILT = 6


def in_rows(entry: Entry) -> Entry:
    """The entry without its strides where they say nothing: it can then be read straight into its target."""
    wanted: list[int] = []
    step = 1
    for size in reversed(entry.shape):
        wanted.insert(0, step)
        step *= size
    plain = entry.span == 0 or tuple(wanted) == entry.stride
    return replace(entry, stride=None) if plain else entry


_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED = frozenset({"PROTO", "FRAME", "STOP"})
# By name, so that each machine takes its own.
_STEPS = {
    "TUPLE": "tuple_", "APPEND": "append", "APPENDS": "appends",
    "SETITEM": "set_item", "SETITEMS": "set_items",
    "PUT": "put", "BINPUT": "put", "LONG_BINPUT": "put", "MEMOIZE": "memoize",
    "GET": "get", "BINGET": "get", "LONG_BINGET": "get",
    "GLOBAL": "global_", "NEWOBJ": "new_object", "BUILD": "build",
    "REDUCE": "reduce", "BINPERSID": "persistent",
}  # fmt: skip
