"""The rank's side: one session of LispE in an engine of ipyparallel, which answers the notebook's requests.

Requests come one by one. An interrupt reaches the code that runs; where that code waits for another rank
inside a library, `cut` ends the waiting: it closes the connections between the ranks.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

from ipykernel.jsonutil import encode_images, json_clean
from IPython.core.getipython import get_ipython

from lispe_kernel import display
from lispe_kernel.display.page.registry import bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.ranks.outbox import Outbox, Send
from lispe_kernel.ranks.sending import AWAY, put
from lispe_kernel.ranks.wire import DATA, DONE, ERROR, MIME, TAKEN
from lispe_kernel.running.background import Preload
from lispe_kernel.running.interrupts import Interrupts
from lispe_kernel.running.magics import run_cell
from lispe_kernel.running.programs import Program
from lispe_kernel.running.report import Report, report
from lispe_kernel.session import Session
from lispe_kernel.sittings import load as load_kinds
from lispe_kernel.sittings.folder import told
from lispe_kernel.sittings.restoring.back import restore


class Rank:
    """What an engine is for the notebook."""

    def __init__(self) -> None:
        self.session = Session()
        self.predefined = dict(self.session.namespace)
        self.interrupts = Interrupts()
        self.preload = Preload()
        # The connections to the other ranks, by their file descriptors.
        self.connections: set[int] = set()

    def cell(self, request: dict[str, Any], outbox: Outbox) -> None:
        """Run a text and show what it gives."""
        program = Program(self.session, request["name"])
        program.predefined = self.predefined
        if request["folder"]:
            self._take("%%ranks", request["folder"])
            outbox.send({"kind": TAKEN})
        outcome = run_cell(request["text"], program)
        if not outcome.silent:
            outbox.send({"kind": DATA, "data": bundle(outcome.value), "identity": None, "update": False})

    def give(self, request: dict[str, Any], _outbox: Outbox) -> None:
        """Put the value of a name into a folder that the notebook reads."""
        with told("from_rank", request["folder"]):
            self.session.call(lambda: put(self.session, request["folder"], request["name"]))

    def take(self, request: dict[str, Any], _outbox: Outbox) -> None:
        """Take what the notebook put into a folder."""
        self._take("to_ranks", request["folder"])

    def _take(self, who: str, folder: str) -> None:
        load_kinds()
        with told(who, "what the notebook sent"):
            restore(self.session, folder, called=AWAY)

    def describe(self, _request: dict[str, Any], _outbox: Outbox) -> dict[str, Any]:
        """Where this rank runs, a port on which ranks could meet there, and how many GPUs it sees."""
        with socket.socket() as free:
            free.bind(("", 0))
            port = free.getsockname()[1]
        self.preload.wait()
        import torch  # noqa: PLC0415 - start-up: torch is there now

        gpus = torch.cuda.device_count()
        return {"host": socket.gethostname(), "pid": os.getpid(), "port": port, "gpus": gpus}

    def join(self, request: dict[str, Any], _outbox: Outbox) -> None:
        """Join the other ranks. A group that was left, or whose connections were cut, is forgotten first."""
        os.environ.update(request["environment"])
        self.preload.wait()
        from lispe_kernel.torch_library.distributed import group  # noqa: PLC0415 - start-up: torch is there now

        group.leave()
        before = _sockets()
        self.session.evaluate(request["text"], "ranks")
        self.connections = _sockets() - before

    def cut(self) -> None:
        """Close the connections to the other ranks: who waits for one gets an error, here and there."""
        for descriptor in self.connections:
            try:
                with socket.socket(fileno=os.dup(descriptor)) as connection:
                    # One that only listens has no peer; the engine of PyTorch dies if that one closes.
                    connection.getpeername()
                    connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self.connections = set()


def _sockets() -> set[int]:
    """The file descriptors of this process that are sockets."""
    found = set()
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                found.add(int(name))
        except OSError:
            continue
    return found


@functools.cache
def this() -> Rank:
    """The rank that this process is."""
    return Rank()


def prepare() -> None:
    """Begin to import PyTorch, and be ready to cut the connections at any time."""
    this().preload.begin()
    display.load()
    threading.Thread(target=_cut_when_told, name="cut of connections", daemon=True).start()


def _cut_when_told() -> None:
    while True:
        signal.sigwait({signal.SIGUSR2})
        this().cut()


_LEAVING = LispeError("Error: a rank cannot leave; (ranks 0) in the notebook ends all of them")
_WORK: dict[str, Callable[[Rank, dict[str, Any], Outbox], Any]] = {
    "cell": Rank.cell,
    "give": Rank.give,
    "take": Rank.take,
    "describe": Rank.describe,
    "join": Rank.join,
}


def answer(text: str) -> None:
    """Answer one request of the notebook."""
    request = json.loads(text)
    rank, outbox = this(), Outbox(_sender())
    # An engine is interruptible for the whole request: a second interrupt would take away the answer to the
    # first one while it is being written.
    rank.interrupts.install()
    work = _WORK[request["do"]]
    with outbox.open():
        try:
            found = rank.interrupts.during(lambda: work(rank, request, outbox))
            ended = {"kind": DONE, "value": found}
        except SystemExit:
            ended = _failure(report(_LEAVING, colours=False))
        except (Exception, KeyboardInterrupt) as error:
            ended = _failure(report(error, colours=False))
    outbox.send(ended)


def _failure(told: Report) -> dict[str, Any]:
    return {"kind": ERROR, "name": told.name, "message": told.message, "lines": told.lines}


def _kernel() -> Any:
    """The kernel of the engine that this process is."""
    shell: Any = get_ipython()
    return shell.kernel


def _shown(data: Any) -> Any:
    clean: Any = json_clean
    encoded: Any = encode_images
    return clean(encoded(data))


def _sender() -> Send:
    """Sends answers under the request that runs now."""
    kernel = _kernel()
    parent, topic = kernel.get_parent("shell"), kernel._topic("display_data")

    def send(found: dict[str, Any]) -> None:
        if "data" in found:
            found = {**found, "data": _shown(found["data"])}
        content = {"data": {MIME: found}, "metadata": {}, "transient": {}}
        kernel.session.send(kernel.iopub_socket, "display_data", content, parent=parent, ident=topic)

    return send
