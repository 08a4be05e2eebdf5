"""Sessions put back from a folder. Apart from saving, which so imports nothing of it."""

from importlib import import_module

from lispe_kernel.sittings import load as load_kinds
from lispe_kernel.torch_library.support.collector import at_rest

# How the name of its function begins.
BEGINNINGS = ("session_restore",)


def load() -> None:
    """Register the function, and how values are kept."""
    load_kinds()
    with at_rest():
        import_module(f"{__name__}.functions")
