"""Modules of other people: what a file could not bring back is refused before anything changes."""

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.files import atomic
from lispe_kernel.torch_library.files.trees import copied
from tests.torch_library.persistence_modules import copies, equal_tensors
from tests.torch_library.torch_calls import call, error_of, listed


class Counting(nn.Linear):
    """A layer that keeps a count beside its tensors."""

    def __init__(self, state: object) -> None:
        super().__init__(3, 2)
        self.seen = state

    def get_extra_state(self) -> object:
        return self.seen

    def set_extra_state(self, state: object) -> None:
        self.seen = state


class Giving(nn.Linear):
    """A layer that could not take back what it gives."""

    def __init__(self) -> None:
        super().__init__(3, 2)

    def get_extra_state(self) -> object:
        return 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def quantized() -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(3, 2)))


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "state of a set": (
        lambda: nn.Sequential(Counting({"n": {3}})),
        "besides its tensors (0._extra_state",
    ),
    "state without way back": (lambda: Giving(), "gives an extra state and takes none"),
    "quantized": (quantized, "0._packed_params.dtype of the model is a dtype"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("kind", REFUSED)
def test_a_module_that_keeps_more_than_plain_values_is_not_saved(kind, in_folder):
    make, text = REFUSED[kind]
    assert text in error_of("torch_save_model", make(), "m.pt")
    optimizer = call("torch_optimizer", nn.Linear(1, 1), 0.1, "sgd")
    assert text in error_of("torch_save_checkpoint", make(), optimizer, 1, "m.pt")
    assert os.listdir() == []


PLAIN = [3, "text", {"n": [1, (2.5, None, True)], 7: {}}, torch.ones(2, 2), {"mean": torch.arange(3), "n": 1}]


@pytest.mark.parametrize("path", ["m.pt", "m.safetensors"])
@pytest.mark.parametrize("state", PLAIN, ids=["number", "text", "table", "tensor", "table of tensors"])
def test_an_extra_state_of_plain_values_is_saved_as_by_pytorch(state, path, in_folder):
    model = nn.Sequential(Counting(state))
    call("torch_save_model", model, path)
    loaded = nn.Sequential(Counting("before"))
    call("torch_load_model", path, loaded)
    copy = nn.Sequential(Counting(None))
    assert call("torch_load_state_dict", copy, call("torch_state_dict", model)).endswith("successfully")
    resumed = nn.Sequential(Counting([1]))
    training = [call("torch_optimizer", each, 0.1, "sgd") for each in (model, resumed)]
    call("torch_save_checkpoint", model, training[0], 1, path)
    call("torch_resume_checkpoint", path, resumed, training[1])
    for each in (loaded, copy, resumed):
        assert (repr(each[0].seen), type(each[0].seen)) == (repr(state), type(state))
        assert each[0].seen is not state or not isinstance(state, dict)
    if path == "m.pt":
        theirs = nn.Sequential(Counting(None))
        theirs.load_state_dict(torch.load(path, weights_only=True)["model"])
        # PyTorch gets our tables as ordered ones, which are equal.
        assert repr(copied(theirs[0].seen)) == repr(state)


def test_an_extra_state_of_another_kind_in_a_file_is_refused(in_folder):
    torch.save(nn.Sequential(Counting({"seen": {1, 2}})).state_dict(), "m.pt")
    module = nn.Sequential(Counting("before"))
    before = module[0].weight.clone()
    assert "(0._extra_state.seen: a set)" in error_of("torch_load_model", "m.pt", module)
    assert (module[0].seen, torch.equal(module[0].weight, before)) == ("before", True)


def test_such_a_state_is_missed_as_by_pytorch_unless_a_part_is_loaded(in_folder):
    torch.save({"weight": torch.ones(2, 3), "bias": torch.ones(2)}, "m.pt")
    module = Counting({"n": 3})
    assert "missing: _extra_state" in error_of("torch_load_model", "m.pt", module)
    assert (float(module.weight.min()) < 1, module.seen) == (True, {"n": 3})
    model = nn.ModuleDict({"a": nn.Linear(3, 2), "x": Counting({"n": 3})})
    torch.save({"a.weight": torch.ones(2, 3), "a.bias": torch.ones(2)}, "a.pt")
    call("torch_load_model", "a.pt", model, "a")
    assert model["a"].weight.min() == 1


class Attribute(nn.Linear):
    """A layer that stores a tensor which is neither parameter nor buffer."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.scale = torch.randn(2)

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "scale"] = self.scale


def test_a_tensor_that_is_the_modules_own_in_another_way_loads(in_folder):
    saved, loaded = Attribute(), Attribute()
    call("torch_save_model", saved, "m.pt")
    call("torch_load_model", "m.pt", loaded)
    assert torch.equal(loaded.scale, saved.scale)


def test_a_state_of_nothing_hinders_no_save(in_folder):
    saved = Counting(None)
    call("torch_save_model", saved, "m.pt")
    optimizer = call("torch_optimizer", saved, 0.1, "sgd")
    call("torch_save_checkpoint", saved, optimizer, 1, "c.pt")
    # PyTorch's own files name it too, and its strict load asks for it.
    assert torch.load("m.pt").keys() == saved.state_dict().keys()
    state = call("torch_state_dict", saved)
    for load in (
        lambda model: call("torch_load_model", "m.pt", model),
        lambda model: call("torch_load_state_dict", model, state),
        lambda model: call(
            "torch_resume_checkpoint", "c.pt", model, call("torch_optimizer", model, 0.1, "sgd")
        ),
    ):
        loaded = Counting({"n": 3})
        load(loaded)
        assert torch.equal(loaded.weight, saved.weight)
        assert loaded.seen is None


class Converting(nn.Linear):
    """A layer whose state dict holds copies."""

    def state_dict(self, *arguments: object, **named: object) -> dict[str, torch.Tensor]:
        return {name: tensor.clone() for name, tensor in super().state_dict(*arguments, **named).items()}


class Expanded(nn.Linear):
    """A layer with a buffer whose elements share one place."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.register_buffer("mask", torch.zeros(1).expand(4))


UNFILLABLE: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "copies": (lambda: Converting(3, 2), "weight of the model is a copy that its state dict makes"),
    "expanded": (Expanded, "mask of the model is expanded"),
}


