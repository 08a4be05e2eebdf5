"""How blocks of numbers are kept: typed lists, matrices and LispE's tensors, numpy's arrays of Python cells.

Values that look at the same memory do so again. A short typed list is written as its numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from lispe_kernel.language.keeping import Broken, Into, Keeper, Out, Part, Unkept, register_keeper
from lispe_kernel.language.values.matrices import DTYPES, Matrix
from lispe_kernel.language.values.typed.lists import CLASS_OF_DTYPE, Stored
from lispe_kernel.language.values.typed.views import _RESTS, _ROWS
from lispe_kernel.sittings.kinds import _count, fields, items

# Numbers of a typed list that stand in the text.
_SHORT = 400
# What a block may hold, by the names of the safetensors format.
KINDS = frozenset(
    {
        "float64",
        "float32",
        "float16",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint64",
        "uint32",
        "uint16",
        "uint8",
    }
    | {"bool", "complex64", "complex128"}
)


def write_array(array: Any, out: Out) -> Any:
    """Where the elements of an array lie: a stretch of memory, dtype, shape, and the steps in bytes."""
    if array.dtype.name not in KINDS or not array.dtype.isnative:
        raise Unkept(f"an array of {array.dtype} cannot be kept")
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    address, end = byte_bounds(root)
    first = array.__array_interface__["data"][0]
    whole = array.nbytes == end - address and array.flags.c_contiguous
    part = Part(
        root,
        address,
        end - address,
        first - address if array.size else 0,
        dtype=array.dtype.name if whole else "",
        shape=array.shape if whole else (),
    )
    return {
        "at": out.memory(part),
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "steps": list(array.strides),
    }


def read_array(data: Any, into: Into) -> Any:
    """The array that `write_array` described. Errors: Broken where it would reach outside of its memory."""
    at, name, shape, steps = fields(data, "at", "dtype", "shape", "steps")
    if name not in KINDS:
        raise Broken(f"holds an array of {name}, which is not known")
    dtype = np.dtype(name)
    sizes, strides = tuple(map(_count, items(shape))), tuple(map(_step, items(steps)))
    block, start = into.memory(at, torch=False)
    if len(sizes) != len(strides) or len(sizes) > 32:
        raise Broken("holds an array whose shape is impossible")
    check_inside(len(block), start, sizes, strides, dtype.itemsize)
    if 0 in sizes:
        return np.empty(sizes, dtype)
    return np.ndarray(sizes, dtype, block.data, start, strides)


def _step(data: Any) -> int:
    if type(data) is not int:
        raise Broken("holds a step that is no number")
    return data


def check_inside(size: int, start: int, sizes: Any, steps: Any, width: int) -> None:
    """Errors: Broken for elements outside of a block of so many bytes."""
    if 0 in sizes:
        return
    ways = [(count - 1) * step for count, step in zip(sizes, steps, strict=True)]
    first = start + sum(way for way in ways if way < 0)
    end = start + sum(way for way in ways if way > 0) + width
    if first < 0 or end > size or math.prod(sizes) >= 1 << 62:
        raise Broken("holds values that lie outside of their memory")


# -- typed lists --------------------------------------------------------------------------------------


def _stored(cls: type[Stored]) -> None:
    def write(value: Any, out: Out) -> Any:
        if len(value) <= _SHORT and all(map(math.isfinite, value)):
            return value.tolist()
        # A copy: Python's array moves when it grows, and nothing else looks at its memory.
        return write_array(value.array.copy(), out)

    def holds(value: Any) -> Any:
        # Long ones are a block of memory, which is looked at each time.
        return [value.array.tobytes()] if len(value) <= _SHORT else None

    def make(data: Any, into: Into) -> Any:
        if isinstance(data, dict):
            array = read_array(data, into)
            if array.dtype.name != cls.dtype or array.ndim != 1:
                raise Broken(f"holds {cls.name} that are none")
            return cls.of_array(array)
        if not all(type(item) in (int, float) for item in items(data)):
            raise Broken(f"holds {cls.name} that are none")
        return cls(data)

    register_keeper(Keeper(cls.name, cls, write, make, holds=holds))


for _cls in CLASS_OF_DTYPE.values():
    _stored(_cls)


def _rest(cls: Any, whole: type[Stored]) -> None:
    def fill(value: Any, data: Any, into: Into) -> None:
        base, start = fields(data, "of", "start")
        value.base, value.start = into.value(base), _count(start)
        if type(value.base) is not whole:
            raise Broken(f"holds the rest of {whole.name} that are none")

    register_keeper(
        Keeper(
            f"rest of {whole.name}",
            cls,
            lambda value, out: {"of": out.value(value.base), "start": value.start},
            lambda _data, _into: object.__new__(cls),
            fill,
        )
    )


def _row(cls: Any, whole: type[Stored]) -> None:
    def make(data: Any, into: Into) -> Any:
        made = object.__new__(cls)
        made.cells = read_array(data, into)
        if made.cells.dtype.name != whole.dtype or made.cells.ndim != 1:
            raise Broken(f"holds a row of {whole.name} that is none")
        return made

    register_keeper(Keeper(f"row of {whole.name}", cls, lambda v, out: write_array(v.cells, out), make))


for _whole, _cls in _RESTS.items():
    _rest(_cls, _whole)
for _whole, _cls in _ROWS.items():
    _row(_cls, _whole)


# -- matrices -----------------------------------------------------------------------------------------


def _write_matrix(value: Matrix, out: Out) -> Any:
    texts = value._array.dtype == object
    return {
        "of": value.kind,
        "cells": out.value(_listed(value._array)) if texts else write_array(value._array, out),
        "shape": list(value._array.shape),
        "parts": [[at, out.value(part)] for at, part in value._parts.items()],
        "rows": None if value._items is None else out.value(value._items),
    }


def _listed(array: Any) -> list[Any]:
    return list(array.ravel())


def _make_matrix(data: Any, into: Into) -> Matrix:
    kind, cells, shape, _parts, _rows = fields(data, "of", "cells", "shape", "parts", "rows")
    if kind not in DTYPES:
        raise Broken("holds a matrix of a kind that is not known")
    if DTYPES[kind] != "object":
        array = read_array(cells, into)
    else:
        texts = into.value(cells)
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise Broken("holds a matrix of texts that are none")
        array = np.empty(len(texts), object)
        array[:] = texts
        array = array.reshape(tuple(map(_count, items(shape))))
    if array.ndim < 2 or array.dtype.name != DTYPES[kind]:
        raise Broken("holds a matrix that is none")
    return Matrix(array, kind)


def _fill_matrix(value: Matrix, data: Any, into: Into) -> None:
    value._parts = {_count(at): into.value(part) for at, part in map(items, items(data["parts"]))}
    value._items = into.value(data["rows"])
    if value._items is not None and not isinstance(value._items, list):
        raise Broken("holds a matrix whose rows are none")
    if any(at >= len(value._array) or not hasattr(part, "array") for at, part in value._parts.items()):
        raise Broken("holds a part of a matrix that is none")


register_keeper(Keeper("matrix", Matrix, _write_matrix, _make_matrix, _fill_matrix))
register_keeper(Keeper("numpy array", np.ndarray, write_array, read_array))
