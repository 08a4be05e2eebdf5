"""Values as things to look at: kind of value -> MIME bundle, page, picture or live widget.

One file a kind of value; `registry` finds the view, `publish` sends an output to whatever shows it.
Importing this floor imports neither torch nor Pillow nor ipywidgets; each view imports what it draws with.
"""

from __future__ import annotations

import importlib

from lispe_kernel.display.registry import Bundle, View, bundle, renderer, view_of

__all__ = ["Bundle", "View", "bundle", "load", "renderer", "view_of"]

# The files that register views and functions; a new renderer is a new file and its name here.
_FILES = (
    "containers",
    "matrices",
    "tensors",
    "positional",
    "state_dicts",
    "modules",
    "lora",
    "optimizers",
    "tokenizers",
    "checkpoints",
    "timeline",
    "storage",
    "attention",
    "compare",
    "plots",
    "training",
    "functions",
)


def load() -> None:
    """Register every view and the display functions of LispE. Cheap, and harmless when repeated."""
    for name in _FILES:
        importlib.import_module(f"lispe_kernel.display.{name}")
