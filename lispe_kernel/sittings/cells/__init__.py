"""A session that is kept after each cell: written behind the cells' back, and put back to what it was."""

from importlib import import_module

from lispe_kernel.sittings import load as load_kinds
from lispe_kernel.torch_library.support.collector import at_rest

# How the name of its function begins.
BEGINNINGS = ("session_keep",)


def load() -> None:
    """Register the function, and how values are kept."""
    load_kinds()
    with at_rest():
        import_module(f"{__name__}.functions")
