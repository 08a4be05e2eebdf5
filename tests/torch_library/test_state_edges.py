"""State dicts at their edges: what hooks say, several modules in one file, memory side by side."""

from typing import Any

import pytest
import torch
from torch import nn

from lispe_kernel import Session, to_text
from lispe_kernel.language.values.dictionaries import Dictionary
from tests.torch_library.persistence_modules import same
from tests.torch_library.torch_calls import call, error_of

pytestmark = pytest.mark.usefixtures("in_folder")


class Refusing(nn.Linear):
    """A layer that loads nothing."""

    def _load_from_state_dict(self, *_: Any) -> None:
        raise ValueError("not from\n   this  file")


class Turned(nn.Linear):
    """A layer whose weights version 1 stored the other way round."""

    _version = 2

    def _load_from_state_dict(self, state: Any, prefix: str, noted: dict, *rest: Any) -> None:
        if noted.get("version") != 2 and prefix + "weight" in state:
            state[prefix + "weight"] = state[prefix + "weight"].t()
        super()._load_from_state_dict(state, prefix, noted, *rest)


class Neighbours(nn.Module):
    """Two weights side by side in one memory, and one that looks at a part of the second."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        memory = torch.randn(12).to(dtype)
        self.first = nn.Parameter(memory[:6].view(2, 3))
        self.second = nn.Parameter(memory[6:].view(2, 3))
        self.register_buffer("row", self.second.detach()[1])


def test_a_state_dict_has_a_type_of_its_own():
    assert to_text(Session().evaluate("(type (torch_state_dict (torch_linear 2 2)))")) == "torch_state_dict_"


def test_what_a_module_says_of_a_file_is_told_in_one_line():
    torch.save(nn.Linear(2, 2).state_dict(), "m.pt")
    text = error_of("torch_load_model", "m.pt", Refusing(2, 2))
    assert text.endswith("the model does not take it (not from this file). Nothing was changed")


def test_what_does_not_fit_is_named_in_each_module_of_a_table():
    torch.save({f"{key}.{name}": torch.ones(9) for key in "ab" for name in ("weight", "bias", "x")}, "m.pt")
    found = call("torch_load_model", "m.pt", Dictionary({"a": Turned(2, 2), "b": Turned(2, 2)}), None, None)
    assert sorted(found["mismatched"]) == ["a.bias", "a.weight", "b.bias", "b.weight"]
    assert (list(found["missing"]), sorted(found["unexpected"])) == ([], ["a.x", "b.x"])


@pytest.mark.parametrize("format_", ["pt", "torch"])
def test_the_versions_of_the_classes_reach_a_wrapped_model(format_):
    source, model = nn.Sequential(Turned(2, 2)), nn.DataParallel(nn.Sequential(Turned(2, 2)))
    if format_ == "pt":
        call("torch_save_model", source, "m.pt")
        assert torch.load("m.pt")._metadata["0"] == {"version": 2}
    else:
        torch.save(source.state_dict(), "m.pt")
    call("torch_load_model", "m.pt", model)
    assert same(model.module, source)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_weights_side_by_side_in_one_memory_load_each_its_own(dtype):
    source, model = Neighbours(dtype), Neighbours(dtype)
    torch.save({name: tensor.clone() for name, tensor in source.state_dict().items()}, "m.pt")
    assert call("torch_load_model", "m.pt", model) == "Model loaded successfully"
    assert same(model, source)
    assert model.row.data_ptr() == model.second.data_ptr() + 3 * dtype.itemsize


@pytest.mark.parametrize("key", ["", ".", "..", "a/b"])
def test_a_key_that_is_no_name_of_a_file_is_refused(key):
    text = error_of("torch_save_model", Dictionary({key: nn.Linear(1, 1)}), "*.pt")
    assert f"the key {key} cannot be part of a file name" in text


def test_a_view_is_compared_with_its_base_in_its_own_digits():
    model = Neighbours(torch.float64)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state["row"] = state["row"] * (1 + 1e-13)
    torch.save(state, "m.pt")
    assert "second and row are one tensor in the model" in error_of("torch_load_model", "m.pt", model)


def test_state_dicts_that_differ_are_not_mixed():
    states = [call("torch_state_dict", nn.Linear(size, 1)) for size in (1, 2)]
    text = error_of("torch_state_dict_interpolate", *states, 0.5)
    assert text.startswith("Error interpolating state dicts: ")
    assert "weight" in text


def test_a_path_that_is_none_is_refused_by_the_name_of_the_function():
    state = call("torch_state_dict", nn.Linear(1, 1))
    for name in ("torch_save_state_dict", "torch_save_model"):
        assert name in error_of(name, state if "state" in name else nn.Linear(1, 1), 5)


def test_a_loop_goes_through_the_names_of_a_state_dict():
    program = "(setq l ()) (loop name (torch_state_dict (torch_linear 2 2)) (push l name)) l"
    assert to_text(Session().evaluate(program)) == '("weight" "bias")'


def test_the_versions_reach_each_module_of_a_table():
    source, model = ({key: nn.Sequential(Turned(2, 2)) for key in "ab"} for _ in range(2))
    call("torch_save_model", Dictionary(source), "m.pt")
    call("torch_load_model", "m.pt", Dictionary(model))
    assert all(same(model[key], source[key]) for key in "ab")
