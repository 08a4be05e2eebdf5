"""Storage reports as bars: what the model weighs, what its adapters weigh."""

from __future__ import annotations

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Node, facts, headline
from lispe_kernel.display.page.registry import View, renderer


@renderer("lispe_kernel.torch_library.lora.storage.StorageReport")
class StorageView(View):
    """The report's sentences, and its sizes as bars on one scale."""

    def html(self) -> Node:
        report = self.value
        rows = [("model", float(report["bytes"]), numbers.size(report["bytes"]))]
        if report["adapter_parameters"]:
            rows.append(("adapters", float(report["adapter_bytes"]), numbers.size(report["adapter_bytes"])))
        share = numbers.share(report["adapter_bytes"], report["bytes"]) if report["adapter_bytes"] else ""
        return [
            headline("storage"),
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
