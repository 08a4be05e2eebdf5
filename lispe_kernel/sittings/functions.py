"""Sessions saved in a folder."""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.paths import path_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.sittings import saving
from lispe_kernel.sittings.folder import told


@function("session_save")
def session_save(folder: Any) -> Dictionary:
    """Save all that this session holds into a folder: text that people can read, and safetensors.

    Kept are variables, functions with their text, macros, classes and instances, records, spaces, tensors,
    modules, optimizers, schedules, tokenizers, adapters, random states, and what of it is one and the same.
    What cannot be kept is named under `left_out`, with the cell that made it. A save is whole or not there;
    only numbers that changed are written. The folder must be new, empty, or one that was saved before.

    Example: (@ (session_save "/tmp/lispe_session") "left_out") => {}
    Errors: for a folder that holds other things, a full disk; what was saved before is as it was.
    """
    path = path_argument("session_save", 1, folder)
    session: Any = current()
    with told("session_save", path):
        kept, written = saving.save(session, path)
    return Dictionary(
        {
            "variables": len(kept.manifest["variables"]),
            "definitions": len(kept.manifest["definitions"]),
            "bytes": sum(block.size for block in kept.blocks),
            "written": written,
            "left_out": saving.left_out(kept.manifest["left out"]),
            "kept_without": Dictionary(kept.manifest["kept without"]),
        }
    )
