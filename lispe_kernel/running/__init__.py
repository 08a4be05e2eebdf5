"""Running a text for a person: history, reports of errors, interrupts, neighbours, the screen. No Jupyter."""

from lispe_kernel.language.discovery import import_all


def load() -> None:
    """Register the functions of this floor: Python's and the shell's, the screen's, the tracebacks'."""
    import_all(__name__)
