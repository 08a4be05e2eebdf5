"""Generation: new tokens from a model that maps ids to logits, one after the other.

The model is really asked for every token; a model whose answer is no logits for ids is refused. What a
random strategy draws comes from torch's generator, so a seed fixes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, register_kind
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.modules.choosing import Settings, changed, chosen
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.tensors.devices import device_of, place_of

GENERATION = "Error in generation: "
NO_GENERATOR = "First argument must be a torch generator"
NO_LOGITS = "the model must map ids [1,n] to logits [1,n,vocabulary] or [1,vocabulary]"


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


def _logits(generator: Generator, ids: torch.Tensor) -> torch.Tensor:
    """The logits after the last id: the model's answer for [1,n], at its last position."""
    answer = generator.model(ids)
    # Models of transformers answer with a record.
    answer = getattr(answer, "logits", answer)
    if not isinstance(answer, torch.Tensor) or answer.dim() not in (2, 3) or answer.shape[0] != 1:
        raise ValueError(NO_LOGITS)
    if answer.dim() == 3 and answer.shape[1] != ids.shape[1]:
        raise ValueError(NO_LOGITS)
    logits = answer.reshape(-1, answer.shape[-1])[-1].float()
    if logits.isnan().any():
        raise ValueError("the model's logits hold NaN")
    return logits


@contextmanager
def _at_rest(model: nn.Module) -> Iterator[None]:
    """The model without dropout and its kin, and afterwards as it was."""
    training = [part for part in model.modules() if part.training]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part in training:
            part.training = True


def generate(generator: Generator, prompt: list[int], settings: Settings) -> list[int]:
    """The prompt and up to `max_length` new ids; an end token stops and is not appended."""

    def ask(ids: list[int]) -> torch.Tensor:
        return _logits(generator, torch.tensor([ids], dtype=torch.int64, device=generator.device))

    with _at_rest(generator.model):
        return chosen(ask, prompt, settings)


def _told(given: dict[str, Any]) -> Dictionary:
    """The settings that are not nil."""
    return Dictionary({name: value for name, value in given.items() if value is not None})


def _generator(value: Any) -> Generator:
    if isinstance(value, Generator):
        return value
    raise arguments.instead(NO_GENERATOR, value)


@torch_function("torch_generator_create", prefix="Error creating generator: ")
def generator_create(model: Any, device: str | None = None) -> Generator:
    """A generator over a model that maps ids [1,n] to logits [1,n,vocabulary]; by default where the model is.

    Example: (type (torch_generator_create (torch_embedding 9 9))) => torch_generator_
    Errors: `Generator requires a torch model`, `Error: unknown device:NAME`
    Source: torch API 13.1
    """
    if not isinstance(model, nn.Module):
        raise LispeError("Generator requires a torch model")
    if device is None:
        return Generator(model, place_of(model) or torch.device("cpu"))
    return Generator(model, device_of(device))


@torch_function("torch_generator_config", "torch_generator_configure")
def generator_config(generator: Any, config: Any) -> str:
    """Change settings by a dictionary: max_length (100), temperature (1.0), top_k (50), top_p (0.9),
    eos_token_id (50256; also a list, or nil for none), pad_token_id (50256; one text has no padding),
    repetition_penalty (1.0), strategy ("greedy", "top_k", "top_p", "beam_search"), num_beams (4), do_sample
    (nil: no strategy draws, the likeliest token is taken).

    Example: (maybe (torch_generator_config 3 "cpu") "no generator") => no generator
    Errors: `First argument must be a torch generator`; an unknown setting is told the known ones, one out of
    range is named
    Source: torch API 13.1
    """
    target = _generator(generator)
    target.settings = changed(target.settings, config, "torch_generator_config")
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
    target.settings = changed(target.settings, _told(given), "torch_set_generation_params")
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


