"""Tiny folders of random weights, one an architecture: two layers, so small that all of them take seconds."""

import json
from pathlib import Path
from typing import Any

import torch

SIZES = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,  # large enough for a wrong rotation, scale or mask to show
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GPT2 = {
    "vocab_size": 40,
    "n_embd": 16,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 64,
    "initializer_range": 0.3,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
# Each architecture with what it has beside the common sizes; a table of its own replaces them.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {"sliding_window": 4},
    "qwen2": {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1},
    "qwen3": {},
    "gemma": {},
    "gemma2": {"sliding_window": 4, "query_pre_attn_scalar": 8},
    "gemma3_text": {"sliding_window": 4, "query_pre_attn_scalar": 8},
    "diffllama": {},
    "helium": {},
    "stablelm": {"use_qkv_bias": True},
    "ernie4_5": {},
    "hunyuan_v1_dense": {},
    "granite": {"embedding_multiplier": 2.0, "logits_scaling": 3.0, "residual_multiplier": 0.5},
    "smollm3": {},
    "phi3": {"sliding_window": None},
    "phi": {},
    "gpt2": GPT2,
    "gpt_neox": {},
    "gptj": {**GPT2, "rotary_dim": 4},
    "opt": {"ffn_dim": 24, "word_embed_proj_dim": 16},
    "mixtral": EXPERTS,
    "gpt_oss": {**EXPERTS, "sliding_window": 4},
    "mamba": {"state_size": 4, "time_step_rank": 4},
    "bamba": {"mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8, "attn_layer_indices": [1]},
    "olmo2": {},
    "cohere": {},
    "starcoder2": {},
    "lfm2": {"full_attn_idxs": [1], "block_ff_dim": 24, "block_multiple_of": 8},
}


def saved(folder: Path, name: str, **changes: Any) -> Path:
    """Write a random model of this architecture; gives the folder."""
    import transformers

    own = {**ARCHITECTURES.get(name, {}), **changes}
    sizes = own if "n_embd" in own else {**SIZES, **own}
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(name, **sizes))
    with torch.no_grad():
        for label, parameter in model.named_parameters():
            # Fresh biases are 0 and fresh norms 1, which would hide that they are left out.
            if label.endswith("bias"):
                parameter.normal_(std=0.3)
            elif "norm" in label or ".ln_" in label:
                parameter.uniform_(0.5, 1.5)
    model.save_pretrained(folder)
    return folder


def changed(source: Path, folder: Path, **changes: Any) -> Path:
    """A folder with the weights of another and changes in its config.json; None takes an entry away."""
    (folder / "model.safetensors").symlink_to(source / "model.safetensors")
    config = json.loads((source / "config.json").read_text()) | changes
    text = json.dumps({name: value for name, value in config.items() if value is not None})
    (folder / "config.json").write_text(text)
    return folder


def add_tokenizer(folder: Path) -> Path:
    """Give a folder a tokenizer of words with a template for conversations."""
    import tokenizers
    import transformers

    words = ["<pad>", "<s>", "</s>", "<unk>", "user", "assistant", ":", "hello", "world", "one", "two"]
    vocabulary = {word: number for number, word in enumerate(words)}
    vocabulary |= {f"w{number}": number for number in range(len(words), 40)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    theirs.chat_template = (
        "{{ bos_token }}{% for m in messages %}{{ m['role'] }} : {{ m['content'] }} {% endfor %}"
        "{% if add_generation_prompt %}assistant :{% endif %}"
    )
    theirs.save_pretrained(folder)
    return folder
