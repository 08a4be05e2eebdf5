"""LoRA: single layers, merging, files of layers and of adapters, wrong arguments."""

import copy
import os

import pytest
import torch
from torch import nn

from lispe_kernel.language.printer import to_text
from tests.torch_library.lora_samples import gap, lora, tuned
from tests.torch_library.persistence_modules import FORMATS, copies, equal_tensors, flip, place_of
from tests.torch_library.torch_calls import call, error_of, listed


@pytest.fixture
def inputs():
    return torch.randn(3, 8)


# -- one layer


def test_a_fresh_adapter_changes_nothing_and_the_linear_is_left_alone(inputs):
    linear = call("torch_linear", 8, 5)
    before = copies(linear)
    layer = call("torch_lora_apply_to_linear", linear, 2, 4)
    assert torch.equal(call("torch_lora_forward", layer, inputs), linear(inputs))
    assert call("torch_lora_get_adaptation_magnitude", layer) == 0
    tuned(layer)
    call("torch_lora_merge_weights", layer)
    assert equal_tensors(before, linear.state_dict())
    assert linear.weight.requires_grad


def test_the_initial_a_has_the_stated_deviation_and_b_is_zero():
    layer = call("torch_lora_linear", 2000, 10, 16, 32)
    assert layer.lora_A.weight.std().item() == pytest.approx(0.25, rel=0.02)
    assert not layer.lora_B.weight.any()


def test_forward_is_base_plus_scaled_product(inputs):
    layer = tuned(lora())
    a, b = layer.lora_A.weight, layer.lora_B.weight
    wanted = layer.original(inputs) + (4 / 2) * inputs @ a.T @ b.T
    assert gap(layer(inputs), wanted) < 1e-5
    assert gap(call("torch_linear_forward", layer, inputs), wanted) < 1e-5
    assert gap(call("torch_lora_compute_delta", layer), 2 * b @ a) < 1e-6


def test_delta_and_magnitude_of_ones():
    layer = lora()
    with torch.no_grad():
        layer.lora_A.weight.fill_(1)
        layer.lora_B.weight.fill_(1)
    assert call("torch_lora_compute_delta", layer).unique().tolist() == [4.0]
    assert call("torch_lora_get_adaptation_magnitude", layer) == pytest.approx(25.29822)


def test_merging_keeps_the_outputs_twice_changes_nothing_and_unmerging_undoes_it(inputs):
    layer = tuned(lora())
    base, before = layer.original.weight.clone(), layer(inputs)
    assert call("torch_lora_merge_weights", layer) == "LoRA weights merged successfully"
    merged = layer(inputs)
    assert gap(merged, before) < 1e-5
    assert to_text(layer).endswith("merged=true)")
    call("torch_lora_merge_weights", layer)
    assert torch.equal(layer(inputs), merged)
    assert call("torch_lora_unmerge_weights", layer) == "LoRA weights unmerged successfully"
    assert torch.equal(layer.original.weight, base)
    assert torch.equal(layer(inputs), before)
    assert to_text(layer).endswith("merged=false)")


def test_unmerging_gives_the_base_back_even_after_the_adapter_changed():
    layer = tuned(lora(), 1)
    base = layer.original.weight.clone()
    call("torch_lora_merge_weights", layer)
    tuned(layer, 2)
    call("torch_lora_unmerge_weights", layer)
    assert torch.equal(layer.original.weight, base)


def test_a_merged_layer_runs_the_plain_layers_own_code():
    layer = tuned(lora())
    call("torch_lora_merge_weights", layer)
    plain = layer.forward.__self__
    assert type(plain) is nn.Linear
    assert layer.forward == plain.forward
    assert torch.equal(plain.weight, layer.original.weight + call("torch_lora_compute_delta", layer))


