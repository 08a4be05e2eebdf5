"""Folders of checkpoints: listed by their headers, thinned out by age and by metric."""

import io
import os
import zipfile
from pathlib import Path

import pytest
import torch

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.checkpoints import folders as checkpoint_folders
from lispe_kernel.torch_library.files import atomic
from lispe_kernel.torch_library.files.bytes import FileBytes
from tests.torch_library.persistence_modules import FORMATS, flip, place_of
from tests.torch_library.torch_calls import call, error_of

LOSSES = {1: 0.9, 2: 0.3, 3: 0.5, 10: 0.4}


def save(path: str, epoch: int, loss: float | None = None) -> None:
    model = call("torch_linear", 20, 20)
    metrics = None
    if loss is not None:
        metrics = Dictionary()
        metrics.update(loss=loss)
    call("torch_save_checkpoint", model, call("torch_optimizer", model, 0.1, "sgd"), epoch, path, metrics)


@pytest.fixture
def folder(in_folder):
    os.mkdir("runs")
    for epoch, loss in LOSSES.items():
        save(f"runs/ck_{epoch}.{'safetensors' if epoch == 3 else 'pt'}", epoch, loss)
    return in_folder / "runs"


def test_the_list_has_what_a_timeline_draws(folder):
    found = call("torch_list_checkpoints", "runs")
    assert [(item["epoch"], item["metrics"]["loss"]) for item in found] == list(LOSSES.items())
    assert all(item["health"] == "healthy" and item["problem"] is None for item in found)
    assert all(item["size"] == os.path.getsize(item["path"]) for item in found)
    assert all(item["time"] == os.stat(item["path"]).st_mtime for item in found)
    assert to_text(found).splitlines()[0] == "ck_1.pt: epoch 1, loss 0.9"


