"""Debug requests before and without a debugger.

JupyterLab asks every kernel for `debugInfo` at its start. Answering needs no debugpy, whose import would
cost each start a tenth of a second: the debugger is built when somebody turns it on.
"""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any

from ipykernel.compiler import get_tmp_directory, get_tmp_hash_seed

from lispe_kernel.kernel.cellfiles import SUFFIX

if TYPE_CHECKING:
    from lispe_kernel.kernel.kernel import LispeKernel


async def answer(kernel: LispeKernel, message: dict[str, Any]) -> dict[str, Any]:
    """The reply to a debug_request."""
    command = message.get("command", "")
    if importlib.util.find_spec("debugpy") is None:
        return _reply(message, success=False, message="debugpy is not installed")
    if command == "debugInfo" and "debugger" not in vars(kernel):
        return _reply(message, body=_off())
    try:
        reply: dict[str, Any] = await kernel.debugger.process_request(message)
    except Exception as error:
        # Without a reply the front end would wait for ever.
        kernel.log.exception("the debugger failed at %s", command)
        return _reply(message, success=False, message=f"{type(error).__name__}: {error}")
    return reply or _reply(message, success=False, message="the debugger is not turned on")


def _reply(request: dict[str, Any], success: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "type": "response",
        "request_seq": request.get("seq", 0),
        "success": success,
        "command": request.get("command", ""),
        **more,
    }


def _off() -> dict[str, Any]:
    """What `debugInfo` says while the debugger has not been turned on."""
    return {
        "isStarted": False,
        "hashMethod": "Murmur2",
        "hashSeed": get_tmp_hash_seed(),
        "tmpFilePrefix": get_tmp_directory() + os.sep,
        "tmpFileSuffix": SUFFIX,
        "breakpoints": [],
        "stoppedThreads": [],
        "richRendering": True,
        "exceptionPaths": ["Python Exceptions"],
        "copyToGlobals": True,
    }
