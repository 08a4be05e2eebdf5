"""How debugpy shows LispE values in the variables panel: as LispE prints them.

It only registers with pydevd's own extension point; containers unfold as pydevd unfolds Python's.
"""

from __future__ import annotations

from typing import Any

from _pydevd_bundle.pydevd_extension_api import StrPresentationProvider
from _pydevd_bundle.pydevd_extension_utils import EXTENSION_MANAGER_INSTANCE

from lispe_kernel.language.printer import kind_of, show

WIDTH = 300


class LispePresentation(StrPresentationProvider):
    """The text of every kind of value that LispE's printer knows."""

    def can_provide(self, type_object: type, type_name: str) -> bool:
        return type_object is not str and kind_of_class(type_object)

    def get_str(self, value: Any) -> str:
        text = show(value)
        return text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."


def kind_of_class(cls: type) -> bool:
    """Whether the printer has an entry for a class or one of its bases."""
    from lispe_kernel.language import printer

    return any(base in printer._kinds for base in cls.__mro__)


def install_presentation() -> None:
    """Put LispE's texts before pydevd's; harmless when repeated."""
    providers = EXTENSION_MANAGER_INSTANCE.get_extension_classes(StrPresentationProvider)
    if not any(isinstance(provider, LispePresentation) for provider in providers):
        providers.insert(0, LispePresentation())


__all__ = ["LispePresentation", "install_presentation", "kind_of"]
