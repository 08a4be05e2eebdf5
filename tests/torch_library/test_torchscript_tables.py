"""The module table of a TorchScript archive: read as data, every place inside its record."""

import pickle
import struct

import pytest
import torch

from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.pickles import Machine
from lispe_kernel.torch_library.files.zip_sums import Record


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def numbers(*values: int) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def table(first: int, shape: tuple[int, ...], stride: tuple[int, ...], length: int = 4) -> bytes:
    """The pickle of one float32 tensor in a record of four numbers."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(length)
    arguments = storage + b"tQ" + number(first) + numbers(*shape) + numbers(*stride)
    hooks = b"\x89ccollections\nOrderedDict\n)R"
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + hooks + b"tR."


def read(data: bytes) -> object:
    return Machine(lambda key: Record(100, 16, 0)).run(data)


def test_a_tensor_is_the_place_of_its_bytes():
    entry = read(table(1, (3,), (1,)))
    assert (entry.dtype, entry.shape, entry.stride, entry.offset) == (torch.float32, (3,), (1,), 104)


@pytest.mark.parametrize(
    ("first", "shape", "stride"),
    [(2, (3,), (1,)), (-1, (2,), (1,)), (0, (-2,), (1,)), (1, (2,), (-1,)), (0, (2, 2), (3, 1))],
)
def test_a_tensor_beyond_its_record_is_refused(first, shape, stride):
    with pytest.raises(BadFile, match="a tensor reaches beyond its record"):
        read(table(first, shape, stride))


def test_a_record_shorter_than_the_table_says_is_refused():
    with pytest.raises(BadFile, match="its record data/0 is shorter than the table says"):
        read(table(0, (3,), (1,), length=5))


def test_nothing_is_called():
    with pytest.raises(BadFile, match=r"it calls os system, which is not run"):
        read(b"\x80\x02cos\nsystem\n(" + text("true") + b"tR.")


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_what_stands_twice_is_one_object(protocol):
    long = b"x" * 300 if protocol > 2 else "long"
    shared = [1, 1 << 40, 1.5, "one", long]
    found = read(pickle.dumps({"first": shared, "second": (shared, None)}, protocol))
    assert found == {"first": shared, "second": (shared, None)}
    assert found["second"][0] is found["first"]
