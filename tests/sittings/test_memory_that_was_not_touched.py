"""A checksum is used again only where no byte was written, whoever writes; the right one is a fresh one's."""

import ctypes
import mmap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lispe_kernel import Session
from lispe_kernel.language.keeping import Part
from lispe_kernel.sittings import pages as watching
from lispe_kernel.sittings import seen as module
from lispe_kernel.sittings.blocks import Block
from lispe_kernel.sittings.seen import Seen
from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.keeping.marks import mark

_SIZE = 2 << 20
_DIGESTS = checksums.digests  # not counted


def _block(tensor: torch.Tensor) -> Block:
    part = Part(tensor, tensor.data_ptr(), tensor.nbytes, 0, torch=True)
    return Block(part.address, part.size, parts=[part])


def _by_file(tensor: torch.Tensor, folder: Path) -> None:
    (folder / "bytes").write_bytes(b"x" * 9)
    with open(folder / "bytes", "rb", buffering=0) as file:
        file.readinto(memoryview(tensor.numpy())[5000:])  # type: ignore[attr-defined]


def _by_thread(tensor: torch.Tensor, _folder: Path) -> None:
    thread = threading.Thread(target=lambda: tensor[7].fill_(3))
    thread.start()
    thread.join()


WRITERS: dict[str, Any] = {
    "PyTorch": lambda tensor, _folder: tensor[100000].fill_(3),
    "past the counter of PyTorch": lambda tensor, _folder: tensor.data[0].fill_(3),
    "numpy": lambda tensor, _folder: tensor.numpy().__setitem__(-1, 3),
    "DLPack": lambda tensor, _folder: torch.from_dlpack(tensor).add_(1),
    "a C library": lambda tensor, _folder: ctypes.memset(tensor.data_ptr() + 4096, 3, 1),
    "a file": _by_file,
    "a thread": _by_thread,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_who_writes_is_seen(write: Any, tmp_path: Path) -> None:
    tensor = torch.zeros(_SIZE, dtype=torch.uint8)
    known = Seen()
    first = known.contents([_block(tensor)])[0].checksum
    assert known.contents([_block(tensor)])[0].checksum == first
    write(tensor, tmp_path)
    now = known.contents([_block(tensor)])[0].checksum
    assert now == checksums.digest(tensor.numpy())
    assert now != first


def test_new_memory_at_an_old_place_and_memory_of_others_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(bytes(_SIZE))
    known = Seen()
    with open(tmp_path / "bytes", "r+b") as file, mmap.mmap(file.fileno(), _SIZE) as shared:
        tensor = torch.frombuffer(shared, dtype=torch.uint8)
        known.contents([_block(tensor)])
        file.seek(9)
        file.write(b"x")
        file.flush()
        assert known.contents([_block(tensor)])[0].checksum == checksums.digest(tensor.numpy())
        del tensor
    array = np.zeros(_SIZE, "u1")
    block = Block(array.ctypes.data, _SIZE, parts=[Part(array, array.ctypes.data, _SIZE, 0)])
    known.contents([block])
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    with mmap.mmap(-1, _SIZE, private) as first:
        address = ctypes.addressof(ctypes.c_char.from_buffer(first))
        first[0] = 1
        here = Block(address, _SIZE, parts=[Part(first, address, _SIZE, 0)])
        before = known.contents([here])[0].checksum
        # What MADV_DONTNEED takes back is zero again, without a write.
        first.madvise(mmap.MADV_DONTNEED)
        assert known.contents([here])[0].checksum != before


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many blocks were read, each time."""
    found: list[int] = []

    def counting(arrays: Any) -> list[str]:
        arrays = list(arrays)
        found.append(len(arrays))
        return _DIGESTS(arrays)

    monkeypatch.setattr(module.checksums, "digests", counting)
    return found


def test_what_was_not_written_is_not_read(read: list[int]) -> None:
    # Whole pages: at their ends, small things of others may lie in the same page.
    pages = mmap.mmap(-1, 2 * _SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    tensors = torch.frombuffer(pages, dtype=torch.uint8).chunk(2)
    known = Seen()
    for _ in range(3):
        known.contents([_block(tensor) for tensor in tensors])
    tensors[1][_SIZE // 2] = 7
    known.contents([_block(tensor) for tensor in tensors])
    # A system that does not watch has everything read each time.
    assert read == ([2, 0, 0, 1] if known.watching else [2, 2, 2, 2])


@pytest.mark.parametrize("pinned", [[False] * 5, [False, True, False, False, False]])
def test_pinned_memory_is_read_each_time_and_once_after(
    monkeypatch: pytest.MonkeyPatch, pinned: list[bool], read: list[int]
) -> None:
    # A read through a buffer of io_uring's that was registered before leaves no mark on a page.
    memory = mmap.mmap(-1, _SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    tensor, known = torch.frombuffer(memory, dtype=torch.uint8), Seen()
    for now in pinned:
        monkeypatch.setattr(watching, "_is_any_pinned", lambda _status, now=now: now)
        known.contents([_block(tensor)])
    wanted = [1, 1, 1, 0, 0] if True in pinned else [1, 0, 0, 0, 0]
    assert read == (wanted if known.watching else [1] * 5)


def test_a_thread_that_goes_on_during_a_save_leaves_a_whole_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = Session()
    session.evaluate("(setq t (torch_zeros (list 9 9)))")
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    contents = Seen.contents

    def changed_after(*arguments: Any, **options: Any) -> Any:
        found = contents(*arguments, **options)
        session.namespace["t"].add_(1)
        return found

    monkeypatch.setattr(Seen, "contents", changed_after)
    session.evaluate('(python "t.add_(1)")')
    for value in (2, 4):
        session.evaluate(f'(session_save "{tmp_path}/kept")')
        other = Session()
        other.evaluate(f'(session_restore "{tmp_path}/kept")')
        assert other.evaluate("(list (@ t 0 0) (@ t 8 8))") == [value, value]
        session.evaluate('(python "t.add_(1)")')


def test_what_changes_from_cell_to_cell_is_not_watched() -> None:
    tensor = torch.zeros(_SIZE, dtype=torch.uint8)
    known = Seen()
    for number in (1, 2, 2, 3, 3, 3, 3, 4, 4):
        tensor.fill_(number)
        assert known.contents([_block(tensor)], often=True)[0].checksum == checksums.digest(tensor.numpy())


def test_a_mark_tells_every_changed_bit_and_every_moved_word() -> None:
    content = torch.arange(1003, dtype=torch.int64).to(torch.uint8)
    marks = {mark(content), mark(content[:1000]), mark(torch.zeros(80, dtype=torch.uint8))}
    marks.add(mark(torch.zeros(88, dtype=torch.uint8)))
    for place in range(0, 1003, 17):
        changed = content.clone()
        changed[place] ^= 1 << place % 8
        marks.add(mark(changed))
    moved = content.clone()
    moved[:8], moved[8:16] = content[8:16], content[:8]
    assert len(marks | {mark(moved)}) == 5 + 59
    assert mark(content.clone()) == mark(content)


def test_what_lies_in_a_page_with_others_is_read_only_where_it_was_written_itself(read: list[int]) -> None:
    pages = mmap.mmap(-1, _SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    all_of_it = torch.frombuffer(pages, dtype=torch.uint8)
    tensor = all_of_it[64 : _SIZE - 1000]
    known = Seen()
    # Neighbours write; then each time a byte that is the block's: its first, its last, others of its pages.
    ours = (64, _SIZE - 1001, 4095, 4096, _SIZE - 4096, _SIZE // 2)
    for place in (0, 63, _SIZE - 1000, _SIZE - 1, *ours):
        known.contents([_block(tensor)])
        all_of_it[place] += 1
        assert known.contents([_block(tensor)])[0].checksum == _DIGESTS([tensor.numpy()])[0]
    if known.watching:
        assert sum(read) == 1 + len(ours)


def test_what_is_written_anyway_is_not_read_before_for_its_checksum(read: list[int]) -> None:
    pages = mmap.mmap(-1, _SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    tensor, known = torch.frombuffer(pages, dtype=torch.uint8), Seen()
    (content,), learn = known.unread([_block(tensor)])
    assert content.checksum == ""
    learn(_DIGESTS([content.read()]))
    assert known.contents([_block(tensor)])[0].checksum == _DIGESTS([tensor.numpy()])[0]
    assert sum(read) == (0 if known.watching else 1)
    # Written while it goes into the file; asked of another between; both are read again.
    for between in (lambda: tensor[_SIZE // 2].add_(1), lambda: known.contents([])):
        (content,), learn = known.unread([_block(tensor)])
        early = _DIGESTS([content.read()])
        between()
        learn(early)
        tensor[0] += 1
        assert known.contents([_block(tensor)])[0].checksum == _DIGESTS([tensor.numpy()])[0]
