"""What programs may do with the place where their output appears: `clear_output`.

On the command line, which has no such place, it does nothing.
"""

from __future__ import annotations

import sys
from typing import Any

from lispe_kernel.language.functions import function


@function("clear_output", silent=True)
def clear_output(wait: Any = None) -> None:
    """Remove what this cell has shown so far; with a true argument not before the next output comes.

    Example: (clear_output) => nil
    """
    shells = sys.modules.get("IPython.core.interactiveshell")
    if shells is not None and shells.InteractiveShell.initialized():
        shells.InteractiveShell.instance().display_pub.clear_output(bool(wait))
