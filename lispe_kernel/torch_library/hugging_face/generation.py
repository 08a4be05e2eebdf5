"""Generation with a loaded model: transformers' own loop, one prompt or several, its tokens told as they
come.

Temperature, the repetition penalty and the cuts of top-k, top-p, min-p and typical-p are those of
transformers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from lispe_kernel.language.calling import callable_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Integers, TypedList
from lispe_kernel.torch_library.hugging_face import sampling
from lispe_kernel.torch_library.hugging_face.context import limited_cache
from lispe_kernel.torch_library.hugging_face.engine import quietly
from lispe_kernel.torch_library.hugging_face.forward import mask_of
from lispe_kernel.torch_library.hugging_face.models import Loaded, model_named
from lispe_kernel.torch_library.hugging_face.streaming import Stop, Streamer, Text
from lispe_kernel.torch_library.hugging_face.tokenizers import tokenizer_of
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

NAME = "torch_hf_generate"
NO_PROMPT = "Error: the input sequence should at least constains beos_id"
WRONG_PROMPT = "Error: torch_hf_generate: tokens must be a list of integers"


class Prompts(NamedTuple):
    """Ids [B,S], filled up on a side, 1 in the mask where there is a token, and whether one was given
    alone."""

    ids: torch.Tensor
    mask: torch.Tensor
    alone: bool


@torch_function("torch_hf_generate", prefix="Error in torch_hf_generate: ")
def hf_generate(path: str, initial_tokens: Any, eos_id: Any, max_length: Any, options: Any = None) -> Any:
    """Up to `max_length` new tokens after a list of ids; stops after an end token, which is included.

    A tensor [B,S] or a list of lists of ids is a batch: the value is then a list, with the new tokens of
    each prompt (lists of several lengths are padded; for a padded tensor give `mask`). `eos_id` is an
    integer (-1: no end), a list, or nil for the end tokens of the folder.

    Options: topk n, topp p or greedy; temperature, top_k, top_p, min_p, typical_p,
    repetition_penalty, no_repeat_ngram_size, min_new_tokens, num_beams, length_penalty, do_sample; stop, a
    text or texts at which to stop; callback, a function of (token) or (token data), and data; stream true
    writes the text as it comes. What they leave open the settings of the model say, then its
    generation_config.json; where nobody says how to choose, a draw from all tokens.

    Example: (maybe (torch_hf_generate "none" '(1) 2 5) "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Error: the input sequence should at least constains beos_id`; an
    unknown option is told the known ones; one that changes nothing beside another is refused
    Source: torch API 16.5
    """
    model = model_named(path)
    given = sampling.options_of(options, NAME)
    prompts = prompts_of(initial_tokens, given)
    ends = sampling.end_ids(eos_id, NAME)
    wrong = "Error: torch_hf_generate: max_length must be an integer from 0 on"
    most = arguments.integer(max_length, wrong)
    if most < 0:
        raise LispeError(f"{wrong}, not {most}")
    made = generate(model, prompts, ends, most, given)
    found = [Integers(row) for row in made]
    return found[0] if prompts.alone else List(found)


def prompts_of(value: Any, options: dict[str, Any]) -> Prompts:
    """One prompt or a batch of them. Errors: anything but ids, an empty prompt, a mask that does not fit."""
    if isinstance(value, torch.Tensor):
        if value.is_floating_point() or value.dim() not in (1, 2):
            raise LispeError(WRONG_PROMPT)
        alone, ids = value.dim() == 1, value.unsqueeze(0) if value.dim() == 1 else value
        if not ids.numel():
            raise LispeError(NO_PROMPT)
        mask = mask_of(options["mask"][0], ids) if "mask" in options else None
        return Prompts(ids.to(torch.int64), torch.ones_like(ids) if mask is None else mask.long(), alone)
    if "mask" in options:
        raise LispeError(f"Error: {NAME}: a mask goes with a tensor of ids; lists are padded by themselves")
    if not isinstance(value, List | TypedList):
        raise LispeError(WRONG_PROMPT)
    nested = bool(len(value)) and all(isinstance(row, List | TypedList) for row in value)
    rows = [_ids(row) for row in value] if nested else [_ids(value)]
    if not all(rows):
        raise LispeError(NO_PROMPT)
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    return Prompts(ids, mask, not nested)


def _ids(value: Any) -> list[int]:
    return [arguments.integer(item, WRONG_PROMPT) for item in value]


def generate(
    model: Loaded,
    prompts: Prompts,
    ends: list[int] | None,
    most: int,
    options: dict[str, Any],
    function: str = NAME,
) -> list[list[int]]:
    """The new tokens of each prompt, the end token included; none after a prompt that has ended."""
    stops = sampling.folder_ends(model) if ends is None else ends
    never = [token for token in ends or () if token >= model.vocabulary]
    if never:
        raise LispeError(
            f"Error: {function}: the end token {never[0]} is outside the vocabulary of {model.vocabulary}"
        )
    most = min(most, _room(model, prompts.ids.shape[1]))
    prompts = _beside(model, prompts)
    # What an encoder reads ends with an end token as a rule, and says nothing of the answer.
    last = prompts.ids[:, -1].tolist() if not _has_encoder(model) else [None] * len(prompts.ids)
    if most <= 0 or all(token in stops for token in last):
        return [[] for _ in last]
    _refuse_unwritten(model, function)
    config = sampling.generation_settings(model, options, most, ends, function)
    if (config.num_beams or 1) > 1 and model.mixes_rows:
        raise LispeError(f"Error: {function}: {model.name} goes on with one sequence alone, without beams")
    made = [row for part in _together(model, prompts) for row in _run(model, part, config, options, function)]
    return [[] if token in stops else _cut(row, stops) for row, token in zip(made, last, strict=True)]


def _has_encoder(model: Loaded) -> bool:
    return bool(model.module.config.is_encoder_decoder)


def _beside(model: Loaded, prompts: Prompts) -> Prompts:
    """The prompts with their padding where the model has it: on the left of what it goes on writing, on the
    right of what an encoder reads, which counts positions from the left."""
    if bool(prompts.mask.all()):
        return prompts
    if not bool(prompts.mask.any(1).all()):
        raise LispeError(NO_PROMPT)
    order = prompts.mask.sort(dim=1, descending=_has_encoder(model), stable=True).indices
    ids = prompts.ids.gather(1, order.to(prompts.ids.device))
    return Prompts(ids, prompts.mask.gather(1, order), prompts.alone)


def _room(model: Loaded, used: int) -> int:
    """How many positions the settings leave."""
    most = model.settings.get("max_seq_len", 0)
    return most - used if most > 0 else 1 << 31


def _refuse_unwritten(model: Loaded, function: str) -> None:
    if not model.module.can_generate():
        raise LispeError(f"Error: {function}: {model.name} is no model that writes")


def _together(model: Loaded, prompts: Prompts) -> list[Prompts]:
    """The batch; of a model that padding would change, or that mixes rows, each prompt alone."""
    if not model.mixes_rows and (model.pads or bool(prompts.mask.all())):
        return [prompts]
    kept = [
        (row[mask.bool()], mask[mask.bool()]) for row, mask in zip(prompts.ids, prompts.mask, strict=True)
    ]
    return [Prompts(row.unsqueeze(0), mask.unsqueeze(0), False) for row, mask in kept]


def _run(
    model: Loaded, prompts: Prompts, config: Any, options: dict[str, Any], function: str
) -> list[list[int]]:
    streamer = _streamer(model, prompts, config, options, function)
    ids = model.checked(prompts.ids)
    mask = prompts.mask.to(model.device)
    given: dict[str, Any] = {"attention_mask": mask, **model.told_positions(ids, mask)}
    # A decoder of its own begins with a mark that is nobody's token.
    start = 1 if _has_encoder(model) else ids.shape[1]
    limit = model.settings.get("max_cache_len", 0)
    if limit > 0:
        given["past_key_values"] = limited_cache(model.module, limit)
    if "stop" in options:
        decode = tokenizer_of(model).text
        given["stopping_criteria"] = [Stop(decode, options["stop"], start)]
    with quietly(), torch.no_grad():
        made = model.module.generate(
            ids, generation_config=config, streamer=streamer, trust_remote_code=False, **given
        )
    return [row.tolist() for row in made[:, start:]]


def _streamer(
    model: Loaded, prompts: Prompts, config: Any, options: dict[str, Any], function: str
) -> Streamer | None:
    tell: list[Callable[[int], Any]] = []
    finish = None
    callback = options.get("callback", (None,))[0]
    if callback is not None:
        call, extra = callable_of(callback), options.get("data", ())
        tell.append(lambda token: call(token, *extra))
    if options.get("stream"):
        text = Text(tokenizer_of(model).text)
        tell.append(text.tell)
        finish = text.finish
    if not tell:
        return None
    if len(prompts.ids) > 1 or (config.num_beams or 1) > 1:
        raise LispeError(f"Error: {function}: callback and stream follow one prompt, without beams")
    return Streamer(tell, finish)


def _cut(row: list[int], ends: list[int]) -> list[int]:
    """Up to the first end token, which is included: what follows is padding."""
    place = next((place for place, token in enumerate(row) if token in ends), len(row))
    return row[: place + 1]
