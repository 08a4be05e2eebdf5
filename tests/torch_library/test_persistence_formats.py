"""Models saved and loaded: every kind of module, every format, also those that other programs write."""

import os
import zipfile

import pytest
import safetensors.torch
import torch
from torch import nn

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.files.formats import open_file
from lispe_kernel.torch_library.files.safetensors import KINDS as SAFETENSORS
from lispe_kernel.torch_library.support.dtypes import DTYPES, dtype_name
from tests.torch_library.persistence_modules import FORMATS, KINDS, same, scrambled
from tests.torch_library.torch_calls import call, error_of

KILO = 1024


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_module_comes_back_bit_for_bit(kind, suffix, in_folder):
    make, names = KINDS[kind]
    saved, loaded = scrambled(make()), make()
    path = f"module{suffix}"
    assert call("torch_save_model", saved, path) == "Model saved successfully"
    assert call("torch_load_model", path, loaded) == "Model loaded successfully"
    assert same(saved, loaded)
    with open_file(path) as archive:
        assert not names or set(archive.entries) == names


def test_a_pt_file_is_a_plain_state_dict_for_pytorch(in_folder):
    model = call("torch_model", 4, 8, 2)
    call("torch_save_model", model, "m.pt")
    state = torch.load("m.pt", weights_only=True)
    assert list(state) == list(model.state_dict())
    assert all(torch.equal(state[name], tensor) for name, tensor in model.state_dict().items())
    assert zipfile.ZipFile("m.pt").testzip() is None


def test_a_safetensors_file_is_read_by_the_safetensors_library(in_folder):
    model = call("torch_model", 4, 8, 2)
    call("torch_save_model", model, "m.safetensors")
    state = safetensors.torch.load_file("m.safetensors")
    assert all(torch.equal(state[name], tensor) for name, tensor in model.state_dict().items())


def written_by_torch(model: nn.Module) -> None:
    torch.save(model.state_dict(), "f.pt")


def written_by_old_torch(model: nn.Module) -> None:
    torch.save(model.state_dict(), "f.pt", _use_new_zipfile_serialization=False)


def written_by_safetensors(model: nn.Module) -> None:
    safetensors.torch.save_file(model.state_dict(), "f.pt")


def written_as_checkpoint(model: nn.Module) -> None:
    torch.save({"model_state_dict": model.state_dict(), "epoch": 3}, "f.pt")


def written_with_parameters(model: nn.Module) -> None:
    torch.save(dict(model.named_parameters()), "f.pt")


@pytest.mark.parametrize(
    "write",
    [
        written_by_torch,
        written_by_old_torch,
        written_by_safetensors,
        written_as_checkpoint,
        written_with_parameters,
    ],
)
def test_files_of_other_programs_load_whatever_their_name(write, in_folder):
    saved, loaded = call("torch_model", 3, 4, 2), call("torch_model", 3, 4, 2)
    write(saved)
    call("torch_load_model", "f.pt", loaded)
    assert same(saved, loaded)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_archive_loads_without_its_program(in_folder):
    saved = call("torch_model", 3, 4, 2)
    torch.jit.trace(saved, torch.ones(1, 3)).save("f.pt")
    loaded = call("torch_model", 3, 4, 2)
    call("torch_load_model", "f.pt", loaded)
    assert same(saved, loaded)


def test_a_position_table_with_libtorchs_extra_dimension_loads(in_folder):
    encoding = call("torch_positional_encoding", 4, 8)
    before = encoding.pe.clone()
    torch.save({"pe": before.reshape(8, 1, 4).bfloat16()}, "pe.pt")
    call("torch_load_model", "pe.pt", encoding)
    assert torch.equal(encoding.pe, before)
    torch.save({"pe": torch.randn(8, 1, 4)}, "pe.pt")
    assert "pe is computed by the model and is another table" in error_of(
        "torch_load_model", "pe.pt", encoding
    )


def test_a_file_does_not_follow_later_training(in_folder):
    layer = call("torch_linear", 4, 2)
    before = layer.weight.detach().clone()
    call("torch_save_model", layer, "l.pt")
    with torch.no_grad():
        layer.weight.zero_()
    call("torch_load_model", "l.pt", layer)
    assert torch.equal(layer.weight, before)


def test_path_and_model_come_in_either_order(in_folder):
    layer = call("torch_linear", 4, 2)
    call("torch_save_model", layer, "l.pt")
    assert call("torch_load_model", layer, "l.pt") == "Model loaded successfully"


