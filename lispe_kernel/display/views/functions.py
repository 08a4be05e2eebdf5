"""A function as a result: one of the library shows how it is called and what it does, one's own its text."""

from __future__ import annotations

from types import FunctionType

from lispe_kernel.display.page.html import one_line
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.functions import registry


@renderer(FunctionType)
class FunctionView(View):
    """A function, whoever wrote it."""

    def text(self) -> str:
        entry = registry.named(self.value)
        if entry is None:
            return super().text()
        return plain_text(f"{entry.signature}\n{entry.meaning.partition(chr(10) * 2)[0]}")

    def line(self) -> str:
        return one_line(super().text())
