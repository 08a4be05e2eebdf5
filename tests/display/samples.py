"""One value of every kind that has a view, with a text of the user in every place where one can stand."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lispe_kernel import display
from lispe_kernel.display import functions
from lispe_kernel.display.functions import attention_map, compare, storage_report
from lispe_kernel.display.views import timeline, training
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.typed.lists import Floats, Integers
from lispe_kernel.session import Session
from lispe_kernel.torch_library import load as load_torch
from lispe_kernel.torch_library.checkpoints.files import load_checkpoint, save_checkpoint
from lispe_kernel.torch_library.inside.attention import Attention
from lispe_kernel.torch_library.inside.functions import trace
from lispe_kernel.torch_library.inside.lens import logit_lens
from lispe_kernel.torch_library.modules.alibi import Alibi
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.modules.rotary import RotaryEmbedding
from lispe_kernel.torch_library.state.state_dicts import StateDict
from lispe_kernel.torch_library.tokens.tokenizers import SimpleTokenizer
from lispe_kernel.torch_library.training.schedulers import lr_scheduler

display.load()
load_torch()
# The library registers how its values print.
Session()

SCRIPT = "<script>alert(1)</script>"
QUOTES = """a"b'c&d<img src=x onerror=alert(1)>"""
ANSI = "\x1b[31mred\x1b[0m\x00\x07"
RTL = "\u202egnp.txt\u2066 \u200f"
LONG = "long." + "x" * 3000
HOSTILE = [SCRIPT, QUOTES, ANSI, RTL, LONG, "", "a.b..c", "\ud800lone", "]]>--><!--", "日本語 🙂"]


def tensors(text: str) -> dict[str, torch.Tensor]:
    return {
        text: torch.randn(4, 5),
        f"{text}.weight": torch.randn(7),
        f"a.{text}.b": torch.tensor([1.0, float("nan")]),
    }


def _renamed(module: torch.nn.Module, text: str) -> torch.nn.Module:
    """A module whose child has the text as its name, as far as PyTorch allows names."""
    holder = torch.nn.Module()
    holder._modules[text] = module
    return holder


def _renamed_call(text: str) -> torch.nn.Module:
    """A module that is called under the text as its name."""
    made = torch.nn.Sequential(torch.nn.Linear(2, 2))
    made._modules = {text: made[0]}
    return made


def _language_model() -> torch.nn.Module:
    layers = torch.nn.Sequential(torch.nn.Linear(4, 4)), torch.nn.Sequential(torch.nn.Linear(4, 4))
    return torch.nn.Sequential(torch.nn.Embedding(3, 4), *layers, torch.nn.Linear(4, 3))


def _tokenizer(text: str) -> SimpleTokenizer:
    made = SimpleTokenizer()
    made.tokens.append(text)
    made.ids[text] = len(made.tokens) - 1
    return made


def _tracker(text: str) -> training.Tracker:
    made = training.Tracker()
    for step, value in enumerate((1.0, 0.5, float("nan"), 0.25)):
        made.add(text, value, float(step), 4)
    return made


def _folder(text: str, folder: Path) -> Path:
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    metrics = Dictionary()
    metrics.update({(text.replace("\ud800", "") or "loss"): 0.5})
    for epoch in range(3):
        save_checkpoint(model, optimizer, epoch, str(folder / f"c{epoch}.pt"), metrics)
    safe = "".join(c for c in text[:40] if c not in "/\0" and not "\ud800" <= c <= "\udfff")
    (folder / f"{safe}9.pt").write_bytes(b"PK broken")
    return folder


def _runs(text: str, folder: Path) -> Any:
    curves = Dictionary({text: List([1.0, 0.5, float("nan")]), "b": List([1, 2, 3])})
    functions.write_runs(Dictionary({text: curves, "other": curves}), str(folder / "runs.csv"))
    return functions.read_runs(str(folder / "runs.csv"))


def _checkpoint(text: str, folder: Path) -> Any:
    return load_checkpoint(os.fspath(_folder(text, folder) / "c1.pt"))


