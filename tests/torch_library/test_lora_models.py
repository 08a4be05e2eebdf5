"""LoRA on the layers of a model: targets, shared layers, files, switching between named adapters."""

import pytest
import torch
from torch import nn

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.dictionaries import Dictionary
from tests.torch_library.lora_samples import gap, lora, tuned
from tests.torch_library.persistence_modules import FORMATS
from tests.torch_library.torch_calls import call, error_of, listed


@pytest.fixture
def inputs():
    return torch.randn(3, 8)


# -- adapters on a model


def test_targets_choose_the_layers_and_all_else_is_frozen():
    model = call("torch_model", 4, 8, 2)
    assert call("torch_lora_apply", model, 2, 4, listed("fc1", "fc3")) is model
    assert len(call("torch_lora_trainable_params", model)) == 4
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {
        "fc1.lora_A.weight", "fc1.lora_B.weight", "fc3.lora_A.weight", "fc3.lora_B.weight",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("targets", "count"),
    [(None, 5), ("out_proj", 1), ("self_attention.out_proj", 1), (listed("ffn1", "ffn2"), 2)],
)
def test_targets_are_names_ends_of_paths_or_everything(targets, count):
    blocks = nn.ModuleDict({"block": call("torch_transformer_block", 8, 2, 16), "head": nn.Linear(8, 3)})
    found = len([1 for m in blocks.modules() if isinstance(m, nn.Linear)])
    call("torch_lora_apply", blocks, 2, 4, targets)
    assert len(call("torch_lora_trainable_params", blocks)) == 2 * (found if targets is None else count)


def test_an_adapter_on_an_attentions_output_acts_and_trains():
    attention = call("torch_multihead_attention", 8, 2)
    x = torch.randn(2, 3, 8)
    before = call("torch_multihead_attention_forward", attention, x)
    call("torch_lora_apply", attention, 2, 4, "out_proj")
    assert gap(call("torch_multihead_attention_forward", attention, x), before) < 1e-6
    tuned(attention)
    after = call("torch_multihead_attention_forward", attention, x)
    assert gap(after, before) > 0.1
    after.sum().backward()
    assert all(p.grad is not None for p in call("torch_lora_trainable_params", attention))
    call("torch_lora_merge_weights", attention)
    assert gap(call("torch_multihead_attention_forward", attention, x), after) < 1e-5


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_models_adapters_go_through_a_file(suffix, in_folder):
    model = tuned(call("torch_lora_apply", call("torch_model", 4, 8, 2), 2, 4, listed("fc1", "fc3")))
    other = call("torch_model", 4, 8, 2)
    x = torch.randn(3, 4)
    call("torch_lora_save_adapters", model, f"ad{suffix}")
    call("torch_lora_merge_weights", model)
    call("torch_save_model", model, f"merged{suffix}")
    call("torch_load_model", f"merged{suffix}", other)
    assert torch.equal(other(x), model(x))
    call("torch_lora_unmerge_weights", model)
    wanted = model(x)
    tuned(model, 9)
    call("torch_lora_load_adapters", model, f"ad{suffix}")
    assert torch.equal(model(x), wanted)


def test_the_file_of_a_plain_model_sets_the_bases_of_an_adapted_one(in_folder):
    plain = call("torch_model", 4, 8, 2)
    model = tuned(call("torch_lora_apply", call("torch_model", 4, 8, 2), 2, 4, listed("fc1", "fc3")))
    adapters = [tensor.clone() for tensor in call("torch_lora_trainable_params", model)]
    call("torch_save_model", plain, "plain.pt")
    call("torch_load_model", "plain.pt", model)
    assert torch.equal(model.fc1.original.weight, plain.fc1.weight)
    assert torch.equal(model.fc2.weight, plain.fc2.weight)
    after = call("torch_lora_trainable_params", model)
    assert all(torch.equal(a, b) for a, b in zip(adapters, after, strict=True))


def test_a_table_of_modules_takes_adapters_and_keeps_its_entries():
    table = Dictionary()
    table.update(head=call("torch_linear", 4, 2), body=call("torch_model", 4, 4, 4))
    x = torch.randn(3, 4)
    before = table["head"](x)
    call("torch_lora_apply", table, 2, 4, listed("head", "fc2"))
    assert to_text(table["head"]).startswith("LoRA Linear Layer (4 -> 2")
    assert torch.equal(table["head"](x), before)
    assert len(call("torch_lora_trainable_params", table)) == 4


def test_applying_again_leaves_the_adapters_there_are():
    model = call("torch_lora_apply", call("torch_model", 4, 8, 2), 2, 4, listed("fc1"))
    call("torch_lora_apply", model, 2, 4)
    assert len(call("torch_lora_trainable_params", model)) == 6


@pytest.mark.parametrize("again", ["fc2", "all-linear", None])
def test_applying_again_leaves_the_first_adapters_trainable(again):
    model = call("torch_lora_apply", call("torch_model", 4, 8, 2), 2, 4, "fc1")
    model.fc1.lora_B.weight.requires_grad_(False)
    call("torch_lora_apply", model, 2, 4, again)
    trainable = {name for name, tensor in model.named_parameters() if tensor.requires_grad}
    assert {"fc1.lora_A.weight", "fc2.lora_A.weight", "fc2.lora_B.weight"} <= trainable
    assert not any("original" in name or "fc1.lora_B" in name for name in trainable)


