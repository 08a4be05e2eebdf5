"""Adapters to and from PEFT: same outputs on both sides, and what cannot be exchanged is refused."""

import copy
import json
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
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


# What PEFT writes and LoRA here cannot express.
FOREIGN = {
    "bias": "all",
    "lora_bias": True,
    "layer_replication": [[0, 2]],
    "alora_invocation_tokens": [1, 2],
    "use_qalora": True,
    "trainable_token_indices": [3],
    "target_parameters": ["w"],
    "megatron_config": {"tp": 2},
    "arrow_config": {"top_k": 3},
    "kasa_config": {"beta": 0.1},
    "use_bdlora": {"nblocks": 2},
    "velora_config": {"num_groups": 2},
    "monteclora_config": {"num_samples": 2},
    "ensure_weight_tying": True,
    "a_setting_of_a_later_peft": 1,
}
BASE_CHANGING = ("pissa", "pissa_niter_4", "olora", "corda", "loftq", "lora_ga", "something", [1])
MALFORMED = [
    ({"peft_type": "IA3"}, "it is an adapter of kind IA3; only LORA is supported"),
    ({"peft_type": None}, "it is an adapter of kind None"),
    ({"lora_alpha": "much"}, 'adapter_config.json has "much" as lora_alpha, not a finite number'),
    ({"lora_alpha": None}, "has null as lora_alpha"),
    ({"lora_alpha": True}, "has true as lora_alpha"),
    ({"lora_alpha": float("nan")}, "has NaN as lora_alpha"),
    ({"lora_alpha": float("inf")}, "has Infinity as lora_alpha"),
    ({"lora_alpha": 10**400}, "as lora_alpha, not a finite number"),
    ({"r": "three"}, 'has "three" as r, not a positive integer'),
    ({"r": 99}, "adapter_config.json gives blocks.0.up the rank 99, its A has the rank 2"),
    ({"rank_pattern": {"0.up": 5}}, "gives blocks.0.up the rank 5, its A has the rank 2"),
    ({"alpha_pattern": ["up"]}, 'has ["up"] as alpha_pattern, not a table of patterns'),
    ({"rank_pattern": {"up": "x"}}, 'has "x" as rank_pattern up, not a positive integer'),
    ({"alpha_pattern": {"up": None}}, "has null as alpha_pattern up, not a finite number"),
    ({"alpha_pattern": {"(": 3}}, "has the alpha_pattern (, which is no regular expression"),
    ({"use_rslora": "false"}, 'has "false" as use_rslora, not true or false'),
]
REFUSED = [
    ({"use_dora": True}, "its adapters are DoRA, that of blocks.0.up in the model is plain"),
    ({"modules_to_save": ["linear"]}, "missing: linear.weight [3,8], linear.bias [3]"),
    ({"modules_to_save": ["up"]}, "blocks.0.up comes whole and has an adapter too"),
    *(
        ({name: value}, f"it uses {name} = {value}, which has no counterpart")
        for name, value in FOREIGN.items()
    ),
    *(
        ({"init_lora_weights": way}, f"init_lora_weights = {way}, which changes the base")
        for way in BASE_CHANGING
    ),
    *MALFORMED,
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


def test_every_setting_of_the_installed_peft_is_accepted_as_it_is_by_default(base, in_folder):
    theirs = get_peft_model(net(base), LoraConfig(r=2, lora_alpha=6, target_modules=["up"]))
    randomize(theirs)
    theirs.save_pretrained("adapter")
    path = Path("adapter/adapter_config.json")
    settings = {f.name: None for f in fields(LoraConfig)} | json.loads(path.read_text())
    path.write_text(json.dumps(settings))
    ours = call("torch_lora_apply", net(base), 2, 1, "up")
    call("torch_lora_load_peft", ours, "adapter")
    data = torch.randn(5, 6)
    assert gap(ours(data), theirs(data)) <= TOLERANCE


# How PEFT matches them: as a regular expression for the path or an end of it, the first that fits.
PATTERNS = [
    {r"blocks\.\d+\.up": 30},
    {".*down": 30},
    {"b.*": 30},
    {"^up": 30},
    {"up": 30, "0.up": 12},
    {"0.up": 12, "up": 30},
    {"u|down": 30},
    {"blocks.1": 30},
    {"p": 30},
]


@pytest.mark.filterwarnings("ignore:The following alpha_pattern keys:RuntimeWarning")
@pytest.mark.parametrize("patterns", PATTERNS)
@pytest.mark.parametrize("stabilised", [False, True])
def test_alpha_patterns_mean_what_they_mean_in_peft(patterns, stabilised, base, in_folder):
    config = LoraConfig(
        r=4, lora_alpha=6, target_modules=["up", "down"], alpha_pattern=patterns, use_rslora=stabilised
    )
    theirs = get_peft_model(net(base), config)
    randomize(theirs)
    theirs.save_pretrained("adapter")
    # PEFT sorts the patterns when it saves them: what counts is what it makes of its own folder.
    theirs = PeftModel.from_pretrained(net(base), "adapter")
    ours = call("torch_lora_apply", net(base), 4, 1, listed("up", "down"))
    call("torch_lora_load_peft", ours, "adapter")
    data = torch.randn(5, 6)
    assert gap(ours(data), theirs(data)) <= TOLERANCE


def test_ways_to_begin_that_keep_the_base_are_accepted(base, in_folder):
    for way in (True, False, "gaussian", "orthogonal", "mica"):
        theirs = get_peft_model(
            net(base), LoraConfig(r=2, lora_alpha=6, target_modules=["up"], init_lora_weights=way)
        )
        randomize(theirs)
        theirs.save_pretrained("adapter")
        ours = call("torch_lora_apply", net(base), 2, 1, "up")
        call("torch_lora_load_peft", ours, "adapter")
        data = torch.randn(5, 6)
        assert gap(ours(data), theirs(data)) <= TOLERANCE


# -- layers whose paths are ends of other paths


class Nested(nn.Module):
    """`up` alone, and `up` inside blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(6, 6)
        self.b = nn.ModuleList([nn.ModuleDict({"up": nn.Linear(6, 6)}) for _ in "ab"])

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        data = self.up(data)
        for block in self.b:
            data = data + block["up"](torch.tanh(data))
        return data


# (layers, rank, alpha) of each application in turn; a whole path that is an end of others is put in directly.
APPLIED = [
    [("up", 3, 6)],
    [("up", 3, 6), ("b.0.up", 3, 30)],
    [("b.0.up", 3, 6), ("b.1.up", 3, 6), ("up", 5, 9)],
    [("b.1.up", 2, 4)],
]


@pytest.mark.parametrize("applied", APPLIED)
def test_peft_adapts_the_same_layers_with_the_same_outputs(applied, in_folder):
    base = Nested().state_dict()
    ours, plain = Nested(), Nested()
    ours.load_state_dict(base)
    plain.load_state_dict(base)
    for path, rank, alpha in applied:
        above, _, name = path.rpartition(".")
        setattr(ours.get_submodule(above), name, LoraLinear(ours.get_submodule(path), rank, alpha))
    randomize(ours)
    call("torch_lora_save_peft", ours, "adapter")
    theirs = PeftModel.from_pretrained(plain, "adapter")
    layers = {n.split(".lora_A")[0] for n, _ in theirs.base_model.model.named_modules() if ".lora_A" in n}
    assert layers == {path for path, *_ in applied}
    data = torch.randn(5, 6)
    assert gap(ours(data), theirs(data)) <= TOLERANCE
    call("torch_lora_load_peft", ours, "adapter")
    assert gap(ours(data), theirs(data)) <= TOLERANCE


class Scores(nn.Module):
    """Computes with the weight of `table`, asks about that of `up`, and calls `up` and what it inherits."""

    def __init__(self):
        super().__init__()
        self.up, self.table = nn.Linear(4, 6), nn.Linear(6, 3, bias=False)

    def forward(self, data):
        wide = self.up(data.to(self.up.weight.dtype))
        return wide @ self.table.weight.T


class Called(Scores):
    def forward(self, data):
        return self.table(self.up(data))


@pytest.mark.parametrize(
    ("module", "target"),
    [
        (lambda: call("torch_multihead_attention", 8, 2), "out_proj"),
        # PyTorch does not call these where nothing but adapters is trained and the layer evaluates.
        (lambda: nn.TransformerEncoderLayer(8, 2, 12, batch_first=True), "linear1"),
        (Scores, "table"),
    ],
)
def test_a_layer_that_is_not_called_is_refused(module, target, in_folder):
    model = nn.ModuleDict({"a": module()})
    call("torch_lora_apply", model, 2, 4, target)
    text = error_of("torch_lora_save_peft", model, "adapter")
    assert text.startswith(f"Error saving PEFT adapter: in PEFT no adapter acts on a.{target}")
    assert not Path("adapter").exists()


@pytest.mark.parametrize(("module", "target"), [(Scores, "up"), (Called, "table")])
def test_a_layer_that_is_called_is_written(module, target, in_folder):
    model = nn.ModuleDict({"a": module()})
    call("torch_lora_save_peft", call("torch_lora_apply", model, 2, 4, target), "adapter")


def test_peft_leaves_the_adapter_out_that_is_refused():
    plain = nn.Sequential(nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)).eval()
    theirs = get_peft_model(copy.deepcopy(plain), LoraConfig(r=2, target_modules=["linear1"])).eval()
    nn.init.normal_(theirs.get_parameter("base_model.model.0.linear1.lora_B.default.weight"))
    data = torch.randn(1, 3, 8)
    assert torch.allclose(theirs(data), plain(data), atol=1e-5)


def test_a_layer_at_two_places_is_refused(in_folder):
    shared = nn.Linear(4, 4)
    model = call("torch_lora_apply", nn.ModuleDict({"a": shared, "b": shared}), 2, 4)
    assert "a and b are one layer" in error_of("torch_lora_save_peft", model, "adapter")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_an_adapter_of_a_half_precision_model_stays_float32_as_in_peft(dtype, base, in_folder):
    theirs = get_peft_model(net(base), LoraConfig(r=2, lora_alpha=4, target_modules=["up"]))
    randomize(theirs)
    theirs.save_pretrained("adapter")
    ours = call("torch_lora_apply", net(base).to(dtype), 2, 1, "up")
    call("torch_lora_load_peft", ours, "adapter")
    b = theirs.base_model.model.blocks[0]["up"].lora_B["default"].weight
    assert torch.equal(ours.blocks[0]["up"].lora_B.weight, b)


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


def test_an_adapted_embedding_looks_ids_up() -> None:
    model = get_peft_model(nn.Sequential(nn.Embedding(5, 4)), LoraConfig(target_modules=["0"], r=2))
    adapted = model.base_model.model[0]
    ids = torch.tensor([1, 4])
    assert torch.equal(call("torch_embedding_forward", adapted, ids), adapted(ids))
