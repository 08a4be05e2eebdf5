"""Adapters for PEFT on models of whose names it takes some for those of transformers 4."""

import copy
import json

import pytest
import torch
import transformers
from peft import PeftModel
from transformers.core_model_loading import WeightRenaming
from transformers.models.longcat_flash.modeling_longcat_flash import LongcatFlashTopkRouter

from lispe_kernel.torch_library.lora.peft_names import Misread
from tests.torch_library.hugging_face.tiny_folders import SIZES
from tests.torch_library.torch_calls import call, error_of, listed

IDS = torch.tensor([[5, 7, 9, 3, 8, 30], [3, 14, 4, 11, 5, 9]])
EXPERTS = {
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 8,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}


def model_of(kind: str, **sizes) -> transformers.PreTrainedModel:
    """One dense layer, and one of fused experts beside a shared one."""
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, **SIZES, **EXPERTS, **sizes)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model(IDS).logits


class Router(LongcatFlashTopkRouter):
    """A class of the user's, of one of transformers that computes with the weight of its only layer."""


@pytest.mark.parametrize("targets", ["gate_proj", "all-linear"])
def test_plain_layers_beside_fused_experts_are_named_by_their_weights(targets, in_folder):
    base = model_of("dots1")
    ours = call("torch_lora_apply", copy.deepcopy(base), 2, 4, targets)
    # One layer with a rank and a scale of its own: the folder has them by the weight's name, too.
    mlp = ours.model.layers[1].mlp.shared_experts
    mlp.gate_proj = call("torch_lora_apply", mlp.gate_proj.original, 3, 9)
    with torch.no_grad():
        for tensor in call("torch_lora_trainable_params", ours):
            tensor.normal_(std=0.3)
    wanted = logits(ours)
    assert (wanted - logits(base)).abs().max() > 0.1
    call("torch_lora_save_peft", ours, "ours")
    with pytest.warns(RuntimeWarning, match=r"alpha_pattern keys did not match any targeted module"):
        theirs = PeftModel.from_pretrained(copy.deepcopy(base), "ours")
    assert torch.allclose(logits(theirs), wanted, atol=1e-5)
    again = copy.deepcopy(base)
    call("torch_lora_load_peft", again, "ours")
    assert torch.equal(logits(again), wanted)


def test_what_peft_would_not_find_on_a_model_is_refused(in_folder):
    base = model_of("dots1")
    stretched = call("torch_lora_apply", copy.deepcopy(base), 2, 4, "down_proj", True)
    assert "takes the name of model.layers.0.mlp.down_proj for a part of the experts" in error_of(
        "torch_lora_save_peft", stretched, "ours"
    )
    other = model_of("laguna", num_attention_heads_per_layer=[4, 4], shared_expert_intermediate_size=8)
    call("torch_lora_apply", other, 2, 4, "down_proj")
    assert "PEFT would read model.layers.1.mlp.shared_experts.down_proj.lora_A.weight as" in error_of(
        "torch_lora_save_peft", other, "ours"
    )
    config = transformers.AutoConfig.for_model("longcat_flash")
    router = torch.nn.ModuleDict({"router": Router(config)})
    call("torch_lora_apply", router, 2, 4)
    assert "no adapter acts on router.classifier: a Router takes its weight without calling it" in error_of(
        "torch_lora_save_peft", router, "ours"
    )
    # Without these it writes.
    call(
        "torch_lora_save_peft", call("torch_lora_apply", copy.deepcopy(base), 2, 4, listed("o_proj")), "ours"
    )
    with open("ours/adapter_config.json") as file:
        assert "target_parameters" not in json.load(file)


def test_a_name_that_peft_takes_back_is_written():
    """It does where the changed name is an end of the one in the file."""
    longer = Misread(renamings=(WeightRenaming(r"^model\.", "model.model."),))
    assert longer.changed(["model.up.lora_A.weight"]) is None
    twice = Misread(renamings=(WeightRenaming(r"^up\.", "up.up."),))
    assert twice.changed(["up.lora_A.weight"]) == ("up.lora_A.weight", "up.up.lora_A.weight")
