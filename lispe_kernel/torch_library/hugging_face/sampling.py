"""How a call of a model chooses its tokens: options of LispE as transformers' generation settings.

Options of the call come before settings the model was loaded with, these before the folder's
`generation_config.json`. Where nothing says how to choose, a token is drawn from all of them, as in the
original.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.hugging_face.models import Loaded
from lispe_kernel.torch_library.hugging_face.settings import SAMPLING
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.rules import COUNT, ONE_OR_MORE, SHARE, TRUTH, Rule, checked


def _texts(value: Any) -> list[str] | None:
    if isinstance(value, str):
        return [value] if value else None
    sound = isinstance(value, list) and value and all(isinstance(item, str) and item for item in value)
    return [str(item) for item in value] if sound else None


def _any(value: Any) -> tuple[Any]:
    """A value of any kind, nil too, in a shell."""
    return (value,)


# Handed to transformers under the same name.
PASSED: dict[str, Rule] = {
    **SAMPLING,
    "do_sample": TRUTH,
    "num_beams": ONE_OR_MORE,
    "length_penalty": Rule(lambda v: float(v) if isinstance(v, int | float) else None, "a number"),
    "no_repeat_ngram_size": COUNT,
    "min_new_tokens": COUNT,
}
OPTIONS: dict[str, Rule] = {
    "topk": ONE_OR_MORE,
    "topp": SHARE,
    "greedy": Rule(_any, "any value"),
    "callback": Rule(_any, "a function"),
    "data": Rule(_any, "any value"),
    "stream": TRUTH,
    "stop": Rule(_texts, "a text or a list of texts"),
    "mask": Rule(_any, "a mask of the ids"),
    **PASSED,
}
# With one of these a token is drawn.
DRAWING = ("temperature", "top_k", "top_p", "min_p", "typical_p")
# Ways to choose, of which a call has one, with the options that each of them decides.
WAYS = {
    "topk": ("topp", "greedy", "top_k", "top_p", "do_sample"),
    "topp": ("greedy", "top_k", "top_p", "do_sample"),
    "greedy": (*DRAWING, "do_sample"),
}
# What a generation_config.json may not ask for: ways of generating that need code from the network, or more
# answers than one.
FOREIGN = (
    "penalty_alpha",
    "dola_layers",
    "constraints",
    "force_words_ids",
    "assistant_model",
    "custom_generate",
)


def options_of(given: Any, function: str, rules: dict[str, Rule] = OPTIONS) -> dict[str, Any]:
    """The options of a call, checked. Errors: an unknown key is told the known ones."""
    return checked(given, rules, f"Error: {function}: ", "the options")


def generation_settings(
    model: Loaded, options: dict[str, Any], most: int, ends: list[int] | None, function: str
) -> Any:
    """transformers' settings for a call: how to choose, when to stop. `ends` None: as the folder says."""
    # transformers copies it deeply itself.
    config = copy.copy(model.module.generation_config)
    _refuse_foreign(config, model, function)
    _refuse_idle(options, function, beams=options.get("num_beams", config.num_beams or 1) > 1)
    given = {name: value for name, value in model.settings.items() if name in SAMPLING}
    given |= {name: value for name, value in options.items() if name in PASSED}
    given |= _choice(options, given, _says_how(model))
    for name, value in {"top_k": 0, "top_p": 1.0, "temperature": 1.0}.items():
        # transformers would draw from the likeliest fifty where nothing is said.
        if name not in given and getattr(config, name, None) is None:
            given[name] = value
    for name, value in given.items():
        setattr(config, name, value)
    config.max_new_tokens, config.max_length, config.num_return_sequences = most, None, 1
    config.min_length = 0 if config.min_length is None else config.min_length
    if ends is not None:
        # No id is below 0: such an end never comes.
        config.eos_token_id = ends or [-1]
    if config.pad_token_id is None:
        config.pad_token_id = 0
    if not model.settings.get("use_kv_cache", True):
        config.use_cache = False
    return config


def _refuse_idle(options: dict[str, Any], function: str, *, beams: bool) -> None:
    """An option that another one makes meaningless. Errors: both are named."""
    for way in options.keys() & WAYS:
        idle = next((name for name in WAYS[way] if name in options), None)
        if idle is not None:
            raise LispeError(f"Error: {function}: {idle} changes nothing beside {way}; give one of them")
    drawing = options.get("do_sample", not beams or not options.keys().isdisjoint(WAYS))
    for name, needed, there in (
        *((name, "do_sample true: no token is drawn", drawing) for name in DRAWING),
        ("length_penalty", "num_beams", beams),
        ("data", "a callback", "callback" in options),
    ):
        if name in options and not there:
            raise LispeError(f"Error: {function}: {name} changes nothing without {needed}")


def _choice(options: dict[str, Any], given: dict[str, Any], folder: bool | None) -> dict[str, Any]:
    """Whether a token is drawn, and from how many: topk, else topp, else greedy, else what was said
    otherwise."""
    if "topk" in options:
        return {"do_sample": True, "top_k": options["topk"], "top_p": 1.0}
    if "topp" in options:
        return {"do_sample": True, "top_k": 0, "top_p": options["topp"]}
    if "greedy" in options:
        return {"do_sample": False}
    if "do_sample" in given:
        return {}
    if given.get("num_beams", 1) > 1:
        return {"do_sample": False}
    if any(name in given for name in DRAWING):
        return {"do_sample": True}
    return {"do_sample": True if folder is None else folder}


def _says_how(model: Loaded) -> bool | None:
    """What the folder's generation_config.json says of drawing."""
    try:
        found = json.loads(Path(model.folder, "generation_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found.get("do_sample") if isinstance(found, dict) else None


def _refuse_foreign(config: Any, model: Loaded, function: str) -> None:
    for name in FOREIGN:
        if getattr(config, name, None):
            where = Path(model.folder, "generation_config.json")
            raise LispeError(f"Error: {function}: {where}: {name} is not supported")


def end_ids(value: Any, function: str) -> list[int] | None:
    """End tokens: an integer, a list of integers, or nil for those of the folder."""
    if value is None:
        return None
    wrong = f"Error: {function}: the end tokens must be an integer, a list of integers or nil"
    if isinstance(value, List | TypedList):
        found = [arguments.integer(item, wrong) for item in value]
    else:
        whole = arguments.whole(value)
        if whole is None:
            raise LispeError(f"{wrong}, not {describe(value)}")
        found = [whole]
    return [number for number in found if number >= 0]


def folder_ends(model: Loaded) -> list[int]:
    """The end tokens that the folder names."""
    found = model.module.generation_config.eos_token_id
    return list(found) if isinstance(found, list) else [] if found is None else [int(found)]
