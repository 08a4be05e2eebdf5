"""How the next token is chosen from a model's logits: settings, penalty, strategies, beams.

Each step is the one of the same name in transformers, so that the same seed gives the same tokens. Asks no
model itself: it is given a function that does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.rules import (
    COUNT,
    ONE_OR_MORE,
    POSITIVE,
    SHARE,
    TRUTH,
    Rule,
    checked,
)

# The logits after the last of these ids.
Ask = Callable[[list[int]], torch.Tensor]


@dataclass(frozen=True)
class Settings:
    """How a generator chooses; the defaults of the original."""

    max_length: int = 100
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 0.9
    eos_token_id: tuple[int, ...] = (50256,)
    # Programs tell it beside the end token. There is one text at a time here, which has no padding.
    pad_token_id: int = 50256
    repetition_penalty: float = 1.0
    strategy: str = "greedy"
    do_sample: bool = True
    num_beams: int = 4


# -- strategies


def penalised(logits: torch.Tensor, ids: list[int], penalty: float) -> torch.Tensor:
    """The logits with those of the ids made less likely: positive ones divided, negative ones multiplied."""
    if penalty == 1.0:
        return logits
    seen = [token for token in set(ids) if 0 <= token < logits.numel()]
    before = logits[seen]
    logits = logits.clone()
    logits[seen] = torch.where(before < 0, before * penalty, before / penalty)
    return logits


def _greedy(logits: torch.Tensor, _settings: Settings) -> int:
    return int(logits.argmax())


def _top_k(logits: torch.Tensor, settings: Settings) -> int:
    """Drawn from the k likeliest, and those as likely as the last of them."""
    scores = logits / settings.temperature
    least = scores.topk(min(settings.top_k, scores.numel()))[0][-1]
    return _drawn(scores.masked_fill(scores < least, -torch.inf))


def _top_p(logits: torch.Tensor, settings: Settings) -> int:
    """Drawn from the fewest likely ones whose probabilities reach p."""
    scores = logits / settings.temperature
    rising, places = scores.sort()
    tail = rising.softmax(0).cumsum(0) <= 1 - settings.top_p
    tail[-1] = False
    return _drawn(scores.masked_fill(tail.scatter(0, places, tail), -torch.inf))


def _drawn(scores: torch.Tensor) -> int:
    return int(torch.multinomial(scores.softmax(0), 1))


BEAMS = "beam_search"
_CHOICES = {"greedy": _greedy, "top_k": _top_k, "top_p": _top_p}
STRATEGIES = (*_CHOICES, BEAMS)


def chosen(ask: Ask, prompt: list[int], settings: Settings) -> list[int]:
    """The prompt and up to `max_length` new ids; an end token stops and is not appended."""
    if settings.strategy == BEAMS:
        return beam_search(ask, prompt, settings)
    choose = _CHOICES[settings.strategy] if settings.do_sample else _greedy
    ids = list(prompt)
    for _ in range(settings.max_length):
        token = choose(penalised(ask(ids), ids, settings.repetition_penalty), settings)
        if token in settings.eos_token_id:
            break
        ids.append(token)
    return ids


@dataclass(frozen=True)
class _Beam:
    """A text on its way: its ids, and the sum of the logarithms of their probabilities."""

    ids: list[int]
    score: float


def beam_search(ask: Ask, prompt: list[int], settings: Settings) -> list[int]:
    """The text with the best mean logarithm of probability that `num_beams` texts at a time lead to."""
    width, ends = settings.num_beams, settings.eos_token_id
    running, finished = [_Beam(list(prompt), 0.0)], list[_Beam]()
    for made in range(1, settings.max_length + 1):
        best = _continued(ask, running, settings, max(2, 1 + len(ends)) * width)
        over = [made == settings.max_length or beam.ids[-1] in ends for beam in best]
        # Those further down are there to go on with where better ones end.
        done = [beam for beam, end in list(zip(best, over, strict=True))[:width] if end]
        finished += [replace(beam, score=beam.score / made) for beam in done]
        finished = sorted(finished, key=lambda beam: -beam.score)[:width]
        running = [beam for beam, end in zip(best, over, strict=True) if not end][:width]
        if not running or (len(finished) == width and running[0].score / made <= finished[-1].score):
            break
    if not finished:
        return list(prompt)
    ids = finished[0].ids
    return ids[:-1] if len(ids) > len(prompt) and ids[-1] in ends else ids


def _continued(ask: Ask, running: list[_Beam], settings: Settings, most: int) -> list[_Beam]:
    """The likeliest texts of one token more, best first."""
    rows = [
        penalised(ask(beam.ids).log_softmax(0), beam.ids, settings.repetition_penalty) + beam.score
        for beam in running
    ]
    every = torch.stack(rows)
    scores, places = every.flatten().topk(min(most, every.numel()))
    found = zip(scores.tolist(), places.tolist(), strict=True)
    return [_Beam([*running[at // every.shape[1]].ids, at % every.shape[1]], score) for score, at in found]


# -- settings


def _ends(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return ()
    listed = isinstance(value, list | TypedList)
    found = [arguments.whole(item) for item in (value if listed else [value])]
    sound = tuple(number for number in found if number is not None and number >= 0)
    return sound if len(sound) == len(found) else None


RULES: dict[str, Rule] = {
    "max_length": COUNT,
    "temperature": POSITIVE,
    "top_k": ONE_OR_MORE,
    "top_p": SHARE,
    "eos_token_id": Rule(_ends, "an id (0 or more), a list of ids, or nil for no end"),
    "pad_token_id": COUNT,
    "repetition_penalty": POSITIVE,
    "strategy": Rule(lambda value: value if value in STRATEGIES else None, f"one of {', '.join(STRATEGIES)}"),
    "do_sample": TRUTH,
    "num_beams": ONE_OR_MORE,
}


def changed(settings: Settings, given: Any, function: str) -> Settings:
    """The settings with those of a dictionary. Errors: an unknown name, a value that is impossible."""
    return replace(settings, **checked(given, RULES, f"Error: {function}: ", "the settings of a generator"))
