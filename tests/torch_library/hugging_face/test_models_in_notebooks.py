"""The models that notebooks write in LispE are those of transformers and PEFT: same weights, same answers.

What is run are the notebooks' own cells, up to the first one in Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import peft
import pytest
import torch
import transformers

from lispe_kernel.session import Session

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"
NEAR = {"rtol": 0.0, "atol": 1e-5}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What the notebooks set for the whole process."""
    kind, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(kind)
    torch.set_num_threads(threads)


def session_of(name: str, leaving_out: str = "") -> Session:
    session = Session(folder=str(NOTEBOOKS))
    for cell in nbformat.read(NOTEBOOKS / name, as_version=4).cells:
        if cell.cell_type != "code" or (leaving_out and leaving_out in cell.source):
            continue
        if cell.source.startswith("%%python"):
            break
        session.evaluate(cell.source)
    return session


def renamed(weights: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    for mine, its in names.items():
        weights = {name.replace(mine, its): tensor for name, tensor in weights.items()}
    return weights


def answers(model: torch.nn.Module, inputs: Any, paths: list[str]) -> dict[str, torch.Tensor]:
    """What the parts at some paths answer in one run."""
    found: dict[str, torch.Tensor] = {}

    def keep(path: str) -> Any:
        def hook(_module: Any, _inputs: Any, answer: Any) -> None:
            found[path] = answer[0] if isinstance(answer, tuple) else answer

        return hook

    hooks = [model.get_submodule(path).register_forward_hook(keep(path)) for path in paths]
    model(inputs)
    for hook in hooks:
        hook.remove()
    return found


def test_gpt2_is_the_one_of_transformers() -> None:
    gpt = session_of("model-gpt2.ipynb").namespace["gpt"]
    settings = transformers.GPT2Config(
        vocab_size=34, n_positions=24, n_embd=48, n_head=4, n_layer=2, bos_token_id=0, eos_token_id=0
    )
    its = transformers.GPT2LMHeadModel(settings).eval()
    names = {
        "tokens": "wte",
        "positions": "wpe",
        "blocks": "h",
        "norm1": "ln_1",
        "norm2": "ln_2",
        "norm.": "ln_f.",
        "attention.qkv": "attn.c_attn",
        "attention.out": "attn.c_proj",
        "mlp.up": "mlp.c_fc",
        "mlp.down": "mlp.c_proj",
    }
    # Its linear layers keep their matrices turned.
    weights = {
        name: tensor.T if "c_" in name and tensor.dim() == 2 else tensor
        for name, tensor in renamed(gpt.state_dict(), names).items()
    }
    its.transformer.load_state_dict(weights)
    ids = torch.randint(0, 34, (3, 24))
    expected = its(ids, output_hidden_states=True)
    found = answers(gpt, ids, ["blocks.0", "blocks.1", "norm"])
    torch.testing.assert_close(found["blocks.0"], expected.hidden_states[1], **NEAR)
    torch.testing.assert_close(found["norm"], expected.hidden_states[2], **NEAR)
    torch.testing.assert_close(gpt(ids), expected.logits, **NEAR)


def test_the_vision_transformer_is_the_one_of_transformers() -> None:
    session = session_of("model-vit.ipynb")
    vit, pictures = session.namespace["vit"], session.namespace["some"][0]
    settings = transformers.ViTConfig(
        image_size=12,
        patch_size=4,
        num_channels=1,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        layer_norm_eps=1e-5,
        num_labels=10,
    )
    its = transformers.ViTForImageClassification(settings).eval()
    names = {
        "patches.asked": "vit.embeddings.cls_token",
        "patches.positions": "vit.embeddings.position_embeddings",
        "patches.cut": "vit.embeddings.patch_embeddings.projection",
        "blocks": "vit.layers",
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
        "query": "q_proj",
        "key": "k_proj",
        "value": "v_proj",
        "out": "o_proj",
        "up": "mlp.fc1",
        "down": "mlp.fc2",
        "answer": "classifier",
    }
    weights = renamed(vit.state_dict(), names)
    its.load_state_dict({re.sub("^norm", "vit.layernorm", name): tensor for name, tensor in weights.items()})
    found = answers(vit, pictures, ["patches", "blocks.0", "blocks.1"])
    expected = its(pictures, output_hidden_states=True)
    torch.testing.assert_close(found["patches"], expected.hidden_states[0], **NEAR)
    torch.testing.assert_close(found["blocks.0"], expected.hidden_states[1], **NEAR)
    torch.testing.assert_close(vit(pictures), expected.logits, **NEAR)


def test_lora_is_the_one_of_peft() -> None:
    session = session_of("model-lora.ipynb")
    model = session.namespace["model"]
    plain = session.evaluate("(Counter 10 8 32 2 2)")
    weights = model.state_dict()
    plain.load_state_dict(
        {name.replace(".base", ""): value for name, value in weights.items() if name[-2:] not in (".a", ".b")}
    )
    its = peft.get_peft_model(
        plain, peft.LoraConfig(r=4, lora_alpha=8, target_modules=["query", "value"])
    ).base_model.model
    layers = [f"blocks.{i}.attention.{name}" for i in (0, 1) for name in ("query", "value")]
    for path in layers:
        layer = its.get_submodule(path)
        layer.lora_A["default"].weight.data = weights[path + ".a"]
        layer.lora_B["default"].weight.data = weights[path + ".b"]
    ids = torch.randint(0, 10, (4, 8))
    paths = [*layers, "blocks.0", "blocks.1"]
    found, expected = answers(model, ids, paths), answers(its, ids, paths)
    for path in paths:
        torch.testing.assert_close(found[path], expected[path], **NEAR)
    torch.testing.assert_close(model(ids), its(ids), **NEAR)
    assert max(weights[path + ".b"].abs().max().item() for path in layers) > 0.01