def test_training_moves_the_adapter_and_leaves_the_base_frozen(inputs):
    layer = lora()
    base = layer.original.weight.clone()
    optimizer = call("torch_optimizer_add_params", call("torch_lora_trainable_params", layer), 0.1)
    for _ in range(2):
        optimizer.zero_grad()
        layer(inputs).square().sum().backward()
        optimizer.step()
    assert torch.equal(layer.original.weight, base)
    assert call("torch_lora_get_adaptation_magnitude", layer) > 0


def test_forward_with_gradients_has_them_even_where_they_are_off(inputs):
    layer = lora()
    with torch.no_grad():
        assert not call("torch_lora_forward", layer, inputs).requires_grad
        assert call("torch_lora_forward_with_gradients", layer, inputs).requires_grad


def test_a_copy_of_a_merged_layer_stands_on_its_own(inputs):
    layer = tuned(lora())
    call("torch_lora_merge_weights", layer)
    other, wanted = copy.deepcopy(layer), layer(inputs)
    with torch.no_grad():
        layer.weight.zero_()
        layer.original.weight.zero_()
    assert torch.equal(other(inputs), wanted)
    call("torch_lora_unmerge_weights", other)
    assert gap(other(inputs), wanted) < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_the_base_is_the_same_after_many_merges(dtype):
    layer = tuned(lora()).to(dtype)
    base = layer.original.weight.clone()
    for _ in range(20):
        call("torch_lora_merge_weights", layer)
        call("torch_lora_unmerge_weights", layer)
    assert torch.equal(layer.original.weight, base)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_a_delta_that_is_not_finite_is_not_merged(value):
    model = tuned(call("torch_lora_apply", call("torch_model", 4, 8, 2), 2, 4, listed("fc1", "fc3")))
    with torch.no_grad():
        model.fc3.lora_B.weight.fill_(value)
        model.fc3.lora_A.weight.fill_(1e30)
    text = error_of("torch_lora_merge_weights", model)
    assert text.startswith("Error merging LoRA weights: the delta holds NaN or infinity: A or B of fc3 holds")
    assert not model.fc1.merged
    assert model.fc3.original.weight.isfinite().all()


def test_a_huge_delta_leaves_the_base_alone():
    layer = lora()
    base = layer.original.weight.clone()
    torch.nn.init.constant_(layer.lora_B.weight, 1e9)
    call("torch_lora_merge_weights", layer)
    call("torch_lora_unmerge_weights", layer)
    assert torch.equal(layer.original.weight, base)


def test_a_merged_layer_moves_to_another_dtype(inputs):
    layer = tuned(lora())
    wanted, base = layer(inputs).double(), layer.original.weight.double()
    call("torch_lora_merge_weights", layer)
    layer.double()
    assert gap(layer(inputs.double()), wanted) < 1e-5
    call("torch_lora_unmerge_weights", layer)
    assert torch.equal(layer.original.weight, base)
    assert gap(layer(inputs.double()), wanted) < 1e-5


def test_merging_adds_no_parameters():
    layer = tuned(lora())
    names = [name for name, _ in layer.named_parameters()]
    call("torch_lora_merge_weights", layer)
    assert [name for name, _ in layer.named_parameters()] == names


# -- files of whole layers


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_merged_layer_saves_as_a_linear_and_loads_into_one(suffix, inputs, in_folder):
    layer = tuned(lora())
    call("torch_lora_merge_weights", layer)
    call("torch_save_model", layer, f"m{suffix}")
    assert set(call("torch_read_state_dict", f"m{suffix}").tensors) == {"weight", "bias"}
    linear = call("torch_linear", 8, 5)
    call("torch_load_model", f"m{suffix}", linear)
    assert torch.equal(linear(inputs), layer(inputs))


def test_a_linears_file_sets_the_base_of_a_layer(inputs, in_folder):
    linear, layer = call("torch_linear", 8, 5), tuned(lora())
    call("torch_save_model", linear, "l.pt")
    adapter = call("torch_lora_compute_delta", layer)
    call("torch_load_model", "l.pt", layer)
    assert torch.equal(layer.original.weight, linear.weight)
    assert torch.equal(call("torch_lora_compute_delta", layer), adapter)


