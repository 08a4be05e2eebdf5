"""The checksum of bytes: whatever changes in them changes it, the place in memory does not; files of before.

`pages_1/` holds a model's files as the kernel wrote them when its checksums were sums of pages.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.files.formats import open_file
from tests.torch_library.persistence_modules import FORMATS, flip, place_of, swap
from tests.torch_library.torch_calls import call, error_of

PAGE = 4096
BEFORE = Path(__file__).parent / "pages_1"
SCHEMES = sorted(checksums.SCHEMES)


def some_bytes(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, count).astype(np.uint8)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("count", [1, 7, 8, 100, PAGE - 1, PAGE, PAGE + 3, 3 * PAGE])
def test_every_flipped_bit_changes_it(count, scheme):
    data = some_bytes(count)
    good = checksums.digest(data, scheme)
    for place in {0, count // 2, count - 1}:
        for bit in range(8):
            data[place] ^= 1 << bit
            assert checksums.digest(data, scheme) != good
            data[place] ^= 1 << bit
    assert checksums.digest(data, scheme) == good


@pytest.mark.parametrize("scheme", SCHEMES)
def test_swapped_pages_and_lost_zeros_change_it(scheme):
    data = some_bytes(4 * PAGE)
    pages = data.reshape(4, PAGE)
    assert checksums.digest(pages[[0, 2, 1, 3]].reshape(-1), scheme) != checksums.digest(data, scheme)
    zeros = np.zeros(100, np.uint8)
    assert len({checksums.digest(zeros[:count], scheme) for count in (0, 1, 8, 99, 100)}) == 5


@given(st.integers(0, PAGE // 8 - 1), st.integers(0, PAGE // 8 - 1))
def test_two_swapped_words_change_it(one, other):
    data = some_bytes(PAGE)
    good = checksums.digest(data)
    words = data.view(np.uint64)
    words[[one, other]] = words[[other, one]]
    assert (checksums.digest(data) == good) == (one == other)


def test_swapped_stretches_change_it(monkeypatch):
    monkeypatch.setattr(checksums, "_STRETCH", PAGE)
    pages = some_bytes(4 * PAGE).reshape(4, PAGE)
    assert checksums.digest(pages[[0, 2, 1, 3]].reshape(-1)) != checksums.digest(pages.reshape(-1))


def test_what_is_handed_on_has_the_checksum_of_all(monkeypatch):
    data, taken = some_bytes(3000), []
    for size in (1024, 3000):
        monkeypatch.setattr(checksums, "_STRETCH", size)
        assert checksums.handed_on(data, lambda copy: taken.append(copy.copy())) == checksums.digest(data)
    assert [len(part) for part in taken] == [1024, 1024, 952, 3000]
    assert np.array_equal(np.concatenate(taken[:3]), data)


@pytest.mark.parametrize("start", [0, 1, 4])
def test_the_place_in_memory_does_not_matter(start):
    data = some_bytes(3 * PAGE + 5)
    moved = np.zeros(len(data) + 8, np.uint8)[start : start + len(data)]
    moved[:] = data
    assert checksums.digest(moved) == checksums.digest(data)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [100, 1 << 20, checksums._STRETCH, 2 * checksums._STRETCH + 5])
def test_every_byte_is_told_once(size, scheme):
    told: list[int] = []
    checksums.digests([np.zeros(size, np.uint8)] * 2, told.append, scheme)
    assert sum(told) == 2 * size


@pytest.mark.parametrize(
    ("size", "text"),
    [(100, "c856f0c0e933f63bfa5f7309f75f1b0d"), ((8 << 20) + 1, "d8303dd0e410c5638c23722ff50d4002")],
)
def test_the_scheme_stays_what_files_hold(size, text):
    assert checksums.digest(np.arange(size).astype(np.uint8)) == text


# -- files


@pytest.mark.parametrize("suffix", FORMATS)
def test_new_files_name_the_scheme(suffix, in_folder):
    path = str(in_folder / f"m{suffix}")
    call("torch_save_model", nn.Linear(3, 2), path)
    with open_file(path) as archive:
        assert archive.scheme == "xxh3-128"
        assert all(len(entry.digest) == 32 for entry in archive.entries.values())


@pytest.mark.parametrize("suffix", FORMATS)
def test_two_swapped_words_in_a_file_are_found(suffix, in_folder):
    path = str(in_folder / f"m{suffix}")
    call("torch_save_model", nn.Linear(8, 2), path)
    place = place_of(path, "weight")
    swap(path, place, place + 8, 8)
    assert "the bytes of weight are damaged" in error_of("torch_load_model", path, nn.Linear(8, 2))


@pytest.fixture(params=FORMATS)
def of_before(request, in_folder) -> str:
    """A file that was written with `pages-1`, which nobody knows to be whole."""
    return shutil.copy(BEFORE / f"model{request.param}", in_folder)


def test_a_file_of_before_loads(of_before):
    model = nn.Linear(3, 2)
    assert call("torch_load_model", of_before, model) == "Model loaded successfully"
    assert model.weight.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert model.bias.tolist() == [0.5, -0.5]


def test_a_file_of_before_is_compared_by_its_own_rule(of_before):
    with open_file(of_before) as archive:
        assert archive.scheme == "pages-1"
    flip(of_before, place_of(of_before, "bias"))
    model = nn.Linear(3, 2)
    before = model.weight.detach().clone()
    assert "the bytes of bias are damaged" in error_of("torch_load_model", of_before, model)
    assert torch.equal(model.weight, before)


def test_a_file_whose_scheme_is_unknown_loads_without_comparison(of_before, monkeypatch):
    monkeypatch.delitem(checksums.SCHEMES, "pages-1")
    monkeypatch.setattr(checksums, "digests", lambda *arguments: pytest.fail("something was compared"))
    assert call("torch_load_model", of_before, nn.Linear(3, 2)) == "Model loaded successfully"


@pytest.mark.usefixtures("in_folder")
def test_a_record_of_plain_pytorch_that_became_another_one_is_damage():
    norm = nn.BatchNorm1d(3).half()
    torch.save(norm.state_dict(), "m.pt")
    data = bytearray(Path("m.pt").read_bytes())
    ones = torch.ones(3).half().numpy().tobytes()
    # The last of them is the variance; the mean of zeros is as long.
    place = data.rindex(ones)
    data[place : place + len(ones)] = bytes(len(ones))
    Path("m.pt").write_bytes(data)
    assert "the bytes of running_var are damaged" in error_of("torch_load_model", "m.pt", norm)
