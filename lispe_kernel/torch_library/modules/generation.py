"""Generation: new tokens from a model that maps ids to logits, one after the other.

The model is really asked for every token; a model whose answer is no logits for ids is refused. What a
random strategy draws comes from torch's generator, so a seed fixes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, register_kind
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.tensors.devices import device_of

NO_GENERATOR = "First argument must be a torch generator"
NO_LOGITS = "the model must map ids [1,n] to logits [1,n,vocabulary] or [1,vocabulary]"
# The repetition penalty looks at so many tokens back.
PENALTY_WINDOW = 10


@dataclass(frozen=True)
class Settings:
    """How a generator chooses; the defaults of the original."""

    max_length: int = 100
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 0.9
    eos_token_id: int = 50256
    pad_token_id: int = 50256
    repetition_penalty: float = 1.0
    strategy: str = "greedy"
    do_sample: Any = True


SETTING_NAMES = tuple(field.name for field in fields(Settings))


class Generator:
    """A model, the device it runs on, and the settings."""

    def __init__(self, model: nn.Module, device: torch.device) -> None:
        self.model, self.device, self.settings = model.to(device), device, Settings()


def _text(generator: Generator) -> str:
    s = generator.settings
    return (
        f"TorchGenerator(max_length={s.max_length}, temperature={number_text(s.temperature)}, "
        f"strategy={s.strategy})"
    )


register_kind(Generator, "torch_generator_", lambda generator, _show: _text(generator))


def greedy(logits: torch.Tensor, _settings: Settings) -> int:
    """The most likely token."""
    return int(logits.argmax())


def top_k(logits: torch.Tensor, settings: Settings) -> int:
    """A token drawn from the k most likely ones."""
    kept, places = torch.topk(logits / settings.temperature, min(settings.top_k, logits.numel()))
    return int(places[_draw(torch.softmax(kept, 0))])


def top_p(logits: torch.Tensor, settings: Settings) -> int:
    """A token drawn from the most likely ones whose probabilities add up to at most p, at least one."""
    shares, places = torch.softmax(logits / settings.temperature, 0).sort(descending=True)
    kept = shares.cumsum(0) <= settings.top_p
    kept[0] = True
    return int(places[_draw(shares * kept)])


def _draw(shares: torch.Tensor) -> int:
    return int(torch.multinomial(shares, 1))


# Beam search is greedy in the original, and so is any other name.
STRATEGIES: dict[str, Callable[[torch.Tensor, Settings], int]] = {
    "greedy": greedy,
    "top_k": top_k,
    "top_p": top_p,
    "beam_search": greedy,
}


def _logits(generator: Generator, ids: torch.Tensor) -> torch.Tensor:
    """The logits after the last id: the model's answer for [1,n], at its last position."""
    answer = generator.model(ids)
    # Models of transformers answer with a record.
    answer = getattr(answer, "logits", answer)
    if not isinstance(answer, torch.Tensor) or answer.dim() not in (2, 3) or answer.shape[0] != 1:
        raise ValueError(NO_LOGITS)
    if answer.dim() == 3 and answer.shape[1] != ids.shape[1]:
        raise ValueError(NO_LOGITS)
    return answer.reshape(-1, answer.shape[-1])[-1].float()


def _penalised(logits: torch.Tensor, ids: list[int], penalty: float) -> torch.Tensor:
    if penalty == 1.0:
        return logits
    logits = logits.clone()
    for token in set(ids[-PENALTY_WINDOW:]):
        if 0 <= token < logits.numel():
            logits[token] /= penalty
    return logits


def generate(generator: Generator, prompt: list[int], settings: Settings) -> list[int]:
    """The prompt and up to `max_length` new ids; an end token stops and is not appended."""
    choose = STRATEGIES.get(settings.strategy, greedy)
    ids = list(prompt)
    with torch.no_grad():
        for _ in range(settings.max_length):
            given = torch.tensor([ids], dtype=torch.int64, device=generator.device)
            logits = _penalised(_logits(generator, given), ids, settings.repetition_penalty)
            token = choose(logits, settings)
            if token == settings.eos_token_id:
                break
            ids.append(token)
    return ids


def checked(settings: Settings) -> Settings:
    """The settings, if each makes sense."""
    for name, sound, wanted in (
        (
            "max_length",
            arguments.whole(settings.max_length) is not None and settings.max_length >= 0,
            "0 or more",
        ),
        ("temperature", _positive(settings.temperature), "a number above 0"),
        ("top_k", arguments.whole(settings.top_k) is not None and settings.top_k >= 1, "1 or more"),
        ("top_p", _positive(settings.top_p), "a number above 0"),
        ("repetition_penalty", _positive(settings.repetition_penalty), "a number above 0"),
        ("strategy", isinstance(settings.strategy, str), "a string"),
    ):
        if not sound:
            raise LispeError(f"Error: generation setting {name} must be {wanted}")
    return replace(settings, max_length=int(settings.max_length), top_k=int(settings.top_k))


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and value > 0


