"""The LispE kernel's public face: a Session to evaluate LispE in, to_text to print its values, LispeError.

The names are imported when they are first asked for, so that importing this package costs nothing; a kernel's
start and the command line both pass through here. It holds no state and never imports torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lispe_kernel.language.errors import LispeError
    from lispe_kernel.language.printer import to_text
    from lispe_kernel.session import Session

__version__ = "0.1.0"
# What a session finds beside the language, in the order in which an unknown name is looked for, and the
# modules of Python with which each comes: a session asks before each program, so it must not cost an import.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "lispe_kernel.torch_library": ("torch",),
    "lispe_kernel.sittings": (),
    "lispe_kernel.sittings.cells": (),
    "lispe_kernel.sittings.restoring": (),
    "lispe_kernel.ranks": (),
    "lispe_kernel.display": (),
    "lispe_kernel.running": (),
}
__all__ = ["Session", "to_text", "LispeError", "__version__"]

_HOMES = {
    "Session": "lispe_kernel.session",
    "to_text": "lispe_kernel.language.printer",
    "LispeError": "lispe_kernel.language.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
