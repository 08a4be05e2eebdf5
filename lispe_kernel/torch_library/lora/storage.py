"""Storage arithmetic: how many bytes parameters and adapters need, for a model or for plain numbers.

Answers the guide's figures (7B parameters are 28 GB in float32, 8M adapter parameters 32 MB). Reads no files.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, wrong_argument
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.files.compaction import unique_bytes
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.lora.files import adapter_tensors
from lispe_kernel.torch_library.state.modules import lora_layers, modules_of, saved_state
from lispe_kernel.torch_library.state.names import joined
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.dtypes import DTYPES, dtype_name
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.sizes import amount


class StorageReport(Dictionary):
    """The figures by name; prints as sentences."""

    __slots__ = ()

    @property
    def lines(self) -> list[str]:
        """The report as people read it."""
        kind = f" in {self['dtype']}" if self["dtype"] else ""
        held = f" and {self['buffers']:,} numbers in buffers" if self["buffers"] else ""
        lines = [f"model: {self['parameters']:,} parameters{held}, {amount(self['bytes'])}{kind}"]
        if self["adapter_parameters"]:
            count, size = self["adapter_parameters"], amount(self["adapter_bytes"])
            lines.append(f"adapters: {count:,} parameters, {size} ({self['adapter_share']:.2%} of the model)")
            if self["adapter_share"] < 1:
                lines.append(f"saved per task: {1 - self['adapter_share']:.2%}")
        return lines


register_kind(StorageReport, "dictionary_", lambda report, _show: "\n".join(report.lines))


@torch_function("torch_storage_report", prefix="Error reporting storage: ")
def storage_report(model: Any, adapters: Any = None, dtype: Any = None) -> StorageReport:
    """How much a model and its adapters need on disk: `parameters`, `buffers` (numbers that are kept and not
    trained), `bytes` of both, `adapter_parameters`, `adapter_bytes`, `adapter_share` (of the bytes).

    For a module (or a table of modules) all that acts is counted, LoRA layers as adapters, tied weights once.
    For plain numbers give the parameters of the model and of the adapter. With a dtype the floating-point
    numbers are counted as if they were of that dtype; without one as they are, plain numbers as float32.

    Example: (@ (torch_storage_report 7000000000 8000000) "bytes") => 28000000000
    Example: (@ (torch_storage_report 7000000000 8000000) "adapter_bytes") => 32000000
    Example: (@ (torch_storage_report (torch_linear 4096 4096) nil "bfloat16") "bytes") => 33562624
    Errors: the first argument must be a module or a number of parameters; an unknown dtype is told the known
    """
    name = "torch_storage_report"
    kind = None if dtype is None else arguments.choice(name, 3, dtype, DTYPES)
    if isinstance(model, int | float):
        return _of_numbers(model, adapters, kind or torch.float32)
    expected = "a module, a table of modules or a number of parameters"
    modules = modules_of(model, wrong_argument(name, 1, expected, model).text)
    small = adapter_tensors(lora_layers(modules))
    try:
        whole = saved_state(modules)
    except BadFile as error:
        raise LispeError(f"Error reporting storage: {error}") from error
    state = {name: tensor for name, tensor in whole.items() if name not in small}
    kinds = {_as(kind, tensor) for tensor in state.values()}
    held = {
        joined(prefix, name)
        for prefix, module in modules.items()
        for name, _ in module.named_buffers(remove_duplicate=False)
    }
    trained = {name: tensor for name, tensor in state.items() if name not in held}
    every, count = (sum(tensor.numel() for tensor in _once(part)) for part in (state, trained))
    report = _report(
        count,
        _bytes(state, kind),
        sum(tensor.numel() for tensor in small.values()),
        _bytes(small, kind),
        kinds.pop() if len(kinds) == 1 else None,
    )
    report["buffers"] = every - count
    return report


def _as(kind: torch.dtype | None, tensor: torch.Tensor) -> torch.dtype:
    """The dtype that a tensor would have in the file."""
    return kind if kind is not None and tensor.is_floating_point() else tensor.dtype


def _bytes(state: dict[str, torch.Tensor], kind: torch.dtype | None) -> int:
    if kind is None and not any(tensor.is_meta for tensor in state.values()):
        return unique_bytes(state)
    return sum(tensor.numel() * _as(kind, tensor).itemsize for tensor in _once(state))


def _once(state: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """The tensors, tied ones once. (A tensor without data has no place by which to know it.)"""
    return list({(t.data_ptr() or id(t), t.shape, t.stride()): t for t in state.values()}.values())


def _of_numbers(parameters: Any, adapters: Any, kind: torch.dtype) -> StorageReport:
    name = "torch_storage_report"
    count = arguments.size(name, 1, parameters)
    # An adapter of no parameters is none.
    small = 0 if adapters in (None, 0) else arguments.size(name, 2, adapters)
    return _report(count, count * kind.itemsize, small, small * kind.itemsize, kind)


def _report(count: int, size: int, small: int, small_size: int, dtype: torch.dtype | None) -> StorageReport:
    report = StorageReport()
    report.update(
        parameters=count,
        buffers=0,
        bytes=size,
        adapter_parameters=small,
        adapter_bytes=small_size,
        adapter_share=small_size / size if size else 0.0,
        dtype=None if dtype is None else dtype_name(dtype),
    )
    return report
