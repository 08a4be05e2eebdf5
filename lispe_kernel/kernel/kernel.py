"""The LispE kernel: ipykernel's protocol machinery on one side, the services of this folder on the other.

Nothing is done here; each method hands a request to the file that answers it.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import importlib.util
import sys
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import comm
import zmq
from ipykernel.kernelbase import Kernel
from traitlets import Any as AnyTrait
from traitlets import Bool, Float, List

from lispe_kernel import __version__, display
from lispe_kernel.assist.completeness import check
from lispe_kernel.assist.completion import Completer
from lispe_kernel.assist.inspection import Inspector
from lispe_kernel.assist.language import LANGUAGE
from lispe_kernel.display.page.progress import OutputReporter
from lispe_kernel.display.page.publish import freeze_all, install
from lispe_kernel.kernel import debug_requests, handover
from lispe_kernel.kernel.cells import Cell, Request
from lispe_kernel.kernel.comms import there_are_comms, wait_for_comms
from lispe_kernel.kernel.deferred import after_import
from lispe_kernel.kernel.messages import for_main_shell
from lispe_kernel.kernel.outbox import Outbox
from lispe_kernel.kernel.publisher import Publisher
from lispe_kernel.kernel.streams import put_back, route
from lispe_kernel.language.errors import LispeError
from lispe_kernel.ranks import end as end_ranks
from lispe_kernel.running import screen as _screen  # noqa: F401 - registers clear_output
from lispe_kernel.running.background import Preload, load_front_end, needs_torch
from lispe_kernel.running.history import History
from lispe_kernel.running.interrupts import Interrupts, ignore
from lispe_kernel.running.places import tell_warnings
from lispe_kernel.session import Session
from lispe_kernel.torch_library.support.progress import set_reporter

if TYPE_CHECKING:
    from lispe_kernel.kernel.facade import Facade

# What stands in for IPython's shell, that shell, and ipykernel's, whose publisher the first one uses.
FACADE, SHELL, PUBLISHER = (
    "lispe_kernel.kernel.facade",
    "IPython.core.interactiveshell",
    "ipykernel.zmqshell",
)
# Seconds between the first answer and the import of torch.
PAUSE = 0.05
# Seconds at most in which the reply of a cell goes out.
SENDING = 0.0005
# How long help and completion wait for torch's names before they answer without them.
PATIENCE = 6.0


class LispeKernel(Kernel):
    """One LispE session behind Jupyter's protocol."""

    implementation = "lispe_kernel"
    implementation_version = __version__
    language_info = LANGUAGE
    banner = f"LispE {__version__} with PyTorch. ?name gives help, Tab completes."

    help_links = List(
        [
            {"text": "LispE", "url": "https://github.com/naver/lispe/wiki"},
            {"text": "PyTorch", "url": "https://docs.pytorch.org/docs/stable/"},
        ]
    )

    preload_torch = Bool(True, help="Import PyTorch in the background after the first answer.").tag(
        config=True
    )
    debugpy_stream = AnyTrait(None)
    user_ns = AnyTrait(None)
    # Output is flushed before each reply, and the IO thread keeps its order: no pause is needed.
    _execute_sleep = Float(0.0).tag(config=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.interrupts = Interrupts()
        self.ending = False
        # Whether it was said that the notebook's session was kept.
        self.offered = False
        # Whether any library asked for IPython's shell.
        self.has_facade = False
        # Cells that have not been replied to, by the requests that they came with. Subshells run several.
        self._running: dict[str, Cell] = {}
        # Those that have, whose end is not told yet, by the tasks that run them.
        self._ended: dict[Any, Cell] = {}
        self.reset()
        self.preload = Preload(after=load_front_end)
        self.outbox: Any = Outbox(self.iopub_thread)
        self.publisher = Publisher(self)
        self.completer = Completer(lambda: self.lispe)
        self.inspector = Inspector(lambda: self.lispe)
        self.history = History(tell=self.log.warning)
        # Python cells know these two names without an import, as in IPython.
        builtins.get_ipython = lambda: self.facade  # type: ignore[attr-defined]
        builtins.display = _display  # type: ignore[attr-defined]
        # Whoever looks for IPython's shell finds it, whatever was imported first.
        for module in (SHELL, PUBLISHER):
            after_import(module, self._open_the_door)
        after_import(FACADE, lambda: self.facade)
        display.load()
        install(self.publisher)
        tell_warnings()
        set_reporter(OutputReporter)
        wait_for_comms()
        for kind in ("comm_open", "comm_msg", "comm_close"):
            self.shell_handlers[kind] = self._comm_handler(kind)

    def _comm_handler(self, kind: str) -> Callable[..., None]:
        """A handler of comms, which may run user code (a widget's callback), with Ctrl-C working."""

        def handler(*message: Any) -> None:
            try:
                self.interrupts.during(lambda: getattr(comm.get_comm_manager(), kind)(*message))
            except KeyboardInterrupt as stop:
                self.publisher.error(stop)

        return handler

    @property
    def comm_manager(self) -> Any:
        """Where ipykernel looks for comms, if there are any."""
        if not there_are_comms():
            raise AttributeError("comm_manager")
        return comm.get_comm_manager()

    @property
    def facade(self) -> Facade:
        """The shell that Python libraries ask IPython for, made when the first of them asks."""
        from lispe_kernel.kernel.facade import Facade  # noqa: PLC0415 - heavy: it imports IPython's shell

        return Facade.of(self)

    def _open_the_door(self) -> None:
        """Make the facade; while what it is made of is on its way, that waits until all is whole."""
        its = sys.modules.get(PUBLISHER)
        if FACADE not in sys.modules and (its is None or hasattr(its, "ZMQDisplayPublisher")):
            assert self.facade is not None

    def reset(self) -> None:
        """Begin a new session: the next cell runs in it."""
        before: Session | None = getattr(self, "lispe", None)
        if before is not None:
            end_ranks(before)
        self.lispe = Session()
        # Python's values come by cells, which say so; others do not wait for the import in the background.
        self.lispe.given_values = False
        # What every session has from its start is not the user's.
        self.predefined = dict(self.lispe.namespace)

    # -- cells -----------------------------------------------------------------------------------

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        *,
        cell_meta: Any = None,  # noqa: ARG002 - ipykernel gives it
        cell_id: str | None = None,  # noqa: ARG002 - ipykernel gives it
    ) -> dict[str, Any]:
        request = Request(code, self.execution_count, silent, user_expressions or {}, allow_stdin)
        cell = Cell(self, request)
        self._running[_number_of(self.get_parent("shell"))] = cell
        reply = await cell.run()
        put_back({"stdout": self._stdout, "stderr": self._stderr}, self.get_parent("shell"))
        if silent:
            return reply
        if store_history:
            self.history.add(request.count, code)
        else:
            # A cell that is not remembered does not count; its number is used again.
            self.execution_count -= 1
        return reply

    async def dispatch_shell(self, msg: Any, /, *rest: Any, **options: Any) -> None:
        try:
            await super().dispatch_shell(msg, *rest, **options)
        finally:
            # The front end knows already that the kernel is idle; what comes next has not begun.
            task = asyncio.current_task()
            if task in self._ended:
                if self._ended[task].is_kept:
                    # The reply goes out first.
                    handover.let_go_out(self, SENDING)
                self._ended.pop(task).ended()

    def end_cells(self) -> None:
        """Tell the end of cells whose tasks the end of the event loop has cut off."""
        while self._ended:
            self._ended.popitem()[1].ended()

    async def execute_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        try:
            await super().execute_request(stream, ident, parent)
        except zmq.ZMQError as gone:
            # A cell that a shutdown stopped has nobody to reply to.
            if gone.errno != zmq.ENOTSOCK:
                raise
            return
        finally:
            cell = self._running.pop(_number_of(parent), None)
            if cell is not None:
                self._ended[asyncio.current_task()] = cell
        if self.preload_torch and not (self.preload.begun or parent["content"].get("silent", False)):
            # A moment later, so that the answer is out before the import competes with it.
            self.io_loop.add_callback(self._preload_later)

    def _preload_later(self) -> None:
        self.io_loop.call_later(PAUSE, self.preload.begin)

    def finish_metadata(
        self, parent: dict[str, Any], metadata: dict[str, Any], reply_content: dict[str, Any]
    ) -> dict[str, Any]:
        """Called with a reply that goes out next."""
        if (
            self.shell_channel_thread
            and _number_of(parent) in self._running
            and reply_content["status"] == "error"
            and parent["content"].get("stop_on_error", True)
            and not parent["content"].get("silent", False)
        ):
            handover.abort_what_waits(self, parent["header"].get("subshell_id"))
        return metadata

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        # Called after a reply that went out.
        if not self.shell_channel_thread:
            super()._abort_queues(subshell_id)

    def ask(self, prompt: object = "") -> str:
        """A line from the user, for `input`."""
        if not self._allow_stdin:
            raise LispeError("Error: input: this front end cannot be asked for a line (no stdin here)")
        return str(self.raw_input(prompt))

    # -- help while typing -----------------------------------------------------------------------

    async def do_complete(self, code: str, cursor_pos: int | None) -> dict[str, Any]:
        self._names_of_torch(code)
        return self.completer.complete(code, len(code) if cursor_pos is None else cursor_pos)

    async def do_inspect(
        self,
        code: str,
        cursor_pos: int | None,
        detail_level: int = 0,
        omit_sections: object = (),  # noqa: ARG002 - ipykernel gives it
    ) -> dict[str, Any]:
        self._names_of_torch(code)
        return self.inspector.inspect(code, len(code) if cursor_pos is None else cursor_pos, detail_level)

    def _names_of_torch(self, code: str) -> None:
        if not self.preload.done and needs_torch(code):
            self.preload.wait_at_most(PATIENCE)

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        return check(code)

    async def do_history(  # type: ignore[override]  # the query's parts go on together
        self,
        hist_access_type: str,
        output: bool,
        raw: bool,  # noqa: ARG002 - LispE has no other history than the text as it was typed
        **query: Any,
    ) -> dict[str, Any]:
        return {"status": "ok", "history": self.history.answer(hist_access_type, output, query)}

    # -- debugger --------------------------------------------------------------------------------

    @cached_property
    def debugger(self) -> Any:
        from lispe_kernel.kernel.debugger import LispeDebugger  # noqa: PLC0415 - heavy: it imports debugpy

        return LispeDebugger.of(self)

    async def do_debug_request(self, msg: dict[str, Any]) -> Any:
        return await debug_requests.answer(self, msg)

    @property
    def kernel_info(self) -> dict[str, Any]:
        features = ["kernel subshells"] if self._supports_kernel_subshells else []
        # ipykernel imports debugpy to answer this; knowing that it is there is enough.
        if importlib.util.find_spec("debugpy") is not None:
            features.append("debugger")
        return {
            "protocol_version": "5.5",
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language_info": self.language_info,
            "banner": self.banner,
            "help_links": self.help_links,
            "supported_features": features,
        }

    # -- requests and their end ------------------------------------------------------------------

    async def shell_channel_thread_main(self, msg: list[Any]) -> None:
        """Hand a request to the shell that it is for; what is for the main shell is read there only."""
        if for_main_shell(msg):
            self.shell_channel_thread.manager.get_shell_channel_to_subshell_socket(None).send_multipart(
                msg, copy=False
            )
        else:
            await super().shell_channel_thread_main(msg)

    def start(self) -> None:
        self.interrupts.install()
        super().start()
        handover.install(self)

    def _publish_status(self, status: str, channel: str, parent: Any = None) -> None:
        about = parent or self.get_parent(channel)
        if channel == "shell":
            # From now on a front end shows that it can be stopped.
            self.interrupts.expect(status == "busy" and about.get("msg_type") == "execute_request")
        if status == "busy" and self.session and _text_follows(about):
            topic = self._topic("status")
            self.session.send(self.outbox, "status", {"execution_state": status}, about, topic)
        else:
            super()._publish_status(status, channel, parent)

    def set_parent(self, ident: Any, parent: dict[str, Any], channel: str = "shell") -> None:
        super().set_parent(ident, parent, channel)
        if channel == "shell":
            if self.has_facade:
                self.facade.set_parent(parent)
            else:
                route(parent)

    # Interrupts are armed only while user code runs: see interrupts.py.
    pre_handler_hook = ignore
    post_handler_hook = ignore

    async def do_shutdown(self, restart: bool) -> dict[str, Any]:
        # The process ends when the cell that runs has ended.
        self.ending = True
        self.interrupts.stop()
        # A reopened notebook must not ask for widgets that are gone: their pictures take their place.
        freeze_all()
        self.history.close()
        with contextlib.suppress(ValueError):
            sys.stdout.flush()
        return {"status": "ok", "restart": restart}

    async def do_clear(self) -> dict[str, Any]:
        self.reset()
        return {"status": "ok"}


def _display(*values: Any, **options: Any) -> Any:
    from IPython.display import display  # noqa: PLC0415 - start-up: few Python cells call it

    return display(*values, **options)


def _number_of(request: dict[str, Any]) -> str:
    """What tells a request from others."""
    return str(request.get("header", {}).get("msg_id", ""))


def _text_follows(request: dict[str, Any]) -> bool:
    """Whether the text of the cell is published right after the kernel said that it is busy with it."""
    content = request.get("content")
    return (
        request.get("msg_type") == "execute_request"
        and isinstance(content, dict)
        and not content.get("silent", False)
    )
