"""`trace`: the calls of a program's functions printed as they happen, in the thread that asked for it."""

from __future__ import annotations

import sys
from textwrap import shorten
from types import FrameType
from typing import Any

from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.printer import show
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE


class _Tracer:
    """Python's profiling hook, which hears of calls only, so that a debugger keeps its own."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event != "call" or not self.is_ours(frame):
            return
        code, depth = frame.f_code, 1
        outer = frame.f_back
        while outer is not None:
            depth += self.is_ours(outer)
            outer = outer.f_back
        names = code.co_varnames[: code.co_argcount]
        sys.setprofile(None)
        try:
            arguments = [shorten(show(frame.f_locals.get(name)), 40) for name in names]
            print(f"({frame.f_lineno}) {depth}: ({' '.join([code.co_name, *arguments])})")
        finally:
            sys.setprofile(self)

    def is_ours(self, frame: FrameType) -> bool:
        """Whether a frame is a call of one of the program's functions."""
        name, namespace = frame.f_code.co_name, self.namespace
        if frame.f_globals is not namespace or name[:1] in ("<", " "):
            return False
        # The code of a text's own forms is called by no name.
        return frame.f_code.co_qualname != name or name in namespace


@function("trace", parameters=(Parameter("e", optional=True),))
def trace(*e: Any) -> Any:
    """Print every call of the program's functions: its line, its depth, the call. Alone: is that on?

    Example: (trace) => nil
    """
    if e:
        sys.setprofile(_Tracer(current().namespace) if e[0] else None)
    return TRUE if isinstance(sys.getprofile(), _Tracer) else None
