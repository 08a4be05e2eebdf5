"""How debugpy shows LispE values in the variables panel: as LispE prints them, tensors in one line.

It only registers with pydevd's own extension point; containers unfold as pydevd unfolds Python's.
"""

from __future__ import annotations

import sys
from typing import Any

from _pydevd_bundle.pydevd_extension_api import StrPresentationProvider
from _pydevd_bundle.pydevd_extension_utils import EXTENSION_MANAGER_INSTANCE

from lispe_kernel.display.page.registry import view_of
from lispe_kernel.kernel.publisher import bundle_json
from lispe_kernel.language import printer

WIDTH = 300


class LispePresentation(StrPresentationProvider):  # type: ignore[misc]  # pydevd has no types
    """The text of every kind of value that LispE's printer knows."""

    def can_provide(self, type_object: type, type_name: str) -> bool:  # noqa: ARG002 - pydevd gives it
        return type_object is not str and any(cls in printer._kinds for cls in type_object.__mro__)

    def get_str(self, value: Any) -> str:
        text = printer.show(value)
        if "\n" in text:
            # A tensor prints as a block of numbers; its view has one line that says what it is like.
            text = view_of(value).line()
        return text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."


def look(name: str) -> str:
    """The bundle of a variable of the calling frame, as JSON; debugpy evaluates this in a stopped frame."""
    frame = sys._getframe(1)
    scope = frame.f_locals if name in frame.f_locals else frame.f_globals
    return bundle_json(scope[name])


def install_presentation() -> None:
    """Put LispE's texts before pydevd's; harmless when repeated."""
    providers = EXTENSION_MANAGER_INSTANCE.get_extension_classes(StrPresentationProvider)
    if not any(isinstance(provider, LispePresentation) for provider in providers):
        providers.insert(0, LispePresentation())
