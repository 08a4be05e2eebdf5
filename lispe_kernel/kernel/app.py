"""Starts a kernel's process, quickly.

Thousands of objects are made while the kernel is imported and nearly all of them stay, so the collector of
cyclic garbage rests until the kernel stands, and never looks at them again.
"""

from __future__ import annotations

import gc

from lispe_kernel.kernel import deferred
from lispe_kernel.kernel.bytecode import use_cache
from lispe_kernel.language.stack import in_a_large_block


def launch(argv: list[str]) -> int:
    """Run a kernel with the arguments Jupyter gives (`-f CONNECTION_FILE`); returns the exit status."""
    gc.disable()
    use_cache()
    deferred.install()
    try:
        with deferred.general():
            from lispe_kernel.kernel.process import LispeKernelApp  # noqa: PLC0415 - the collector rests meanwhile
    except ImportError:
        # An ipykernel whose application takes more from its kernel of Python than this one.
        from lispe_kernel.kernel.process import LispeKernelApp  # noqa: PLC0415 - as above

    app = LispeKernelApp.instance()
    app.initialize(argv)
    gc.freeze()
    gc.enable()
    # Made once, and not for each cell.
    in_a_large_block(app.start)
    return 0
