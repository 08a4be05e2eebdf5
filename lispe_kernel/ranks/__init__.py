"""Cells on many ranks: engines of ipyparallel, each with a session of LispE, started from a notebook.

The notebook's side starts them, sends texts, shows what comes back; the rank's side (`rank.py`, `outbox.py`)
runs them. Nothing of ipyparallel is imported before the first `(ranks 2)`. What goes between notebook and
ranks is text; values go as text and safetensors, and nothing of ours is pickled.
"""

from importlib import import_module
from typing import Any

# How the names of its functions begin.
BEGINNINGS = ("ranks", "from_rank", "to_ranks")
# Under this key a session keeps its ranks.
CLUSTER = "ranks: cluster"


def load() -> None:
    """Register the functions."""
    # Not all files of this room: a rank's side stands on the engine's libraries.
    import_module(f"{__name__}.functions")


def end(session: Any) -> None:
    """End the ranks of a session, if there are any."""
    found = session.library_states.pop(CLUSTER, None)
    if found is not None:
        found.end()
