"""One module of every kind that is saved, how to compare two of them, and how to harm their files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lispe_kernel.torch_library.files.formats import open_file
from tests.torch_library.torch_calls import call, listed

# Name, constructor in LispE with its arguments, the names its file has.
KINDS: dict[str, tuple[Callable[[], nn.Module], set[str]]] = {
    "linear": (lambda: call("torch_linear", 6, 3), {"weight", "bias"}),
    "embedding": (lambda: call("torch_embedding", 10, 4), {"weight"}),
    "layer norm": (lambda: call("torch_layer_norm", listed(5)), {"weight", "bias"}),
    "attention": (
        lambda: call("torch_multihead_attention", 8, 2),
        {"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"},
    ),
    "positional encoding": (lambda: call("torch_positional_encoding", 4, 8), set()),
    "MLP": (
        lambda: call("torch_model", 3, 5, 2),
        {f"fc{layer}.{part}" for layer in (1, 2, 3) for part in ("weight", "bias")},
    ),
    "LoRA": (
        lambda: call("torch_lora_linear", 6, 3, 2, 4),
        {"original.weight", "original.bias", "lora_A.weight", "lora_B.weight"},
    ),
    "transformer block": (lambda: call("torch_transformer_block", 8, 2, 16), set()),
    "flash attention": (lambda: call("torch_flash_attention_create", 8, 2, 0.0, True), set()),
    "rotary": (lambda: call("torch_rotary_embedding", 8, 16), set()),
}
FORMATS = (".pt", ".safetensors")


def scrambled(module: nn.Module) -> nn.Module:
    """The module with random values in every tensor, zeros and ones included."""
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.normal_()
    return module


def same(a: nn.Module, b: nn.Module) -> bool:
    """Whether two modules hold the same tensors, bit for bit."""
    return equal_tensors(a.state_dict(), b.state_dict())


def equal_tensors(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def copies(module: nn.Module) -> dict[str, torch.Tensor]:
    """The module's tensors as they are now."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def place_of(path: str, name: str) -> int:
    """Where in a file the bytes of a tensor begin."""
    with open_file(path) as archive:
        return archive.entries[name].offset


def overwrite(path: str, place: int, data: bytes) -> None:
    """Put other bytes into a file, in place, as a failing disk does."""
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(data)


def flip(path: str, place: int) -> None:
    """Flip a bit of a file."""
    content = Path(path).read_bytes()
    overwrite(path, place, bytes([content[place] ^ 1]))


def swap(path: str, one: int, other: int, count: int) -> None:
    """Let two stretches of a file change places."""
    content = Path(path).read_bytes()
    overwrite(path, one, content[other : other + count])
    overwrite(path, other, content[one : one + count])
