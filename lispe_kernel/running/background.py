"""PyTorch, imported by a thread of its own after the kernel's first answer.

An interrupt in the middle of that import would leave torch broken for the life of the process, so a cell that
names anything of the torch library waits here, and Ctrl-C ends only the waiting. What a library of Python's
brings along when a cell imports it, it imports where it stands.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Callable

from lispe_kernel import LIBRARIES
from lispe_kernel.torch_library import BEGINNINGS
from lispe_kernel.torch_library.support.behind import behind
from lispe_kernel.torch_library.support.collector import at_rest

_log = logging.getLogger("lispe.kernel")
# The names of the torch library, and what Python cells say.
SIGNS = (*LIBRARIES["lispe_kernel.torch_library"], *BEGINNINGS)


def needs_torch(code: str) -> bool:
    """Whether a cell names anything that PyTorch has to be there for. A cell for ranks runs elsewhere."""
    return not code.lstrip().startswith("%%ranks") and any(sign in code for sign in SIGNS)


def load_torch_library() -> None:
    """Import the torch library while the main thread goes on answering."""
    # A shutdown, which must not wait for this import, looks for child processes with it.
    with contextlib.suppress(ImportError):
        importlib.import_module("psutil")
    _map_libraries()
    with behind():
        from lispe_kernel.torch_library import load  # noqa: PLC0415 - this is the work of the thread

        load()
    # The collector would look through all of PyTorch again and again, a tenth of a second each time.
    gc.freeze()


def load_front_end() -> None:
    """Import what PyTorch imports with the first optimizer, where no interrupt breaks it in the middle."""
    with behind(), at_rest():
        importlib.import_module("torch._dynamo")


def _map_libraries() -> None:
    """Load torch's big shared libraries in the order that torch will, without holding the interpreter.

    Python's own import holds it for as long as the dynamic linker works, a quarter of a second of silence.
    Called as a C function, the linker works beside the main thread. What is not found here torch will find.
    """
    spec = importlib.util.find_spec("torch")
    if sys.platform != "linux" or spec is None or not spec.submodule_search_locations:
        return
    folder = os.path.join(spec.submodule_search_locations[0], "lib")
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    for name, mode in (
        ("libtorch_global_deps.so", ctypes.RTLD_GLOBAL),
        ("libtorch_cpu.so", ctypes.RTLD_LOCAL),
    ):
        file = os.path.join(folder, name)
        if os.path.exists(file):
            dlopen(os.fsencode(file), os.RTLD_NOW | mode)


class Preload:
    """One import in the background: begun at most once, waited for by whoever needs it.

    after: what the thread does then, once somebody wanted what was imported; nobody waits for it.
    """

    def __init__(
        self, load: Callable[[], None] = load_torch_library, after: Callable[[], None] = lambda: None
    ) -> None:
        self._load, self._after = load, after
        self._begun = threading.Lock()
        self._done, self._wanted = threading.Event(), threading.Event()

    @property
    def done(self) -> bool:
        return self._done.is_set()

    @property
    def begun(self) -> bool:
        return self._begun.locked()

    @property
    def running(self) -> bool:
        return self.begun and not self.done

    def begin(self) -> None:
        """Start the import unless it was started before; returns at once."""
        if self._begun.acquire(blocking=False):
            thread = threading.Thread(target=self._run, name="torch import", daemon=True)
            # A debugger that stops every thread must not stop this one: cells may wait for it.
            thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
            thread.start()

    def _run(self) -> None:
        try:
            try:
                self._load()
            finally:
                self._done.set()
            # Whoever never uses PyTorch does not pay for more of it.
            self._wanted.wait()
            self._after()
        except Exception:
            # The cell that needs torch meets the same error, where it can be shown.
            _log.warning("PyTorch could not be imported in the background", exc_info=True)

    def wait(self, patience: float = 0.5, tell: Callable[[], None] | None = None) -> bool:
        """Begin if needed and wait until the import has ended. Interruptible.

        After `patience` seconds `tell` is called once; returns whether it was.
        """
        self._wanted.set()
        self.begin()
        if self._done.wait(patience):
            return False
        if tell is not None:
            tell()
        # In slices: a wait without a limit cannot be interrupted on every platform.
        while not self._done.wait(0.2):
            continue
        return tell is not None

    def wait_at_most(self, seconds: float) -> bool:
        """Wait for the import for so long at most; returns whether it has ended."""
        self.begin()
        return self._done.wait(seconds)
