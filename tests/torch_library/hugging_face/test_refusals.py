"""A folder that cannot be loaded whole and right is refused, with the architecture's name and the reason."""

import json
import pickle
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from lispe_kernel import LispeError, Session
from tests.torch_library.hugging_face.tiny_folders import changed, saved


def refusal(folder, *settings) -> str:
    session = Session()
    session.namespace["folder"] = str(folder)
    with pytest.raises(LispeError) as caught:
        session.evaluate(f"(torch_hf_load_model folder {' '.join(settings)})")
    assert session.evaluate("(size (torch_hf_loaded_models))") == 0
    return caught.value.text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"model_type": "nobody", "architectures": ["NobodyForCausalLM"]}, "nobody are not known to"),
        (
            {"model_type": "nobody", "auto_map": {"AutoConfig": "code.Config"}, "architectures": None},
            "models of type nobody need the Python code of their folder, which is never run",
        ),
        ({"architectures": ["LlamaForDreams"]}, "has no LlamaForDreams (a model of type llama)"),
        ({"model_type": None}, "names no model_type"),
        (
            {"quantization_config": {"quant_method": "gptq"}},
            "LlamaForCausalLM: the weights are quantised (gptq)",
        ),
        ({"num_hidden_layers": 3}, "model.layers.2.input_layernorm.weight"),
        ({"num_hidden_layers": 1}, "unexpected"),
        ({"vocab_size": 41}, "lm_head.weight is [40,16] in the folder, [41,16] by config.json"),
        ({"_attn_implementation": "somebody/kernels"}, "names code of the network"),
        ({"transformers_weights": "../other.safetensors"}, "transformers_weights is not supported"),
        ({"architectures": ["MistralForCausalLM"]}, "whose models are of type mistral, and the type llama"),
        ({"hidden_act": "dreams"}, "LlamaForCausalLM: dreams is not known to transformers"),
        ({"dtype": "float13"}, "dtype must be one of float32, float16, bfloat16, float64, not float13"),
        ({"rms_norm_eps": float("nan")}, "is no JSON (it holds NaN)"),
    ],
)
def test_a_folder_that_says_something_else_than_its_weights(llama, tmp_path, change, text):
    assert text in refusal(changed(llama, tmp_path, **change))


def test_what_is_no_model_folder(tmp_path):
    assert "(there is no such folder" in refusal(tmp_path / "none")
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "the folder holds an adapter" in refusal(tmp_path)
    (tmp_path / "config.json").write_text("[")
    assert "is no JSON" in refusal(tmp_path)
    (tmp_path / "adapter_config.json").unlink()
    (tmp_path / "config.json").write_text('{"model_type":"llama"}')
    (tmp_path / "old.safetensors").write_bytes(b"")
    assert "no weights in" in (text := refusal(tmp_path))
    assert "it holds old.safetensors" in text
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    assert "model.safetensors: it is neither a PyTorch file nor a safetensors file" in refusal(tmp_path)
    (tmp_path / "generation_config.json").write_text("[]")
    assert "generation_config.json holds no JSON object" in refusal(tmp_path)


def test_a_weight_that_is_missing_from_the_file(llama, tmp_path):
    weights = load_file(llama / "model.safetensors")
    head = weights.pop("lm_head.weight")
    shutil.copy(llama / "config.json", tmp_path)
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    # An untied head does not come from the embeddings.
    assert "LlamaForCausalLM in" in (text := refusal(tmp_path))
    assert "lm_head.weight missing" in text
    quantised = weights | {"lm_head.weight": head, "model.layers.0.mlp.up_proj.qweight": head.int()}
    save_file(quantised, tmp_path / "model.safetensors", {"format": "pt"})
    assert "up_proj.qweight unexpected" in (text := refusal(tmp_path))
    assert "quantised" in text


@pytest.mark.parametrize("kind", [torch.int8, torch.int64, torch.float8_e4m3fn, torch.complex64])
def test_numbers_of_another_kind_do_not_become_weights(llama, tmp_path, kind):
    # transformers makes fractions of anything.
    weights = load_file(llama / "model.safetensors")
    name = "model.layers.0.mlp.up_proj.weight"
    save_file(weights | {name: weights[name].to(kind)}, tmp_path / "model.safetensors", {"format": "pt"})
    shutil.copy(llama / "config.json", tmp_path)
    text = refusal(tmp_path)
    assert f"{name} is {str(kind).removeprefix('torch.')} in the folder, float32 in the model" in text
    assert ("quantised" in text) == (kind.itemsize == 1)


def test_a_shard_that_is_missing_and_a_file_that_does_not_belong(llama, tmp_path):
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(llama)
    model.save_pretrained(tmp_path, max_shard_size="4KB")
    save_file({"lm_head.weight": torch.zeros(40, 16)}, tmp_path / "old.safetensors")
    session = Session()
    session.namespace["folder"] = str(tmp_path)
    session.evaluate("(setq m (torch_hf_load_model folder))")
    head = session.evaluate('(torch_hf_get_weight m "lm_head.weight")')
    assert torch.equal(head, model.lm_head.weight)
    first, shard = sorted(tmp_path.glob("model-*.safetensors"))[:2]
    before, inside = load_file(first), load_file(shard)
    name = next(iter(inside))
    save_file(before | {name: inside[name] + 1}, first, {"format": "pt"})
    assert f"its {name} is another one than that in {first.name}" in refusal(tmp_path)
    save_file(before, first, {"format": "pt"})
    shard.unlink()
    assert f"{shard.name} missing in" in refusal(tmp_path)
    index = tmp_path / "model.safetensors.index.json"
    table = json.loads(index.read_text())
    table["weight_map"] = dict.fromkeys(table["weight_map"], "../model.safetensors")
    index.write_text(json.dumps(table))
    assert "names a file outside the folder" in refusal(tmp_path)


