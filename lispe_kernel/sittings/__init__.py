"""Sessions that come back: all that a session holds, kept in a folder of text and safetensors, and put back.

Nothing of a folder is run when it is read; what is there is data and definitions.
"""

from lispe_kernel.language.discovery import import_all

# How the names of its functions begin.
BEGINNINGS = ("session_",)
# Under these keys a session keeps who runs its cells, and who keeps it after each.
HOST, KEEPER = "running: host", "sittings: keeper"


def load() -> None:
    """Register the functions, and how the language's own kinds are kept."""
    import_all(__name__)
