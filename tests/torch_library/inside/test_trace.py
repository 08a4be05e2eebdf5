"""A trace: what it says of a run, and that the model is afterwards what it was before."""

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lispe_kernel.display import bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.session import Session
from lispe_kernel.torch_library.inside.functions import activations, trace
from lispe_kernel.torch_library.inside.trace import Trace
from lispe_kernel.torch_library.inside.values import tensors_in
from lispe_kernel.torch_library.modules.attention import TransformerBlock


def by_path(found: Trace) -> dict[str, Any]:
    return {call.name: call for call in found}


class Twice(nn.Module):
    """One layer under two names, called twice, and one that nobody calls."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(4, 4)
        self.g, self.never = self.f, nn.Linear(3, 3)

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        return self.g(torch.relu(self.f(data)))


@dataclasses.dataclass
class Answer:
    """What some models give."""

    score: torch.Tensor
    extra: Any = None


class Structured(nn.Module):
    """A model of named arguments that gives a dictionary with a dataclass in it."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(3, 2)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> dict[str, Any]:
        made = self.f(left)
        return {"sum": made + right, "all": [Answer(made), None]}


class Counting(nn.Module):
    """A model that remembers: an attribute, a buffer written into, a buffer replaced, a new one."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
        self.seen = 0
        self.register_buffer("total", torch.zeros(3))
        self.register_buffer("last", torch.zeros(1))
        self.fail: BaseException | None = None

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        self.seen += 1
        random.random(), np.random.rand()
        self.total += data.sum(0)
        self.last = data[0, :1].clone()
        self.register_buffer("late", torch.ones(1), persistent=False)
        self.inner.register_forward_hook(lambda *_: None)
        made: torch.Tensor = self.inner(data)
        if self.fail is not None:
            raise self.fail
        return made


def everything(model: nn.Module) -> Any:
    """What must be as before, as text and numbers."""
    hooks = [
        (name, len(part._forward_hooks), len(part._forward_pre_hooks), len(part._forward_hooks_with_kwargs))
        for name, part in model.named_modules()
    ]
    state = {name: value.tolist() for name, value in model.state_dict().items()}
    gradients = [None if p.grad is None else p.grad.tolist() for p in model.parameters()]
    modes = [part.training for part in model.modules()]
    generators = torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()
    return hooks, state, gradients, modes, generators, getattr(model, "seen", None)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("failure", [None, ValueError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize(
    "run",
    [lambda m, x: trace(m, x), lambda m, x: trace(m, x, True), lambda m, x: activations(m, x, "inner.0")],
)
def test_nothing_of_the_model_changes(
    run: Callable[[nn.Module, torch.Tensor], Any], failure: BaseException | None, training: bool
) -> None:
    model = Counting().train(training)
    model(torch.randn(4, 3)).sum().backward()
    del model.late
    model.fail = failure
    before, buffer = everything(model), model.total
    if failure is None:
        run(model, torch.randn(4, 3, generator=torch.Generator().manual_seed(1)))
    else:
        with pytest.raises((LispeError, KeyboardInterrupt)):
            run(model, torch.randn(4, 3, generator=torch.Generator().manual_seed(1)))
    assert everything(model) == before
    assert model.total is buffer


def test_a_run_is_told_call_by_call() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 5))
    found = trace(model, torch.randn(2, 3, 4, 4))
    told = [(call.path, call.kind, call.parameters, call.multiply_adds, call.bytes) for call in found]
    # A convolution: 2 pictures x 16 places x 8 x 27 weights; the linear layer: 2 x 128 x 5.
    assert told == [
        ("", "Sequential", 224 + 645, 6912 + 1280, 40),
        ("0", "Conv2d", 224, 6912, 1024),
        ("1", "ReLU", 0, 0, 1024),
        ("2", "Flatten", 0, 0, 1024),
        ("3", "Linear", 645, 1280, 40),
    ]
    assert found.root.calls[0].outputs == {"": "float32 [2,8,4,4]"}


def test_attention_and_recurrence_are_counted() -> None:
    block = trace(TransformerBlock(8, 2, 16), torch.randn(2, 5, 8))
    # Ten positions: 4 projections of 8 x 8, two linear layers of 8 x 16, and 2 x 5 x 8 a position for scores.
    assert block.root.multiply_adds == 10 * (4 * 64 + 2 * 128 + 2 * 5 * 8)
    assert block.uncounted == []
    assert trace(nn.LSTM(4, 6), torch.randn(3, 2, 4)).root.multiply_adds == 3 * 2 * 4 * 6 * (4 + 6)


def test_a_shared_layer_has_two_calls_and_an_unused_one_none() -> None:
    found = trace(Twice(), torch.randn(2, 4))
    assert list(by_path(found)) == ["Twice", "f", "f (call 2)"]
    assert found.uncalled == ["never"]
    assert found.shared == {"f": ["g"]}
    assert found.parameters == 20 + 12


def test_arguments_by_name_and_answers_of_every_form() -> None:
    model, left, right = Structured(), torch.randn(2, 3), torch.randn(2, 2)
    for given in ({"left": left, "right": right}, [left, right]):
        found = trace(model, given)
        assert found.root.outputs == {"sum": "float32 [2,2]", "all.0.score": "float32 [2,2]"}
    answer = activations(model, [left, right], "f")
    assert torch.equal(answer, model.f(left).detach())
    assert not answer.requires_grad


def test_statistics_are_those_of_hooks_written_by_hand() -> None:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(inplace=True), nn.LSTM(8, 4), nn.Identity())
    data, seen = torch.randn(5, 6), []

    def by_hand(part: nn.Module, _given: Any, answer: Any) -> None:
        seen.append({name: tensor.detach().double().clone() for name, tensor in tensors_in(answer).items()})

    handles = [part.register_forward_hook(by_hand) for part in model]
    model(data)
    for handle in handles:
        handle.remove()
    for call, tensors in zip(trace(model, data).root.calls, seen, strict=True):
        assert list(call.measured) == list(tensors)
        for name, tensor in tensors.items():
            known = call.measured[name]
            expected = [tensor.mean(), tensor.std(), tensor.min(), tensor.max(), (tensor == 0).sum()]
            found = [known.mean, known.deviation, known.minimum, known.maximum, known.zeros]
            assert found == pytest.approx([float(e) for e in expected], abs=1e-6)


def test_gradients_are_those_of_plain_pytorch() -> None:
    model, data = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), torch.randn(6, 4)
    found = by_path(trace(model, data, None, lambda answer: (answer**2).mean()))
    middle = torch.tanh(model[0](data))
    middle.retain_grad()
    (model[2](middle) ** 2).mean().backward()
    assert middle.grad is not None
    assert model[2].weight.grad is not None
    assert model[2].bias.grad is not None
    known = found["1"].gradients[""]
    assert [known.mean, known.deviation] == pytest.approx(
        [float(middle.grad.mean()), float(middle.grad.std())], rel=1e-4, abs=1e-8
    )
    norm = torch.cat([model[2].weight.grad.flatten(), model[2].bias.grad]).norm()
    assert found["2"].weight_gradient == pytest.approx(float(norm), rel=1e-4)


class Between(nn.Module):
    """A model whose own code divides zero by zero between two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        made = self.first(data)
        return self.second(made * 0 / 0)


