"""TorchScript modules from files: run them, look into them, write into them, adapt them with LoRA.

A file is only read when asked for; nothing in it runs but TorchScript. Written by us around PyTorch's own
loader.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text
from lispe_kernel.language.python.border import to_lispe
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.typed.lists import Integers
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors.devices import device_of, has_mps

NO_MODEL = "Error: First argument must be a TorchJIT model"
NO_JIT = "First argument must be a JIT model"
NO_JIT_ALONE = "Argument must be a JIT model"
NOT_LOADED = "Model not loaded"
METHODS = ("forward", "__call__", "predict", "generate", "inference", "run")
MEGABYTE = 1024 * 1024


class JitModel:
    """A loaded TorchScript module with its device and its LoRA layers; nothing once unloaded."""

    def __init__(self, module: Any, device: torch.device) -> None:
        self.module, self.device = module, device
        self.adapters: list[tuple[str, Any]] = []

    def loaded(self) -> Any:
        if self.module is None:
            raise LispeError(NOT_LOADED)
        return self.module

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Parameters, then buffers, by name."""
        yield from self.loaded().named_parameters()
        yield from self.loaded().named_buffers()


def _text(model: JitModel) -> str:
    if model.module is None:
        return "<TorchJITModel: Not loaded>"
    facts = _facts(model)
    lines = [
        "=== TorchScript Model Info ===",
        f"Device: {facts['device']}",
        f"Parameter count: {facts['parameter_count']}",
        f"Memory usage: {facts['memory_mb']} MB",
        "",
        "Buffers:",
        *(f"  {name}: {list(buffer.shape)}" for name, buffer in model.module.named_buffers()),
    ]
    return "\n".join(lines)


register_kind(JitModel, "jit_model_", lambda model, _show: _text(model))


def _facts(model: JitModel) -> dict[str, Any]:
    held = sum(tensor.numel() * tensor.element_size() for _, tensor in model.tensors())
    return {
        "loaded": TRUE,
        "device": str(model.device),
        "parameter_count": sum(p.numel() for p in model.loaded().parameters()),
        "memory_mb": held // MEGABYTE,
    }


def _model(value: Any, text: str = NO_MODEL) -> JitModel:
    if isinstance(value, JitModel):
        return value
    raise arguments.instead(text, value)


def _device(name: Any) -> torch.device:
    """The device; a bad name is only warned about, as in the original."""
    try:
        return device_of("cpu" if name is None else name)
    except LispeError:
        print(f"Warning: Invalid device {to_text(name)}, using CPU", file=sys.stderr)
        return torch.device("cpu")


@torch_function("torch_jit_load")
def jit_load(model_path: str, device: Any = "cpu") -> JitModel:
    """The TorchScript module in a file, in evaluation mode. An unknown device is warned about on stderr.

    Example: (maybe (torch_jit_load "none.pt") "no such file") => no such file
    Errors: `Error: Failed to load TorchScript model from PATH`
    Source: torch API 15
    """
    path = arguments.path("torch_jit_load", 1, model_path)
    failed = f"Error: Failed to load TorchScript model from {path}"
    if not Path(path).is_file():
        raise LispeError(f"{failed} (no such file)")
    where = _device(device)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            module = torch.jit.load(path, map_location=where)
    except (RuntimeError, ValueError, OSError) as error:
        raise LispeError(f"{failed} (not a TorchScript file)") from error
    return JitModel(module.eval(), where)


@torch_function("torch_jit_unload")
def jit_unload(model: Any) -> Atom:
    """Let the module go; later uses give `Model not loaded`. True.

    Example: (maybe (torch_jit_unload 3) "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`
    Source: torch API 15
    """
    _model(model).module = None
    return TRUE


def _move(model: Any, device: torch.device) -> Atom:
    held = _model(model)
    held.module, held.device = held.loaded().to(device), device
    return TRUE


@torch_function("torch_jit_model_to_device")
def model_to_device(model: Any, device: Any = "cpu") -> Atom:
    """Move the module to a device; true.

    Example: (maybe (torch_jit_model_to_device 3) "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`, `Error: unknown device:NAME`
    Source: torch API 15
    """
    _model(model)
    return _move(model, device_of("cpu" if device is None else device))


@torch_function("torch_jit_model_to_mps")
def model_to_mps(model: Any) -> Atom:
    """Move the module to Apple's GPU; true.

    Example: (maybe (torch_jit_model_to_mps 3) "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`, `Error: unknown device:mps`
    Source: torch API 15
    """
    return model_to_device(model, "mps")


