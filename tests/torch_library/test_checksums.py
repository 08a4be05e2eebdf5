"""The checksum of bytes: flipped bits, moved pages and lost zeros change it; the place in memory does not."""

import numpy as np
import pytest

from lispe_kernel.torch_library.files import checksums

PAGE = 4096


def some_bytes(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, count).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 7, 8, 100, PAGE - 1, PAGE, PAGE + 3, 3 * PAGE])
def test_every_flipped_bit_changes_it(count):
    data = some_bytes(count)
    good = checksums.digest(data)
    for place in {0, count // 2, count - 1}:
        for bit in range(8):
            data[place] ^= 1 << bit
            assert checksums.digest(data) != good
            data[place] ^= 1 << bit
    assert checksums.digest(data) == good


def test_swapped_pages_and_lost_zeros_change_it():
    data = some_bytes(4 * PAGE)
    pages = data.reshape(4, PAGE)
    assert checksums.digest(pages[[0, 2, 1, 3]].reshape(-1)) != checksums.digest(data)
    zeros = np.zeros(100, np.uint8)
    assert len({checksums.digest(zeros[:count]) for count in (0, 1, 8, 99, 100)}) == 5


@pytest.mark.parametrize("stretch", [PAGE, 2 * PAGE])
@pytest.mark.parametrize("start", [0, 1, 4])
def test_place_in_memory_and_stretches_do_not_matter(start, stretch, monkeypatch):
    data = some_bytes(3 * PAGE + 5)
    good = checksums.digest(data)
    moved = np.zeros(len(data) + 8, np.uint8)[start : start + len(data)]
    moved[:] = data
    monkeypatch.setattr(checksums, "_STRETCH", stretch)
    told: list[int] = []
    assert checksums.digests([moved], told.append) == [good]
    assert sum(told) == len(data)
