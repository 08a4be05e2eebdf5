"""Damaged, foreign and malicious files: the error names the file and the fault, the model is untouched."""

import gzip
import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.files.formats import open_file
from tests.torch_library.persistence_modules import FORMATS, copies, equal_tensors, place_of, swap
from tests.torch_library.torch_calls import call, error_of


def fresh() -> nn.Module:
    return call("torch_model", 3, 40, 2)


def load_fails(path: str) -> str:
    """Load the file in all ways; each must fail and leave the model alone. The text of the plain load."""
    model = fresh()
    before = copies(model)
    text = error_of("torch_load_model", path, model)
    assert path in text
    assert equal_tensors(before, model.state_dict())
    assert path in error_of("torch_read_state_dict", path)
    assert path in error_of("torch_load_checkpoint", path)
    adapted = call("torch_lora_linear", 3, 2, 2, 4)
    assert path in error_of("torch_lora_load_adapters", adapted, path)
    optimizer = call("torch_optimizer", model, 0.1, "adam")
    assert path in error_of("torch_resume_checkpoint", path, model, optimizer)
    assert equal_tensors(before, model.state_dict())
    return text


# -- damage

CUTS = [0.01, 0.3, 0.9, 0.999]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_truncated_file_is_refused(suffix, cut, in_folder):
    path = f"m{suffix}"
    call("torch_save_model", fresh(), path)
    os.truncate(path, int(os.path.getsize(path) * cut))
    assert "truncated" in load_fails(path) or cut == 0.01


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_flipped_bit_in_tensor_data_is_found(suffix, in_folder):
    path = f"m{suffix}"
    model = fresh()
    call("torch_save_model", model, path)
    with open_file(path) as archive:
        places = [(name, entry.offset, entry.span) for name, entry in archive.entries.items()]
    good = Path(path).read_bytes()
    before = copies(model)
    chance = random.Random(7)
    for name, offset, span in places * 8:
        bad = bytearray(good)
        bad[offset + chance.randrange(span)] ^= 1 << chance.randrange(8)
        Path(path).write_bytes(bad)
        assert f"the bytes of {name} are damaged" in error_of("torch_load_model", path, model)
        assert equal_tensors(before, model.state_dict())


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_flipped_byte_anywhere_never_changes_a_value_unnoticed(suffix, in_folder):
    path = f"m{suffix}"
    saved = call("torch_linear", 3, 2)
    call("torch_save_model", saved, path)
    good = Path(path).read_bytes()
    for place in range(0, len(good), 7):
        bad = bytearray(good)
        bad[place] ^= 0x41
        Path(path).write_bytes(bad)
        model = call("torch_linear", 3, 2)
        before = copies(model)
        text = failure("torch_load_model", path, model)
        assert text == "" or text.startswith("Error loading model: ")
        assert equal_tensors(before if text else saved.state_dict(), model.state_dict())


def failure(name: str, *arguments: object) -> str:
    """The text of the call's error; empty when it succeeds."""
    try:
        call(name, *arguments)
    except LispeError as error:
        return error.text
    return ""


def test_swapped_sectors_in_a_large_tensor_are_found(in_folder):
    layer = nn.Linear(1024, 1024)
    call("torch_save_model", layer, "l.pt")
    place = place_of("l.pt", "weight")
    swap("l.pt", place, place + 65536, 4096)
    assert "the bytes of weight are damaged" in error_of("torch_load_model", "l.pt", layer)


# -- foreign files


def zip_of_text() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("hello.txt", "hello")
    return data.getvalue()


def array_file() -> bytes:
    data = io.BytesIO()
    np.save(data, np.ones(3))
    return data.getvalue()


