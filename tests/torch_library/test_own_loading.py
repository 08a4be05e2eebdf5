"""Modules that do something when they are loaded: as PyTorch loads them, or as before on an error."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.torch_library.persistence_modules import copies, equal_tensors, same
from tests.torch_library.torch_calls import call, error_of

pytestmark = pytest.mark.usefixtures("in_folder")


class Counting(nn.Linear):
    """A layer with an extra state, and with weights that version 1 stored the other way round."""

    _version = 2

    def __init__(self, state: object = None) -> None:
        super().__init__(3, 3)
        self.seen = state

    def get_extra_state(self) -> object:
        return self.seen

    def set_extra_state(self, state: object) -> None:
        self.seen = state

    def _load_from_state_dict(self, state: Any, prefix: str, noted: dict, *rest: Any) -> None:
        if noted.get("version") in (None, 1):
            state[prefix + "weight"] = state[prefix + "weight"].t()
        super()._load_from_state_dict(state, prefix, noted, *rest)


class Renamed(nn.Module):
    """A layer that was called `old` once."""

    def __init__(self, hook: bool = True) -> None:
        super().__init__()
        self.new = nn.Linear(3, 2)
        if hook:
            self.register_load_state_dict_pre_hook(self._rename)

    @staticmethod
    def _rename(_module: nn.Module, state: Any, prefix: str, *_rest: Any) -> None:
        for name in [name for name in state if name.startswith(f"{prefix}old.")]:
            state[name.replace("old.", "new.")] = state.pop(name)


def test_an_extra_state_and_a_version_come_back():
    saved, loaded = Counting({"n": [1, 2]}), Counting()
    torch.save({"model": nn.Sequential(saved).state_dict()}, "m.pt")
    call("torch_load_model", "m.pt", nn.Sequential(loaded))
    assert loaded.seen == {"n": [1, 2]}
    assert torch.equal(loaded.weight, saved.weight)


def test_a_state_dict_keeps_an_extra_state_and_the_versions():
    saved, loaded = Counting("seen"), Counting()
    torch.save(saved.state_dict(), "m.pt")
    call("torch_save_state_dict", call("torch_read_state_dict", "m.pt"), "again.pt")
    read = call("torch_read_state_dict", "again.pt")
    assert call("torch_load_state_dict", loaded, read) == "State dict loaded successfully"
    assert loaded.seen == "seen"
    assert torch.equal(loaded.weight, saved.weight)


def test_old_names_of_a_normalised_weight_fill_the_parametrised_layer():
    torch.save({"weight_g": torch.ones(2, 1), "weight_v": torch.eye(2), "bias": torch.zeros(2)}, "m.pt")
    layer = weight_norm(nn.Linear(2, 2))
    call("torch_load_model", "m.pt", layer)
    assert torch.equal(layer.weight, torch.eye(2))


def test_a_batch_norm_from_before_the_counter_loads():
    norm = nn.BatchNorm1d(2)
    old = {name: tensor for name, tensor in norm.state_dict().items() if name != "num_batches_tracked"}
    torch.save(old, "m.pt")
    assert call("torch_load_model", "m.pt", norm) == "Model loaded successfully"


def test_a_lazy_layer_takes_the_sizes_of_the_file_or_stays_lazy():
    torch.save(nn.Linear(3, 2).state_dict(), "m.pt")
    layer = nn.LazyLinear(2)
    call("torch_load_model", "m.pt", layer)
    assert layer.weight.shape == (2, 3)
    other = nn.Sequential(nn.LazyLinear(2))
    torch.save({"0.weight": torch.ones(2, 3)}, "part.pt")
    assert "missing: 0.bias" in error_of("torch_load_model", "part.pt", other)
    assert other[0].has_uninitialized_params()


def test_a_model_without_memory_takes_the_tensors_and_keeps_its_ties():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
        model[1].weight = model[0].weight
    weight = torch.randn(2, 2)
    torch.save({"0.weight": weight, "1.weight": weight}, "m.pt")
    call("torch_load_model", "m.pt", model)
    assert model[0].weight is model[1].weight
    assert torch.equal(model[0].weight, weight)


def test_what_a_hook_changed_is_put_back_when_the_load_is_refused():
    model = nn.Sequential(Renamed(), nn.Linear(3, 2))
    before = copies(model)
    torch.save(
        {"0.old.weight": torch.ones(2, 3), "0.old.bias": torch.ones(2), "1.weight": torch.ones(2, 9)}, "m.pt"
    )
    text = error_of("torch_load_model", "m.pt", model)
    assert "missing: 1.bias [2]; mismatched: 1.weight is [2,9] in the file and [2,3] in the model" in text
    assert equal_tensors(before, copies(model))


def test_a_resumed_model_loads_itself_and_is_as_before_when_the_optimizer_does_not_fit():
    source, model = Renamed(hook=False), Renamed()
    state = {name.replace("new", "old"): tensor for name, tensor in source.state_dict().items()}
    torch.save({"model": state, "epoch": 3, "optimizer": {"state": {}, "param_groups": []}}, "c.pt")
    before = copies(model)
    optimizer = call("torch_optimizer", model, 0.1, "sgd")
    assert "trains other parameters" in error_of("torch_resume_checkpoint", "c.pt", model, optimizer)
    assert equal_tensors(before, copies(model))
    torch.save({"model": state, "epoch": 3, "optimizer": optimizer.state_dict()}, "c.pt")
    assert call("torch_resume_checkpoint", "c.pt", model, optimizer) == 3
    assert same(model, source)


def test_a_lenient_load_says_what_it_left_out():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    torch.save(
        {"0.weight": torch.ones(2, 3), "0.bias": torch.ones(5), "x": torch.ones(1), "epoch": 3}, "m.pt"
    )
    assert "unexpected: x [1], epoch; mismatched" in error_of("torch_load_model", "m.pt", model)
    found = call("torch_load_model", "m.pt", model, None, None)
    assert list(found["missing"]) == ["1.weight", "1.bias"]
    assert list(found["unexpected"]) == ["x", "epoch"]
    assert found["mismatched"] == {"0.bias": "[5] in the file and [2] in the model"}
    assert torch.equal(model[0].weight, torch.ones(2, 3))


def test_a_lenient_load_of_modules_that_load_themselves_says_the_same():
    torch.save({"0.old.weight": torch.ones(2, 3), "1.weight": torch.ones(2, 9), "x": torch.ones(1)}, "m.pt")
    model = nn.Sequential(Renamed(), nn.Linear(3, 2))
    found = call("torch_load_model", "m.pt", model, None, None)
    assert sorted(found["missing"]) == ["0.new.bias", "1.bias"]
    assert list(found["unexpected"]) == ["x"]
    assert list(found["mismatched"]) == ["1.weight"]
    assert torch.equal(model[0].new.weight, torch.ones(2, 3))


def test_a_plain_file_fills_a_wrapped_model_and_the_other_way_round():
    plain, wrapped = nn.Sequential(nn.Linear(2, 2)), nn.DataParallel(nn.Sequential(nn.Linear(2, 2)))
    call("torch_save_model", plain, "m.pt")
    call("torch_load_model", "m.pt", wrapped)
    assert same(wrapped.module, plain)
    state = StateDict({"module.0.weight": torch.ones(2, 2), "module.0.bias": torch.ones(2)})
    assert call("torch_load_state_dict", plain, state, TRUE) == "State dict loaded successfully"
    difference = call("torch_state_dict_difference", state, call("torch_state_dict", plain))
    assert (difference["changed"], list(difference["only_first"])) == (0, [])


class Views(nn.Module):
    """A weight, and a buffer that looks at its first rows."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 2))
        self.register_buffer("rows", self.weight.detach()[:2])


