"""Values as things to look at: kind of value -> MIME bundle, page, picture or live widget.

One file a kind of value; `registry` finds the view, `publish` sends an output to whatever shows it.
Importing this floor imports neither torch nor Pillow nor ipywidgets, and the views only when a value that
is more than a number or a text is shown.
"""

from __future__ import annotations

from lispe_kernel.display.page.registry import Bundle, View, bundle, load_views, renderer, view_of
from lispe_kernel.language.discovery import import_all

__all__ = ["Bundle", "View", "bundle", "load", "load_views", "renderer", "view_of"]


def load() -> None:
    """Register the display functions of LispE, not the views. Harmless when repeated."""
    import_all(__name__, rooms=False)