def safetensors_of(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(**changes: object) -> dict:
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


FOREIGN: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "it is empty"),
    "text": (lambda: b"hello, this is a text\n" * 9, "neither a PyTorch file nor a safetensors file"),
    "web page": (lambda: b"<!DOCTYPE html><html></html>", "it is a web page"),
    "gzip": (lambda: gzip.compress(b"x" * 100), "it is compressed with gzip"),
    "numpy": (array_file, "it is a numpy file"),
    "zip": (zip_of_text, "it is a zip file, but not one of PyTorch's"),
    "LFS": (lambda: b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
    "zeros": (lambda: bytes(4096), "neither a PyTorch file"),
    "pickle": (lambda: pickle.dumps([1, 2, 3]), "damaged"),
    "header too long": (lambda: struct.pack("<Q", 5000) + b"{" * 100, "truncated or damaged"),
    "header no JSON": (lambda: struct.pack("<Q", 40) + b"{" * 100, "its header is not readable"),
    "deep header": (lambda: struct.pack("<Q", 90_000) + b'{"a":' + b"[" * 89_995, "its header"),
    "data missing": (lambda: safetensors_of(entry()), "truncated"),
    "negative": (lambda: safetensors_of(entry(shape=[-2], data_offsets=[0, 8]), bytes(8)), "malformed"),
    "wrong length": (lambda: safetensors_of(entry(shape=[3]), bytes(8)), "malformed"),
    "huge": (lambda: safetensors_of(entry(shape=[2**40], data_offsets=[0, 2**42]), bytes(8)), "truncated"),
    "unknown dtype": (lambda: safetensors_of(entry(dtype="X1"), bytes(8)), "malformed or of an unknown kind"),
    # What the format's own library refuses, too.
    "gap": (lambda: safetensors_of(entry(data_offsets=[8, 16]), bytes(16)), "overlap or leave gaps"),
    "overlap": (lambda: safetensors_of({**entry(), "v": entry()["w"]}, bytes(8)), "overlap or leave gaps"),
    "too much": (lambda: safetensors_of(entry(), bytes(12)), "4 bytes at its end belong to no tensor"),
    "metadata of a tensor": (lambda: safetensors_of({"__metadata__": entry()["w"]}, bytes(8)), "malformed"),
    "no table": (lambda: safetensors_of({"w": 3}), "malformed"),
    "metadata no table": (lambda: safetensors_of({"__metadata__": 3}), "malformed"),
    "checksums no table": (
        lambda: safetensors_of({"__metadata__": {"lispe": '{"checksum": "pages-1", "digests": [1]}'}}),
        "malformed",
    ),
    "tree of strangers": (
        lambda: safetensors_of(
            {"__metadata__": {"lispe": '{"tree": ["tensor", "nope"]}'}, **entry()}, bytes(8)
        ),
        "it names a tensor nope that is not in it",
    ),
    "no number of elements": (
        lambda: safetensors_of(entry(shape=[2**63, 0], data_offsets=[0, 0])),
        "w has an impossible size",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_named_for_what_it_is(name, in_folder):
    make, text = FOREIGN[name]
    Path("f.pt").write_bytes(make())
    assert text in load_fails("f.pt")


@pytest.mark.parametrize("record", ["data.pkl", "byteorder", "version", "anything"])
def test_a_compressed_record_is_refused_before_it_is_unpacked(record, in_folder):
    with zipfile.ZipFile("f.pt", "w") as archive:
        if record != "data.pkl":
            archive.writestr("m/data.pkl", pickle.dumps({}))
        archive.writestr(f"m/{record}", bytes(50_000_000), zipfile.ZIP_DEFLATED)
    assert f"its record m/{record} is compressed" in load_fails("f.pt")


def test_one_damaged_file_does_not_hide_the_others_in_a_list(in_folder):
    model = fresh()
    call("torch_save_checkpoint", model, call("torch_optimizer", model, 0.1, "adam"), 1, "good.pt")
    for name, (make, _) in FOREIGN.items():
        Path(f"{name}.safetensors").write_bytes(make())
    found = call("torch_list_checkpoints", ".")
    assert [item["name"] for item in found if item["health"] == "healthy"] == ["good.pt"]


# -- small files that would fill the memory


def test_lists_that_unfold_without_end_are_refused(in_folder):
    many = []
    for _ in range(40):
        many = [many, many]
    torch.save({"w": torch.ones(2), "x": many}, "f.pt")
    assert os.path.getsize("f.pt") < 5000
    assert "it unfolds to more than" in load_fails("f.pt")


def test_a_tensor_that_repeats_one_number_without_end_is_not_unfolded(in_folder):
    torch.save({"w": torch.ones(1).expand(1 << 40)}, "f.pt")
    assert "w repeats a few numbers up to 4398046511104 bytes" in error_of("torch_read_state_dict", "f.pt")


# -- pipes and devices


def test_a_pipe_is_refused_at_once(in_folder):
    os.mkfifo("f.pt")
    assert "it is a device or a pipe, not a file" in load_fails("f.pt")


def test_a_device_is_refused():
    assert "it is a device or a pipe, not a file" in error_of("torch_load_model", "/dev/zero", fresh())


# -- tensors that do not copy


def sparse() -> torch.Tensor:
    return torch.eye(3).to_sparse()


def compressed_rows() -> torch.Tensor:
    return torch.eye(3).to_sparse_csr()


def without_data() -> torch.Tensor:
    return torch.empty(3, 3, device="meta")


@pytest.mark.filterwarnings("ignore:Sparse CSR:UserWarning")
@pytest.mark.parametrize(
    ("make", "kind"), [(sparse, "sparse"), (compressed_rows, "sparse"), (without_data, "without data")]
)
def test_a_tensor_that_does_not_copy_is_named_before_anything_changes(make, kind, in_folder):
    torch.save({"a": torch.ones(2), "w": make(), "z": torch.ones(2)}, "f.pt")
    model = nn.Module()
    for name, size in (("a", 2), ("w", (3, 3)), ("z", 2)):
        model.register_buffer(name, torch.zeros(size))
    assert f"w is {kind}" in error_of("torch_load_model", "f.pt", model)
    assert all(not tensor.any() for tensor in model.state_dict().values())


def test_a_size_that_is_no_whole_number_is_refused_in_a_program_file(in_folder):
    state = OrderedDict(w=torch.ones(2))
    torch.save(state, "g.pt")
    with zipfile.ZipFile("g.pt") as source, zipfile.ZipFile("f.pt", "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("data.pkl"):
                # The shape (2,) as (2.0,)
                data = data.replace(b"K\x02\x85", b"G@" + bytes(7) + b"\x85")
            target.writestr(info, data)
        target.writestr("g/constants.pkl", pickle.dumps((), protocol=2))
    model = nn.Module()
    model.register_buffer("w", torch.zeros(2))
    assert "no whole number" in error_of("torch_load_model", "f.pt", model)
    assert not model.w.any()


# -- files that would run something


class Malice:
    """Creates a file when it is unpickled."""

    def __reduce__(self) -> tuple:
        return os.system, ("touch ran",)


class Evaluated:
    def __reduce__(self) -> tuple:
        return eval, ("open('ran', 'w')",)


def alone() -> None:
    torch.save(Malice(), "f.pt")


def beside_tensors() -> None:
    torch.save({"fc1.weight": torch.ones(40, 3), "x": Evaluated()}, "f.pt")


def in_a_checkpoint() -> None:
    torch.save({"model": {}, "optimizer": Malice(), "epoch": 1}, "f.pt")


def legacy() -> None:
    torch.save({"a": Malice()}, "f.pt", _use_new_zipfile_serialization=False)


def raw_pickle() -> None:
    Path("f.pt").write_bytes(pickle.dumps({"a": Malice()}, protocol=2))


def whole_module() -> None:
    torch.save(nn.Linear(2, 2), "f.pt")


def hidden_behind_our_index() -> None:
    call("torch_save_model", fresh(), "g.pt")
    with zipfile.ZipFile("g.pt") as source, zipfile.ZipFile("f.pt", "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("index.json"):
                index = json.loads(data)
                index["tree"] = ["reduce", "os.system", "touch ran"]
                data = json.dumps(index).encode()
            target.writestr(info, data)


def as_torchscript() -> None:
    with zipfile.ZipFile("f.pt", "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps({"a": Malice()}, protocol=2))
        archive.writestr("m/constants.pkl", pickle.dumps((), protocol=2))


MALICIOUS = [
    alone,
    beside_tensors,
    in_a_checkpoint,
    legacy,
    raw_pickle,
    whole_module,
    hidden_behind_our_index,
    as_torchscript,
]


@pytest.mark.parametrize("write", MALICIOUS)
def test_a_malicious_file_is_refused_and_runs_nothing(write, in_folder):
    write()
    load_fails("f.pt")
    found = call("torch_list_checkpoints", ".")
    assert [item["health"] for item in found if item["name"] == "f.pt"] in (["damaged"], [])
    assert not os.path.exists("ran")


def test_the_refusal_names_what_the_file_wants_to_run(in_folder):
    alone()
    text = load_fails("f.pt")
    assert "posix.system, which is neither a tensor nor a plain value; nothing in it was run" in text


def test_torn_bytes_want_to_run_nothing(in_folder):
    torch.save({}, "g.pt")
    with zipfile.ZipFile("g.pt") as source, zipfile.ZipFile("f.pt", "w") as target:
        for name in source.namelist():
            # A table within nothing: N( puts None where a table should be filled.
            target.writestr(name, b"\x80\x02}(NN(NNu." if name.endswith(".pkl") else source.read(name))
    assert "it is truncated or damaged" in load_fails("f.pt")


def test_malice_in_a_peft_folder_runs_nothing(in_folder):
    os.mkdir("peft")
    Path("peft/adapter_config.json").write_text('{"peft_type": "LORA", "r": 2, "lora_alpha": 4}')
    torch.save({"a": Malice()}, "peft/adapter_model.bin")
    layer = call("torch_lora_linear", 3, 2, 2, 4)
    assert "neither a tensor" in error_of("torch_lora_load_peft", layer, "peft")
    assert not os.path.exists("ran")
