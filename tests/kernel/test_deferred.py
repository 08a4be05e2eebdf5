"""What a start leaves for later is there, whole, for whoever asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import sys
from lispe_kernel.kernel import deferred
deferred.install()
with deferred.general():
    from lispe_kernel.kernel.process import LispeKernelApp
app = LispeKernelApp()
import lispe_kernel.kernel.kernel
"""
HEAVY = (
    "IPython.core.interactiveshell",
    "jupyter_client.manager",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
)


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        (f"print([name for name in {HEAVY} if name in sys.modules])", "[]"),
        (
            (
                "import IPython\nfrom jupyter_client import KernelManager\n"
                "print(IPython.core.interactiveshell.InteractiveShell.__name__, KernelManager.__name__)\n"
                "import jupyter_client\nfor it in (IPython, jupyter_client):\n"
                "    print(it.__version__ != '', type(it).__name__, type(it.__spec__.loader).__name__)"
            ),
            "InteractiveShell KernelManager\n" + "True module SourceFileLoader\n" * 2,
        ),
        (
            (
                "import ipykernel.kernelapp as app, ipykernel.ipkernel, ipykernel.zmqshell\n"
                "print(issubclass(ipykernel.ipkernel.IPythonKernel, app.IPythonKernel))"
            ),
            "True",
        ),
        (
            (
                "deferred.after_import('IPython.core.interactiveshell', lambda: print('done'))\n"
                "from IPython import get_ipython\nprint('asked')\nprint(get_ipython())"
            ),
            "done\nasked\nNone",
        ),
    ],
    ids=["nothing heavy", "packages", "classes", "afterwards"],
)
def test_what_waits(program: str, printed: str) -> None:
    command = [sys.executable, "-c", START + program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (printed.strip(), "")
