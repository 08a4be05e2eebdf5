"""LoRA on loaded models: training, merging, files, and folders of PEFT with PEFT's outputs."""

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from lispe_kernel import LispeError, Session
from tests.torch_library.hugging_face.tiny_folders import saved

IDS = torch.tensor([[5, 7, 9, 3, 8, 30], [3, 14, 4, 11, 5, 9]])


@pytest.fixture
def adapted(llama):
    made = Session()
    made.namespace["folder"], made.namespace["ids"] = str(llama), IDS
    made.evaluate("(setq base (torch_hf_forward (torch_hf_load_model folder) ids))")
    made.evaluate('(setq m (torch_hf_load_model_lora "tiny" folder nil))')
    made.evaluate('(torch_hf_lora_init m 4 8 (strings "q_proj" "down_proj"))')
    return made


def logits(session) -> torch.Tensor:
    return session.evaluate("(torch_hf_forward m ids)").detach()


def shaken(session) -> torch.Tensor:
    """The logits after the adapters got random values."""
    torch.manual_seed(1)
    with torch.no_grad():
        for tensor in session.evaluate("(torch_hf_lora_get_parameters m)"):
            tensor.normal_(std=0.2)
    return logits(session)


def test_fresh_adapters_change_nothing_and_trained_ones_do(adapted):
    assert torch.equal(logits(adapted), adapted.evaluate("base"))
    assert len(adapted.evaluate("(torch_hf_lora_get_parameters m)")) == 8
    losses = []
    adapted.evaluate("(setq o (torch_optimizer_add_params (torch_hf_lora_get_parameters m) 0.05 0.0))")
    for _ in range(10):
        adapted.evaluate("""
        (torch_optimizer_zero_grad o)
        (setq loss (torch_mse_loss (torch_hf_forward m ids) (tensor_zeros (integers 2 6 40))))
        (torch_backward loss)
        (torch_optimizer_step o)
        """)
        losses.append(adapted.evaluate("(tensor_item loss)"))
    assert losses[-1] < 0.8 * losses[0]
    assert all(not p.requires_grad for n, p in named(adapted) if "lora_" not in n)


def named(session):
    return session.evaluate("(torch_hf_model m)").named_parameters()


def test_merging_keeps_the_outputs_and_unmerging_the_weights(adapted):
    before = shaken(adapted)
    weight = adapted.evaluate("(torch_hf_get_q_weight m 0)").clone()
    assert not torch.allclose(before, adapted.evaluate("base"), atol=1e-2)
    adapted.evaluate("(torch_hf_lora_merge m)")
    assert torch.allclose(logits(adapted), before, atol=1e-4)
    assert not torch.equal(adapted.evaluate("(torch_hf_get_q_weight m 0)"), weight)
    adapted.evaluate("(torch_hf_lora_enable m nil)")
    assert torch.equal(logits(adapted), adapted.evaluate("base"))
    adapted.evaluate("(torch_hf_lora_enable m true) (torch_hf_lora_unmerge m)")
    assert torch.equal(adapted.evaluate("(torch_hf_get_q_weight m 0)"), weight)
    assert torch.equal(logits(adapted), before)


def test_adapters_come_back_from_their_file(adapted, tmp_path):
    adapted.namespace["file"] = str(tmp_path / "adapters.pt")
    before = shaken(adapted)
    adapted.evaluate("(torch_hf_lora_save m file)")
    kept = torch.load(tmp_path / "adapters.pt", weights_only=True)
    assert "layer.1.down_proj.lora_B.weight" in kept
    assert len(kept) == 8
    adapted.evaluate('(torch_hf_lora_init m 4 16 (list "q_proj" "down_proj"))')
    adapted.evaluate("(torch_hf_lora_load m file)")
    assert torch.equal(logits(adapted), before)
    adapted.evaluate('(torch_hf_lora_init m 4 8 (list "q_proj" "down_proj") "bfloat16")')
    adapted.evaluate("(torch_hf_lora_load m file)")
    loaded = adapted.evaluate("(torch_hf_lora_get_parameters m)")
    assert any(torch.equal(kept["layer.0.q_proj.lora_A.weight"].bfloat16(), t) for t in loaded)
    adapted.evaluate('(torch_hf_lora_init m 2 8 (list "q_proj" "down_proj"))')
    with pytest.raises(LispeError, match=r"layer\.1\.down_proj\.lora_A\.weight is \[4,24\] in the file and"):
        adapted.evaluate("(torch_hf_lora_load m file)")