def _generator(value: Any) -> Generator:
    if isinstance(value, Generator):
        return value
    raise LispeError(NO_GENERATOR)


@torch_function("torch_generator_create", prefix="Error creating generator: ")
def generator_create(model: Any, device: str | None = None) -> Generator:
    """A generator over a model that maps ids [1,n] to logits [1,n,vocabulary].

    Example: (type (torch_generator_create (torch_embedding 9 9))) => torch_generator_
    Errors: `Generator requires a torch model`, `Error: unknown device:NAME`
    Source: torch API 13.1
    """
    if not isinstance(model, nn.Module):
        raise LispeError("Generator requires a torch model")
    return Generator(model, device_of("cpu" if device is None else device))


@torch_function("torch_generator_config", "torch_generator_configure")
def generator_config(generator: Any, config: Any) -> str:
    """Change settings by a dictionary: max_length, temperature, top_k, top_p, eos_token_id, pad_token_id,
    repetition_penalty, strategy ("greedy", "top_k", "top_p", "beam_search"), do_sample.

    Example: (maybe (torch_generator_config 3 "cpu") "no generator") => no generator
    Errors: `First argument must be a torch generator`; a setting out of range is named
    Source: torch API 13.1
    """
    target = _generator(generator)
    target.settings = checked(replace(target.settings, **arguments.settings(config, SETTING_NAMES)))
    return "Generator configured successfully"


@torch_function("torch_set_generation_params")
def set_generation_params(
    generator: Any, max_length: Any = None, temperature: Any = None, top_k: Any = None, top_p: Any = None
) -> str:
    """Change the four main settings; nil keeps a value.

    Example: (maybe (torch_set_generation_params 3 "cpu") "no generator") => no generator
    Errors: `First argument must be a torch generator`; a setting out of range is named
    Source: torch API 13.1
    """
    target = _generator(generator)
    given = {"max_length": max_length, "temperature": temperature, "top_k": top_k, "top_p": top_p}
    known = {name: value for name, value in given.items() if value is not None}
    target.settings = checked(replace(target.settings, **known))
    return "Generation parameters updated"


@torch_function("torch_generator_set_device", prefix="Error in torch_generator_set_device: ")
def generator_set_device(generator: Any, device: str) -> str:
    """Move a generator's model to another device.

    Example: (maybe (torch_generator_set_device 3 "cpu") "no generator") => no generator
    Errors: `First argument must be a torch generator`, `Error: unknown device:NAME`
    Source: torch API 20 (named in prose)
    """
    target = _generator(generator)
    where = device_of(device)
    target.model, target.device = target.model.to(where), where
    return "Generator device updated"


@torch_function("torch_generate", "torch_generator_generate", prefix="Error in generation: ")
def torch_generate(generator: Any, input_ids: Any, strategy: str | None = None) -> torch.Tensor:
    """The prompt followed by up to max_length new ids: int64 [1, n+m]. nil keeps the set strategy.

    An end token (eos_token_id) stops and is not appended. Temperature divides the logits for top_k and
    top_p; the repetition penalty divides the logits of the last 10 tokens.

    Example: (maybe (torch_generate nil '(1)) "no generator") => no generator
    Errors: `First argument must be a torch generator`; a model that gives no logits is refused
    Source: torch API 13.1
    """
    target = _generator(generator)
    prompt = conversions.as_tensor(List([input_ids]) if isinstance(input_ids, int) else input_ids)
    if prompt.numel() == 0 or prompt.is_floating_point() or (prompt.dim() > 1 and prompt.shape[0] != 1):
        raise ValueError("the input must be integer ids [n] or [1,n] with at least one id")
    settings = target.settings if strategy is None else checked(replace(target.settings, strategy=strategy))
    ids = generate(target, prompt.flatten().tolist(), settings)
    return torch.tensor([ids], dtype=torch.int64)


def _by_strategy(strategy: str) -> None:
    def run(generator: Any, input_ids: Any) -> torch.Tensor:
        return torch_generate(generator, input_ids, strategy)

    run.__doc__ = f"""As `torch_generate` with the strategy {strategy}.

    Example: (maybe (torch_generator_{strategy} nil '(1)) "no generator") => no generator
    Errors: as `torch_generate`
    Source: torch API 20 (named in prose)
    """
    torch_function(f"torch_generator_{strategy}")(run)


for _strategy in STRATEGIES:
    _by_strategy(_strategy)
