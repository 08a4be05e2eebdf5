"""`(graph model input)`: a run watched, on an input chosen here if none is given; of a file its layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.torch_library.hugging_face.models import model_named, models
from lispe_kernel.torch_library.hugging_face.tokenizers import tokenizer_of
from lispe_kernel.torch_library.inside import outline
from lispe_kernel.torch_library.inside.graph import Graph
from lispe_kernel.torch_library.inside.graphing import graph_of
from lispe_kernel.torch_library.inside.running import Given, given, model_of
from lispe_kernel.torch_library.inside.values import kinds_of, shapes_text
from lispe_kernel.torch_library.state.state_dicts import StateDict
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.tensors.devices import place_of

_LENGTH = 8  # places of an input that is chosen here
_SIDES = (32, 224, 28)  # of pictures, in the order in which they are tried
_CHOSEN = "run on {}, chosen here; (graph model input) takes another one"
_NONE = "Error: graph: no input that fits this model could be chosen; (graph model input) takes one"


def graph(model: Any, input_: Any) -> Graph:
    """The graph of a model, of a loaded folder, of a state dict or of a file of tensors."""
    state = model if isinstance(model, StateDict) else getattr(model, "model", None)
    if isinstance(state, StateDict) or (isinstance(model, str) and model not in models()):
        if input_ is not None:
            raise LispeError("Error: graph: tensors alone do not run; an input needs a model")
        return (
            outline.of_state(state)
            if state is not None
            else outline.of_file(arguments.path("graph", 1, model))
        )
    module = _module(model)
    if isinstance(model, str) and isinstance(input_, str):
        input_ = torch.tensor([tokenizer_of(model_named(model)).encode(input_)], device=place_of(module))
    if input_ is not None:
        return graph_of(module, given("graph", module, input_))
    where = place_of(module)
    for several, named in _inputs(module):
        chosen = tuple(_at(t, where) for t in several), {key: _at(t, where) for key, t in named.items()}
        note = _CHOSEN.format(shapes_text(kinds_of([*chosen[0], *chosen[1].values()])))
        try:
            return graph_of(module, chosen, note)
        except LispeError:
            continue
    raise LispeError(_NONE)


def _at(value: Any, where: torch.device | None) -> Any:
    return value.to(where) if isinstance(value, torch.Tensor) else value


def _module(model: Any) -> nn.Module:
    if not isinstance(model, str | nn.Module):
        expected = "a module, a state dict, or the path of a file of tensors or of a loaded model"
        raise wrong_argument("graph", 1, expected, model)
    return model_of(model)


def _inputs(model: nn.Module) -> Iterator[Given]:
    """Inputs that may fit, by what the model says itself or by the layer that would take them."""
    own = getattr(model, "dummy_inputs", None)
    if isinstance(own, Mapping) and hasattr(model, "config"):
        pictures = _pictures(model.config)
        if pictures is not None and getattr(model, "main_input_name", "") == "pixel_values":
            yield (), {"pixel_values": pictures}
        yield (), dict(own)
        yield (), {**own, **({"pixel_values": pictures} if pictures is not None else {})}
        return
    needed = _needed(model)
    for tensor in _tensors(model):
        yield (tensor,) * needed, {}


def _pictures(config: Any) -> torch.Tensor | None:
    config = getattr(config, "vision_config", config)
    channels, size = getattr(config, "num_channels", None), getattr(config, "image_size", 224)
    sides = list(size) if isinstance(size, list | tuple) else [size, size]
    return torch.ones(1, channels, *sides) if isinstance(channels, int) else None


def _needed(model: nn.Module) -> int:
    """How many arguments the model must be given."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return max(1, sum(1 for p in parameters if p.kind in kinds and p.default is inspect.Parameter.empty))


def _tensors(model: nn.Module) -> Iterator[torch.Tensor]:
    """What the first layers that tell their sizes would take; the first layer of all first."""
    for layer in [m for m in model.modules() if not any(True for _ in m.children()) or _width(m)][:4]:
        if isinstance(layer, nn.Embedding):
            yield torch.zeros(1, min(_LENGTH, layer.num_embeddings), dtype=torch.long)
        channels, kernel = getattr(layer, "in_channels", None), getattr(layer, "kernel_size", ())
        if isinstance(channels, int) and isinstance(kernel, tuple):
            for side in _SIDES:
                yield torch.ones(1, channels, *[side] * len(kernel))
        width = _width(layer)
        if width:
            yield torch.ones(1, _LENGTH, width)
            yield torch.ones(1, width)


def _width(layer: nn.Module) -> int:
    """The length of the last axis that a layer takes, where it tells."""
    for name in ("in_features", "input_size", "embed_dim", "d_model"):
        width = getattr(layer, name, None)
        if isinstance(width, int) and not isinstance(width, bool):
            return width
    shape = getattr(layer, "normalized_shape", None)
    return int(shape[-1]) if isinstance(shape, tuple) and shape else 0