@pytest.mark.parametrize("target", [None, "a", "b", "all-linear"])
def test_a_layer_at_two_places_gets_one_adapter_at_both(target):
    shared = nn.Linear(4, 4)
    model = nn.ModuleList([nn.ModuleDict({"a": shared, "b": shared}), nn.ModuleDict({"b": shared})])
    call("torch_lora_apply", model, 2, 4, target)
    layer = model[0]["a"]
    assert to_text(layer).startswith("LoRA Linear Layer")
    assert model[0]["b"] is layer
    assert model[1]["b"] is layer
    assert len(call("torch_lora_trainable_params", model)) == 2


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_merged_layer_at_two_places_is_plain_at_both_in_a_file(suffix, in_folder):
    shared = nn.Linear(4, 4)
    model = tuned(call("torch_lora_apply", nn.ModuleDict({"a": shared, "b": shared}), 2, 4))
    call("torch_lora_merge_weights", model)
    call("torch_save_model", model, f"m{suffix}")
    plain = nn.Linear(4, 4)
    other = nn.ModuleDict({"a": plain, "b": plain})
    call("torch_load_model", f"m{suffix}", other)
    assert torch.equal(plain.weight, model["a"].weight)


def test_merging_leaves_another_owner_of_the_weight_alone():
    model = nn.ModuleDict({"e": nn.Embedding(10, 4), "h": nn.Linear(4, 10, bias=False)})
    model["h"].weight = model["e"].weight
    call("torch_lora_apply", model, 2, 4, "h")
    tuned(model)
    embedding, x = model["e"].weight.clone(), torch.randn(3, 4)
    wanted = model["h"](x)
    call("torch_lora_merge_weights", model)
    assert torch.equal(model["e"].weight, embedding)
    assert gap(model["h"](x), wanted) < 1e-5


# -- named adapters


def test_named_adapters_switch_and_keep_what_they_learned(inputs):
    layer = tuned(lora(), 1)
    first = layer(inputs)
    assert call("torch_lora_set_adapter", layer, "french") == "Adapter french is active"
    assert torch.equal(layer(inputs), layer.original(inputs))
    tuned(layer, 2)
    french = layer(inputs)
    assert list(call("torch_lora_adapters", layer)) == ["french", "default"]
    call("torch_lora_set_adapter", layer, "default")
    assert torch.equal(layer(inputs), first)
    call("torch_lora_set_adapter", layer, "french")
    assert torch.equal(layer(inputs), french)
    assert len(list(layer.parameters())) == 4


def test_switching_a_merged_layer_unmerges_it(inputs):
    layer = tuned(lora(), 1)
    base = layer.original(inputs)
    call("torch_lora_merge_weights", layer)
    call("torch_lora_set_adapter", layer, "other")
    assert gap(layer(inputs), base) < 1e-5


def test_a_new_adapter_may_have_its_own_rank():
    layer = lora()
    call("torch_lora_set_adapter", layer, "large", 5, 10)
    assert to_text(layer) == "LoRA Linear Layer (8 -> 5, rank=5, alpha=10, merged=false)"
    call("torch_lora_set_adapter", layer, "default")
    assert to_text(layer) == "LoRA Linear Layer (8 -> 5, rank=2, alpha=4, merged=false)"


def test_a_new_adapter_takes_each_layers_own_rank_and_alpha():
    model = call("torch_lora_apply", call("torch_model", 4, 8, 2), 2, 4, "fc1")
    call("torch_lora_apply", model, 5, 30, "fc2")
    call("torch_lora_set_adapter", model, "fr")
    assert (model.fc1.rank, model.fc1.alpha, model.fc2.rank, model.fc2.alpha) == (2, 4, 5, 30)


@pytest.mark.parametrize(
    ("settings", "told"), [((7,), True), ((2, 9), True), ((2,), False), ((2, 4.0), False)]
)
def test_other_settings_for_an_adapter_that_exists_are_told(settings, told):
    layer = lora()
    call("torch_lora_set_adapter", layer, "other")
    if told:
        text = error_of("torch_lora_set_adapter", layer, "default", *settings)
        assert "default exists, with rank 2 and alpha 4; give its name alone" in text
        assert layer.active == "other"
    else:
        call("torch_lora_set_adapter", layer, "default", *settings)
        assert layer.active == "default"


def test_resting_adapters_move_with_the_layer():
    layer = lora()
    call("torch_lora_set_adapter", layer, "other")
    layer.double()
    call("torch_lora_set_adapter", layer, "default")
    assert layer(torch.randn(2, 8, dtype=torch.float64)).dtype is torch.float64


def test_an_adapter_can_be_removed_unless_it_acts():
    layer = lora()
    call("torch_lora_set_adapter", layer, "other")
    assert call("torch_lora_remove_adapter", layer, "default") == "Adapter default removed"
    assert "other is active" in error_of("torch_lora_remove_adapter", layer, "other")
    assert "there is none called default" in error_of("torch_lora_remove_adapter", layer, "default")
