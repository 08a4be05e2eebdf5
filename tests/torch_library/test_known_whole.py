"""Files known to be whole are not compared again, in any process, until anything writes to them."""

import os
import stat
from pathlib import Path

import pytest
from torch import nn

from lispe_kernel.torch_library.files import checksums, known_whole, known_whole_store
from tests.fresh_processes import run
from tests.torch_library.persistence_modules import FORMATS, overwrite, place_of
from tests.torch_library.torch_calls import call, error_of

PATHS = [f"m{suffix}" for suffix in FORMATS]


@pytest.fixture(autouse=True)
def as_a_new_process(tmp_path_factory, monkeypatch):
    """An empty register, and nothing compared yet."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    known_whole.forget()


@pytest.fixture
def compared(monkeypatch) -> list[int]:
    """The sizes of the tensors whose bytes are compared from now on."""
    sizes: list[int] = []
    digests = checksums.digests

    def counted(arrays, *rest):
        stretches = list(arrays)
        sizes.extend(map(len, stretches))
        return digests(stretches, *rest)

    monkeypatch.setattr(checksums, "digests", counted)
    return sizes


def saved(path: str) -> nn.Module:
    layer = call("torch_linear", 300, 20)
    call("torch_save_model", layer, path)
    known_whole.forget()
    return layer


def copied(path: str) -> nn.Module:
    """A saved layer whose file came here as any copy does, a while ago."""
    layer = saved("original")
    Path(path).write_bytes(Path("original").read_bytes())
    return layer


def harm(path: str) -> None:
    overwrite(path, place_of(path, "weight"), b"\x12\x34")


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_was_written_here_is_not_compared(path, in_folder, compared):
    layer = saved(path)
    compared.clear()
    call("torch_load_model", path, layer)
    assert compared == []


@pytest.mark.parametrize("path", PATHS)
def test_damage_after_the_save_is_found(path, in_folder):
    layer = saved(path)
    harm(path)
    assert "the bytes of weight are damaged" in error_of("torch_load_model", path, layer)


def test_damage_under_the_old_time_of_writing_is_found(in_folder):
    layer = saved("m.pt")
    before = os.stat("m.pt")
    # The clock of the file system must tick once between.
    while os.stat("m.pt").st_ctime_ns == before.st_ctime_ns:
        harm("m.pt")
        os.utime("m.pt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat("m.pt").st_mtime_ns == before.st_mtime_ns
    assert "the bytes of weight are damaged" in error_of("torch_load_model", "m.pt", layer)


def test_a_copy_is_compared_once(in_folder, compared, monkeypatch):
    monkeypatch.setattr(known_whole, "_TICK", 0)
    layer = copied("m.pt")
    for sizes in ([80, 24000], []):
        compared.clear()
        call("torch_load_model", "m.pt", layer)
        known_whole.forget()
        assert sorted(compared) == sizes


def test_a_copy_that_is_too_young_is_compared_each_time(in_folder, compared, monkeypatch):
    monkeypatch.setattr(known_whole, "_TICK", 60_000_000_000)
    layer = copied("m.pt")
    for _ in range(2):
        compared.clear()
        call("torch_load_model", "m.pt", layer)
        assert sorted(compared) == [80, 24000]


def test_a_part_that_was_compared_says_nothing_of_the_rest(in_folder, compared, monkeypatch):
    monkeypatch.setattr(known_whole, "_TICK", 0)
    layer = copied("m.pt")
    call("torch_read_state_dict", "m.pt", "bias")
    compared.clear()
    call("torch_load_model", "m.pt", layer)
    assert compared == [24000]


LOADER = """
import sys
from torch import nn
from lispe_kernel.torch_library.files import checksums
from lispe_kernel.torch_library.state.models import load_model
checksums.digests = lambda arrays, *rest: [print("compared") for array in arrays] and sys.exit(3)
load_model("m.pt", nn.Linear(300, 20))
print("loaded")
"""


def test_another_process_knows_it_too(in_folder):
    saved("m.pt")
    result = run(LOADER)
    assert result.stdout == "loaded\n", result.stderr
    harm("m.pt")
    result = run(LOADER)
    assert result.stdout.startswith("compared\n")


def test_the_files_that_were_asked_for_last_are_remembered(monkeypatch):
    monkeypatch.setattr(known_whole, "_MOST", 2)
    first, second, third = ((1, number, 3, 4, 5) for number in range(3))
    for file, name in ((first, "a"), (second, "a"), (first, "b"), (third, "a")):
        known_whole.note(file, [name])
    assert [set(known_whole.known(file)) for file in (first, second, third)] == [{"a", "b"}, set(), {"a"}]


# -- the register

ONE, OTHER = (1, 2, 3, 4, 5), (1, 2, 3, 4, 55)


def test_the_register_holds_what_was_added_and_nothing_like_it():
    known_whole_store.add(OTHER)
    assert known_whole_store.holds(OTHER)
    assert not known_whole_store.holds(ONE)
    assert not known_whole_store.holds((11, 2, 3, 4, 55))


def test_the_register_is_the_users_alone():
    known_whole_store.add(ONE)
    path = Path(known_whole_store._path())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.parent.chmod(0o755)
    assert not known_whole_store.holds(ONE)


def test_the_register_keeps_its_younger_half(monkeypatch):
    monkeypatch.setattr(known_whole_store, "_LONGEST", 1000)
    files = [(number, 2, 3, 4, 5) for number in range(1000)]
    for file in files:
        known_whole_store.add(file)
    assert not known_whole_store.holds(files[0])
    assert all(known_whole_store.holds(file) for file in files[-30:])
    assert os.path.getsize(known_whole_store._path()) < 1100


@pytest.mark.parametrize("hinder", ["no boot", "no folder", "a link", "rubbish"])
def test_without_a_register_everything_is_compared_and_nothing_fails(
    hinder, in_folder, monkeypatch, compared, tmp_path
):
    if hinder == "no boot":
        monkeypatch.setattr(known_whole_store, "_BOOT", str(tmp_path / "none"))
    elif hinder == "no folder":
        monkeypatch.setattr(known_whole_store, "_folder", lambda: str(tmp_path / "no" / "where"))
    elif hinder == "a link":
        os.symlink(tmp_path, known_whole_store._folder())
    else:
        os.mkdir(known_whole_store._folder(), 0o700)
        Path(known_whole_store._path()).write_bytes(bytes(range(256)) * 900)
    layer = saved("m.pt")
    compared.clear()
    call("torch_load_model", "m.pt", layer)
    assert sorted(compared) == ([] if hinder == "rubbish" else [80, 24000])
