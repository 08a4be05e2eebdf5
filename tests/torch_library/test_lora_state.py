"""What LoRA layers keep in model files and checkpoints: alpha, the adapter that acts, adapters that rest."""

import json

import pytest
import torch
from torch import nn

from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.files.formats import write_tree
from tests.torch_library.lora_samples import lora, tuned
from tests.torch_library.persistence_modules import FORMATS, copies, equal_tensors
from tests.torch_library.torch_calls import call, error_of, listed

X = torch.randn(3, 8)
# Names of adapters that a path could be confused with.
ODD_NAMES = ("a.b", "adapters.lora_A.weight", "'\"Ω ")


def with_french() -> nn.Module:
    """A layer whose `default` rests (rank 2, alpha 4) and whose `fr` acts (rank 3, alpha 30)."""
    layer = tuned(lora(), 1)
    call("torch_lora_set_adapter", layer, "fr", 3, 30)
    return tuned(layer, 2)


def adam(model: nn.Module) -> torch.optim.Optimizer:
    return call("torch_optimizer", model, 0.1, "adam")


def saved(model: object, path: str) -> None:
    call("torch_save_model", model, path)


def checkpointed(model: object, path: str) -> None:
    call("torch_save_checkpoint", model, adam(model), 1, path)


def loaded(model: object, path: str) -> None:
    call("torch_load_model", path, model)


def resumed(model: object, path: str) -> None:
    call("torch_resume_checkpoint", path, model, adam(model))


def filled(model: object, path: str) -> None:
    call("torch_load_state_dict", model, call("torch_read_state_dict", path))


def filled_from_checkpoint(model: object, path: str) -> None:
    call("torch_load_state_dict", model, call("torch_load_checkpoint", path))


BOTH_KINDS = pytest.mark.parametrize(("write", "read"), [(saved, loaded), (checkpointed, resumed)])
BY_STATE_DICT = [(saved, filled), (checkpointed, filled), (checkpointed, filled_from_checkpoint)]


@pytest.mark.parametrize(("write", "read"), BY_STATE_DICT)
def test_a_state_dict_from_a_file_brings_alpha_and_resting_adapters(write, read, in_folder):
    layer, other = with_french(), lora()
    write(layer, "m.pt")
    read(other, "m.pt")
    assert list(call("torch_lora_adapters", other)) == ["fr", "default"]
    assert torch.equal(other(X), layer(X))


def test_a_state_dict_keeps_alpha_through_another_file(in_folder):
    layer, other = tuned(lora(alpha=32), 1), lora(alpha=4)
    saved(layer, "m.pt")
    call("torch_save_state_dict", call("torch_read_state_dict", "m.pt"), "n.safetensors")
    loaded(other, "n.safetensors")
    assert torch.equal(other(X), layer(X))


@pytest.mark.parametrize("suffix", FORMATS)
@BOTH_KINDS
def test_a_file_brings_alpha(write, read, suffix, in_folder):
    layer, other = tuned(lora(alpha=32), 1), lora(alpha=4)
    write(layer, f"m{suffix}")
    read(other, f"m{suffix}")
    assert other.alpha == 32
    assert torch.equal(other(X), layer(X))


def test_each_layer_of_a_table_gets_its_own_alpha(in_folder):
    def table(alphas):
        made = Dictionary()
        made.update(head=lora(alpha=alphas[0]), body=call("torch_model", 8, 4, 2))
        call("torch_lora_apply", made["body"], 2, alphas[1], "fc1")
        return made

    one, other = table((6, 7.5)), table((1, 1))
    saved(one, "m.pt")
    loaded(other, "m.pt")
    assert (other["head"].alpha, other["body"].fc1.alpha) == (6, 7.5)
    assert {"head.lora_A.weight", "body.fc1.lora_A.weight"} <= set(torch.load("m.pt", weights_only=True))


