"""Files of plain PyTorch: read in place where they hold no more than dense tensors, by torch otherwise."""

import zipfile

import pytest
import torch
from torch import nn

from lispe_kernel import Session
from lispe_kernel.torch_library.files.archive import Entry
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.formats import open_file
from lispe_kernel.torch_library.files.pickles import PlainMachine
from lispe_kernel.torch_library.files.zip_sums import Record

pytestmark = pytest.mark.usefixtures("in_folder")


def trained() -> dict[str, object]:
    layer = nn.Linear(3, 4)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"model": layer.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "none": None}


def views() -> dict[str, torch.Tensor]:
    large = torch.randn(50, 60)
    return {
        "whole": large, "rows": large[3:7], "column": large[:, 2], "turned": large.T, "one": large[0, 0],
        "empty": torch.empty(0, 5), "expanded": torch.ones(1).expand(5, 4), "again": large,
    }  # fmt: skip


def read(path: str) -> tuple[object, bool]:
    """The content of a file, and whether it was read in place."""
    with open_file(path) as archive:
        return archive.whole(archive.tree), all(entry.held is None for entry in archive.entries.values())


def same(ours: object, theirs: object) -> bool:
    if isinstance(theirs, torch.Tensor):
        return isinstance(ours, torch.Tensor) and ours.dtype is theirs.dtype and torch.equal(ours, theirs)
    if isinstance(theirs, dict):
        return (
            isinstance(ours, dict)
            and list(ours) == list(theirs)
            and all(map(same, ours.values(), theirs.values()))
        )
    if isinstance(theirs, list | tuple):
        return type(ours) is type(theirs) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and ours == theirs


IN_PLACE = [
    trained(),
    views(),
    [torch.ones(2), (torch.zeros(3, dtype=torch.int64), 2**70, -5, 1.5, "ü", True)],
    {0: torch.ones(2, dtype=torch.bfloat16), 1.5: torch.tensor(True)},
]
# Of these the bytes do not say all, or they are of kinds that the machine does not know.
BY_TORCH = [
    {"negated": torch.randn(3, dtype=torch.complex64).conj().imag},
    {"conjugated": torch.randn(3, dtype=torch.complex64).conj()},
    dict(nn.Linear(2, 2).named_parameters()),
    {
        "small": torch.ones(3).to(torch.float8_e4m3fn).view(torch.uint8),
        "large": torch.ones(2, dtype=torch.uint16),
    },
]


@pytest.mark.parametrize("content", IN_PLACE)
def test_a_plain_file_is_read_in_place_as_torch_reads_it(content):
    torch.save(content, "f.pt")
    found, in_place = read("f.pt")
    assert in_place
    assert same(found, torch.load("f.pt", weights_only=True))


@pytest.mark.parametrize("content", BY_TORCH)
def test_a_file_that_holds_more_is_read_by_torch(content):
    torch.save(content, "f.pt")
    found, in_place = read("f.pt")
    assert not in_place
    assert same(found, {name: t.detach() for name, t in torch.load("f.pt", weights_only=True).items()})


def test_what_pytorch_notes_of_the_classes_is_read_too():
    torch.save(nn.BatchNorm1d(2).state_dict(), "f.pt")
    with open_file("f.pt") as archive:
        assert archive.versions == {"": {"version": 2}}


def test_a_file_of_another_byte_order_is_left_to_torch():
    torch.save({"a": torch.ones(2)}, "f.pt")
    with zipfile.ZipFile("f.pt") as old, zipfile.ZipFile("g.pt", "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, b"big" if info.filename == "f/byteorder" else old.read(info))
    assert torch.load("g.pt")["a"][0] == read("g.pt")[0]["a"][0] != 1


HOOKS = b"ccollections\nOrderedDict\n)R"


def tensor(storage: bytes = b"torch\nFloatStorage", length: int = 4, more: bytes = b"") -> bytes:
    """The pickle of a tensor of one number in the record of 16 bytes."""
    place = b"(X\x07\0\0\0storagec" + storage + b"\nX\x01\0\0\x000X\x03\0\0\0cpuK" + bytes([length]) + b"tQ"
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + place + b"K\0K\x01\x85K\x01\x85\x89" + HOOKS + more + b"tR"
    )


def run(data: bytes) -> object:
    return PlainMachine(lambda key: Record(100, 16, 7)).run(b"\x80\x02" + data + b".")


def test_a_tensor_is_the_place_of_its_bytes_with_the_checksum_of_its_record():
    assert run(tensor()) == Entry(torch.float32, (1,), 100, record=Record(100, 16, 7))


@pytest.mark.parametrize(
    "data",
    [
        # Made with values, which the machine for TorchScript would leave out.
        b"ccollections\nOrderedDict\n]]X\x01\0\0\0aaK\x07aa\x85R",
        # Of the state of an object only what PyTorch notes of classes is known.
        HOOKS + b"}X\x01\0\0\0aK\x07sb",
        b"cbuiltins\ncomplex\n)\x81",
        b"cos\nsystem\nX\x01\0\0\0a\x85R",
        # Texts of Python 2, of which nobody knows the encoding.
        b"U\x01a",
        # A storage that is not the whole record, of somebody else's class, and of two kinds.
        tensor(length=3),
        tensor(b"mine\nFloatStorage"),
        b"(" + tensor() + tensor(b"torch\nIntStorage") + b"t",
        # A mark on the tensor that its bytes do not show.
        tensor(more=b"}X\x03\0\0\0neg\x88s"),
    ],
)
def test_what_is_not_sure_to_be_plain_is_not_read(data):
    with pytest.raises(BadFile):
        run(data)


def test_what_torch_save_is_given_is_read_by_any_pytorch():
    session = Session()
    session.evaluate('(import "torch") (setq w (tensor_ones (list 2)))')
    session.evaluate(
        '(->save torch {"w":w "rates":(list 3 (integers 1 2)) "m":{1:nil} "s":(tensor_sum w)} "own.pt")'
    )
    # A list or a table of LispE's would be refused, which `torch.load` does not know.
    read = torch.load("own.pt", weights_only=True)
    assert torch.equal(read.pop("w"), torch.ones(2))
    assert read == {"rates": [3, [1, 2]], "m": {1: None}, "s": 2.0}
