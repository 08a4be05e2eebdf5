"""The magics that only a notebook has a use for; the others are in `running.magics`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from lispe_kernel.assist.magics import Part
from lispe_kernel.language.errors import LispeError
from lispe_kernel.running.hosts import NOTHING, runs
from lispe_kernel.session import Outcome

if TYPE_CHECKING:
    from lispe_kernel.kernel.cells import Cell


@runs("load_ext")
def _load_ext(part: Part, cell: Cell) -> Outcome:
    try:
        module = importlib.import_module(part.argument)
    except ImportError as error:
        raise LispeError(
            f"Error: %load_ext: no module can be imported as '{part.argument}': {error}"
        ) from error
    load = getattr(module, "load_ipython_extension", None)
    if load is None:
        raise LispeError(f"Error: %load_ext: the module '{part.argument}' has no load_ipython_extension")
    try:
        load(cell.kernel.facade)
    except (AttributeError, TypeError) as error:
        # The shell here is a facade: what an extension wants of IPython's compiler or magics is not there.
        raise LispeError(
            f"Error: %load_ext: '{part.argument}' needs more of IPython than this kernel has: {error}"
        ) from error
    return NOTHING


@runs("matplotlib")
def _matplotlib(part: Part, _: Cell) -> Outcome:
    if part.argument not in ("", "inline"):
        raise LispeError(f"Error: %matplotlib: figures are shown inline; there is no '{part.argument}' here")
    return NOTHING