def test_a_layer_with_one_adapter_has_the_plain_keys(in_folder):
    saved(lora(), "m.pt")
    keys = ["original.weight", "original.bias", "lora_A.weight", "lora_B.weight"]
    assert list(torch.load("m.pt", weights_only=True)) == keys


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_model_file_makes_the_adapters_that_the_layer_lacks(suffix, in_folder):
    layer, other = with_french(), lora()
    saved(layer, f"m{suffix}")
    loaded(other, f"m{suffix}")
    assert list(call("torch_lora_adapters", other)) == ["fr", "default"]
    for name in ("fr", "default"):
        for each in (layer, other):
            call("torch_lora_set_adapter", each, name)
        assert (other.rank, other.alpha) == (layer.rank, layer.alpha)
        assert torch.equal(other(X), layer(X))
        assert all(tensor.requires_grad for tensor in call("torch_lora_trainable_params", other))


def test_resting_adapters_have_clear_names_in_the_file(in_folder):
    saved(with_french(), "m.pt")
    state = torch.load("m.pt", weights_only=True)
    assert state["lora_A.weight"].shape[0] == 3
    assert state["adapters.default.lora_A.weight"].shape[0] == 2


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("suffix", FORMATS)
def test_adapters_may_have_any_name(name, suffix, in_folder):
    layer, other = tuned(lora(), 1), lora()
    call("torch_lora_set_adapter", layer, name)
    tuned(layer, 2)
    wanted = layer(X)
    call("torch_lora_set_adapter", layer, "default")
    saved(layer, f"m{suffix}")
    loaded(other, f"m{suffix}")
    assert torch.equal(other(X), layer(X))
    call("torch_lora_set_adapter", other, name)
    assert torch.equal(other(X), wanted)


def test_numbers_go_to_the_adapter_of_the_same_name_whichever_acts(in_folder):
    layer, other = with_french(), with_french()
    tuned(other, 7)
    call("torch_lora_set_adapter", other, "default")
    saved(layer, "m.pt")
    loaded(other, "m.pt")
    assert other.active == "fr"
    assert torch.equal(other(X), layer(X))
    call("torch_lora_set_adapter", layer, "default")
    call("torch_lora_set_adapter", other, "default")
    assert torch.equal(other(X), layer(X))


def test_an_adapter_that_the_file_lacks_stays(in_folder):
    saved(tuned(lora(), 1), "m.pt")
    layer = with_french()
    french = layer.lora_B.weight.clone()
    loaded(layer, "m.pt")
    assert list(call("torch_lora_adapters", layer)) == ["default", "fr"]
    call("torch_lora_set_adapter", layer, "fr")
    assert torch.equal(layer.lora_B.weight, french)


def test_resuming_brings_the_resting_adapters_and_trains_on_the_acting_one(in_folder):
    layer, other = with_french(), lora(1, 1)
    checkpointed(layer, "c.pt")
    call("torch_lora_set_adapter", other, "fr", 3, 1)
    call("torch_lora_remove_adapter", other, "default")
    resumed(other, "c.pt")
    assert torch.equal(other(X), layer(X))
    call("torch_lora_set_adapter", layer, "default")
    call("torch_lora_set_adapter", other, "default")
    assert torch.equal(other(X), layer(X))


def test_resuming_with_another_adapter_active_is_refused(in_folder):
    checkpointed(with_french(), "c.pt")
    other = tuned(lora(), 5)
    before = copies(other)
    text = error_of("torch_resume_checkpoint", "c.pt", other, adam(other))
    assert "it was saved while the adapter fr was active; in the model default is active" in text
    assert '(torch_lora_set_adapter layer "fr" 3 30)' in text
    assert equal_tensors(before, other.state_dict())
    assert list(call("torch_lora_adapters", other)) == ["default"]


def test_nothing_is_made_when_something_else_does_not_fit(in_folder):
    saved(with_french(), "m.pt")
    other = call("torch_lora_linear", 8, 5, 3, 4)
    before = copies(other)
    text = error_of("torch_load_model", "m.pt", other)
    assert "adapters.default.lora_A.weight is [2,8] in the file and [3,8] in the model" in text
    assert list(call("torch_lora_adapters", other)) == ["default"]
    assert other.alpha == 4
    assert equal_tensors(before, other.state_dict())