# The name of a kind -> what makes a value of it that carries the text.
KINDS: dict[str, Callable[[str, Path], Any]] = {
    "tensor": lambda text, folder: torch.randn(20, 30),
    "state dict": lambda text, folder: StateDict(tensors(text)),
    "dictionary": lambda text, folder: Dictionary(
        {text: text, "t": torch.randn(30, 30), "l": List([text] * 30)}
    ),
    "list": lambda text, folder: List([text, List([text, List([text] * 20)]), torch.randn(3)]),
    "instance": lambda text, folder: _instance(text),
    "table": lambda text, folder: List([List([text, 1, 2.5])] * 30),
    "strings matrix": lambda text, folder: Matrix(_texts(text)),
    "matrix": lambda text, folder: Matrix(torch.randn(20, 20).numpy()),
    "integers": lambda text, folder: Integers(range(100)),
    "floats": lambda text, folder: Floats([0.5] * 2000),
    "module": lambda text, folder: _renamed(torch.nn.Linear(2, 3), text),
    "trace": lambda text, folder: trace(_renamed_call(text), torch.full((2, 2), torch.nan), True),
    "graph": lambda text, folder: functions.graph(_renamed_call(text), torch.ones(2, 2)),
    "layers of a file": lambda text, folder: functions.graph(StateDict(tensors(text))),
    "heads": lambda text, folder: Attention((text, "b"), (torch.rand(2, 3, 3),) * 2, (text, "b", "c")),
    "lens": lambda text, folder: logit_lens(_language_model(), torch.tensor([[0, 1, 2]]), [text, "b", "c"]),
    "embedding": lambda text, folder: torch.nn.Embedding(30, 8),
    "lora": lambda text, folder: LoraLinear(torch.nn.Linear(8, 8), 2, 4.0),
    "lora model": lambda text, folder: _renamed(LoraLinear(torch.nn.Linear(8, 8), 2, 4.0), text),
    "positional": lambda text, folder: PositionalEncoding(16, 20),
    "rotary": lambda text, folder: RotaryEmbedding(16, 20),
    "alibi": lambda text, folder: Alibi(4, 20),
    "encodings": lambda text, folder: compare(PositionalEncoding(16, 20), RotaryEmbedding(16, 20)),
    "map": lambda text, folder: functions.embedding_map(torch.randn(3, 4), List([text, "b", "c"])),
    "optimizer": lambda text, folder: torch.optim.Adam(torch.nn.Linear(2, 2).parameters()),
    "schedule": lambda text, folder: lr_scheduler(torch.optim.SGD([torch.ones(1)], lr=0.1), "cosine"),
    "tokenizer": lambda text, folder: _tokenizer(text),
    "attention": lambda text, folder: attention_map(torch.rand(2, 3, 3), List([text, "b", "c"])),
    "heatmap": lambda text, folder: functions.heatmap(
        torch.randn(2, 2), List([text, "b"]), List(["c", text])
    ),
    "plot": lambda text, folder: functions.plot(List([1, 2, 3]), None, text),
    "comparison": lambda text, folder: compare(torch.randn(5, 5), torch.randn(5, 5)),
    "state comparison": lambda text, folder: compare(
        StateDict(tensors(text)), StateDict({**tensors(text), f"{text}2": torch.ones(1)})
    ),
    "tracker": lambda text, folder: _tracker(text),
    "checkpoint": lambda text, folder: _checkpoint(text, folder),
    "runs": lambda text, folder: _runs(text, folder),
    "weights over time": lambda text, folder: functions.weight_histograms({text: tensors(text)}),
    "timeline": lambda text, folder: timeline.timeline(os.fspath(_folder(text, folder))),
    "storage": lambda text, folder: storage_report(7_000_000_000, 8_000_000),
}


_CLASS = '(class@ Point (x y name)) (Point 1 2 "")'


def _instance(text: str) -> Any:
    made = Session().evaluate(_CLASS)
    made.name, made.x, made.y = text, List([text] * 30), made
    return made


def _texts(text: str) -> Any:
    import numpy as np

    made = np.empty((2, 2), dtype=object)
    made[:] = [[text, "b"], ["c", text]]
    return made
