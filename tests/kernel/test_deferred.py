"""What a start leaves for later is there, whole, for whoever asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import sys
from lispe_kernel.kernel import deferred
with deferred.general():
    from lispe_kernel.kernel.process import LispeKernelApp
app = LispeKernelApp()
import lispe_kernel.kernel.kernel
"""


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ("print('ipykernel.ipkernel' in sys.modules)", "False"),
        (
            (
                "import ipykernel.kernelapp as app, ipykernel.ipkernel, ipykernel.zmqshell\n"
                "print(issubclass(ipykernel.ipkernel.IPythonKernel, app.IPythonKernel))"
            ),
            "True",
        ),
        (
            (
                "import comm\nfrom lispe_kernel.kernel.comms import there_are_comms, wait_for_comms\n"
                "wait_for_comms()\nprint(there_are_comms())\n"
                "print(type(comm.get_comm_manager()).__module__, there_are_comms())"
            ),
            "False\nipykernel.comm.manager True",
        ),
    ],
    ids=["nothing of Python's kernel", "classes", "comms"],
)
def test_what_waits(program: str, printed: str) -> None:
    command = [sys.executable, "-c", START + program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (printed, "")


def test_a_kernel_starts_with_an_application_that_takes_more_from_the_kernel_of_python() -> None:
    program = (
        "import sys\nfrom lispe_kernel.kernel import deferred\n"
        "deferred.GENERAL['ipykernel.ipkernel'] = ('Other', 'ipykernel.kernelbase', 'Kernel')\n"
        "from lispe_kernel.kernel.app import launch\nlaunch(['--version'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.strip()