def test_a_part_brings_the_adapters_of_its_layers_only(in_folder):
    def model():
        return call("torch_lora_apply", call("torch_model", 8, 4, 2), 2, 4, listed("fc1", "fc2"))

    one, other = tuned(model(), 1), model()
    call("torch_lora_set_adapter", one, "fr", 3, 9)
    tuned(one, 2)
    saved(one, "m.pt")
    call("torch_load_model", "m.pt", other, "fc1")
    assert (other.fc1.active, other.fc2.active) == ("fr", "default")
    assert torch.equal(other.fc1(X), one.fc1(X))
    alone = lora_of(8, 4)
    call("torch_load_model", "m.pt", alone, "fc1")
    assert torch.equal(alone(X), one.fc1(X))


def lora_of(width: int, out: int) -> nn.Module:
    return call("torch_lora_linear", width, out, 2, 1)


def test_loading_a_part_leaves_other_layers_merged(in_folder):
    model = tuned(call("torch_lora_apply", call("torch_model", 8, 4, 2), 2, 4, listed("fc1", "fc2")), 1)
    saved(model, "m.pt")
    call("torch_lora_merge_weights", model)
    wanted = model(X)
    call("torch_load_model", "m.pt", model, "fc1")
    assert (model.fc1.merged, model.fc2.merged) == (False, True)
    assert torch.allclose(model(X), wanted, atol=1e-5)


def test_a_file_without_notes_fills_the_adapter_that_acts(in_folder):
    layer, other = tuned(lora(), 1), lora()
    call("torch_lora_set_adapter", other, "fr")
    torch.save(layer.state_dict(), "plain.pt")
    loaded(other, "plain.pt")
    assert other.active == "fr"
    assert torch.equal(other(X), layer(X))


MALFORMED = [
    [],
    {"": 3},
    {"": {"active": "fr", "alpha": {"default": 4}}},
    {"": {"active": "default", "alpha": {"default": "4"}}},
    {"": {"active": "default", "alpha": {"default": True}}},
    {"": {"active": "default", "alpha": {"default": float("nan")}}},
]


@pytest.mark.parametrize("notes", MALFORMED, ids=json.dumps)
def test_malformed_notes_are_told_and_change_nothing(notes, in_folder):
    write_tree("m.pt", tuned(lora(), 1).state_dict(), {"kind": "model", "lora": notes})
    layer = lora()
    before = copies(layer)
    text = error_of("torch_load_model", "m.pt", layer)
    assert text.startswith("Error loading model: m.pt: its notes on")
    assert "malformed" in text
    assert equal_tensors(before, layer.state_dict())


def test_an_adapter_whose_parts_do_not_belong_together_is_told(in_folder):
    state = lora().state_dict()
    state["adapters.fr.lora_A.weight"] = torch.zeros(3, 8)
    state["adapters.fr.lora_B.weight"] = torch.zeros(5, 2)
    notes = {"": {"active": "default", "alpha": {"default": 4, "fr": 4}}}
    write_tree("m.pt", state, {"kind": "model", "lora": notes})
    text = error_of("torch_load_model", "m.pt", lora())
    assert "it holds adapters.fr.lora_A.weight [3,8], adapters.fr.lora_B.weight [5,2], not A and B" in text


def test_plain_adapter_files_hold_the_acting_adapter_only(in_folder):
    call("torch_lora_save_adapters", with_french(), "a.pt")
    state = torch.load("a.pt", weights_only=True)
    assert {name: tensor.shape[0] for name, tensor in state.items()} == {
        "lora_A.weight": 3,
        "lora_B.weight": 5,
    }


# -- weights that are shared


