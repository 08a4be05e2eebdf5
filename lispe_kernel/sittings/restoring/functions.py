"""Sessions put back from a folder."""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.paths import path_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.sittings.folder import told
from lispe_kernel.sittings.restoring.back import restore
from lispe_kernel.sittings.saving import left_out


@function("session_restore")
def session_restore(folder: Any) -> Dictionary:
    """Put back what `session_save` kept: names in the folder take their values from there, others stay.

    Nothing of the folder is run: it holds data and definitions. Everything is read and checked before
    anything changes. Random numbers go on where the saved session stood.

    Example: (setq n 5) (session_save "/tmp/lispe_n") (setq n 6) (session_restore "/tmp/lispe_n") n => 5
    Errors: for a folder that is damaged, of another version, or no session; nothing has changed then.
    """
    path = path_argument("session_restore", 1, folder)
    session: Any = current()
    with told("session_restore", path):
        found = restore(session, path)
    return Dictionary(
        {
            "variables": len(found.variables),
            "definitions": len(found.definitions),
            "replaced": len(found.replaced),
            "left_out": left_out(found.left_out),
            "kept_without": Dictionary(found.lacking),
        }
    )