class Touch:
    """A pickle that makes a file when it is read by the careless loader."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_pickled_weights_are_read_by_the_safe_loader_alone(llama, tmp_path):
    shutil.copy(llama / "config.json", tmp_path)
    torch.save(load_file(llama / "model.safetensors"), tmp_path / "pytorch_model.bin")
    session = Session()
    session.namespace["folder"], session.namespace["ids"] = str(tmp_path), torch.tensor([[5, 6]])
    session.namespace["safe"] = str(llama)
    pickled = session.evaluate("(torch_hf_forward (torch_hf_load_model folder) ids)")
    assert torch.equal(pickled, session.evaluate("(torch_hf_forward (torch_hf_load_model safe) ids)"))
    damaged = bytearray((tmp_path / "pytorch_model.bin").read_bytes())
    damaged[len(damaged) // 2] ^= 4
    (tmp_path / "pytorch_model.bin").write_bytes(damaged)
    assert "are damaged (checksum mismatch)" in refusal(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Touch(tmp_path / "touched")))
    assert "pytorch_model.bin: it is truncated or damaged" in refusal(tmp_path)
    torch.save({"lm_head.weight": Touch(tmp_path / "touched")}, tmp_path / "pytorch_model.bin")
    assert "neither a tensor nor a plain value; nothing in it was run" in refusal(tmp_path)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            '{"use_flash_attention":true}',
            "the settings of a model have no use_flash_attention; there are device",
        ),
        ('{"trust_remote_code":true}', "code in a model's folder is never run"),
        ('{"dtype":"int4"}', "dtype must be one of auto, float32"),
        ('{"temperature":0}', "temperature must be a number above 0, not the integer 0"),
        ('{"top_k":-1}', "top_k must be 0 or more"),
        ('{"device":"gpu"}', "unknown device:gpu"),
        ('"cpu"', "the settings of a model must be a dictionary or nil"),
    ],
)
def test_settings_that_would_change_nothing_are_refused(llama, settings, text):
    assert text in refusal(llama, settings)


def test_a_head_that_writes_nothing_and_a_decoder_of_its_own(tmp_path):
    import transformers

    sizes = {
        "vocab_size": 40,
        "d_model": 16,
        "d_kv": 4,
        "d_ff": 24,
        "num_layers": 2,
        "num_heads": 4,
        "decoder_start_token_id": 0,
    }
    transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes)).save_pretrained(tmp_path / "t5")
    small = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    bert = transformers.BertConfig(vocab_size=40, hidden_size=16, **small)
    transformers.BertForMaskedLM(bert).save_pretrained(tmp_path / "bert")
    session = Session()
    session.namespace.update(
        t5=str(tmp_path / "t5"), bert=str(tmp_path / "bert"), ids=torch.tensor([[5, 6, 7]])
    )
    session.evaluate("(torch_hf_load_model t5) (torch_hf_load_model bert)")
    with pytest.raises(LispeError, match="T5ForConditionalGeneration writes with a decoder of its own"):
        session.evaluate("(torch_hf_forward t5 ids)")
    assert len(session.evaluate('(torch_hf_generate t5 (integers 5 6) -1 4 {"greedy":1})')) == 4
    assert list(session.evaluate("(torch_hf_forward bert ids)").shape) == [1, 3, 40]
    with pytest.raises(LispeError, match="BertForMaskedLM is no model that writes"):
        session.evaluate("(torch_hf_generate bert (integers 5 6) -1 4)")


def test_a_config_without_its_numbers_takes_those_of_its_family(tmp_path):
    import transformers

    saved(tmp_path, "llama", rope_theta=10000.0, rms_norm_eps=1e-6)
    config = json.loads((tmp_path / "config.json").read_text())
    config.pop("rms_norm_eps")
    config.pop("rope_parameters", None)
    (tmp_path / "config.json").write_text(json.dumps(config))
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        wanted = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)(ids).logits
    session = Session()
    session.namespace["folder"], session.namespace["ids"] = str(tmp_path), ids
    assert torch.equal(session.evaluate("(torch_hf_forward (torch_hf_load_model folder) ids)"), wanted)


WITHOUT_THE_EXTRA = """
import sys
sys.modules.update(dict.fromkeys(("transformers", "tokenizers", "tiktoken", "peft")))
from lispe_kernel import Session, to_text
session = Session()
session.namespace["folder"] = sys.argv[1]
print(to_text(session.evaluate('(catch (torch_hf_load_model folder))')))
print(to_text(session.evaluate('(catch (torch_hf_load_tokenizer (+ folder "/tokenizer.json")))')))
session.evaluate('(setq bpe (tiktoken_create {"a":0 "b":1 "ab":2} () "[a-z]+"))')
print(to_text(session.evaluate('(tiktoken_encode bpe "abba")')))
"""


def test_a_session_without_the_extra_says_how_to_install_it(llama):
    command = [sys.executable, "-c", WITHOUT_THE_EXTRA, str(llama)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("pip install 'lispe-kernel[hf]'") == 2
    assert done.stdout.endswith("(2 1 0)\n")