@pytest.mark.parametrize("kind", UNFILLABLE)
def test_a_tensor_that_cannot_be_filled_is_told_before_anything_changes(kind, in_folder):
    make, text = UNFILLABLE[kind]
    model = make()
    before = copies(model)
    torch.save({name: torch.ones(tensor.shape) for name, tensor in model.state_dict().items()}, "m.pt")
    assert text in error_of("torch_load_model", "m.pt", model)
    state = call("torch_read_state_dict", "m.pt")
    assert text in error_of("torch_load_state_dict", model, state)
    assert equal_tensors(before, model.state_dict())


def test_a_tensor_that_no_load_reaches_hinders_none(in_folder):
    saved, loaded = Expanded(), Expanded()
    plain = nn.Linear(3, 2)
    call("torch_load_state_dict", loaded, call("torch_state_dict", plain))
    assert torch.equal(loaded.weight, plain.weight)
    call("torch_save_model", saved, "m.pt")
    call("torch_load_model", "m.pt", loaded, listed("weight", "bias"))
    assert torch.equal(loaded.weight, saved.weight)


def test_two_names_that_would_be_one_are_refused(in_folder):
    table = Dictionary()
    table.store("a", nn.ModuleDict({"b": nn.Linear(2, 2)}))
    table.store("a.b", nn.Linear(2, 2))
    assert "two tensors of the table would be called a.b.weight" in error_of(
        "torch_save_model", table, "m.pt"
    )
    call("torch_save_model", table, "part_*.pt")
    assert sorted(os.listdir()) == ["part_a.b.pt", "part_a.pt"]


def test_a_single_module_needs_the_name_of_a_file(in_folder):
    layer = call("torch_linear", 2, 2)
    text = "new/ is a folder; a single module needs the name of a file"
    assert error_of("torch_save_model", layer, "new/") == f"Error saving model: {text}"
    assert error_of("torch_load_model", "new/", layer) == f"Error loading model: {text}"


def test_a_table_may_have_more_files_than_a_process_may_open(in_folder, monkeypatch):
    monkeypatch.setattr(atomic, "_AT_ONCE", 3)
    table = Dictionary()
    table.update({str(number): call("torch_linear", 2, 2) for number in range(8)})
    call("torch_save_model", table, "part_*.pt")
    assert len(os.listdir()) == 8


def test_when_one_file_of_a_table_cannot_be_written_all_old_ones_stay(in_folder):
    table = Dictionary()
    table.update(a=call("torch_linear", 2, 2), z=call("torch_linear", 200, 200))
    call("torch_save_model", table, "part_*.pt")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    with torch.no_grad():
        table["a"].weight.fill_(5)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        text = error_of("torch_save_model", table, "part_*.pt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot write part_z.pt: the disk is full or a size limit is reached" in text
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before
