"""Tensors made ready for a file take as few bytes as they can, and keep what they share."""

import pytest
import torch

from lispe_kernel.torch_library.files.compaction import compact, unique_bytes

NUMBERS = torch.arange(10_000.0).view(100, 100)
CASES = {
    "a row of a large matrix": ({"row": NUMBERS[3]}, 400),
    "a column, cut out": ({"column": NUMBERS[:, 3]}, 400),
    "two columns far from each other, each alone": ({"a": NUMBERS[:, 0], "b": NUMBERS[:, 99]}, 800),
    "one column under two names": ({"a": NUMBERS[:, 3], "b": NUMBERS[:, 3]}, 400),
    "even and odd columns, as one stretch": ({"a": NUMBERS[:, ::2], "b": NUMBERS[:, 1::2]}, 40_000),
    "a column of a matrix that is written anyway": ({"all": NUMBERS, "column": NUMBERS[:, 3]}, 40_000),
    "two halves that touch, not sharing a byte": ({"a": NUMBERS[:50], "b": NUMBERS[50:]}, 40_000),
    "rows that overlap": ({"a": NUMBERS[:60], "b": NUMBERS[40:]}, 40_000),
    "the same numbers turned": ({"all": NUMBERS, "turned": NUMBERS.T}, 40_000),
    "nothing": ({"none": NUMBERS[:0]}, 0),
}


@pytest.mark.parametrize(("tensors", "size"), CASES.values(), ids=CASES)
def test_the_bytes_are_as_few_as_they_can_be(tensors, size):
    assert unique_bytes(tensors) <= size + 32
    ready = compact(tensors)
    assert list(ready) == list(tensors)
    assert all(torch.equal(ready[name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NUMBERS[:60], NUMBERS[40:]),
        (NUMBERS, NUMBERS[:, 3]),
        (NUMBERS[:, 3], NUMBERS[:, 3]),
    ],
)
def test_what_overlaps_shares_its_memory_in_the_file_too(one, other):
    ready = compact({"one": one, "other": other})
    assert ready["one"].untyped_storage().data_ptr() == ready["other"].untyped_storage().data_ptr()


def test_what_only_touches_does_not_share_its_memory():
    ready = compact({"one": NUMBERS[:50], "other": NUMBERS[50:]})
    assert [tensor.untyped_storage().nbytes() for tensor in ready.values()] == [20_000, 20_000]


def test_conjugated_and_negated_numbers_are_written_as_they_read():
    numbers = torch.tensor([1 + 2j, 3 - 4j])
    ready = compact({"conj": numbers.conj(), "negative": numbers.conj().imag})
    assert not ready["conj"].is_conj()
    assert not ready["negative"].is_neg()
    assert torch.equal(ready["conj"], numbers.conj())
    assert ready["negative"].tolist() == [-2, 4]