def test_a_view_that_differs_from_its_base_in_the_file_is_refused():
    model = Views()
    before = copies(model)
    torch.save({"weight": torch.ones(4, 2), "rows": torch.zeros(2, 2)}, "m.pt")
    assert "weight and rows are one tensor in the model" in error_of("torch_load_model", "m.pt", model)
    assert equal_tensors(before, copies(model))
    torch.save({"weight": torch.ones(4, 2), "rows": torch.ones(2, 2)}, "m.pt")
    assert call("torch_load_model", "m.pt", model) == "Model loaded successfully"


def test_a_flipped_bit_in_a_file_of_pytorch_is_found():
    torch.save({"weight": torch.ones(64, 64), "bias": torch.ones(64)}, "m.pt")
    content = bytearray(Path("m.pt").read_bytes())
    content[content.index(torch.ones(64, 64).numpy().tobytes()) + 5000] ^= 1
    Path("m.pt").write_bytes(content)
    model = nn.Linear(64, 64)
    before = copies(model)
    assert "the bytes of weight are damaged" in error_of("torch_load_model", "m.pt", model)
    assert equal_tensors(before, copies(model))


def test_an_extra_state_is_put_back_when_the_load_is_refused():
    model = nn.Sequential(Counting("before"), nn.Linear(3, 3))
    torch.save(nn.Sequential(Counting("after"), nn.Linear(3, 9)).state_dict(), "m.pt")
    assert "mismatched: 1.weight" in error_of("torch_load_model", "m.pt", model)
    assert model[0].seen == "before"