class Tied(nn.Module):
    """A model whose head is its embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(512, 256)
        self.head = nn.Linear(256, 512, bias=False)
        self.head.weight = self.embedding.weight


class Views(nn.Module):
    """Buffers that look at parts of one large tensor."""

    def __init__(self) -> None:
        super().__init__()
        large = torch.randn(1000, 1000)
        self.register_buffer("rows", large[100:200])
        self.register_buffer("some_of_them", large[150:250])
        self.register_buffer("column", large[:, 7])
        self.register_buffer("turned", large[100:200].T)
        self.register_buffer("empty", torch.empty(0, 5))
        self.register_buffer("one", torch.tensor(3.5))


@pytest.mark.parametrize("suffix", FORMATS)
def test_tied_weights_are_stored_once(suffix, in_folder):
    saved, loaded = Tied(), Tied()
    call("torch_save_model", saved, f"tied{suffix}")
    size = saved.embedding.weight.nbytes
    assert size < os.path.getsize(f"tied{suffix}") <= size * 1.01 + 64 * KILO
    call("torch_load_model", f"tied{suffix}", loaded)
    assert torch.equal(loaded.head.weight, saved.embedding.weight)
    assert loaded.head.weight is loaded.embedding.weight


def test_tied_weights_load_from_a_file_of_the_safetensors_library(in_folder):
    saved, loaded = Tied(), Tied()
    safetensors.torch.save_model(saved, "tied.safetensors")
    call("torch_load_model", "tied.safetensors", loaded)
    assert same(saved, loaded)


def test_the_safetensors_library_reads_our_tied_weights(in_folder):
    saved, loaded = Tied(), Tied()
    call("torch_save_model", saved, "tied.safetensors")
    safetensors.torch.load_model(loaded, "tied.safetensors")
    assert same(saved, loaded)


def test_a_view_stores_its_own_elements_only(in_folder):
    saved, loaded = Views(), Views()
    call("torch_save_model", saved, "views.pt")
    unique = (150 * 1000 + 1000 + 1) * 4
    assert os.path.getsize("views.pt") <= unique * 1.01 + 64 * KILO
    state = torch.load("views.pt", weights_only=True)
    assert all(torch.equal(state[name], tensor) for name, tensor in saved.state_dict().items())
    call("torch_load_model", "views.pt", loaded)
    assert same(saved, loaded)


def buffer_of(dtype: torch.dtype) -> nn.Module:
    """A module with 96 random bytes as a buffer of this dtype."""
    module = nn.Module()
    data = torch.randint(0, 2, (96,)) if dtype is torch.bool else torch.randint(0, 256, (96,))
    module.register_buffer("b", data.to(torch.uint8).view(dtype))
    return module


@pytest.mark.parametrize(
    ("suffix", "name"),
    [(".pt", name) for name in DTYPES]
    + [(".safetensors", dtype_name(kind)) for kind in SAFETENSORS.values()],
)
def test_every_dtype_keeps_its_bits(suffix, name, in_folder):
    saved, loaded = buffer_of(DTYPES[name]), buffer_of(DTYPES[name])
    call("torch_save_model", saved, f"l{suffix}")
    call("torch_load_model", f"l{suffix}", loaded)
    assert torch.equal(saved.b.view(torch.uint8), loaded.b.view(torch.uint8))


@pytest.mark.parametrize(("suffix", "name"), [(".safetensors", "complex128"), (".pt", "uint4")])
def test_a_dtype_that_the_format_lacks_is_refused_when_it_is_saved(suffix, name, in_folder):
    module = nn.Module()
    module.register_buffer("b", torch.empty(4, dtype=getattr(torch, name)))
    assert f"b is {name}" in error_of("torch_save_model", module, f"l{suffix}")
    assert os.listdir() == []


def test_a_name_that_safetensors_keeps_for_itself_is_refused(in_folder):
    table = torch.ones(3)
    for names in (["__metadata__"], ["a", "format"]):
        module = nn.Module()
        for name in names:
            module.register_buffer(name, table)
        assert f"safetensors keeps the name {names[-1]}" in error_of(
            "torch_save_model", module, "m.safetensors"
        )
        call("torch_save_model", module, "m.pt")


def test_a_tensor_may_be_called_like_a_word_of_the_metadata(in_folder):
    safetensors.torch.save_file({"pt": torch.ones(3)}, "m.safetensors", metadata={"format": "pt"})
    assert list(call("torch_read_state_dict", "m.safetensors")) == ["pt"]


def test_a_word_of_anothers_metadata_is_not_taken_for_ours(in_folder):
    layer = call("torch_linear", 3, 2)
    safetensors.torch.save_file(layer.state_dict(), "m.safetensors", metadata={"lora": "r=8"})
    assert call("torch_load_model", "m.safetensors", layer) == "Model loaded successfully"


def test_a_file_that_was_packed_anew_loads(in_folder):
    saved, loaded = call("torch_model", 3, 4, 2), call("torch_model", 3, 4, 2)
    call("torch_save_model", saved, "m.pt")
    with zipfile.ZipFile("m.pt") as source, zipfile.ZipFile("n.pt", "w") as target:
        for name in reversed(source.namelist()):
            target.writestr(name, source.read(name))
    call("torch_load_model", "n.pt", loaded)
    assert same(saved, loaded)


def test_what_torch_lets_pass_besides_tensors_does_not_hinder(in_folder):
    saved, loaded = call("torch_linear", 3, 2), call("torch_linear", 3, 2)
    settings = {
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "size": torch.Size([2]),
        "seen": {1, 2},
        None: b"text",
        (1, 2): 1j,
    }
    torch.save({"model": saved.state_dict(), "settings": settings}, "m.pt")
    call("torch_load_model", "m.pt", loaded)
    assert same(saved, loaded)
    read = call("torch_load_checkpoint", "m.pt").parts["settings"]
    assert to_text(read) == (
        '{"dtype":"torch.float16" "device":"cpu" "size":(2) "seen":(1 2) "None":"text" "(1, 2)":"1j"}'
    )


def test_overlapping_views_with_gaps_are_written_as_one_stretch(in_folder):
    large = torch.randn(1000, 1000)
    saved = nn.Module()
    saved.register_buffer("left", large[:, :900])
    saved.register_buffer("right", large[:, 100:])
    call("torch_save_model", saved, "m.pt")
    assert os.path.getsize("m.pt") <= large.nbytes * 1.01 + 64 * KILO
    state = torch.load("m.pt", weights_only=True)
    assert all(torch.equal(state[name], tensor) for name, tensor in saved.state_dict().items())


def test_many_small_tensors_cost_little_more_than_in_pytorchs_file(in_folder):
    saved = nn.ParameterList(torch.randn(64) for _ in range(1000))
    torch.save(saved.state_dict(), "theirs.pt")
    call("torch_save_model", saved, "ours.pt")
    assert os.path.getsize("ours.pt") - os.path.getsize("theirs.pt") < 80 * 1000


def test_special_values_keep_their_bits(in_folder):
    values = torch.tensor([float("nan"), float("inf"), -0.0, 1e-45])
    saved = nn.Module()
    saved.register_buffer("values", values.clone())
    saved.register_buffer("flags", torch.tensor([True, False]))
    call("torch_save_model", saved, "s.pt")
    saved.values.zero_()
    call("torch_load_model", "s.pt", saved)
    assert saved.values.view(torch.int32).tolist() == values.view(torch.int32).tolist()


def test_the_same_model_gives_the_same_bytes(in_folder):
    layer = call("torch_linear", 4, 2)
    for path in ("a.pt", "b.pt", "a.safetensors", "b.safetensors"):
        call("torch_save_model", layer, path)
    for suffix in FORMATS:
        with open("a" + suffix, "rb") as a, open("b" + suffix, "rb") as b:
            assert a.read() == b.read()


def test_loading_is_seen_by_a_pending_backward(in_folder):
    layer = call("torch_linear", 2, 2)
    call("torch_save_model", layer, "l.pt")
    loss = layer(torch.ones(1, 2, requires_grad=True)).square().sum()
    call("torch_load_model", "l.pt", layer)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_table_of_modules_is_one_file_with_the_keys_in_front(in_folder):
    saved, loaded = table(), table()
    call("torch_save_model", saved, "t.pt")
    assert set(torch.load("t.pt", weights_only=True)) == {"a.weight", "a.bias", "b.weight"}
    call("torch_load_model", "t.pt", loaded)
    assert all(same(saved[key], loaded[key]) for key in saved)


def test_a_table_of_modules_is_one_file_per_entry_where_the_path_says_so(in_folder):
    saved, loaded = table(), table()
    call("torch_save_model", saved, "parts/")
    call("torch_save_model", saved, "part_*.safetensors")
    assert sorted(os.listdir("parts")) == ["a.pt", "b.pt"]
    assert sorted(os.listdir()) == ["part_a.safetensors", "part_b.safetensors", "parts"]
    for path in ("parts/", "part_*.safetensors"):
        loaded = table()
        call("torch_load_model", path, loaded)
        assert all(same(saved[key], loaded[key]) for key in saved)
    refused = error_of("torch_save_model", saved, "part_a.safetensors/")
    assert refused == "Error saving model: cannot write part_a.safetensors/: file exists"


def table() -> Dictionary:
    modules = Dictionary()
    modules.update(a=call("torch_linear", 3, 2), b=call("torch_embedding", 5, 2))
    return modules
