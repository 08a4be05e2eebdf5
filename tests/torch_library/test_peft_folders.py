"""PEFT folders on models that have no adapters yet: every kind of layer, modules saved whole, both ways."""

import copy

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from torch import nn
from transformers.pytorch_utils import Conv1D

from tests.torch_library.persistence_modules import copies, equal_tensors
from tests.torch_library.torch_calls import call, error_of, listed

# PEFT sets it right itself.
pytestmark = pytest.mark.filterwarnings("ignore:fan_in_fan_out is set:UserWarning")
IDS = torch.tensor([[1, 2, 3], [4, 0, 5]])


class Words(nn.Module):
    """Embeddings, GPT-2's transposed linear layer, a norm, a head.

    In float64: the norm makes differences of float32's rounding larger, on each processor others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table, self.mix, self.norm, self.head = (
            nn.Embedding(6, 8),
            Conv1D(8, 8),
            nn.LayerNorm(8),
            nn.Linear(8, 4),
        )
        self.double()

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(torch.tanh(self.mix(self.table(ids)))))


def trained(base: nn.Module, **settings) -> PeftModel:
    """PEFT's model with adapters that were trained, as its own folder gives it back."""
    model = get_peft_model(copy.deepcopy(base), LoraConfig(r=2, lora_alpha=5, **settings))
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                tensor.add_(torch.randn_like(tensor) * 0.3)
    model.save_pretrained("theirs")
    return PeftModel.from_pretrained(copy.deepcopy(base), "theirs")


def gap(one: nn.Module, other: nn.Module) -> float:
    with torch.no_grad():
        return float((one(IDS) - other(IDS)).abs().max())


CASES = [
    {"target_modules": ["mix"], "fan_in_fan_out": True},
    {"target_modules": ["table"]},
    {"target_modules": ["mix", "table", "head"], "use_dora": True},
    {"target_modules": ["mix"], "modules_to_save": ["head", "norm"], "use_rslora": True},
]


@pytest.mark.parametrize("settings", CASES)
def test_a_folder_alone_gives_the_outputs_of_peft_and_goes_back(settings, in_folder):
    base = Words()
    theirs = trained(base, **settings)
    before = copies(base)
    ours = copy.deepcopy(base)
    call("torch_lora_load_peft", ours, "theirs")
    assert gap(ours, theirs) <= 1e-6
    assert gap(ours, base) > 1e-3
    call("torch_lora_save_peft", ours, "ours")
    assert gap(PeftModel.from_pretrained(copy.deepcopy(base), "ours"), theirs) <= 1e-6
    call("torch_lora_merge_weights", ours)
    assert gap(ours, theirs) <= 1e-5
    call("torch_lora_unmerge_weights", ours)
    assert gap(ours, theirs) <= 1e-6
    assert equal_tensors(before, base.state_dict())


def test_what_is_trained_beside_the_adapters_goes_along(in_folder):
    base = Words()
    ours = call("torch_lora_apply", copy.deepcopy(base), 2, 4, "mix")
    call("torch_unfreeze", ours.head)
    with torch.no_grad():
        ours.head.bias.add_(1)
    call("torch_lora_save_peft", ours, "ours")
    assert gap(PeftModel.from_pretrained(copy.deepcopy(base), "ours"), ours) <= 1e-6
    call("torch_lora_save_peft", ours, "less", listed())
    assert gap(PeftModel.from_pretrained(copy.deepcopy(base), "less"), ours) == pytest.approx(1)
    # A part that has adapters is no module that PEFT saves.
    ours.scale = nn.Parameter(torch.ones(1))
    assert "scale is trained and stands in a part that has adapters" in error_of(
        "torch_lora_save_peft", ours, "none"
    )


def test_a_part_that_came_whole_goes_along_where_nothing_else_is_there(in_folder):
    base = nn.Sequential(nn.Embedding(6, 8), nn.Linear(8, 4))
    theirs = trained(base, target_modules=["0"], modules_to_save=["1"])
    ours = copy.deepcopy(base)
    call("torch_lora_load_peft", ours, "theirs")
    call("torch_lora_save_peft", ours, "ours")
    assert gap(PeftModel.from_pretrained(copy.deepcopy(base), "ours"), theirs) <= 1e-6