@torch_function("torch_jit_model_to_best_device")
def model_to_best_device(model: Any) -> Atom:
    """Move the module to cuda, else mps, else cpu; true.

    Example: (maybe (torch_jit_model_to_best_device 3) "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`
    Source: torch API 15
    """
    best = "cuda" if torch.cuda.is_available() else "mps" if has_mps() else "cpu"
    return model_to_device(model, best)


@torch_function("torch_jit_model_forward", prefix="Error in torch_jit_model_forward: ")
def model_forward(model: Any, tensor: Any) -> Any:
    """The module's answer: its method forward, else predict, generate, inference or run.

    A module that answers several tensors gives a list of them.

    Example: (maybe (torch_jit_model_forward 3 4) "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`, `Error: Second argument must be a tensor`
    Source: torch API 15
    """
    held = _model(model)
    return _run(held, arguments.tensor(tensor, arguments.SECOND))


def _run(model: JitModel, data: torch.Tensor) -> Any:
    module = model.loaded()
    method = next((name for name in METHODS if module._c._has_method(name)), "forward")
    answer = getattr(module, method)(data.to(model.device))
    return to_lispe(answer)


@torch_function("torch_jit_model_info")
def model_info(model: Any) -> Dictionary:
    """A dictionary: loaded, device, parameter_count (numbers) and memory_mb (parameters and buffers).

    Example: (maybe (torch_jit_model_info 3) "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`, `Model not loaded`
    Source: torch API 15
    """
    return Dictionary(_facts(_model(model)))


@torch_function("torch_jit_model_list_methods")
def list_methods(model: Any) -> Strings:
    """The names of the module's methods.

    Example: (maybe (torch_jit_model_list_methods 3) "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`
    Source: torch API 15
    """
    return Strings(_model(model).loaded()._c._method_names())


@torch_function("torch_jit_model_list_parameter_names")
def list_parameter_names(model: Any) -> Strings:
    """The dotted names of the module's parameters.

    Example: (maybe (torch_jit_model_list_parameter_names 3) "no model") => no model
    Errors: `Argument must be a JIT model`
    Source: torch API 15
    """
    return Strings(name for name, _ in _model(model, NO_JIT_ALONE).loaded().named_parameters())


@torch_function("torch_jit_model_list_buffers")
def list_buffers(model: Any) -> Strings:
    """The dotted names of the module's buffers.

    Example: (maybe (torch_jit_model_list_buffers 3) "no model") => no model
    Errors: `Argument must be a JIT model`
    Source: torch API 15
    """
    return Strings(name for name, _ in _model(model, NO_JIT_ALONE).loaded().named_buffers())


@torch_function("torch_jit_model_list_tensor_names")
def list_tensor_names(model: Any) -> Strings:
    """The dotted names of the parameters, then of the buffers.

    Example: (maybe (torch_jit_model_list_tensor_names 3) "no model") => no model
    Errors: `Argument must be a JIT model`
    Source: torch API 15
    """
    return Strings(name for name, _ in _model(model, NO_JIT_ALONE).tensors())


@torch_function("torch_jit_model_get_buffer")
def get_buffer(model: Any, buffername: str) -> torch.Tensor:
    """A buffer by its name, or a tensor that is a plain attribute.

    Example: (maybe (torch_jit_model_get_buffer 3 "pe") "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`, `Buffer not found: N`
    Source: torch API 15
    """
    module = _model(model).loaded()
    found = dict(module.named_buffers()).get(buffername)
    if found is None and isinstance(buffername, str):
        found = getattr(module, buffername, None)
    if not isinstance(found, torch.Tensor):
        raise LispeError(f"Buffer not found: {buffername}")
    return found


@torch_function("torch_jit_model_get_tensor")
def get_tensor(model: Any, tensorname: str) -> torch.Tensor:
    """A parameter by its name; the characters `.`, `/` and `-` may stand for `_`.

    Example: (maybe (torch_jit_model_get_tensor 3 "weight") "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`, `Parameter not found: N`
    Source: torch API 15
    """
    known = dict(_model(model).loaded().named_parameters())
    if isinstance(tensorname, str):
        for name in (tensorname, *(tensorname.replace(mark, "_") for mark in "./-")):
            if name in known:
                return known[name]  # type: ignore[no-any-return]
    raise LispeError(f"Parameter not found: {tensorname}")


