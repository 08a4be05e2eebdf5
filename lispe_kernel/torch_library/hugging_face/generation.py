"""Generation with a Hugging Face model: one new token after the other from a cache of its own.

The repetition penalty follows the usual rule (positive logits divided, negative ones multiplied, over the
last 100 tokens); top-p keeps the tokens whose probabilities add up to at most p, and always the likeliest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from lispe_kernel.language.calling import callable_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed import Integers, TypedList
from lispe_kernel.torch_library.hugging_face.key_value_cache import Context
from lispe_kernel.torch_library.hugging_face.models import Loaded, model_named
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

NO_PROMPT = "Error: the input sequence should at least constains beos_id"
PENALTY_WINDOW = 100

Choose = Callable[[torch.Tensor], int]


def greedy(logits: torch.Tensor) -> int:
    return int(logits.argmax())


def drawn(logits: torch.Tensor) -> int:
    return int(torch.multinomial(torch.softmax(logits, -1), 1))


def from_top_k(count: int) -> Choose:
    def choose(logits: torch.Tensor) -> int:
        kept, places = torch.topk(logits, min(count, logits.numel()))
        return int(places[drawn(kept)])

    return choose


def from_top_p(share: float) -> Choose:
    def choose(logits: torch.Tensor) -> int:
        shares, places = torch.softmax(logits, -1).sort(descending=True)
        kept = shares.cumsum(-1) <= share
        kept[0] = True
        return int(places[int(torch.multinomial(shares * kept, 1))])

    return choose


def chooser(options: dict[str, Any]) -> Choose:
    """The way of choosing that the options ask for: topk, else topp, else greedy, else drawing."""
    if "topk" in options:
        return from_top_k(arguments.size("torch_hf_generate", 5, options["topk"]))
    if "topp" in options:
        return from_top_p(arguments.number("torch_hf_generate", 5, options["topp"]))
    return greedy if "greedy" in options else drawn


def penalised(logits: torch.Tensor, seen: list[int], penalty: float) -> torch.Tensor:
    """Tokens seen lately made less likely."""
    if penalty == 1 or not seen:
        return logits
    ids = torch.tensor(sorted(set(seen[-PENALTY_WINDOW:])), device=logits.device)
    found = logits[ids]
    return logits.index_copy(0, ids, torch.where(found > 0, found / penalty, found * penalty))


def tokens(
    model: Loaded, prompt: list[int], ends: frozenset[int], most: int, choose: Choose
) -> Iterator[int]:
    """New tokens, the end token included."""
    context = Context(True, int(model.settings["max_cache_len"]))
    temperature, penalty = model.settings["temperature"], model.settings["repetition_penalty"]
    seen, fresh = list(prompt), list(prompt)
    for _ in range(most):
        with torch.no_grad():
            ids = torch.tensor([fresh], dtype=torch.int64)
            logits = model.forward(ids, context)[0, -1].float()
            token = choose(penalised(logits, seen, penalty) / temperature)
        yield token
        if token in ends:
            return
        seen.append(token)
        fresh = [token]


@torch_function("torch_hf_generate", prefix="Error in torch_hf_generate: ")
def hf_generate(
    path: str, initial_tokens: Any, eos_id: Any, max_length: Any, options: Any = None
) -> Integers:
    """Up to `max_length` new tokens after a list of ids; stops after an end token, which is included.

    `eos_id` is an integer or a list. Options: topk n, else topp p, else greedy, else a draw from all tokens;
    callback a function of (token) or (token data), data any value. Temperature and repetition penalty are
    those of the model's configuration.

    Example: (maybe (torch_hf_generate "none" '(1) 2 5) "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Error: the input sequence should at least constains beos_id`
    Source: torch API 16.5
    """
    model = model_named(path)
    prompt, ends = (
        _ids(initial_tokens),
        frozenset(_ids(List([eos_id]) if isinstance(eos_id, int) else eos_id)),
    )
    if not prompt:
        raise LispeError(NO_PROMPT)
    most = arguments.integer(max_length, "Error: torch_hf_generate: max_length must be an integer")
    given = arguments.settings(options, ("topk", "topp", "greedy", "callback", "data"))
    tell = callable_of(given["callback"]) if given.get("callback") is not None else None
    extra = [given["data"]] if "data" in given else []
    made: list[int] = []
    if prompt[-1] in ends:
        return Integers(made)
    for token in tokens(model, prompt, ends, most, chooser(given)):
        made.append(token)
        if tell is not None:
            tell(token, *extra)
    return Integers(made)


def _ids(value: Any) -> list[int]:
    wrong = "Error: torch_hf_generate: tokens must be a list of integers"
    if isinstance(value, torch.Tensor):
        value = List(value.flatten().tolist())
    if isinstance(value, Dictionary) or not isinstance(value, List | TypedList):
        raise LispeError(wrong)
    return [arguments.integer(item, wrong) for item in value]
