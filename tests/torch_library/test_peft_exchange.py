"""Adapters to and from PEFT: same outputs on both sides, and what cannot be exchanged is refused."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from tests.torch_library.persistence_modules import copies, equal_tensors
from tests.torch_library.torch_calls import call, error_of, listed

TOLERANCE = 1e-6


class Net(nn.Module):
    """Two blocks of two linear layers each, so that paths and ends of paths differ."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(6, 8), nn.Tanh())
        self.blocks = nn.ModuleList(
            [nn.ModuleDict({"up": nn.Linear(8, 8), "down": nn.Linear(8, 8)}) for _ in "ab"]
        )
        self.linear = nn.Linear(8, 3)

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        data = self.first(data)
        for block in self.blocks:
            data = data + block["down"](torch.tanh(block["up"](data)))
        return self.linear(data)


@pytest.fixture
def base():
    """A state that both sides start from."""
    return Net().state_dict()


def net(base: dict) -> Net:
    made = Net()
    made.load_state_dict(base)
    return made


def randomize(model: nn.Module) -> None:
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "lora_" in name:
                tensor.normal_(std=0.3)


def gap(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).detach().abs().max())


TARGETS = [("up",), ("down", "linear"), ("blocks.0.up", "first.0"), ("up", "down", "linear", "first.0")]


@pytest.mark.parametrize("targets", TARGETS)
def test_an_adapter_from_here_gives_the_same_outputs_in_peft(targets, base, in_folder):
    ours = call("torch_lora_apply", net(base), 3, 7.5, listed(*targets))
    randomize(ours)
    assert call("torch_lora_save_peft", ours, "adapter") == "PEFT adapter saved successfully"
    theirs = PeftModel.from_pretrained(net(base), "adapter")
    data = torch.randn(5, 6)
    assert gap(ours(data), theirs(data)) <= TOLERANCE
    assert gap(ours(data), net(base)(data)) > 1e-3


@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("stabilised", [False, True])
def test_an_adapter_from_peft_gives_the_same_outputs_here(targets, stabilised, base, in_folder):
    config = LoraConfig(r=4, lora_alpha=8, target_modules=list(targets), use_rslora=stabilised)
    theirs = get_peft_model(net(base), config)
    randomize(theirs)
    theirs.save_pretrained("adapter")
    ours = call("torch_lora_apply", net(base), 4, 1, listed(*targets))
    assert call("torch_lora_load_peft", ours, "adapter") == "PEFT adapter loaded successfully"
    data = torch.randn(5, 6)
    assert gap(ours(data), theirs(data)) <= TOLERANCE


def test_different_ranks_and_alphas_go_both_ways(base, in_folder):
    ours = call("torch_lora_apply", net(base), 3, 6, listed("up"))
    call("torch_lora_apply", ours, 5, 2, listed("linear"))
    randomize(ours)
    call("torch_lora_save_peft", ours, "adapter")
    theirs = PeftModel.from_pretrained(net(base), "adapter")
    data = torch.randn(5, 6)
    assert gap(ours(data), theirs(data)) <= TOLERANCE
    theirs.save_pretrained("again")
    back = call("torch_lora_apply", net(base), 3, 1, listed("up"))
    call("torch_lora_apply", back, 5, 1, listed("linear"))
    call("torch_lora_load_peft", back, "again")
    assert gap(back(data), ours(data)) <= TOLERANCE


def test_a_layer_alone_is_called_linear(in_folder):
    layer = call("torch_lora_linear", 8, 3, 2, 4)
    randomize(layer)
    call("torch_lora_save_peft", layer, "adapter")
    model = nn.ModuleDict({"linear": nn.Linear(8, 3)})
    model["linear"].load_state_dict(layer.original.state_dict())
    theirs = PeftModel.from_pretrained(model, "adapter")
    data = torch.randn(5, 8)
    assert gap(layer(data), theirs.base_model.model["linear"](data)) <= TOLERANCE
    other = call("torch_lora_apply_to_linear", model_linear(layer), 2, 9)
    call("torch_lora_load_peft", other, "adapter")
    assert torch.equal(other(data), layer(data))


def model_linear(layer: nn.Module) -> nn.Linear:
    linear = nn.Linear(8, 3)
    linear.load_state_dict(layer.original.state_dict())
    return linear


def test_the_old_binary_form_of_peft_loads_too(base, in_folder):
    theirs = get_peft_model(net(base), LoraConfig(r=2, lora_alpha=4, target_modules=["up"]))
    randomize(theirs)
    theirs.save_pretrained("adapter", safe_serialization=False)
    ours = call("torch_lora_apply", net(base), 2, 1, "up")
    call("torch_lora_load_peft", ours, "adapter")
    data = torch.randn(5, 6)
    assert gap(ours(data), theirs(data)) <= TOLERANCE


REFUSED = [
    ({"use_dora": True}, "it uses use_dora = True, which has no counterpart here"),
    ({"bias": "all"}, "it uses bias = all"),
    ({"modules_to_save": ["linear"]}, "it uses modules_to_save"),
    ({"peft_type": "IA3"}, "it is an adapter of kind IA3; only LORA is supported"),
    ({"lora_alpha": "much"}, 'adapter_config.json has "much" as lora_alpha, not a finite number'),
]


@pytest.mark.parametrize(("changes", "text"), REFUSED)
def test_what_has_no_counterpart_is_refused_and_changes_nothing(changes, text, base, in_folder):
    ours = call("torch_lora_apply", net(base), 2, 4, "up")
    call("torch_lora_save_peft", ours, "adapter")
    path = Path("adapter/adapter_config.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    randomize(ours)
    before = copies(ours)
    found = error_of("torch_lora_load_peft", ours, "adapter")
    assert found.startswith("Error loading PEFT adapter: adapter")
    assert text in found
    assert equal_tensors(before, ours.state_dict())


def test_an_adapter_of_other_layers_is_refused(base, in_folder):
    call("torch_lora_save_peft", call("torch_lora_apply", net(base), 2, 4, "up"), "adapter")
    other = call("torch_lora_apply", net(base), 2, 4, "down")
    text = error_of("torch_lora_load_peft", other, "adapter")
    assert "missing: blocks.0.down.lora_A.weight [2,8]" in text
    assert "unexpected: blocks.0.up.lora_A.weight [2,8]" in text
    several = error_of("torch_lora_load_peft", call("torch_lora_linear", 8, 8, 2, 4), "adapter")
    assert "it holds adapters of several layers; a layer alone takes one" in several


def test_missing_files_are_told(base, in_folder):
    ours = call("torch_lora_apply", net(base), 2, 4, "up")
    assert "there is no such file" in error_of("torch_lora_load_peft", ours, "none")
    call("torch_lora_save_peft", ours, "adapter")
    Path("adapter/adapter_model.safetensors").unlink()
    assert "there is no adapter_model.safetensors in it" in error_of("torch_lora_load_peft", ours, "adapter")
    Path("adapter/adapter_config.json").write_text("{")
    assert "adapter_config.json is no JSON" in error_of("torch_lora_load_peft", ours, "adapter")
