"""TorchScript archives: which of their values are read, and what is said of the others."""

import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.torch_library.torch_calls import call, error_of


class Rich(nn.Module):
    """Attributes of every kind that TorchScript keeps beside tensors."""

    names: list[str]
    sizes: list[int]
    rates: list[float]
    flags: list[bool]
    table: dict[str, int]
    nothing: int | None
    pair: tuple[int, str]
    parts: list[torch.Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.register_buffer("turned", torch.arange(6.0).view(2, 3).t())
        self.register_buffer("some", torch.arange(6.0)[2:4])
        self.register_buffer("empty", torch.zeros(0, 2))
        self.register_buffer("halves", torch.ones(2).half())
        self.register_buffer("cube", torch.arange(8.0).view(2, 2, 2))
        self.register_buffer("count", torch.tensor(3))
        self.names, self.sizes, self.rates, self.flags = ["a", "b"], [1, 2], [0.5], [True]
        self.table, self.nothing, self.pair = {"k": 1}, None, (3, "x")
        self.parts = [torch.ones(1)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


class Bare(nn.Module):
    """No tensors at all."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_the_tensors_of_a_scripted_module_fill_a_plain_one(in_folder):
    saved, loaded = Rich(), Rich()
    torch.jit.script(saved).save("s.pt")
    with torch.no_grad():
        for tensor in loaded.state_dict().values():
            tensor.zero_()
    call("torch_load_model", "s.pt", loaded)
    for name, tensor in saved.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_an_archive_without_tensors_is_refused(in_folder):
    torch.jit.script(Bare()).save("s.pt")
    text = error_of("torch_load_model", "s.pt", nn.Linear(1, 1))
    assert text == "Error loading model: s.pt: it is a TorchScript archive without tensors"


def with_table(table: bytes) -> None:
    """A scripted module whose module table is this pickle."""
    torch.jit.script(nn.Linear(2, 1)).save("whole.pt")
    with zipfile.ZipFile("whole.pt") as whole, zipfile.ZipFile("s.pt", "w") as made:
        for info in whole.infolist():
            made.writestr(info, table if info.filename.endswith("/data.pkl") else whole.read(info))


GLOBAL = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n"
STORAGE = b"(X\x07\x00\x00\x00storagec%s\nX\x01\x00\x00\x00%sX\x03\x00\x00\x00cpuK%ctQ"
TEXT = b"X\x01\x00\x00\x00w"
DAMAGED = "its module table is damaged"


def tensor(
    kind: bytes, key: bytes = b"0", length: int = 2, first: int = 0, shape: int = 2, name: bytes = TEXT
) -> bytes:
    """A pickle of one tensor: its storage, the first element, the shape, the stride."""
    storage = STORAGE % (kind.replace(b".", b"\n"), key, length)
    return b"}" + name + GLOBAL[2:] + b"(" + storage + b"K%cK%c\x85K\x01\x85tRs." % (first, shape)


TABLES = {
    "nothing": (b"\x80\x02.", DAMAGED),
    "a value taken from nothing": (b"\x80\x02a.", DAMAGED),
    "no mark": (b"\x80\x02K\x01t.", DAMAGED),
    "an unknown memo": (b"\x80\x02h\x07.", DAMAGED),
    "a set": (
        b"\x80\x04\x8f.",
        "its module table holds EMPTY_SET, which is neither a tensor nor a plain value",
    ),
    "a call": (pickle.dumps(Path("x"), 2), "which is not run"),
    "a tensor of strings": (
        b"\x80\x02" + tensor(b"torch.StringStorage"),
        "it holds a StringStorage, which is not",
    ),
    "a record that is not there": (
        b"\x80\x02" + tensor(b"torch.FloatStorage", key=b"7"),
        "its record data/7 is missing; the file is damaged",
    ),
    "a longer record": (
        b"\x80\x02" + tensor(b"torch.FloatStorage", length=9),
        "its record data/0 is shorter than the table says; the file is truncated",
    ),
    "elements beyond the record": (
        b"\x80\x02" + tensor(b"torch.FloatStorage", first=1),
        "a tensor reaches beyond its record; the file is damaged",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_module_table_that_cannot_be_is_refused(name, in_folder):
    table, text = TABLES[name]
    with_table(table)
    assert text in error_of("torch_load_model", "s.pt", nn.Linear(2, 1))


# The ways in which the versions of pickle write the text `w`.
@pytest.mark.parametrize("name", [TEXT, b"\x8c\x01w", b"U\x01w", b"T\x01\x00\x00\x00w", b"S'w'\n", b"Vw\n"])
def test_a_tensor_of_a_table_is_read_from_its_record(name, in_folder):
    with_table(b"\x80\x02" + tensor(b"torch.FloatStorage", name=name))
    whole = torch.jit.load("whole.pt").state_dict()
    model = nn.Module()
    model.register_buffer("w", torch.zeros(2))
    call("torch_load_model", "s.pt", model)
    assert torch.equal(model.w, whole["weight"].view(-1))


# Ways to write an empty tuple, a list, a table and a number of an attribute that is no tensor.
OTHERS = [
    b"(t",
    b")",
    b"]",
    b"](K\x01K\x02e",
    b"]K\x01a",
    b"}X\x01\x00\x00\x00kK\x01s",
    b"N",
    b"\x88",
]


@pytest.mark.parametrize("other", OTHERS)
def test_an_attribute_that_is_no_tensor_is_passed_over(other, in_folder):
    table = tensor(b"torch.FloatStorage")
    with_table(b"\x80\x02" + table[:-1] + b"X\x01\x00\x00\x00o" + other + b"s.")
    model = nn.Module()
    model.register_buffer("w", torch.zeros(2))
    call("torch_load_model", "s.pt", model)
    assert model.w.any()


# Tuples of one, two and three numbers, and any tuple behind a mark.
SIZES = {
    (2,): b"K\x02\x85K\x01\x85",
    (1, 2): b"K\x01K\x02\x86K\x02K\x01\x86",
    (1, 2, 1): b"K\x01K\x02K\x01\x87K\x02K\x01K\x01\x87",
    (2, 1, 1, 1): b"(K\x02K\x01K\x01K\x01t(K\x01K\x01K\x01K\x01t",
}


@pytest.mark.parametrize("shape", SIZES)
def test_the_shape_of_a_tensor_is_a_tuple_of_any_length(shape, in_folder):
    one = tensor(b"torch.FloatStorage")
    with_table(b"\x80\x02" + one.replace(SIZES[(2,)], SIZES[shape]))
    model = nn.Module()
    model.register_buffer("w", torch.zeros(shape))
    call("torch_load_model", "s.pt", model)
    assert torch.equal(model.w.view(-1), torch.jit.load("whole.pt").state_dict()["weight"].view(-1))
