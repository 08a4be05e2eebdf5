"""What Python libraries find when they ask IPython for the running shell: the door to our kernel.

ipywidgets, matplotlib and IPython.display look for an InteractiveShell. This one is a facade: it builds none
of the shell's machinery (compiler, magics, history, completer) and never runs code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from ipykernel.zmqshell import ZMQDisplayPublisher
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.events import EventManager, available_events
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import MagicsManager
from traitlets import default
from traitlets.config.configurable import SingletonConfigurable

from lispe_kernel.display.page.registry import Bundle
from lispe_kernel.kernel.cells import expressions as values_of
from lispe_kernel.kernel.streams import route
from lispe_kernel.language.python.variables import variables_of
from lispe_kernel.running.programs import recording


class Facade(InteractiveShell):
    """The shell that `IPython.get_ipython()` answers in this process."""

    display_pub: ZMQDisplayPublisher

    def __init__(self, kernel: Any) -> None:
        # InteractiveShell's own constructor would build a whole IPython; only the traits are wanted.
        SingletonConfigurable.__init__(self)
        self.kernel = kernel
        self.configurables = [self]
        self.events = EventManager(self, available_events)
        self.display_pub = ZMQDisplayPublisher(parent=self)
        self.display_pub.session = kernel.session
        self.display_pub.pub_socket = kernel.iopub_socket
        self.display_pub.set_parent(kernel.get_parent("shell"))

    @classmethod
    def of(cls, kernel: Any) -> Facade:
        """The facade of a kernel, made if need be."""
        kernel.has_facade = True
        return cls.instance(kernel=kernel)

    @property  # type: ignore[misc]  # nobody sets it here
    def user_ns(self) -> dict[str, Any]:
        """The variables of the LispE session: Python and LispE cells share them."""
        return variables_of(self.kernel.lispe.namespace).table()

    @property
    def user_global_ns(self) -> dict[str, Any]:
        return self.user_ns

    @cached_property
    def magics_manager(self) -> MagicsManager:
        """Where ipyparallel's client looks for its magics; none are run here."""
        return MagicsManager(shell=self, parent=self)

    @default("display_formatter")
    def _build_formatter(self) -> DisplayFormatter:
        # IPython's formatters, built when the first Python object asks to be drawn by them.
        return DisplayFormatter(parent=self)

    def set_parent(self, parent: dict[str, Any]) -> None:
        """Route displays and streams to the request that is being answered."""
        self.display_pub.set_parent(parent)
        route(parent)

    def get_parent(self) -> Any:
        return self.kernel.get_parent("shell")

    def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
        """Show an error that a callback raised (a widget's handler, say) under the cell that caused it."""
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if error is not None:
            self.kernel.publisher.error(error)

    @contextmanager
    def recording(self, record: Callable[[Bundle], None]) -> Iterator[None]:
        """While it lasts, what LispE and Python code would show is recorded."""
        shows, recorder = self.display_pub, CapturingDisplayPublisher(shell=self)
        self.display_pub = recorder  # type: ignore[assignment]  # as IPython's own capturing does
        try:
            with recording(record):
                yield
        finally:
            for output in recorder.outputs:
                record(output["data"])
            self.display_pub = shows

    def enable_gui(self, gui: Any = None) -> None:
        """Graphical event loops are not run by this kernel."""

    def user_expressions(self, expressions: dict[str, str]) -> dict[str, Any]:
        """The debugger asks through here what a variable looks like."""
        return values_of(self.kernel, expressions)
