"""The logit lens: the model's own end after each layer, its numbers, the models it refuses."""

import math

import pytest
import torch
from torch import nn

from lispe_kernel.display import bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.session import Session
from lispe_kernel.torch_library.inside.lens import logit_lens
from lispe_kernel.torch_library.modules.attention import TransformerBlock


def language_model() -> nn.Sequential:
    torch.manual_seed(3)
    blocks = [TransformerBlock(8, 2, 16, dropout=0.5, causal=True) for _ in range(3)]
    return nn.Sequential(nn.Embedding(11, 8), *blocks, nn.LayerNorm(8), nn.Linear(8, 11))


def test_each_layer_answers_by_the_models_own_norm_and_head() -> None:
    model, ids = language_model(), torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]])
    seen = logit_lens(model, ids, None, 1)
    assert model.training
    assert not any("forward" in part.__dict__ for part in model.modules())
    state = model.eval()[0](ids)
    with torch.no_grad():
        for layer, block in zip(seen.layers, [*model[1:4], None], strict=True):
            expected = model[5](model[4](state))[1].softmax(-1)
            assert torch.equal(layer.ids, expected.topk(5).indices)
            assert torch.allclose(layer.probabilities, expected.topk(5).values, atol=1e-6)
            state = state if block is None else block(state)
    assert [layer.name for layer in seen.layers] == [
        "before the first layer",
        "layer 0",
        "layer 1",
        "layer 2",
    ]
    assert seen.given == ("5", "6", "7", "8")


def test_entropy_and_distance_are_bits() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Hardtanh(-5.0, 5.0)])

        def forward(self, logits: torch.Tensor) -> torch.Tensor:
            return self.layers[0](logits) * torch.tensor([1.0, 1.0, 1.0, 1.0])

    # Even over four: 2 bits. The layer caps a certain answer, so that it shares with three others.
    seen = logit_lens(Half(), torch.tensor([[[0.0, 0, 0, 0], [200.0, 0, 0, 0]]]))
    before, after = seen.layers
    assert before.entropy.tolist() == pytest.approx([2.0, 0.0])
    share = math.exp(5) / (math.exp(5) + 3)
    assert after.entropy[1].item() == pytest.approx(
        -share * math.log2(share) - (1 - share) * math.log2((1 - share) / 3)
    )
    assert after.distance.tolist() == [0.0, 0.0]
    wanted = share * math.log2(share) + sum(
        (1 - share) / 3 * (math.log2((1 - share) / 3) + 200 / math.log(2)) for _ in "abc"
    )
    assert before.distance[1].item() == pytest.approx(wanted, rel=1e-5)


def test_a_class_of_lispe_and_what_it_answers() -> None:
    session = Session()
    session.evaluate("""
    (class@ Language (many)
       (setqi embed (torch_embedding many 8))
       (setqi blocks (list (torch_transformer_block 8 2 16) (torch_transformer_block 8 2 16)))
       (setqi head (torch_linear 8 many))
       (defun forward (ids)
          (setq x (torch_forward embed ids))
          (loop b blocks (setq x (torch_forward b x)))
          (torch_forward head x)))
    (setq seen (torch_logit_lens (Language 6) '(1 2 3) '("a" "b" "c" "d" "e" "f")))
    """)
    assert session.evaluate("(keys@ seen)") == ["before the first layer", "layer 0", "layer 1"]
    layer = session.evaluate("(@ seen 2)")
    assert layer["ids"].shape == (3, 5)
    assert layer["distance"].tolist() == [0.0, 0.0, 0.0]
    shown = bundle(session.evaluate("seen"))
    assert shown["text/plain"].splitlines()[:2] == ["Logit lens of 3 layers, 3 places", "given: b | c | d"]
    assert "likeliest token is the answer" in shown["text/html"]


def test_a_layer_of_nan_is_said() -> None:
    model = language_model()
    model[1].norm1.weight.data.fill_(math.nan)
    page = bundle(logit_lens(model, torch.tensor([[1, 2]])))
    assert "layer 0: NaN | NaN" in page["text/plain"]
    assert "%3ENaN%3C" in page["text/html"]


class Probable(nn.Module):
    """A model that gives probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.model = language_model()

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.model(ids).softmax(-1)


class Twofold(nn.Module):
    """A model whose answer comes from all layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        for layer in self.layers:
            x = layer(x)
        return x + self.calls


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: logit_lens(nn.Linear(2, 2), torch.ones(1, 2)), "Linear has no list of layers"),
        (
            lambda: logit_lens(nn.Sequential(*language_model()[1:4], nn.Flatten()), torch.ones(1, 2, 8)),
            "no logits",
        ),
        (lambda: logit_lens(Probable(), torch.tensor([[1]])), "Probable gives probabilities"),
        (lambda: logit_lens(Twofold(), torch.ones(1, 2, 4)), "of more than what its last layer gives"),
        (lambda: logit_lens(language_model(), torch.tensor([[1]]), None, 3), "no text 3 in a batch of 1"),
        (lambda: logit_lens(language_model(), torch.tensor([[1]]), 3), "a tokenizer"),
    ],
)
def test_errors(call, text) -> None:
    with pytest.raises(LispeError, match=text):
        call()
