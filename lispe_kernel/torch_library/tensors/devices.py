"""Devices: where a tensor lives, and how much memory is in use there.

A tensor or module moves only when one of these functions is called. A device that this machine lacks is
refused with an error that says so.
"""

from __future__ import annotations

import gc
import itertools
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, to_text
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.cycles import refuse_cycle
from lispe_kernel.torch_library.support.guard import torch_function

NO_CUDA = "Error: CUDA not available"
NO_MPS = "Error: MPS not available"
INVALID = "Error: Invalid device ID"


def has_mps() -> bool:
    """Whether this machine has Apple's accelerator."""
    return torch.backends.mps.is_available()


def device_of(name: Any) -> torch.device:
    """The device with this name, if this machine has it; otherwise `Error: unknown device:NAME`."""
    unknown = f"Error: unknown device:{to_text(name)}"
    if not isinstance(name, str):
        raise LispeError(unknown)
    kind, _, index = name.partition(":")
    if name == "cpu" or (name == "mps" and has_mps()):
        return torch.device(name)
    if name == "mps":
        raise LispeError(f"{unknown} (MPS is not available on this machine)")
    if kind == "cuda" and name != "cuda:" and (not index or index.isdecimal()):
        if not torch.cuda.is_available():
            raise LispeError(f"{unknown} (CUDA is not available on this machine)")
        if int(index or 0) < torch.cuda.device_count():
            return torch.device(name)
    raise LispeError(unknown)


def place_of(model: nn.Module) -> torch.device | None:
    """The device of a module's first tensor that has values; None for a module without one."""
    tensors = itertools.chain(model.parameters(), model.buffers())
    return next((tensor.device for tensor in tensors if not tensor.is_meta), None)


def _cuda(index: Any) -> torch.device:
    if not torch.cuda.is_available():
        raise LispeError(NO_CUDA)
    number = arguments.integer(index, INVALID)
    if not 0 <= number < torch.cuda.device_count():
        raise LispeError(INVALID)
    return torch.device("cuda", number)


@torch_function("torch_cuda_is_available", "torch_cuda_available", returns="boolean")
def cuda_is_available() -> Atom | None:
    """Whether an NVIDIA GPU can be used: true or nil.

    Example: (= (torch_cuda_is_available) (torch_cuda_available)) => true
    Source: torch API 17
    """
    return truth(torch.cuda.is_available())


@torch_function("torch_mps_is_available", "torch_mps_available", returns="boolean")
def mps_is_available() -> Atom | None:
    """Whether Apple's GPU can be used: true or nil.

    Example: (= (torch_mps_is_available) (torch_mps_available)) => true
    Source: torch API 17
    """
    return truth(has_mps())


@torch_function("torch_cuda_device_count", returns="number")
def cuda_device_count() -> int:
    """How many NVIDIA GPUs there are; 0 without CUDA.

    Example: (< (torch_cuda_device_count) 0) => nil
    Source: torch API 17
    """
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


@torch_function("torch_cuda_memory_allocated", returns="number")
def cuda_memory_allocated() -> int:
    """Bytes in use on the whole current GPU, by all programs; 0 without CUDA.

    Example: (< (torch_cuda_memory_allocated) 0) => nil
    Source: torch API 17
    """
    if not torch.cuda.is_available():
        return 0
    free, total = torch.cuda.mem_get_info()
    return total - free


@torch_function("torch_cuda_memory_total", returns="number")
def cuda_memory_total() -> int:
    """Bytes of memory of the current GPU; 0 without CUDA.

    Example: (< (torch_cuda_memory_total) 0) => nil
    Source: torch API 17
    """
    return torch.cuda.mem_get_info()[1] if torch.cuda.is_available() else 0


@torch_function("torch_cuda_empty_cache")
def cuda_empty_cache() -> Atom:
    """Give memory that PyTorch holds unused back to the GPU. Always true; without CUDA nothing happens.

    Example: (torch_cuda_empty_cache) => true
    Source: torch API 17
    """
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return TRUE


@torch_function("torch_set_device")
def set_device(device: int) -> Atom:
    """Make GPU number `device` the current one; true.

    Example: (maybe (torch_set_device -1) "no such GPU") => no such GPU
    Errors: `Error: CUDA not available`, `Error: Invalid device ID`
    Source: torch API 17
    """
    if isinstance(device, str):
        raise LispeError(
            f"Error: torch_set_device takes the number of a CUDA GPU, not {describe(device)}; "
            "torch_to_device moves a tensor or a module to a device by its name"
        )
    torch.cuda.set_device(_cuda(device))
    return TRUE