def test_a_folder_for_peft_and_one_by_peft_give_the_same_outputs(adapted, llama, tmp_path):
    import peft
    import transformers

    before = shaken(adapted)
    adapted.namespace["there"] = f"{tmp_path}/ours/"
    adapted.evaluate("(torch_hf_lora_save m there)")
    base = transformers.AutoModelForCausalLM.from_pretrained(llama)
    theirs = peft.PeftModel.from_pretrained(base, tmp_path / "ours")
    with torch.no_grad():
        assert torch.allclose(theirs(IDS).logits, before, atol=1e-5)
        for name, tensor in theirs.named_parameters():
            if "lora_" in name:
                tensor.mul_(-2)
        theirs.save_pretrained(tmp_path / "theirs")
        wanted = theirs(IDS).logits
    adapted.namespace["there"] = str(tmp_path / "theirs")
    adapted.evaluate("(torch_hf_lora_load m there)")
    assert torch.allclose(logits(adapted), wanted, atol=1e-5)
    adapted.evaluate('(setq m (torch_hf_load_model_lora "fresh" folder nil)) (torch_hf_lora_load m there)')
    assert torch.allclose(logits(adapted), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            '4 8 (list "x_proj")',
            "LlamaForCausalLM has no x_proj in a layer: its weights are laid out as self_attn.q",
        ),
        ("4 8 (list)", "at least one"),
        ('4 8 (list "q_proj") "int4"', "unknown dtype 'int4'"),
        ('0 8 (list "q_proj")', "a positive integer"),
    ],
)
def test_adapters_that_cannot_be_made_are_refused(adapted, arguments, text):
    with pytest.raises(LispeError) as caught:
        adapted.evaluate(f"(torch_hf_lora_init m {arguments})")
    assert text in caught.value.text


def test_other_layouts_of_projections_are_told(tmp_path):
    session = Session()
    session.namespace.update(
        phi=str(saved(tmp_path / "phi", "phi3")), gpt=str(saved(tmp_path / "gpt", "gpt2"))
    )
    session.evaluate('(torch_hf_load_model_lora "p" phi nil) (torch_hf_load_model_lora "g" gpt nil)')
    with pytest.raises(LispeError, match=r"Phi3ForCausalLM has no q_proj.*self_attn\.qkv_proj"):
        session.evaluate('(torch_hf_lora_init "p" 2 4 (list "q_proj"))')
    with pytest.raises(LispeError, match=r"Phi3ForCausalLM has no gate_proj.*mlp\.gate_up_proj"):
        session.evaluate('(torch_hf_get_gate_weight "p" 0)')
    session.evaluate('(torch_hf_lora_init "p" 2 4 (list "qkv_proj"))')
    with pytest.raises(LispeError, match="ln_1 of GPT2LMHeadModel is a LayerNorm, which takes no adapter"):
        session.evaluate('(torch_hf_lora_init "g" 2 4 (list "ln_1"))')
    # GPT-2's transposed layers are linear layers too.
    session.evaluate('(torch_hf_lora_init "g" 2 4 (list "c_attn"))')


def test_parts_that_came_whole_rest_with_the_adapters(tmp_path):
    session = Session()
    folder = saved(tmp_path / "gpt", "gpt2")
    session.namespace.update(gpt=str(folder), ids=torch.tensor([[3, 4, 5]]), ad=str(tmp_path / "ad"))
    base = AutoModelForCausalLM.from_pretrained(folder)
    settings = LoraConfig(target_modules=["c_attn"], modules_to_save=["ln_f"], fan_in_fan_out=True)
    theirs = get_peft_model(base, settings)
    with torch.no_grad():
        for name, tensor in theirs.named_parameters():
            if "modules_to_save" in name or "lora_" in name:
                tensor.add_(0.1)
    theirs.save_pretrained(tmp_path / "ad")
    session.evaluate('(torch_hf_load_model_lora "g" gpt nil)')
    plain = session.evaluate('(torch_hf_forward "g" ids)')
    session.evaluate('(torch_hf_lora_load "g" ad)')
    with torch.no_grad():
        wanted = theirs.eval()(session.evaluate("ids")).logits
    assert (session.evaluate('(torch_hf_forward "g" ids)') - wanted).abs().max() <= 1e-6
    session.evaluate('(torch_hf_lora_enable "g" nil)')
    assert torch.equal(session.evaluate('(torch_hf_forward "g" ids)'), plain)
    with pytest.raises(LispeError, match="ln_f came whole with the adapters, which only a folder keeps"):
        session.evaluate('(torch_hf_lora_save "g" (+ ad "/one.pt"))')
    session.evaluate('(torch_hf_lora_save "g" (+ ad "2/"))')
    again = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), f"{tmp_path / 'ad'}2")
    with torch.no_grad():
        assert (again.eval()(session.evaluate("ids")).logits - wanted).abs().max() <= 1e-6


def test_functions_of_modules_work_on_the_module_of_a_model(adapted, tmp_path):
    adapted.namespace["file"] = str(tmp_path / "state.pt")
    before = shaken(adapted)
    adapted.evaluate("(setq module (torch_hf_model m)) (torch_save_model module file)")
    shaken_again = [
        t.mul_(2) for t in map(torch.detach, adapted.evaluate("(torch_hf_lora_get_parameters m)"))
    ]
    assert shaken_again
    assert not torch.equal(logits(adapted), before)
    adapted.evaluate("(torch_load_model file module)")
    assert torch.equal(logits(adapted), before)
    assert torch.equal(adapted.evaluate("(torch_forward module ids)").detach(), before)