def _damaged() -> nn.Module:
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Linear(2, 2))
    with torch.no_grad():
        model.get_parameter("1.0.weight")[0, 0] = torch.nan
    return model


@pytest.mark.parametrize(
    ("model", "data", "sentence"),
    [
        (_damaged(), torch.ones(3, 2), "NaN: first in the output of 1.0 (Linear), whose weight holds NaN"),
        (Between(), torch.ones(3, 2), "NaN: first in the input of second, from the code of Between"),
        (nn.Sequential(nn.ReLU(inplace=True)), torch.tensor([torch.nan]), "the input of the model holds NaN"),
        (nn.Sequential(nn.ReLU()), torch.tensor([1.0]), ""),
    ],
)
def test_the_first_module_with_nan_is_named(model: nn.Module, data: torch.Tensor, sentence: str) -> None:
    found = trace(model, data)
    assert found.first_strange == sentence
    assert sentence in bundle(found)["text/html"]


def test_dead_units_are_loud() -> None:
    model = nn.Sequential(nn.Conv2d(1, 3, 1), nn.ReLU())
    with torch.no_grad():
        model.get_parameter("0.weight").fill_(0)
        model.get_parameter("0.bias").copy_(torch.tensor([1.0, -1.0, 0.0]))
    sentence = "1: 2 of 3 units are dead, never positive in 32 cases"
    assert trace(model, torch.ones(2, 1, 4, 4)).warnings == [sentence]
    assert trace(model, torch.ones(1, 1, 2, 2)).warnings == []


def test_the_text_has_no_times_and_the_page_has() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
    one, other = (bundle(trace(model, torch.randn(2, 4))) for _ in range(2))
    assert one["text/plain"] == other["text/plain"]
    assert one["text/plain"].splitlines()[3:] == [
        "  0 Linear: float32 [2,4] -> float32 [2,8] (40 parameters, 64 multiply-adds)",
        "  1 ReLU: float32 [2,8] -> float32 [2,8]",
    ]
    assert "time" in one["text/html"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("(torch_trace 3 (torch_ones '(2)))", "First argument must be a PyTorch module"),
        ('(torch_trace m "x")', "a tensor, a list of them or a dictionary of named ones"),
        ("(torch_trace m (torch_ones '(2 7)))", "in fc1 (Linear, given float32 [2,7]): "),
        ("(torch_trace m x (? loss 3))", "a function of the model's answer"),
        ('(torch_activations m x "fc9")', "there is no module fc9; the model has: fc1, fc2, fc3"),
        ('(@ (torch_trace m x) "fc9")', "there is no module fc9; the run called: fc1, fc2, fc3"),
    ],
)
def test_errors_say_what_was_wrong(code: str, text: str) -> None:
    session = Session()
    session.evaluate("(setq m (torch_model 4 8 2)) (setq x (torch_ones '(3 4)))")
    with pytest.raises(LispeError) as caught:
        session.evaluate(code)
    assert text in str(caught.value)


def test_a_call_is_chosen_where_there_are_several() -> None:
    model, data = Twice(), torch.randn(2, 4)
    with pytest.raises(LispeError, match="called 2 times"):
        activations(model, data, "f")
    assert torch.equal(activations(model, data, "g", 0), model.f(data))
    with pytest.raises(LispeError, match="was not called"):
        activations(model, data, "never")


def test_the_numbers_of_a_module_are_asked_for_by_its_path() -> None:
    code = """(setq t (torch_trace (torch_model 4 8 2) (torch_ones '(3 4)) (? gradients true)))
    (list (@ t "fc1" "output") (@ t "fc3" "gradient_mean") (size t))"""
    assert list(Session().evaluate(code)) == ["float32 [3,8]", 1, 4]
