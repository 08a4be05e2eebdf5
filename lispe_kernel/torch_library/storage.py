"""Storage arithmetic: how many bytes parameters and adapters need, for a model or for plain numbers.

Answers the guide's figures (7B parameters are 28 GB in float32, 8M adapter parameters 32 MB). Reads no files.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.errors import wrong_argument
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library import arguments
from lispe_kernel.torch_library.compaction import unique_bytes
from lispe_kernel.torch_library.guard import torch_function
from lispe_kernel.torch_library.lora_files import adapter_tensors
from lispe_kernel.torch_library.module_state import lora_layers, modules_of, saved_state
from lispe_kernel.torch_library.progress import amount
from lispe_kernel.torch_library.pt_files import DTYPES


class StorageReport(Dictionary):
    """The figures by name; prints as sentences."""

    __slots__ = ()

    @property
    def lines(self) -> list[str]:
        """The report as people read it."""
        kind = f" in {self['dtype']}" if self["dtype"] else ""
        lines = [f"model: {self['parameters']:,} parameters, {amount(self['bytes'])}{kind}"]
        if self["adapter_parameters"]:
            count, size = self["adapter_parameters"], amount(self["adapter_bytes"])
            lines.append(f"adapters: {count:,} parameters, {size} ({self['adapter_share']:.2%} of the model)")
            lines.append(f"saved per task: {1 - self['adapter_share']:.2%}")
        return lines


register_kind(StorageReport, "dictionary_", lambda report, show: "\n".join(report.lines))


@torch_function("torch_storage_report", prefix="Error reporting storage: ")
def storage_report(model: Any, adapters: Any = None, dtype: Any = "float32") -> StorageReport:
    """How much a model and its adapters need on disk: `parameters`, `bytes`, `adapter_parameters`,
    `adapter_bytes`, `adapter_share` (adapter bytes / model bytes).

    For a module (or a table of modules) all that acts is counted, LoRA layers as adapters, tied weights once.
    For plain numbers give the parameters of the model and of the adapter, and a dtype.

    Example: (@ (torch_storage_report 7000000000 8000000) "bytes") => 28000000000
    Example: (@ (torch_storage_report 7000000000 8000000) "adapter_bytes") => 32000000
    Errors: the first argument must be a module or a number of parameters
    """
    if isinstance(model, int | float):
        return _of_numbers(model, adapters, dtype)
    expected = "a module, a table of modules or a number of parameters"
    error = wrong_argument("torch_storage_report", 1, expected, model)
    modules = modules_of(model, error.text)
    layers = lora_layers(modules)
    small = adapter_tensors(layers)
    state = {name: tensor for name, tensor in saved_state(modules).items() if name not in small}
    kinds = {str(tensor.dtype).removeprefix("torch.") for tensor in state.values()}
    return _report(
        sum(tensor.numel() for tensor in _once(state).values()),
        unique_bytes(state),
        sum(tensor.numel() for tensor in small.values()),
        unique_bytes(small),
        kinds.pop() if len(kinds) == 1 else None,
    )


def _once(state: dict[str, Any]) -> dict[Any, Any]:
    return {(t.data_ptr(), t.shape, t.stride()) if t.numel() else name: t for name, t in state.items()}


def _of_numbers(parameters: Any, adapters: Any, dtype: Any) -> StorageReport:
    name = "torch_storage_report"
    width = arguments.choice(name, 3, dtype, DTYPES).itemsize
    count = arguments.size(name, 1, parameters)
    small = 0 if adapters is None else arguments.size(name, 2, adapters)
    return _report(count, count * width, small, small * width, dtype)


def _report(count: int, size: int, small: int, small_size: int, dtype: str | None) -> StorageReport:
    report = StorageReport()
    report.update(
        parameters=count,
        bytes=size,
        adapter_parameters=small,
        adapter_bytes=small_size,
        adapter_share=small_size / size if size else 0.0,
        dtype=dtype,
    )
    return report
