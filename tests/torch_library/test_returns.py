"""What torch functions declare of their results holds for values of all kinds: the compiler relies on it."""

import functools
import itertools
from typing import Any

import pytest
import torch
from torch import nn

from lispe_kernel import Session
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Function, registry
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.scalars import Short, Single
from lispe_kernel.torch_library.hugging_face.context import Context
from lispe_kernel.torch_library.hugging_face.models import Loaded, models
from tests.torch_library.torch_calls import call, floats, integers, listed

DECLARED = [entry for entry in registry if entry.returns and "torch_library" in entry.call.__module__]

IS = {
    "number": lambda value: type(value) in (int, float),
    "text": lambda value: type(value) is str,
    "boolean": lambda value: value is TRUE or value is None,
}


def tensors() -> list[torch.Tensor]:
    numbers = torch.tensor([[1.5, -2.0], [0.0, 3.0]])
    return [
        numbers,
        numbers.double(),
        numbers.half(),
        numbers.bfloat16(),
        numbers.long(),
        numbers.bool(),
        numbers.to(torch.complex64),
        numbers.clone().requires_grad_(),
        numbers.to_sparse(),
        torch.quantize_per_tensor(numbers, 0.1, 0, torch.qint8),
        torch.tensor([float("nan"), float("inf")]),
        torch.tensor(7),
        torch.tensor(True),
        torch.tensor([]),
        torch.zeros(2, 0, dtype=torch.int64),
        torch.zeros(3, device="meta"),
    ]


def objects() -> list[Any]:
    """Models, optimizers, schedules and tokenizers, as LispE makes them and as Python does."""
    layer = nn.Linear(2, 2)
    layer(torch.ones(1, 2)).sum().backward()
    by_python = torch.optim.Adam(layer.parameters(), lr=torch.tensor(0.5), capturable=False, foreach=False)
    whole_rate = torch.optim.SGD(layer.parameters(), lr=1)
    ours = call("torch_optimizer", layer, 0.1, "adam")
    alone = call("torch_sgd_optimizer", 0.1)
    special = listed(Dictionary(content="<x>", id=9))
    return [
        layer,
        listed(layer, nn.ReLU()),
        Dictionary(a=layer),
        *(ours, alone, by_python, whole_rate),
        *(call("torch_lr_scheduler", each, "step") for each in (ours, alone, by_python, whole_rate)),
        call("torch_simple_tokenizer"),
        call("tiktoken_create", Dictionary(a=0, b=1, ab=2), special, "."),
        Context(True),
    ]


def pool() -> list[Any]:
    return [
        *tensors(),
        *objects(),
        *(None, TRUE, 0, 2, -1, 2.5, float("nan"), 10**30, Short(3), Single(0.5)),
        *("", "a", "<x>", "sum", "tiny"),
        *(List(), integers(1, 2), floats(1, 2), listed(2, 2), listed(listed(2, 1), integers(2, 1))),
    ]


@functools.cache
def tiny_model() -> Loaded:
    """A Hugging Face model: what the functions that tell about a model need."""
    import transformers

    sizes = {"hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2}
    return Loaded(
        transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=8, **sizes)).eval(), "tiny"
    )


def results(entry: Function) -> list[Any]:
    """The results of all calls with values of the pool that succeed."""
    models()["tiny"] = tiny_model()
    # The third argument of a function that takes three is a list of shapes.
    kept = [pool(), pool(), [listed(listed(2, 1)), listed(integers(2, 1)), listed()]]
    found = []
    for count in range(entry.least, min(len(entry.parameters), 3) + 1):
        for arguments in itertools.product(*kept[:count]):
            try:
                found.append(entry.call(*arguments))
            except LispeError:
                continue
    return found


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry.name)
def test_a_function_gives_what_it_declares(entry):
    found = Session().call(results, entry)
    assert found, "no call succeeded"
    assert [value for value in found if not IS[entry.returns](value)] == []
