"""The logit lens: what a model would answer if it stopped after each of its layers.

The model's own end (last norm, projection, head, scaling, capping) is applied to the hidden state after each
block: the model runs again with its blocks handing on what they gave before and the last one giving that
state. So no part of an end has to be known, and the last layer must give the model's own answer bit for bit;
a model where it does not is refused.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, wrong_argument
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import Strings
from lispe_kernel.torch_library.hugging_face.models import model_named
from lispe_kernel.torch_library.hugging_face.tokenizers import tokenizer_of
from lispe_kernel.torch_library.inside.blocks import blocks_of, hidden_in, hidden_of
from lispe_kernel.torch_library.inside.inputs import run
from lispe_kernel.torch_library.inside.keeping import looking
from lispe_kernel.torch_library.inside.running import Given, given, model_of, watched
from lispe_kernel.torch_library.inside.values import tensors_in
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors.devices import place_of
from lispe_kernel.torch_library.tokens.pieces import piece_of

_LIKELIEST = 5
_AT_ONCE = 1 << 22  # logits looked at at once
_ERROR = "Error: torch_logit_lens: "


@dataclass(eq=False)
class Layer:
    """What one layer would answer at every place: its likeliest tokens, how sure it is, how far from the end.

    Entropy and distance (Kullback-Leibler, from the model's own answer) are in bits.
    """

    name: str
    ids: torch.Tensor  # [places, likeliest]
    probabilities: torch.Tensor
    entropy: torch.Tensor  # [places]
    distance: torch.Tensor


@dataclass(eq=False)
class LogitLens:
    """The layers of a run, with the tokens that the model was given where it was given ids."""

    layers: tuple[Layer, ...]
    given: tuple[str, ...] | None
    texts: dict[int, str]  # of the likeliest tokens, where a tokenizer tells them

    @property
    def places(self) -> int:
        return len(self.layers[0].entropy)

    def text(self, number: int) -> str:
        """A token as people read it, or its id."""
        return self.texts.get(number, str(number))

    def agreement(self, layer: Layer) -> int:
        """At how many places the likeliest token is that of the model's own answer."""
        return int((layer.ids[:, 0] == self.layers[-1].ids[:, 0]).sum())


@torch_function("torch_logit_lens")
def logit_lens(model: Any, input_: Any, tokenizer: Any = None, batch: Any = None) -> LogitLens:
    """What a language model would answer after each of its layers: the logit lens.

    The model's own end (last norm, head and what else follows the last layer) is applied to the hidden state
    before the first layer and after each one; the last layer gives the model's own answer. Shown are the
    likeliest tokens at every place with their probabilities. The model is the path of a loaded folder, a
    model of transformers, or a module of blocks that gives logits [B,S,V]; the input is that of
    `torch_trace`, for a loaded folder it may be a text. `tokenizer` (or a list of strings, the vocabulary)
    names tokens of other models; `(? batch 1)` chooses another text of a batch. The model runs in evaluation
    mode and stays as it was. `(@ lens 0)` gives the ids and probabilities of a layer, its entropy and its
    distance (in bits) from the model's own answer, at each place.

    Example: (maybe (torch_logit_lens (torch_linear 2 2) (torch_ones '(1 2))) "no layers") => no layers
    Errors: a model whose layers or logits cannot be found, by its name; a batch without such a text
    """
    module = model_of(model)
    names = tokenizer
    value = input_
    if isinstance(model, str):
        names = tokenizer_of(model_named(model)) if names is None else names
        if isinstance(value, str):
            value = torch.tensor([names.encode(value)], device=place_of(module))
    named = _namer(names)
    given_ = given("torch_logit_lens", module, value)
    place = 0 if batch is None else arguments.count("torch_logit_lens", 4, batch)
    with looking(module):
        layers = _measured(layers_of_logits(module, given_), place)
    ids = _ids(given_, place, layers[0].entropy.shape[0])
    numbers = {n for layer in layers for n in layer.ids.flatten().tolist()}
    texts = {} if named is None else {n: named(n) for n in sorted(numbers)}
    told = None if ids is None else tuple(named(n) if named else str(n) for n in ids)
    return LogitLens(layers, told, texts)


def layers_of_logits(model: nn.Module, given_: Given) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    """The name of each layer, the logits that the model's end makes of its hidden state, and the model's own.

    The model must be at rest. Errors: layers that cannot be told; an end that needs more than the last layer.
    """
    positional, named = given_
    if _takes_cache(model):
        named = {**named, "use_cache": False}
    given_ = (positional, named)
    blocks = blocks_of(model, given_)
    if not blocks:
        raise LispeError(
            f"{_ERROR}{type(model).__name__} has no list of layers that hand one hidden state on, "
            "which is what the lens looks at"
        )
    answers, first, logits = _recorded(model, given_, [block for _, block in blocks])
    states = [hidden_of(answer) for answer in answers]
    own = _checked(model, logits, states[-1])
    _refuse_probabilities(model, own)
    lead = [] if first is None else [("before the first layer", first)]
    after = [(f"layer {k}", state) for k, state in enumerate(states) if state is not None]
    answer = _end_of(model, given_, [block for _, block in blocks], answers)
    if not _same(answer(states[-1]), own):
        raise LispeError(
            f"{_ERROR}{type(model).__name__} makes its answer of more than what its last layer gives"
        )
    for name, state in [*lead, *after[:-1]]:
        yield name, _checked(model, answer(state), state), own
    yield after[-1][0], own, own


def _recorded(
    model: nn.Module, given_: Given, blocks: list[nn.Module]
) -> tuple[list[Any], torch.Tensor | None, torch.Tensor | None]:
    """What every block gave, the first one's hidden state, and the model's logits."""
    answers: list[Any] = []
    first: list[torch.Tensor] = []

    def before(part: nn.Module, several: tuple[Any, ...], named: dict[str, Any]) -> None:
        state = hidden_in(several, named)
        if part is blocks[0] and state is not None:
            first.append(state.clone())

    def after(part: nn.Module, _several: Any, _named: Any, answer: Any) -> None:
        if any(part is block for block in blocks):
            state = hidden_of(answer)
            answers.append(answer if state is None else _with(answer, state.clone()))

    with watched(model, before, after):
        own = _logits(run(model, given_))
    return answers, first[0] if first else None, own


def _end_of(
    model: nn.Module, given_: Given, blocks: list[nn.Module], answers: list[Any]
) -> Callable[[Any], torch.Tensor | None]:
    """What gives the logits that the model's end makes of a hidden state.

    The blocks do no work: each gives what it gave; the last one, what is asked for. Whoever keeps the model
    (`looking`) puts their own work back.
    """
    state: list[torch.Tensor] = []
    for block, answer in zip(blocks[:-1], answers[:-1], strict=True):
        # Some ends write into what they get.
        block.__dict__["forward"] = lambda *_, _a=answer, **__: _with(_a, _hidden(_a).clone())
    blocks[-1].__dict__["forward"] = lambda *_, **__: _with(answers[-1], state[-1].clone())

    def logits(hidden: torch.Tensor) -> torch.Tensor | None:
        state[:] = [hidden]
        return _logits(run(model, given_))

    return logits


def _hidden(answer: Any) -> torch.Tensor:
    found = hidden_of(answer)
    assert found is not None
    return found


def _with(answer: Any, hidden: torch.Tensor) -> Any:
    """A block's answer with another hidden state in it."""
    if isinstance(answer, torch.Tensor):
        return hidden
    return type(answer)([hidden, *answer[1:]])


def _logits(answer: Any) -> torch.Tensor | None:
    found = getattr(answer, "logits", answer)
    return found.detach() if isinstance(found, torch.Tensor) and found.is_floating_point() else None


def _takes_cache(model: nn.Module) -> bool:
    try:
        return "use_cache" in inspect.signature(model.forward).parameters
    except (TypeError, ValueError):
        # The method of a class of LispE tells no signature.
        return False


def _checked(model: nn.Module, own: torch.Tensor | None, hidden: torch.Tensor | None) -> torch.Tensor:
    """The logits, one at every place of the hidden state. Errors: other shapes, or no logits at all."""
    fits = own is not None and hidden is not None and own.shape[:-1] == hidden.shape[:-1]
    if not fits or own is None or own.dim() not in (2, 3):
        raise LispeError(f"{_ERROR}{type(model).__name__} gives no logits [B,S,V], one at each place")
    return own


def _refuse_probabilities(model: nn.Module, own: torch.Tensor) -> None:
    if not bool((own >= 0).all()):
        return
    sums = own.double().sum(-1)
    if torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
        raise LispeError(f"{_ERROR}{type(model).__name__} gives probabilities; the lens needs logits")


def _same(a: torch.Tensor | None, b: torch.Tensor) -> bool:
    return a is not None and a.shape == b.shape and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)


