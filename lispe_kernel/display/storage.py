"""Storage reports as bars: what the model weighs, what its adapters weigh."""

from __future__ import annotations

from typing import Any

from lispe_kernel.display import charts, numbers
from lispe_kernel.display.html import Node, element, facts
from lispe_kernel.display.registry import View, renderer
from lispe_kernel.language.functions import function


@function("storage_report")
def storage_report(model: Any, adapters: Any = None, dtype: Any = "float32") -> Any:
    """`torch_storage_report` under a shorter name: bytes of a model and its adapters, drawn as bars.

    Example: (println (storage_report 7000000000)) => model: 7,000,000,000 parameters, 28 GB in float32
    Errors: the first argument must be a module or a number of parameters
    """
    from lispe_kernel.torch_library import storage

    return storage.storage_report(model, adapters, dtype)


@renderer("lispe_kernel.torch_library.storage.StorageReport")
class StorageView(View):
    """The report's sentences, and its sizes as bars on one scale."""

    def html(self) -> Node:
        report = self.value
        rows = [("model", float(report["bytes"]), numbers.size(report["bytes"]))]
        if report["adapter_parameters"]:
            rows.append(("adapters", float(report["adapter_bytes"]), numbers.size(report["adapter_bytes"])))
        share = numbers.share(report["adapter_bytes"], report["bytes"]) if report["adapter_bytes"] else ""
        return [
            element("p", element("span", "storage", class_="t")),
            facts(
                [
                    ("parameters", numbers.count(report["parameters"])),
                    ("adapter parameters", numbers.count(report["adapter_parameters"])),
                    ("adapter share", share),
                    ("dtype", report["dtype"] or ""),
                ]
            ),
            charts.bars(rows, "bytes of the model and of its adapters"),
        ]
