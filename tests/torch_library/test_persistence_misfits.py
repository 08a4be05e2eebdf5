"""Files that do not fit: one error lists everything, and the model is as it was."""

import os
import signal

import pytest
import torch
from torch import nn

from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.files import archive as archives
from lispe_kernel.torch_library.files.bytes import FileBytes
from lispe_kernel.torch_library.files.formats import open_file
from tests.torch_library.persistence_modules import FORMATS, copies, equal_tensors, overwrite, place_of
from tests.torch_library.torch_calls import call, error_of, listed


class Other(nn.Module):
    """Like the MLP 3-4-2, with one layer of another size, one missing and one more."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(3, 5)
        self.fc2 = nn.Linear(4, 4)
        self.fc4 = nn.Linear(4, 2, dtype=torch.float64)


@pytest.mark.parametrize("suffix", FORMATS)
def test_one_error_lists_missing_unexpected_and_mismatched_with_both_shapes(suffix, in_folder):
    path = f"m{suffix}"
    call("torch_save_model", call("torch_model", 3, 4, 2), path)
    model = Other()
    before = copies(model)
    text = error_of("torch_load_model", path, model)
    assert text.startswith(f"Error loading model: {path} does not fit the model: ")
    assert "missing: fc4.weight [2,4], fc4.bias [2]" in text
    assert "unexpected: fc3.weight [2,4], fc3.bias [2]" in text
    assert "mismatched: fc1.weight is [4,3] in the file and [5,3] in the model" in text
    assert "Nothing was changed" in text
    assert equal_tensors(before, model.state_dict())


def test_another_dtype_is_told_with_the_way_out(in_folder):
    call("torch_save_model", nn.Linear(3, 2).half(), "half.pt")
    model = nn.Linear(3, 2)
    before = copies(model)
    text = error_of("torch_load_model", "half.pt", model)
    assert "weight is float16 in the file and float32 in the model" in text
    assert "torch_state_dict_convert" in text
    assert equal_tensors(before, model.state_dict())
    state = call("torch_state_dict_convert", call("torch_read_state_dict", "half.pt"), "float32")
    call("torch_load_state_dict", model, state)
    assert torch.equal(model.weight, torch.load("half.pt", weights_only=True)["weight"].float())


def test_a_table_of_files_changes_nothing_when_the_last_file_is_wrong(in_folder):
    saved, loaded = table(), table()
    call("torch_save_model", saved, "part_*.pt")
    call("torch_save_model", call("torch_linear", 7, 7), "part_b.pt")
    before = [copies(module) for module in loaded.values()]
    assert "part_b.pt does not fit" in error_of("torch_load_model", "part_*.pt", loaded)
    assert all(equal_tensors(old, new.state_dict()) for old, new in zip(before, loaded.values(), strict=True))


def table() -> Dictionary:
    modules = Dictionary()
    modules.update(a=call("torch_linear", 3, 2), b=call("torch_linear", 2, 2))
    return modules


ARGUMENTS = [
    (("torch_save_model", 3, "x.pt"), "Error: First argument must be a PyTorch module"),
    (("torch_save_model", "x.pt", "x.pt"), "Error: First argument must be a PyTorch module"),
    (("torch_load_model", "x.pt", 3), "Error: Second argument must be a PyTorch module"),
    (("torch_load_model", "none.pt", nn.Linear(1, 1)), "Error loading model: none.pt: there is no such file"),
    (("torch_load_model", ".", nn.Linear(1, 1)), "Error loading model: .: it is a folder, not a file"),
    (("torch_save_model", nn.Linear(1, 1), "no/x.pt"), "the folder no does not exist, create it first"),
    (("torch_save_model", nn.Linear(1, 1), "."), "it is a folder"),
    (("torch_save_model", nn.Linear(1, 1), ""), "must be a path"),
    (("torch_load_model", "x.pt", nn.Linear(1, 1), 3), "must be a prefix (a string) or a list of names"),
    (("torch_load_state_dict", nn.Linear(1, 1), 3), "Error: Second argument must be a state dict"),
    (("torch_load_state_dict", 3, 3), "Error: First argument must be a PyTorch module"),
    (("torch_state_dict", 3), "Error: Argument must be a PyTorch module"),
]


@pytest.mark.parametrize(("arguments", "text"), ARGUMENTS)
def test_a_wrong_argument_is_told(arguments, text, in_folder):
    assert text in error_of(*arguments)


def test_a_sparse_tensor_is_refused_and_the_old_file_stays(in_folder):
    call("torch_save_model", nn.Linear(1, 1), "m.pt")
    module = nn.Module()
    module.register_buffer("sparse", torch.eye(3).to_sparse())
    assert "sparse is sparse_coo; only dense tensors are stored" in error_of(
        "torch_save_model", module, "m.pt"
    )
    assert call("torch_load_model", "m.pt", nn.Linear(1, 1)) == "Model loaded successfully"


# -- a part of a file into a part of a model

PARTS = [
    ("fc1", {"fc1.weight", "fc1.bias"}),
    (listed("fc1.weight", "fc3"), {"fc1.weight", "fc3.weight", "fc3.bias"}),
    (listed("fc2.bias"), {"fc2.bias"}),
]


@pytest.mark.parametrize(("part", "names"), PARTS)
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_part_changes_exactly_its_own_tensors(suffix, part, names, in_folder):
    saved, model = call("torch_model", 3, 4, 2), call("torch_model", 3, 4, 2)
    call("torch_save_model", saved, f"m{suffix}")
    before = copies(model)
    call("torch_load_model", f"m{suffix}", model, part)
    for name, tensor in model.state_dict().items():
        wanted = saved.state_dict()[name] if name in names else before[name]
        assert torch.equal(tensor, wanted), name


def test_a_prefix_loads_into_a_model_that_is_that_part(in_folder):
    saved, layer = call("torch_model", 3, 4, 2), call("torch_linear", 3, 4)
    call("torch_save_model", saved, "m.pt")
    call("torch_load_model", "m.pt", layer, "fc1")
    assert torch.equal(layer.weight, saved.fc1.weight)
    assert torch.equal(layer.bias, saved.fc1.bias)


def test_a_part_can_be_saved_alone(in_folder):
    call("torch_save_model", call("torch_model", 3, 4, 2), "part.pt", listed("fc2"))
    assert list(torch.load("part.pt", weights_only=True)) == ["fc2.weight", "fc2.bias"]


def test_an_unknown_part_is_told_with_the_names_there_are(in_folder):
    call("torch_save_model", call("torch_linear", 3, 4), "l.pt")
    text = error_of("torch_load_model", "l.pt", call("torch_linear", 3, 4), "fc9")
    assert "it holds no tensor fc9 and none under fc9.; it holds weight, bias" in text


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_part_reads_only_its_own_bytes(suffix, in_folder, monkeypatch):
    path = f"m{suffix}"
    saved, model = call("torch_model", 3, 40, 2), call("torch_model", 3, 40, 2)
    call("torch_save_model", saved, path)
    read = []
    for name in ("tensor", "stretch"):
        watched = getattr(FileBytes, name)
        monkeypatch.setattr(
            FileBytes, name, lambda self, *place, real=watched: read.append(place) or real(self, *place)
        )
    call("torch_load_model", path, model, "fc1")
    with open_file(path) as archive:
        wanted = [archive.entries[name] for name in ("fc1.weight", "fc1.bias")]
    assert set(read) == {(entry.offset, entry.span) for entry in wanted}


def test_a_damaged_tensor_outside_the_part_does_not_matter(in_folder):
    call("torch_save_model", call("torch_model", 3, 40, 2), "m.pt")
    overwrite("m.pt", place_of("m.pt", "fc2.weight"), b"\xff" * 16)
    model = call("torch_model", 3, 40, 2)
    assert call("torch_load_model", "m.pt", model, "fc1") == "Model loaded successfully"
    assert "fc2.weight are damaged" in error_of("torch_load_model", "m.pt", model)


def test_a_path_may_begin_with_the_home_folder(in_folder, monkeypatch):
    monkeypatch.setenv("HOME", str(in_folder))
    layer = call("torch_linear", 2, 2)
    call("torch_save_model", layer, "~/l.pt")
    assert os.path.exists("l.pt")
    call("torch_load_model", "~/l.pt", layer)


def test_a_model_that_is_a_part_of_the_file_is_told_how_to_load(in_folder):
    layer = call("torch_linear", 3, 2)
    torch.save({f"encoder.{name}": t for name, t in layer.state_dict().items()}, "whole.pt")
    other = call("torch_linear", 3, 2)
    text = error_of("torch_load_model", "whole.pt", other)
    assert 'the model is the part encoder of the file: (torch_load_model path model "encoder")' in text
    call("torch_load_model", "whole.pt", other, "encoder")
    assert torch.equal(other.weight, layer.weight)


def test_a_module_wrapped_for_recomputation_has_the_file_of_the_module(in_folder):
    layer = call("torch_linear", 3, 2)
    call("torch_save_model", call("torch_checkpoint_create", layer), "l.pt")
    other = call("torch_checkpoint_create", call("torch_linear", 3, 2))
    call("torch_load_model", "l.pt", other)
    assert torch.equal(other.module.weight, layer.weight)
    assert list(torch.load("l.pt", weights_only=True)) == ["weight", "bias"]


@pytest.mark.usefixtures("in_folder", "interruptible")
def test_an_interrupt_while_the_tensors_change_waits_until_all_have(monkeypatch):
    saved, model = call("torch_model", 3, 4, 2), call("torch_model", 3, 4, 2)
    call("torch_save_model", saved, "m.pt")
    view = archives.Archive._view

    def interrupting(self, name):
        signal.raise_signal(signal.SIGINT)
        return view(self, name)

    monkeypatch.setattr(archives.Archive, "_view", interrupting)
    with pytest.raises(KeyboardInterrupt):
        call("torch_load_model", "m.pt", model)
    assert equal_tensors(saved.state_dict(), model.state_dict())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("name", ["module.{}", "_orig_mod.{}", "module._orig_mod.{}", "_orig_mod.module.{}"])
def test_names_from_wrappers_load_as_the_model_has_them(name, in_folder):
    layer, other = call("torch_linear", 3, 2), call("torch_linear", 3, 2)
    torch.save({name.format(key): t for key, t in layer.state_dict().items()}, "wrapped.pt")
    call("torch_load_model", "wrapped.pt", other)
    assert torch.equal(other.weight, layer.weight)


def test_wrappers_inside_a_name_are_left_out_and_a_models_own_names_stay(in_folder):
    inner = nn.ModuleDict({"fc": nn.Linear(3, 2)})
    torch.save({"fc._orig_mod." + key: t for key, t in inner["fc"].state_dict().items()}, "inner.pt")
    other = nn.ModuleDict({"fc": nn.Linear(3, 2)})
    call("torch_load_model", "inner.pt", other)
    assert torch.equal(other["fc"].weight, inner["fc"].weight)
    own = nn.ModuleDict({"module": nn.Linear(3, 2)})
    torch.save(own.state_dict(), "own.pt")
    other = nn.ModuleDict({"module": nn.Linear(3, 2)})
    call("torch_load_model", "own.pt", other)
    assert torch.equal(other["module"].weight, own["module"].weight)


@pytest.mark.parametrize("settings", [{"width": 3}, {}, {"inner": {"depth": 2}}])
def test_settings_under_a_models_key_do_not_hide_its_tensors(settings, in_folder):
    layer, other = call("torch_linear", 3, 2), call("torch_linear", 3, 2)
    torch.save({"model": settings, "state_dict": layer.state_dict(), "lr": 0.1}, "c.pt")
    call("torch_load_model", "c.pt", other)
    assert torch.equal(other.weight, layer.weight)


def test_the_way_out_names_the_models_dtype(in_folder):
    layer = call("torch_linear", 3, 2)
    call("torch_save_model", layer, "l.pt")
    other = call("torch_linear", 3, 2).bfloat16()
    text = error_of("torch_load_model", "l.pt", other)
    assert '(torch_state_dict_convert (torch_read_state_dict path) "bfloat16")' in text


def test_a_checkpoint_of_a_wrapped_model_resumes(in_folder):
    layer, other = call("torch_linear", 3, 2), call("torch_linear", 3, 2)
    wrapped = {f"module.{key}": tensor for key, tensor in layer.state_dict().items()}
    optimizer = torch.optim.SGD(layer.parameters(), 0.1).state_dict()
    torch.save({"model": wrapped, "optimizer": optimizer, "epoch": 7}, "c.pt")
    assert call("torch_resume_checkpoint", "c.pt", other, torch.optim.SGD(other.parameters(), 0.1)) == 7
    assert torch.equal(other.weight, layer.weight)


def test_integers_of_another_kind_are_not_told_to_be_converted(in_folder):
    torch.save({"n": torch.ones(2, dtype=torch.int32)}, "m.pt")
    model = nn.Module()
    model.register_buffer("n", torch.zeros(2, dtype=torch.int64))
    text = error_of("torch_load_model", "m.pt", model)
    assert "n is int32 in the file and int64 in the model. Nothing was changed; save the file with" in text
