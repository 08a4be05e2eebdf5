"""Sessions that come back: all that a session holds, kept in a folder of text and safetensors, and put back.

Nothing of a folder is run when it is read; what is there is data and definitions. A first save imports the
modules beside this one: their classes are plain, since a dataclass takes a quarter of a millisecond to make,
and their patterns are compiled where they are used.
"""

from importlib import import_module

from lispe_kernel.torch_library.support.collector import at_rest

# How the name of its function begins; `restoring` and `cells` have one each.
BEGINNINGS = ("session_save",)
# The modules that register something.
_REGISTERING = ("arrays", "functions", "functions_in_values", "generators", "kinds")
# Under these keys a session keeps who runs its cells, and who keeps it after each.
HOST, KEEPER = "running: host", "sittings: keeper"


def load() -> None:
    """Register the functions, and how the language's own kinds are kept."""
    # What is imported stays: the collector would go through all of PyTorch for it.
    with at_rest():
        for name in _REGISTERING:
            import_module(f"{__name__}.{name}")


def shown(text: str) -> str:
    """A text of a folder that may not steer the screen."""
    return "".join(character if character.isprintable() else " " for character in text.strip())