def _text_of(logits: torch.Tensor, place: int) -> torch.Tensor:
    """The logits [places, vocabulary] of one text."""
    if logits.dim() == 2:
        return logits
    if place >= len(logits):
        raise LispeError(f"{_ERROR}there is no text {place} in a batch of {len(logits)}")
    return logits[place]


def _measured(found: Iterator[tuple[str, torch.Tensor, torch.Tensor]], place: int) -> tuple[Layer, ...]:
    """The numbers of each layer as it comes: the logits of all together may be larger than the model."""
    target: torch.Tensor | None = None
    layers = []
    for name, logits, own in found:
        target = _logarithms(_text_of(own, place)) if target is None else target
        step = max(1, _AT_ONCE // max(1, target.shape[-1]))
        pieces = zip(_text_of(logits, place).split(step), target.split(step), strict=True)
        parts = [_numbers(piece, wanted) for piece, wanted in pieces]
        layers.append(Layer(name, *(torch.cat(column).cpu() for column in zip(*parts, strict=True))))
    return tuple(layers)


def _logarithms(logits: torch.Tensor) -> torch.Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(-1)


def _numbers(logits: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The likeliest ids, their probabilities, the entropy, the distance from the model's own answer."""
    logs = _logarithms(logits)
    probabilities, wanted = logs.exp(), target.exp()
    likeliest = probabilities.topk(min(_LIKELIEST, logs.shape[-1]), -1)
    entropy = torch.special.entr(probabilities).sum(-1, dtype=torch.float64) / math.log(2)
    # What the model never answers adds nothing, however unlikely it was before.
    apart = torch.where(wanted == 0, 0.0, wanted * (target - logs)).sum(-1, dtype=torch.float64) / math.log(2)
    return likeliest.indices, likeliest.values, entropy, apart


def _namer(tokenizer: Any) -> Callable[[int], str] | None:
    """What tells the text of a token. A model may have more rows than its tokenizer has tokens."""
    if tokenizer is None:
        return None
    if isinstance(tokenizer, list | tuple) and all(isinstance(t, str) for t in tokenizer):
        words = list(tokenizer)
        return lambda n: words[n] if 0 <= n < len(words) else str(n)
    for name in ("tokens", "_processor", "piece", "decode"):
        if getattr(tokenizer, name, None) is not None:
            return lambda n: _piece(tokenizer, n)
    raise wrong_argument("torch_logit_lens", 3, "a tokenizer or a list of tokens (strings)", tokenizer)


def _piece(tokenizer: Any, number: int) -> str:
    tokens = getattr(tokenizer, "tokens", None)
    size = len(tokens) if isinstance(tokens, list) else tokenizer.size()
    return piece_of(tokenizer, number) if 0 <= number < size else str(number)


def _ids(given_: Given, place: int, length: int) -> list[int] | None:
    """The ids that the model was given at the places of its answer."""
    for tensor in tensors_in([*given_[0], given_[1]]).values():
        if tensor.is_floating_point() or tensor.dtype == torch.bool or tensor.dim() not in (1, 2):
            continue
        row = tensor if tensor.dim() == 1 else tensor[place] if place < len(tensor) else tensor[0]
        return [int(n) for n in row] if len(row) == length else None
    return None


def _layer(value: LogitLens, place: Any) -> Dictionary:
    number = arguments.integer(place, "Error: a layer must be an integer")
    if not 0 <= number < len(value.layers):
        raise LispeError(f"Error: there are {len(value.layers)} layers, counted from 0")
    layer = value.layers[number]
    return Dictionary(
        {
            "name": layer.name,
            "ids": layer.ids,
            "probabilities": layer.probabilities,
            "entropy": layer.entropy,
            "distance": layer.distance,
        }
    )


register_kind(
    LogitLens,
    "torch_logit_lens_",
    lambda value, _show: f"Logit lens of {len(value.layers)} layers, {value.places} places",
)
register_answers(
    LogitLens,
    Answers(
        element=_layer,
        size=lambda value: len(value.layers),
        keys=lambda value: Strings(layer.name for layer in value.layers),
    ),
)
