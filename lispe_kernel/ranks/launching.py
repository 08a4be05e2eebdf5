"""How ipyparallel starts the ranks of this machine: by asking the forge for each."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import Any

from lispe_kernel.ranks.forge import Birth, Forge


def launcher_of(forge: Forge) -> type[Any]:
    """The launcher of engines for a cluster whose ranks come from this forge."""
    from ipyparallel.cluster import launcher  # noqa: PLC0415 - heavy: only who starts ranks needs it

    class Forked(launcher.LocalEngineLauncher):  # type: ignore[misc]
        """One rank. It has no process before the forge has imported everything."""

        def start(self) -> Any:
            """Ask for the process; it is there some time later."""
            request = {
                "arguments": self.args[len(self.engine_cmd) :],
                "environment": {**os.environ, **self.get_env()},
                "folder": os.path.abspath(self.work_dir),
                "log": self.output_file,
            }
            self.notify_start(None)
            # The loop is asked for here, where it runs, and used from another thread.
            forge.ask(self.identifier, request, Birth(self._born, partial(self._ended, self.loop)))

        def _born(self, process: int) -> None:
            self.pid = process

        def _ended(self, loop: Any, status: int) -> None:
            told = {"exit_code": status, "pid": self.pid, "identifier": self.identifier}
            loop.add_callback(self.notify_stop, told)

        def signal(self, sig: int) -> None:
            """Send a signal to the process, if it is there."""
            if self.running and self.pid > 0:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, sig)

        def get_output(self, remove: bool = False) -> str:
            """What it printed; what the forge did where it never was."""
            if self.pid < 0:
                self.output_file = forge.log
            found: str = super().get_output(remove=remove)
            return found

    class Engines(launcher.LocalEngineSetLauncher):  # type: ignore[misc]
        """All of them."""

        launcher_class = Forked

    return Engines
