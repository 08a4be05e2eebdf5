"""LispE's built-in functions: one room a subject, one file a family. `load()` registers them all."""

from lispe_kernel.language.discovery import import_all


def load() -> None:
    """Import every family; each registers its functions when it is imported."""
    import_all(__name__)