def test_a_linears_file_is_refused_by_a_merged_layer(in_folder):
    call("torch_save_model", call("torch_linear", 8, 5), "l.pt")
    layer = tuned(lora())
    call("torch_lora_merge_weights", layer)
    before = copies(layer)
    assert "is merged, its base cannot be replaced alone; unmerge it first" in error_of(
        "torch_load_model", "l.pt", layer
    )
    assert equal_tensors(before, layer.state_dict())


def test_an_unmerged_file_makes_a_merged_layer_what_was_saved(inputs, in_folder):
    saved, layer = tuned(lora(), 1), tuned(lora(), 2)
    call("torch_save_model", saved, "a.pt")
    call("torch_lora_merge_weights", layer)
    call("torch_load_model", "a.pt", layer)
    assert torch.equal(layer(inputs), saved(inputs))
    assert to_text(layer).endswith("merged=false)")


def test_an_unmerged_file_is_refused_by_a_linear(in_folder):
    call("torch_save_model", lora(), "a.pt")
    text = error_of("torch_load_model", "a.pt", call("torch_linear", 8, 5))
    assert "missing: weight [5,8], bias [5]" in text
    assert "unexpected: original.weight [5,8]" in text


# -- adapter files


@pytest.mark.parametrize("suffix", FORMATS)
def test_switching_by_files_gives_each_tasks_outputs_again(suffix, inputs, in_folder):
    layer = lora()
    outputs = {}
    for task in ("summarization", "translation"):
        tuned(layer, len(task))
        outputs[task] = layer(inputs)
        assert call("torch_lora_save_adapters", layer, task + suffix) == "LoRA adapters saved successfully"
    assert gap(*outputs.values()) > 0.1
    for task in (*outputs, *outputs):
        assert call("torch_lora_load_adapters", layer, task + suffix) == "LoRA adapters loaded successfully"
        assert torch.equal(layer(inputs), outputs[task])


def test_an_adapter_file_holds_a_and_b_only(in_folder):
    call("torch_lora_save_adapters", call("torch_lora_linear", 4096, 4096, 16, 32.0), "ad.pt")
    state = torch.load("ad.pt", weights_only=True)
    assert {name: list(t.shape) for name, t in state.items()} == {
        "lora_A.weight": [16, 4096],
        "lora_B.weight": [4096, 16],
    }
    assert 524_288 < os.path.getsize("ad.pt") < 524_288 + 8192


@pytest.mark.parametrize("names", [("lora_A.weight", "lora_B.weight"), ("0.weight", "1.weight")])
def test_adapters_written_in_python_load(names, in_folder):
    a, b = torch.randn(2, 8), torch.randn(5, 2)
    torch.save(dict(zip(names, (a, b), strict=True)), "ad.pt")
    layer = lora()
    call("torch_lora_load_adapters", layer, "ad.pt")
    assert torch.equal(layer.lora_A.weight, a)
    assert torch.equal(layer.lora_B.weight, b)
    assert layer.alpha == 4


def test_loading_into_a_merged_layer_unmerges_it_first(inputs, in_folder):
    layer = tuned(lora(), 1)
    base = layer.original.weight.clone()
    call("torch_lora_save_adapters", tuned(copy.deepcopy(layer), 2), "two.pt")
    wanted = tuned(copy.deepcopy(layer), 2)(inputs)
    call("torch_lora_merge_weights", layer)
    call("torch_lora_load_adapters", layer, "two.pt")
    assert torch.equal(layer.original.weight, base)
    assert torch.equal(layer(inputs), wanted)
    assert to_text(layer).endswith("merged=false)")


def test_an_adapter_brings_its_alpha(inputs, in_folder):
    saved = tuned(call("torch_lora_linear", 8, 5, 2, 16))
    call("torch_lora_save_adapters", saved, "ad.pt")
    layer = lora()
    call("torch_lora_load_adapters", layer, "ad.pt")
    assert torch.equal(call("torch_lora_compute_delta", layer), call("torch_lora_compute_delta", saved))


