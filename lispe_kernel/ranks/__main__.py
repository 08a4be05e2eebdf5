"""`python -m lispe_kernel.ranks engine ...` and `... controller ...`: the processes of a cluster.

They are ipyparallel's own applications. A rank begins to import PyTorch while it finds its controller;
most ranks of this machine are copies of one process that has imported it before, `... forge`.
"""

import os
import signal
import sys

from lispe_kernel.ranks.watch import end_with_parent
from lispe_kernel.ranks.wire import FOLDER


def _engine() -> None:
    # Before any thread is made: only the one that waits for this signal shall get it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    end_with_parent(at_once=True)
    from lispe_kernel.ranks import magics as _magics  # noqa: F401, PLC0415 - says that a rank has no ranks
    from lispe_kernel.ranks.rank import prepare  # noqa: PLC0415 - the signal is blocked first

    prepare()
    from ipyparallel.engine.app import main  # noqa: PLC0415 - torch is being imported beside it

    main()


def _forge() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    from lispe_kernel.ranks.forks import serve  # noqa: PLC0415 - the signal is blocked first

    sys.argv[1:] = serve()
    _engine()


def _controller() -> None:
    end_with_parent(at_once=False, folder=os.environ.get(FOLDER, ""))
    from ipyparallel.controller.app import main  # noqa: PLC0415 - a rank needs none of it

    main()


if __name__ == "__main__":
    work = {"engine": _engine, "forge": _forge, "controller": _controller}[sys.argv.pop(1)]
    work()
