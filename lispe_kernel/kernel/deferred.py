"""ipykernel's application without the kernel of Python, which it imports for names that are not used here.

While the application is imported, it finds general classes in their places. Nothing stays: whoever imports
these modules afterwards gets them as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

# What the application takes from modules that only Python's kernel needs, and the class of which each is a
# case: where the application knows it by name, any other case serves.
GENERAL: dict[str, tuple[str, str, str]] = {
    "ipykernel.ipkernel": ("IPythonKernel", "ipykernel.kernelbase", "Kernel"),
    "ipykernel.zmqshell": (
        "ZMQInteractiveShell",
        "traitlets.config.configurable",
        "SingletonConfigurable",
    ),
}


@contextmanager
def general() -> Iterator[None]:
    """While ipykernel's application is imported, it finds general classes for those of Python's kernel."""
    put = []
    for name, (case, module, kind) in GENERAL.items():
        if name not in sys.modules:
            put.append(name)
            sys.modules[name] = ModuleType(name)
            setattr(sys.modules[name], case, getattr(import_module(module), kind))
    try:
        yield
    finally:
        for name in put:
            del sys.modules[name]