@pytest.mark.parametrize("merged", [False, True])
def test_an_adapter_that_does_not_fit_changes_nothing(merged, in_folder):
    call("torch_lora_save_adapters", call("torch_lora_linear", 8, 5, 3, 4), "rank3.pt")
    call("torch_lora_save_adapters", call("torch_lora_linear", 9, 5, 2, 4), "wide.pt")
    call("torch_save_model", call("torch_linear", 8, 5), "linear.pt")
    layer = tuned(lora())
    if merged:
        call("torch_lora_merge_weights", layer)
    before = copies(layer)
    for path, text in {
        "rank3.pt": "the adapter has rank 3, the layer rank 2",
        "wide.pt": "lora_A.weight is [2,9] in the file and [2,8] in the model",
        "linear.pt": "missing: lora_A.weight [2,8], lora_B.weight [5,2]; unexpected: weight [5,8]",
        "none.pt": "there is no such file",
    }.items():
        found = error_of("torch_lora_load_adapters", layer, path)
        assert found.startswith(f"Error loading LoRA adapters: {path}")
        assert text in found
        assert equal_tensors(before, layer.state_dict())
        assert layer.merged == merged


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_an_adapter_is_converted_to_the_layers_dtype(dtype, in_folder):
    saved, layer = tuned(lora()), lora().to(dtype)
    call("torch_lora_save_adapters", saved, "ad.pt")
    call("torch_lora_load_adapters", layer, "ad.pt")
    assert torch.equal(layer.lora_B.weight, saved.lora_B.weight.to(dtype))


ARGUMENTS = [
    (("torch_lora_linear", 8, 5, 0, 4), "positive integer"),
    (("torch_lora_linear", 8, 5, 2, "four"), "a number"),
    (
        ("torch_lora_apply_to_linear", nn.Embedding(2, 2), 2, 4),
        "Error: First argument must be a linear layer",
    ),
    (("torch_lora_forward", nn.Linear(2, 2), 1), "Error: First argument must be a LoRA linear layer"),
    (("torch_lora_merge_weights", nn.Linear(2, 2)), "Error: Argument must be a LoRA linear layer"),
    (("torch_lora_compute_delta", 3), "Error: Argument must be a LoRA linear layer"),
    (("torch_lora_save_adapters", nn.Linear(2, 2), "x.pt"), "Error: Model must contain LoRA layers"),
    (("torch_lora_load_adapters", nn.Linear(2, 2), "x.pt"), "Error: Model must contain LoRA layers"),
    (("torch_lora_trainable_params", nn.Linear(2, 2)), "Error: Model must contain LoRA layers"),
    (("torch_lora_apply", 3, 2, 4), "Error: First argument must be a PyTorch module"),
    (("torch_lora_apply", nn.Embedding(2, 2), 2, 4), "the model has no linear layers without an adapter"),
    (
        ("torch_lora_apply", nn.Sequential(nn.Linear(2, 2)), 2, 4, "q"),
        "no linear layer is called q; there are: 0",
    ),
    (("torch_lora_apply", nn.Linear(2, 2), 2, 4, 7), "a list of layer names"),
]


@pytest.mark.parametrize(("arguments", "text"), ARGUMENTS)
def test_a_wrong_argument_is_told(arguments, text):
    assert text in error_of(*arguments)


@pytest.mark.parametrize("suffix", FORMATS)
def test_damaged_adapters_are_told_and_change_nothing(suffix, in_folder):
    layer = call("torch_lora_linear", 8, 5, 2, 4)
    path = f"a{suffix}"
    call("torch_lora_save_adapters", layer, path)
    flip(path, place_of(path, "lora_B.weight"))
    before = copies(layer)
    assert "the bytes of lora_B.weight are damaged" in error_of("torch_lora_load_adapters", layer, path)
    assert equal_tensors(before, layer.state_dict())