def test_a_tied_weight_cannot_take_two_tensors_that_differ(in_folder):
    def tied():
        model = nn.ModuleDict({"e": nn.Embedding(10, 4), "h": nn.Linear(4, 10, bias=False)})
        model["h"].weight = model["e"].weight
        return model

    model = tuned(call("torch_lora_apply", tied(), 2, 4, "h"), 1)
    saved(model, "unmerged.pt")
    call("torch_lora_merge_weights", model)
    saved(model, "merged.pt")
    other = tied()
    before = copies(other)
    assert "e.weight and h.weight are one tensor in the model and differ in the file" in error_of(
        "torch_load_model", "merged.pt", other
    )
    assert equal_tensors(before, other.state_dict())
    apart = nn.ModuleDict({"e": nn.Embedding(10, 4), "h": nn.Linear(4, 10, bias=False)})
    loaded(apart, "merged.pt")
    data = torch.randn(2, 4)
    assert torch.equal(apart["h"](data), model["h"](data))
    loaded(call("torch_lora_apply", tied(), 2, 4, "h"), "unmerged.pt")


def test_equal_tensors_stored_apart_fill_a_tied_weight(in_folder):
    weight = torch.randn(4, 4)
    torch.save({"a.weight": weight, "b.weight": weight.clone()}, "apart.pt")
    model = nn.ModuleDict({key: nn.Linear(4, 4, bias=False) for key in "ab"})
    model["b"].weight = model["a"].weight
    loaded(model, "apart.pt")
    assert torch.equal(model["a"].weight, weight)


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile])
@BOTH_KINDS
def test_the_file_of_a_wrapped_model_brings_alpha_and_adapters_to_the_plain_one(write, read, wrap, in_folder):
    def model(alpha):
        return call("torch_lora_apply", call("torch_model", 8, 4, 2), 2, alpha, "fc1")

    saved_model, other = model(32.0), model(4.0)
    for layer in (saved_model, other):
        call("torch_lora_set_adapter", layer, "fr")
    tuned(saved_model, 1)
    write(wrap(saved_model), "m.pt")
    read(other, "m.pt")
    assert other.fc1.alpha == 32
    assert torch.equal(other(X), saved_model(X))


@pytest.mark.parametrize("name", ["module", "_orig_mod", "a.module"])
def test_an_adapter_may_be_called_like_a_wrapper(name, in_folder):
    layer, other = lora(), lora()
    for active in (name, "default"):
        call("torch_lora_set_adapter", layer, active)
    saved(layer, "m.pt")
    loaded(other, "m.pt")
    assert set(call("torch_lora_adapters", other)) == {"default", name}


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.spectral_norm])
def test_a_weight_that_a_hook_computes_gets_no_adapter(norm):
    text = error_of("torch_lora_apply", nn.Sequential(norm(nn.Linear(3, 2))), 2, 4)
    assert "the weight of 0 is computed before each call" in text


def test_the_adapters_of_a_table_written_at_first_still_load(in_folder):
    table = Dictionary()
    table.update(head=lora())
    a, b = torch.randn(2, 8), torch.randn(table["head"].out_features, 2)
    torch.save({"head..lora_A.weight": a, "head..lora_B.weight": b}, "a.pt")
    call("torch_lora_load_adapters", table, "a.pt")
    assert torch.equal(table["head"].lora_A.weight, a)


def test_half_an_adapter_to_be_made_is_refused(in_folder):
    saved(with_french(), "m.pt")
    whole = torch.load("m.pt")
    notes = {"": {"active": "fr", "alpha": {"default": 4, "fr": 30}}}
    state = {name: tensor for name, tensor in whole.items() if tensor.shape != (5, 3)}
    assert len(state) == len(whole) - 1
    write_tree("m.pt", state, {"kind": "model", "lora": notes})
    layer = lora()
    before = copies(layer)
    text = error_of("torch_load_model", "m.pt", layer)
    assert text.endswith("[3,8], not A and B of an adapter for this layer ([rank,8] and [5,rank])")
    assert equal_tensors(before, copies(layer))