@torch_function("torch_jit_model_get_tensor_shape")
def get_tensor_shape(model: Any, tensorname: str) -> Integers:
    """The sizes of a parameter or buffer.

    Example: (maybe (torch_jit_model_get_tensor_shape 3 "weight") "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`, `Parameter not found: N`
    Source: torch API 15
    """
    known = dict(_model(model).tensors())
    if tensorname not in known:
        raise LispeError(f"Parameter not found: {tensorname}")
    return Integers(list(known[tensorname].shape))


@torch_function("torch_jit_model_update_weight")
def update_weight(model: Any, param_name: str, new_weight: Any) -> Atom:
    """Copy a tensor into a parameter; true. A wrong shape is refused and changes nothing.

    Example: (maybe (torch_jit_model_update_weight 3 "weight" nil) "no model") => no model
    Errors: `First argument must be a JIT model`, `Parameter not found for update: N`
    Source: torch API 15
    """
    known = dict(_model(model, NO_JIT).loaded().named_parameters())
    if param_name not in known:
        raise LispeError(f"Parameter not found for update: {param_name}")
    target = known[param_name]
    given = arguments.tensor(new_weight, "Error: Third argument must be a tensor")
    if given.shape != target.shape:
        raise ValueError(
            f"{param_name} has the shape {list(target.shape)}, the new weight {list(given.shape)}"
        )
    with torch.no_grad():
        target.copy_(given)
    return TRUE


@torch_function("torch_jit_model_register_lora_hook")
def register_lora_hook(model: Any, layer_name: str, lora_layer: Any) -> Atom:
    """Let a LoRA layer adapt the parameter of that name in `torch_jit_model_forward_with_lora`; true.

    Example: (maybe (torch_jit_model_register_lora_hook 3 "weight" nil) "no model") => no model
    Errors: `First argument must be a JIT model`, `Parameter not found: N`,
    `Third argument must be a LoRA linear layer`
    Source: torch API 15
    """
    held = _model(model, NO_JIT)
    known = dict(held.loaded().named_parameters())
    if layer_name not in known:
        raise LispeError(f"Parameter not found: {layer_name}")
    if not isinstance(lora_layer, LoraLinear):
        raise arguments.instead("Third argument must be a LoRA linear layer", lora_layer)
    wanted, adapted = list(known[layer_name].shape), list(lora_layer.delta().shape)
    if wanted != adapted:
        raise ValueError(f"{layer_name} has the shape {wanted}, the adapter's change {adapted}")
    held.adapters.append((layer_name, lora_layer))
    return TRUE


@contextmanager
def _adapted(model: JitModel) -> Iterator[None]:
    """The module with every adapter's change added; the very same weights come back afterwards."""
    known = dict(model.loaded().named_parameters())
    before = {name: known[name].detach().clone() for name, _ in model.adapters}
    try:
        with torch.no_grad():
            for name, layer in model.adapters:
                known[name].add_(layer.delta().to(known[name]))
        yield
    finally:
        with torch.no_grad():
            for name, weight in before.items():
                known[name].copy_(weight)


@torch_function("torch_jit_model_forward_with_lora", prefix="Error in torch_jit_model_forward_with_lora: ")
def forward_with_lora(model: Any, input_: Any) -> Any:
    """The module's answer with its LoRA layers added to their weights, which are restored afterwards.

    Example: (maybe (torch_jit_model_forward_with_lora 3 4) "no model") => no model
    Errors: `First argument must be a JIT model`, `Error: Second argument must be a tensor`
    Source: torch API 15
    """
    held = _model(model, NO_JIT)
    data = arguments.tensor(input_, arguments.SECOND)
    # Without gradients: the weights are put back before anybody could go backward through them.
    with _adapted(held), torch.no_grad():
        return _run(held, data)


@torch_function("torch_jit_model_get_intermediate_states")
def get_intermediate_states(model: Any, input_: Any, layer_names: Any = None) -> List:
    """A list (input output); the names are not looked at, as in the original.

    Example: (maybe (torch_jit_model_get_intermediate_states 3 4) "no model") => no model
    Errors: `Error: First argument must be a TorchJIT model`, `Error: Second argument must be a tensor`
    Source: torch API 15
    """
    del layer_names
    data = arguments.tensor(input_, arguments.SECOND)
    return List([data, _run(_model(model), data)])