def test_dora_made_here_trains_and_keeps_its_lengths_in_every_file(in_folder):
    base = Words()
    ours = call("torch_lora_apply", copy.deepcopy(base), 2, 4, listed("mix", "table"), True)
    assert gap(ours, base) <= 1e-6
    parameters = call("torch_lora_trainable_params", ours)
    assert len(parameters) == 6
    ours(IDS).square().sum().backward()
    # B is zero: nothing has reached A yet.
    assert [bool(p.grad.any()) for p in parameters] == [False, True, True] * 2
    with torch.no_grad():
        for tensor in parameters:
            tensor.add_(0.2)
    call("torch_lora_save_adapters", ours, "adapters.pt")
    call("torch_save_model", ours, "model.pt")
    for load in ("torch_lora_load_adapters", "torch_load_model"):
        other = call("torch_lora_apply", copy.deepcopy(base), 2, 4, listed("mix", "table"), True)
        call(load, other, "adapters.pt" if "adapters" in load else "model.pt")
        assert gap(other, ours) == 0
    assert "has DoRA, which is one adapter" in error_of("torch_lora_set_adapter", ours, "other")
    call("torch_lora_save_peft", ours, "ours")
    assert gap(PeftModel.from_pretrained(copy.deepcopy(base), "ours"), ours) <= 1e-6


def test_embeddings_that_were_changed_come_too_and_the_models_own_stay(in_folder):
    base, other = Words(), Words()
    get_peft_model(other, LoraConfig(r=2, target_modules=["table"])).save_pretrained("theirs")
    path = "theirs/adapter_model.safetensors"
    tensors = call("torch_read_state_dict", path).tensors
    tensors["base_model.model.table.base_layer.weight"] = torch.randn(6, 8)
    save_file(tensors, path)
    ours = copy.deepcopy(base)
    table = ours.table
    call("torch_lora_load_peft", ours, "theirs")
    assert torch.equal(ours.table.original.weight, tensors["base_model.model.table.base_layer.weight"])
    assert torch.equal(table.weight, base.table.weight)
    call("torch_lora_save_peft", ours, "ours")
    theirs = PeftModel.from_pretrained(copy.deepcopy(base), "theirs")
    assert gap(PeftModel.from_pretrained(copy.deepcopy(base), "ours"), theirs) <= 1e-6
    assert gap(ours, theirs) <= 1e-6
    assert "has its adapter already" in error_of(
        "torch_lora_load_peft", call("torch_lora_apply", copy.deepcopy(base), 2, 4, "table"), "theirs"
    )


def test_a_folder_that_does_not_fit_leaves_the_model_as_it_was(in_folder):
    base = Words()
    trained(base, target_modules=["mix"])
    other = nn.Sequential(nn.Linear(3, 3))
    assert "a part that the model has not" in error_of("torch_lora_load_peft", other, "theirs")
    narrow = Words()
    narrow.mix = Conv1D(9, 8)
    narrow.norm.requires_grad_(False)
    assert "does not fit" in error_of("torch_lora_load_peft", narrow, "theirs")
    assert [p.requires_grad for p in narrow.parameters()] == [True] * 3 + [False] * 2 + [True] * 2
    assert type(narrow.mix) is Conv1D
    narrow.mix = nn.Conv1d(1, 1, 1)
    assert "mix, in the model a Conv1d, which takes none here" in error_of(
        "torch_lora_load_peft", narrow, "theirs"
    )
    swapped = Words()
    swapped.mix = nn.Embedding(8, 8)
    assert "another kind of layer than the Embedding" in error_of("torch_lora_load_peft", swapped, "theirs")
    save_file({}, "theirs/adapter_model.safetensors")
    assert "it holds no adapter" in error_of("torch_lora_load_peft", Words(), "theirs")
