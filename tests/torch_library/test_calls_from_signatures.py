"""Calls of PyTorch made from its own signatures: LispE's forms give what the same call gives in Python.

Every parameter with a default is named and given its default, as LispE writes it. PyTorch is the oracle.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lispe_kernel.session import Session

X = torch.linspace(-1, 1, 24).reshape(2, 3, 4)
IMAGES = torch.linspace(-1, 1, 2 * 4 * 6 * 6).reshape(2, 4, 6, 6)
# What has no default: the arguments of the class, and what the module is called with.
LAYERS: dict[str, tuple[tuple[int, ...], torch.Tensor]] = {
    "Linear": ((4, 2), X),
    "Conv1d": ((3, 6, 2), X),
    "Conv2d": ((4, 2, 3), IMAGES),
    "ConvTranspose2d": ((4, 2, 3), IMAGES),
    "BatchNorm1d": ((3,), X),
    "BatchNorm2d": ((4,), IMAGES),
    "InstanceNorm2d": ((4,), IMAGES),
    "GroupNorm": ((2, 4), IMAGES),
    "LayerNorm": ((4,), X),
    "RMSNorm": ((4,), X),
    "MaxPool2d": ((2,), IMAGES),
    "AvgPool2d": ((2,), IMAGES),
    "AdaptiveAvgPool2d": ((2,), IMAGES),
    "Dropout": ((), X),
    "GELU": ((), X),
    "ELU": ((), X),
    "LeakyReLU": ((), X),
    "Softplus": ((), X),
    "Hardtanh": ((), X),
    "Embedding": ((5, 3), torch.tensor([[0, 4], [2, 2]])),
    "Flatten": ((), IMAGES),
    "PixelShuffle": ((2,), IMAGES),
    "Upsample": ((9,), IMAGES),
    "ZeroPad2d": ((1,), IMAGES),
    "TransformerEncoderLayer": ((4, 2), X),
    "GLU": ((), X),
    "Softmax": ((1,), X),
    "CosineSimilarity": ((), X),
}
POSITIVE = X.abs() + 0.1
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "gelu": (X,),
    "elu": (X,),
    "relu": (X,),
    "leaky_relu": (X,),
    "softplus": (X,),
    "softmax": (X, 1),
    "log_softmax": (X, -1),
    "normalize": (X,),
    "layer_norm": (X, [4]),
    "dropout": (X,),
    "pad": (X, [1, 1]),
    "one_hot": (torch.tensor([0, 2]),),
    "interpolate": (IMAGES, [3, 3]),
    "unfold": (IMAGES, 2),
    "max_pool2d": (IMAGES, 2),
    "avg_pool2d": (IMAGES, 2),
    "linear": (X, torch.ones(2, 4)),
    "conv1d": (X, torch.ones(2, 3, 2)),
    "conv2d": (IMAGES, torch.ones(2, 4, 3, 3)),
    "embedding": (torch.tensor([0, 1]), torch.ones(3, 2)),
    "mse_loss": (X, X + 1),
    "l1_loss": (X, X + 1),
    "huber_loss": (X, X + 2),
    "smooth_l1_loss": (X, X + 2),
    "cross_entropy": (X[0], torch.tensor([0, 1, 2])),
    "nll_loss": (X[0], torch.tensor([0, 1, 2])),
    "binary_cross_entropy_with_logits": (X, POSITIVE / 2),
    "poisson_nll_loss": (X, POSITIVE),
    "cosine_similarity": (X, X + 1),
    "pairwise_distance": (X, X + 1),
    "triplet_margin_loss": (X, X + 1, X - 1),
    "scaled_dot_product_attention": (X, X, X),
    "glu": (X,),
}


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    made.evaluate('(import "torch.nn" nn) (import "torch.nn.functional" F)')
    return made


def defaults(call: Any, given: int) -> dict[str, Any]:
    """The parameters with a default that a program can write down, those given by their place left out."""
    try:
        parameters = list(inspect.signature(call).parameters.values())
    except ValueError:
        return {}
    plain = (bool, int, float, str, tuple, type(None))
    return {p.name: p.default for p in parameters[given:] if type(p.default) in plain and p.name[0] != "_"}


def written(value: Any, session: Session) -> str:
    """A value as LispE writes it."""
    if value is None or value is False:
        return "nil"
    if isinstance(value, (tuple, list)):
        return f"(list {' '.join(written(each, session) for each in value)})"
    if isinstance(value, torch.Tensor):
        name = f"t{len(session.namespace)}"
        session.namespace[name] = value
        return name
    return "true" if value is True else f'"{value}"' if isinstance(value, str) else repr(value)


def form(name: str, module: str, given: tuple[Any, ...], named: dict[str, Any], session: Session) -> str:
    positional = "".join(f" {written(value, session)}" for value in given)
    options = "".join(f" (? {key} {written(value, session)})" for key, value in named.items())
    return f"(->{name} {module}{positional}{options})"


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_made_with_its_defaults_written_out_is_the_same(name: str, session: Session) -> None:
    cls, (given, x) = getattr(nn, name), LAYERS[name]
    inputs = (x, x + 1) if name == "CosineSimilarity" else (x,)
    named = defaults(cls, len(given))
    torch.manual_seed(1)
    expected = cls(*given, **named)
    answer = expected(*inputs)
    torch.manual_seed(1)
    mine = session.evaluate(form(name, "nn", given, named, session))
    assert repr(mine) == repr(expected)
    session.namespace["made"] = mine
    called = " ".join(written(each, session) for each in inputs)
    torch.testing.assert_close(session.evaluate(f"(made {called})"), answer, rtol=0, atol=0)
    assert [t.tolist() for t in mine.state_dict().values()] == [
        t.tolist() for t in expected.state_dict().values()
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_called_with_its_defaults_written_out_gives_the_same(name: str, session: Session) -> None:
    call, given = getattr(F, name), FUNCTIONS[name]
    named = defaults(call, len(given))
    torch.manual_seed(1)
    answer = call(*given, **named)
    torch.manual_seed(1)
    mine = session.evaluate(form(name, "F", given, named, session))
    torch.testing.assert_close(mine, answer, rtol=0, atol=0)