def test_the_list_opens_no_tensor(folder, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a tensor was read")

    monkeypatch.setattr(FileBytes, "tensor", refuse)
    monkeypatch.setattr(FileBytes, "stretch", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    assert len(call("torch_list_checkpoints", "runs")) == len(LOSSES)


def test_damaged_files_are_listed_last_and_others_left_out(folder):
    os.truncate("runs/ck_2.pt", 4000)
    os.truncate("runs/ck_3.safetensors", 1400)
    Path("runs/bad.pt").write_bytes(b"nonsense")
    Path("runs/notes.txt").write_text("notes")
    call("torch_save_model", call("torch_linear", 2, 2), "runs/model.pt")
    found = call("torch_list_checkpoints", "runs")
    assert [item["name"] for item in found] == [
        "ck_1.pt", "ck_10.pt", "bad.pt", "ck_2.pt", "ck_3.safetensors",
    ]  # fmt: skip
    assert [item["health"] for item in found] == ["healthy"] * 2 + ["damaged"] * 3
    assert to_text(found).splitlines()[2] == (
        "bad.pt: damaged, it is neither a PyTorch file nor a safetensors file, or its beginning is damaged"
    )


def test_a_damaged_header_is_found(folder):
    data = Path("runs/ck_1.pt").read_bytes()
    place = data.rindex(b'"kind":"checkpoint"')
    Path("runs/ck_1.pt").write_bytes(data[:place] + b"X" + data[place + 1 :])
    damaged = [item["name"] for item in call("torch_list_checkpoints", "runs") if item["health"] == "damaged"]
    assert damaged == ["ck_1.pt"]


@pytest.mark.parametrize("loss", [0.25, torch.tensor(0.25), torch.tensor([0.25])])
def test_checkpoints_of_plain_pytorch_are_listed_too(loss, in_folder):
    torch.save({"model_state_dict": {"w": torch.ones(3)}, "epoch": 4, "loss": loss}, "theirs.pt")
    (item,) = call("torch_list_checkpoints", ".")
    assert (item["epoch"], item["metrics"]["loss"], item["health"]) == (4, 0.25, "healthy")
    assert item["writer"] == "another program"


def something_else() -> dict[str, bytes]:
    """Files with the names of PyTorch's that are whole, and no checkpoints."""
    module, archive = io.BytesIO(), io.BytesIO()
    torch.save(torch.nn.Linear(2, 2), module)
    with zipfile.ZipFile(archive, "w") as records:
        records.writestr("notes.txt", "notes")
    return {
        "module.pt": module.getvalue(),
        "archive.pt": archive.getvalue(),
        "vocab.bin": b"hello" * 10,
        "empty.bin": b"",
        "notes": b"notes",
        "archive.zip": archive.getvalue(),
        "braces": b'12345678{"a":1}',
    }


# Names as ids: an archive holds the time of its making, and each process of the suite collects it.
@pytest.mark.parametrize(("name", "content"), something_else().items(), ids=something_else())
def test_files_that_are_something_else_are_not_called_damaged(name, content, folder):
    (folder / name).write_bytes(content)
    assert len(call("torch_list_checkpoints", "runs")) == len(LOSSES)


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize("name", ["checkpoint", "epoch.5", "model.bin", "run.old"])
def test_a_checkpoint_of_ours_is_known_under_any_name(name, written, in_folder):
    save(f"c{written}", 3)
    os.rename(f"c{written}", name)
    (item,) = call("torch_list_checkpoints", ".")
    assert (item["name"], item["epoch"], item["writer"]) == (name, 3, "LispE")


DAMAGE = [
    ("ck.pt", lambda data: data[:4000], "truncated or damaged"),
    ("ck", lambda data: data[:4000], "truncated or damaged"),
    ("ck.pt", lambda data: bytes(20) + data[20:], "its beginning is damaged"),
    ("ck", lambda data: bytes(20) + data[20:], "its beginning is damaged"),
    ("ck.pt", lambda data: b"", "it is empty"),
]


@pytest.mark.parametrize(("name", "damage", "text"), DAMAGE)
def test_a_damaged_checkpoint_is_known_under_any_name(name, damage, text, in_folder):
    save("ck.pt", 3)
    data = Path("ck.pt").read_bytes()
    os.unlink("ck.pt")
    Path(name).write_bytes(damage(data))
    (item,) = call("torch_list_checkpoints", ".")
    assert item["health"] == "damaged"
    assert item["writer"] is None
    assert text in item["problem"]


HEADERS = [b'{"w":{"dtype":"F32"}}', b'{"w":7}', b'{"__metadata__":[1]}', b'{"__metadata__":{"lispe":"[["}}']


@pytest.mark.parametrize("header", HEADERS)
def test_a_malformed_header_does_not_spoil_the_list(header, folder):
    (folder / "odd.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    found = call("torch_list_checkpoints", "runs")
    assert [item["name"] for item in found if item["health"] == "damaged"] == ["odd.safetensors"]


def test_odd_names_and_metrics_do_not_spoil_the_list(in_folder):
    save("10²5.pt", 1, 10**400)
    save("10²10.pt", 1)
    save(os.fsdecode(b"c\xff.pt"), 2)
    os.symlink("loop.pt", "loop.pt")
    found = call("torch_list_checkpoints", ".")
    assert [item["name"] for item in found[:2]] == ["10²5.pt", "10²10.pt"]
    assert to_text(found).encode().splitlines()[2] == "c\ufffd.pt: epoch 2".encode()


def test_a_file_that_vanishes_while_the_folder_is_read_is_left_out(folder, monkeypatch):
    read = checkpoint_folders.read_header

    def vanishing(path: str) -> object:
        os.unlink("runs/ck_2.pt") if path.endswith("ck_2.pt") else None
        return read(path)

    monkeypatch.setattr(checkpoint_folders, "read_header", vanishing)
    assert [item["epoch"] for item in call("torch_list_checkpoints", "runs")] == [1, 3, 10]


def test_metrics_are_printed_as_lispe_prints_them(in_folder):
    model, metrics = call("torch_linear", 2, 2), Dictionary()
    metrics.update(best=None, ok=True, history=[0.5, 2], rate=0.25)
    call("torch_save_checkpoint", model, call("torch_optimizer", model, 0.1, "sgd"), 1, "c.pt", metrics)
    text = to_text(call("torch_list_checkpoints", "."))
    assert text == "c.pt: epoch 1, best nil, ok true, history (0.5 2), rate 0.25"


PRUNED = [
    ((1, 0), [10]),
    ((2, 0), [3, 10]),
    ((1, 1), [2, 10]),
    ((0, 2), [2, 10]),
    ((1, 1, "-loss"), [1, 10]),
    ((0, 2, "-loss"), [1, 3]),
    ((9, 9), [1, 2, 3, 10]),
]


@pytest.mark.parametrize(("arguments", "kept"), PRUNED)
def test_pruning_keeps_the_last_and_the_best(arguments, kept, folder):
    removed = call("torch_prune_checkpoints", "runs", *arguments)
    assert [item["epoch"] for item in call("torch_list_checkpoints", "runs")] == kept
    assert len(removed) == len(LOSSES) - len(kept)


def test_pruning_leaves_models_and_damaged_files_and_sweeps_rubbish(folder):
    call("torch_save_model", call("torch_linear", 2, 2), "runs/model.pt")
    Path("runs/bad.pt").write_bytes(b"nonsense")
    Path(f"runs/.ck.pt.12{atomic.SUFFIX}").write_bytes(b"half")
    call("torch_prune_checkpoints", "runs", 1)
    assert sorted(os.listdir("runs")) == ["bad.pt", "ck_10.pt", "model.pt"]


def test_pruning_leaves_the_files_of_other_programs(folder):
    torch.save({"model_state_dict": {"w": torch.ones(2)}, "epoch": 0, "loss": 0.1}, "runs/pretrained.pt")
    torch.save({"state_dict": {"w": torch.ones(2)}, "epoch": 5, "global_step": 7}, "runs/lightning.ckpt")
    call("torch_prune_checkpoints", "runs", 1, 1)
    left = ["ck_10.pt", "ck_2.pt", "lightning.ckpt", "pretrained.pt"]
    assert sorted(os.listdir("runs")) == left


LINKS = [
    ("best.pt", "ck_1.pt", ["best.pt", "ck_1.pt", "ck_10.pt"]),
    ("zz_last.pt", "ck_10.pt", ["ck_10.pt", "zz_last.pt"]),
    ("link to a link", "inner", ["ck_1.pt", "ck_10.pt", "inner", "link to a link"]),
    ("dangling.pt", "gone.pt", ["ck_10.pt", "dangling.pt"]),
]


@pytest.mark.parametrize(("name", "target", "left"), LINKS)
def test_a_link_is_no_checkpoint_and_what_it_leads_to_stays(name, target, left, folder):
    if target == "inner":
        os.symlink("ck_1.pt", "runs/inner")
    os.symlink(target, f"runs/{name}")
    call("torch_prune_checkpoints", "runs", 1)
    assert sorted(os.listdir("runs")) == left


def test_two_names_of_one_file_are_one_checkpoint(folder):
    os.link("runs/ck_10.pt", "runs/ck_10_again.pt")
    assert sorted(call("torch_prune_checkpoints", "runs", 2)) == ["ck_1.pt", "ck_2.pt"]


def damage(path: str) -> None:
    """Flip a bit in the middle of a tensor, which no header shows."""
    flip(path, place_of(path, "model.weight") + 40)


KEPT_WHOLE = [
    ([10], (1, 0), [3, 10]),
    ([10, 3], (1, 0), [2, 3, 10]),
    ([2], (0, 1), [2, 10]),
    ([2, 10], (1, 1), [2, 3, 10]),
    ([1, 2, 3, 10], (1, 1), [1, 2, 3, 10]),
]


@pytest.mark.parametrize(("damaged", "arguments", "left"), KEPT_WHOLE)
def test_a_damaged_checkpoint_takes_no_other_one_s_place(damaged, arguments, left, folder):
    for item in call("torch_list_checkpoints", "runs"):
        if item["epoch"] in damaged:
            damage(item["path"])
    call("torch_prune_checkpoints", "runs", *arguments)
    assert [item["epoch"] for item in call("torch_list_checkpoints", "runs")] == left


def test_pruning_that_would_keep_nothing_or_has_no_metric_removes_nothing(folder):
    assert "nothing would be kept" in error_of("torch_prune_checkpoints", "runs", 0, 0)
    text = error_of("torch_prune_checkpoints", "runs", 1, 1, "accuracy")
    assert "no checkpoint has the metric accuracy; nothing was removed" in text
    assert "how many to keep" in error_of("torch_prune_checkpoints", "runs", -1)
    assert len(os.listdir("runs")) == len(LOSSES)


def test_a_loss_that_is_not_a_number_is_never_the_best(in_folder):
    save("a.pt", 1, float("nan"))
    save("b.pt", 2, 0.5)
    save("c.pt", 3, float("nan"))
    call("torch_prune_checkpoints", ".", 1, 1)
    assert sorted(os.listdir()) == ["b.pt", "c.pt"]


def test_a_missing_folder_is_told(in_folder):
    assert (
        error_of("torch_list_checkpoints", "no") == "Error listing checkpoints: no: there is no such folder"
    )


LARGE = {"model_state_dict": {"w": torch.zeros(2_000_000)}, "epoch": 1, "loss": torch.tensor(0.5)}


@pytest.mark.parametrize(("zipped", "listed"), [(True, 1), (False, 0)])
def test_a_large_checkpoint_of_another_program_is_not_read_to_be_listed(zipped, listed, in_folder):
    torch.save(LARGE, "c.pt", _use_new_zipfile_serialization=zipped)
    before = bytes_read()
    assert len(call("torch_list_checkpoints", ".")) == listed
    assert bytes_read() - before < 200_000


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_large_checkpoint_is_listed_from_its_header(suffix, in_folder):
    model = torch.nn.Linear(1000, 2000)
    call("torch_save_checkpoint", model, torch.optim.SGD(model.parameters(), 0.1), 1, f"c{suffix}")
    before = bytes_read()
    (item,) = call("torch_list_checkpoints", ".")
    assert item["size"] > 8_000_000
    assert bytes_read() - before < 200_000


def bytes_read() -> int:
    """The bytes that this process has read so far."""
    facts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(facts["rchar"])
