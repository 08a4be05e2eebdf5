"""Weights that share memory in the model, in the file or in both: told apart by place and shape."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.torch_library.persistence_modules import FORMATS
from tests.torch_library.torch_calls import call, error_of

pytestmark = pytest.mark.usefixtures("in_folder")


def tied() -> nn.ModuleDict:
    """Two layers of one weight, as an embedding and the output matrix of a language model."""
    made = nn.ModuleDict({"first": nn.Linear(3, 2, bias=False), "second": nn.Linear(3, 2, bias=False)})
    made["second"].weight = made["first"].weight
    return made


def untied() -> nn.ModuleDict:
    """The same without a tie, all weights equal."""
    made = nn.ModuleDict({"first": nn.Linear(3, 2, bias=False), "second": nn.Linear(3, 2, bias=False)})
    made["second"].load_state_dict(made["first"].state_dict())
    return made


@pytest.mark.parametrize("name", ["first.weight", "second.weight"])
def test_a_tied_weight_needs_one_of_its_names_in_the_file(name):
    weight = torch.ones(2, 3)
    torch.save({name: weight}, "one.pt")
    model = tied()
    call("torch_load_model", "one.pt", model)
    assert torch.equal(model["first"].weight, weight)
    assert model["second"].weight is model["first"].weight


def test_equal_weights_that_are_not_tied_are_missed():
    torch.save({"first.weight": torch.ones(2, 3)}, "one.pt")
    assert "missing: second.weight [2,3]" in error_of("torch_load_model", "one.pt", untied())


def test_a_view_of_a_tensor_is_not_tied_to_it():
    model = nn.Module()
    numbers = torch.zeros(2, 3)
    model.register_buffer("whole", numbers)
    model.register_buffer("row", numbers[:1])
    torch.save({"whole": torch.ones(2, 3)}, "whole.pt")
    assert "missing: row [1,3]" in error_of("torch_load_model", "whole.pt", model)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_tied_weight_is_in_the_file_under_both_names(suffix):
    path = f"m{suffix}"
    call("torch_save_model", tied(), path)
    assert set(call("torch_read_state_dict", path)) == {"first.weight", "second.weight"}


@pytest.mark.parametrize("suffix", FORMATS)
def test_views_of_one_tensor_keep_their_own_shapes(suffix):
    model = nn.Module()
    numbers = torch.arange(6.0).view(2, 3)
    views = {"whole": numbers, "row": numbers[:1], "turned": numbers.T, "flat": numbers.view(-1)}
    for name, view in views.items():
        model.register_buffer(name, view)
    call("torch_save_model", model, f"m{suffix}")
    read = call("torch_read_state_dict", f"m{suffix}")
    assert {name: read[name].tolist() for name in views} == {n: v.tolist() for n, v in views.items()}


def test_metadata_of_another_program_names_tied_weights():
    numbers = torch.arange(3.0)
    save_file({"first": numbers, "own": numbers + 1}, "m.safetensors", {"second": "first", "format": "pt"})
    read = call("torch_read_state_dict", "m.safetensors")
    assert {name: tensor.tolist() for name, tensor in read.items()} == {
        "first": [0, 1, 2],
        "own": [1, 2, 3],
        "second": [0, 1, 2],
    }


def test_a_tensor_of_the_file_goes_before_a_word_of_its_metadata():
    save_file({"first": torch.zeros(2), "own": torch.ones(2)}, "m.safetensors", {"own": "first"})
    assert call("torch_read_state_dict", "m.safetensors")["own"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [((3,), (1, 3)), ((1, 3), (3,)), ((3, 1), (1, 3)), ((1, 1, 3), (1, 3))],
)
def test_dimensions_of_one_count_in_the_comparison(sizes, wanted):
    model = nn.Module()
    model.register_buffer("numbers", torch.zeros(wanted))
    torch.save({"numbers": torch.ones(sizes)}, "m.pt")
    file, here = (f"[{','.join(map(str, shape))}]" for shape in (sizes, wanted))
    assert f"mismatched: numbers is {file} in the file and {here} in the model" in error_of(
        "torch_load_model", "m.pt", model
    )
    assert not model.numbers.any()


def test_a_positional_table_may_have_one_more_dimension_of_one():
    model = call("torch_positional_encoding", 4, 8)
    sizes = tuple(model.pe.shape)
    before = model.pe.clone()
    torch.save({"pe": before.reshape(1, *sizes)}, "m.pt")
    call("torch_load_model", "m.pt", model)
    assert torch.equal(model.pe, before)
    torch.save({"pe": torch.ones(sizes[0] + 1, *sizes[1:])}, "m.pt")
    assert "mismatched: pe is" in error_of("torch_load_model", "m.pt", model)


def test_a_state_dict_in_which_a_view_and_its_base_differ_is_refused():
    module = nn.Module()
    module.register_buffer("base", torch.arange(6.0).view(2, 3))
    module.register_buffer("view", module.base[0])
    torch.save({"base": torch.zeros(2, 3), "view": torch.ones(3)}, "v.pt")
    text = error_of("torch_load_state_dict", module, call("torch_read_state_dict", "v.pt"))
    assert "base and view are one tensor in the model and differ in the state dict" in text
    assert module.base.tolist() == [[0, 1, 2], [3, 4, 5]]
