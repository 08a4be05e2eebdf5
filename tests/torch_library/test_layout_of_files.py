"""How the bytes of our files lie: tensors where their width may begin, the structure under checksums too."""

import os
import zipfile

import pytest
import torch

from lispe_kernel.torch_library.files.atomic import write_file
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.formats import open_file, write_tree
from lispe_kernel.torch_library.files.pt import _checked_place, data_offset
from tests.torch_library.persistence_modules import FORMATS, flip
from tests.torch_library.torch_calls import call, error_of

pytestmark = pytest.mark.usefixtures("in_folder")

WIDTHS = {
    "byte": torch.arange(3, dtype=torch.uint8),
    "half": torch.ones(5, dtype=torch.float16),
    "truth": torch.tensor([True]),
    "double": torch.arange(2.0, dtype=torch.float64),
    "complex": torch.ones(3, dtype=torch.complex64),
    "single": torch.ones(1),
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_tensor_begins_at_a_multiple_of_its_width(suffix):
    write_tree(f"t{suffix}", dict(WIDTHS), {})
    with open_file(f"t{suffix}") as archive:
        assert {e.offset % min(e.dtype.itemsize, 8) for e in archive.entries.values()} == {0}
        assert all(torch.equal(archive.read(name), tensor) for name, tensor in WIDTHS.items())


@pytest.mark.parametrize("record", ["data.pkl", "lispe/index.json"])
def test_a_flipped_bit_in_the_structure_is_found(record):
    layer = call("torch_linear", 3, 2)
    call("torch_save_model", layer, "m.pt")
    with open("m.pt", "rb") as file, zipfile.ZipFile(file) as records:
        info = next(info for info in records.infolist() if info.filename.endswith(record))
        place = data_offset(file, info) + info.file_size // 2
    flip("m.pt", place)
    assert "it is truncated or damaged (the bytes of its" in error_of("torch_load_model", "m.pt", layer)


def test_a_record_that_is_not_the_storage_is_an_unknown_layout():
    write_tree("t.pt", {"a": torch.zeros(200)}, {})
    with open("t.pt", "rb") as file, zipfile.ZipFile(file) as records:
        info = next(info for info in records.infolist() if info.filename.endswith("data/0"))
        assert _checked_place(file, info, torch.zeros(200).untyped_storage()) == data_offset(file, info)
        for other in (torch.zeros(100), torch.ones(200)):
            with pytest.raises(BadFile, match="laid the file out in an unknown way"):
                _checked_place(file, info, other.untyped_storage())


def test_a_file_system_that_refuses_times_leaves_nothing_to_know_a_file_by(monkeypatch):
    def refuse(*_arguments, **_times):
        raise PermissionError

    assert write_file("m", lambda file: None) is not None
    monkeypatch.setattr(os, "utime", refuse)
    assert write_file("m", lambda file: None) is None