@torch_function("torch_to_cuda", "torch_tensor_to_cuda")
def to_cuda(tensor: Any, device: int | None = None) -> Any:
    """The tensor on a GPU, by default on the current one. A module moves as a whole.

    Example: (maybe (torch_to_cuda nil) "no tensor") => no tensor
    Errors: `Error: First argument must be a tensor`, `Error: CUDA not available`, `Error: Invalid device ID`
    Source: torch API 17
    """
    movable = _movable(tensor)
    if device is None and torch.cuda.is_available():
        device = torch.cuda.current_device()
    return movable.to(_cuda(0 if device is None else device))


@torch_function("torch_to_device", "torch_tensor_to_device")
def to_device(tensor: Any, device: str) -> Any:
    """The tensor on the device `cpu`, `cuda`, `cuda:1` ... or `mps`. A module moves as a whole.

    Example: (tensor_to_list (torch_to_device (tensor_create (floats 1 2)) "cpu")) => (1 2)
    Errors: `Error: First argument must be a tensor`, `Error: unknown device:NAME`
    Source: torch API 17
    """
    return _movable(tensor).to(device_of(device))


@torch_function("torch_to_cpu", "torch_tensor_to_cpu")
def to_cpu(tensor: Any) -> Any:
    """The tensor in the main memory. A module moves as a whole.

    Example: (tensor_to_list (torch_to_cpu (tensor_create (floats 1 2)))) => (1 2)
    Errors: `Error: Argument must be a tensor`
    Source: torch API 17
    """
    return _movable(tensor, arguments.ONE).to("cpu")


@torch_function("torch_to_mps", "torch_tensor_to_mps")
def to_mps(tensor: Any) -> Any:
    """The tensor on Apple's GPU. A module moves as a whole.

    Example: (maybe (torch_to_mps nil) "no tensor") => no tensor
    Errors: `Error: Argument must be a tensor`, `Error: MPS not available`
    Source: torch API 17
    """
    movable = _movable(tensor, arguments.ONE)
    if not has_mps():
        raise LispeError(NO_MPS)
    return movable.to("mps")


def _movable(value: Any, text: str = arguments.FIRST) -> Any:
    if not isinstance(value, nn.Module):
        return arguments.tensor(value, text)
    refuse_cycle(value)
    return value


@torch_function("torch_on_mps", returns="boolean")
def on_mps(tensor: torch.Tensor) -> Atom | None:
    """Whether the tensor lives on Apple's GPU: true or nil.

    Example: (torch_on_mps (tensor_create (floats 1))) => nil
    Errors: `Error: Argument must be a tensor`
    Source: torch API 17
    """
    return truth(arguments.tensor(tensor).device.type == "mps")


@torch_function("torch_get_best_device", returns="text")
def best_device() -> str:
    """The name of the best device here: `mps`, else `cuda`, else `cpu`.

    Example: (= (torch_get_best_device) (torch_get_best_device)) => true
    Source: torch API 17
    """
    if has_mps():
        return "mps"
    return "cuda" if torch.cuda.is_available() else "cpu"


@torch_function("torch_mps_synchronize", returns="boolean")
def mps_synchronize(safemode: Any = None) -> Atom | None:
    """Wait until Apple's GPU has finished: true, or nil where there is none.

    The argument of the original (wait before freeing memory) is accepted and needs nothing here.

    Example: (= (torch_mps_synchronize) (torch_mps_available)) => true
    Source: torch API 17
    """
    del safemode
    if not has_mps():
        return None
    torch.mps.synchronize()
    return TRUE


@torch_function("tensor_in_memory", returns="number")
def in_memory() -> int:
    """How many tensors the program holds, parameters of modules and their gradients included.

    Example: (< (tensor_in_memory) 0) => nil
    Source: torch API 17
    """
    return sum(1 for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor))


@torch_function("torch_device", returns="text")
def device(tensor: torch.Tensor) -> str:
    """The name of the device a tensor lives on.

    Example: (torch_device (tensor_create (floats 1))) => cpu
    Errors: `Error: Argument must be a tensor`
    Source: torch API 20 (named in prose)
    """
    return str(arguments.tensor(tensor).device)