@torch_function("torch_generate", "torch_generator_generate", prefix=GENERATION)
def torch_generate(generator: Any, input_ids: Any, strategy: str | None = None) -> torch.Tensor:
    """The prompt followed by up to max_length new ids: int64 [1, n+m]. nil keeps the set strategy.

    An end token (eos_token_id) stops and is not appended. Temperature divides the logits for top_k and
    top_p; the repetition penalty weakens the tokens of the text so far. What is drawn, and what beam_search
    finds, is what transformers' `generate` gives for the same model, settings and seed. The model is asked
    without dropout.

    Example: (maybe (torch_generate nil '(1)) "no generator") => no generator
    Errors: `First argument must be a torch generator`; a model that gives no logits, an unknown strategy
    Source: torch API 13.1
    """
    return _generated("torch_generate", generator, input_ids, strategy=strategy)


def _generated(function: str, generator: Any, input_ids: Any, **given: Any) -> torch.Tensor:
    """The prompt and new ids, under the generator's settings but for those given; nil keeps the set one."""
    target = _generator(generator)
    prompt = conversions.as_tensor(List([input_ids]) if isinstance(input_ids, int) else input_ids)
    if prompt.numel() == 0 or prompt.is_floating_point() or (prompt.dim() > 1 and prompt.shape[0] != 1):
        raise ValueError("the input must be integer ids [n] or [1,n] with at least one id")
    settings = changed(target.settings, _told(given), function)
    ids = generate(target, prompt.flatten().tolist(), settings)
    return torch.tensor([ids], dtype=torch.int64, device=prompt.device)


@torch_function("torch_generator_greedy", prefix=GENERATION)
def generator_greedy(generator: Any, input_ids: Any, max_length: Any = None) -> torch.Tensor:
    """As `torch_generate` with the likeliest token each time. Nil keeps the set length.

    Example: (maybe (torch_generator_greedy nil '(1) 20) "no generator") => no generator
    Errors: as `torch_generate`; a setting out of range is named
    Source: torch API 20 (named in prose)
    """
    name = "torch_generator_greedy"
    return _generated(name, generator, input_ids, strategy="greedy", max_length=max_length)


@torch_function("torch_generator_top_k", prefix=GENERATION)
def generator_top_k(
    generator: Any, input_ids: Any, max_length: Any = None, k: Any = None, temperature: Any = None
) -> torch.Tensor:
    """As `torch_generate` with tokens drawn from the k likeliest. A nil argument keeps what is set.

    Example: (maybe (torch_generator_top_k nil '(1) 20 5 0.8) "no generator") => no generator
    Errors: as `torch_generate`; a setting out of range is named
    Source: torch API 20 (named in prose)
    """
    given = {"strategy": "top_k", "max_length": max_length, "top_k": k, "temperature": temperature}
    return _generated("torch_generator_top_k", generator, input_ids, **given)


@torch_function("torch_generator_top_p", prefix=GENERATION)
def generator_top_p(
    generator: Any, input_ids: Any, max_length: Any = None, p: Any = None, temperature: Any = None
) -> torch.Tensor:
    """As `torch_generate` with tokens drawn from the fewest likely ones whose probabilities reach p. A nil
    argument keeps what is set.

    Example: (maybe (torch_generator_top_p nil '(1) 20 0.9 1.0) "no generator") => no generator
    Errors: as `torch_generate`; a setting out of range is named
    Source: torch API 20 (named in prose)
    """
    given = {"strategy": "top_p", "max_length": max_length, "top_p": p, "temperature": temperature}
    return _generated("torch_generator_top_p", generator, input_ids, **given)


@torch_function("torch_generator_beam_search", prefix=GENERATION)
def generator_beam_search(
    generator: Any, input_ids: Any, max_length: Any = None, num_beams: Any = None
) -> torch.Tensor:
    """As `torch_generate` with the best text that several at a time lead to. A nil argument keeps what is
    set.

    Example: (maybe (torch_generator_beam_search nil '(1) 20 4) "no generator") => no generator
    Errors: as `torch_generate`; a setting out of range is named
    Source: torch API 20 (named in prose)
    """
    given = {"strategy": "beam_search", "max_length": max_length, "num_beams": num_beams}
    return _generated("torch_generator_beam_search", generator, input_ids, **given)
