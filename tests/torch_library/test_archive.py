"""An open file of tensors: what reading costs, whose memory tensors have, what autograd learns of a load."""

import os
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from lispe_kernel.torch_library.files import known_whole, pt
from lispe_kernel.torch_library.files.bytes import Unmapped
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.formats import open_file, write_tree
from tests.torch_library.persistence_modules import FORMATS
from tests.torch_library.torch_calls import call

pytestmark = pytest.mark.usefixtures("in_folder")


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_was_not_compared_yet_passes_twice(suffix, monkeypatch):
    path = f"m{suffix}"
    call("torch_save_model", nn.Linear(8, 2), path)
    with open_file(path) as archive:
        assert archive.cost(["weight"]) == 64
        monkeypatch.setattr(known_whole, "known", lambda _version: {"bias"})
        assert archive.cost(["weight", "bias"]) == 64 + 64 + 8


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_read_has_memory_of_its_own_row_after_row(suffix):
    numbers = torch.arange(6.0).view(2, 3)
    write_tree(f"t{suffix}", {"plain": numbers, "turned": numbers.T}, {})
    with open_file(f"t{suffix}") as archive:
        for name, expected in (("plain", numbers), ("turned", numbers.T)):
            read = archive.read(name)
            assert torch.equal(read, expected)
            assert read.is_contiguous()
            assert read.untyped_storage().nbytes() == read.nbytes


def test_autograd_learns_that_a_load_changed_the_weights():
    layer = nn.Linear(200, 300)
    call("torch_save_model", layer, "m.pt")
    before = (layer.weight * layer.weight).sum()
    call("torch_load_model", "m.pt", layer)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        before.backward()


@pytest.mark.parametrize("suffix", FORMATS)
def test_some_elements_are_read_alone(suffix):
    write_tree(f"t{suffix}", {"first": torch.zeros(3), "numbers": torch.arange(100.0)}, {})
    with open_file(f"t{suffix}") as archive:
        assert archive.peek("numbers", 40, 3).tolist() == [40, 41, 42]


def test_a_slice_of_a_stretch_is_read_alone():
    Path("f").write_bytes(bytes(range(20)))
    descriptor = os.open("f", os.O_RDONLY)
    stretch = Unmapped(descriptor, 4, 10)
    assert (len(stretch), stretch[3:7].tolist(), stretch[8:99].tolist()) == (10, [7, 8, 9, 10], [12, 13])
    os.close(descriptor)


@pytest.mark.parametrize("index", ['{"tensors": []}', '{"tensors": {}}', '{"tensors": {"w": [1]}}', "{}"])
def test_an_index_that_is_none_is_told(index):
    with zipfile.ZipFile("m.pt", "w") as records:
        records.writestr("archive/data.pkl", b"table")
        records.writestr(f"archive/{pt.INDEX}", index)
    with zipfile.ZipFile("m.pt") as records, pytest.raises(BadFile, match="its index is malformed"):
        pt.own_layout(records)
