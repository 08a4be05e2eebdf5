"""What a start leaves for later is there, whole, for whoever asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.kernel_process import Running

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


THREADS = """
import importlib.machinery, threading, time
deferred.WAITING["slow"] = {}
entered, seen = threading.Event(), []
class Own:
    def create_module(self, spec): return None
    def exec_module(self, module):
        entered.set(); time.sleep(0.2); module.ANSWER = 42
spec = importlib.machinery.ModuleSpec("slow", deferred._Later(Own()))
slow = sys.modules["slow"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(slow)
first = threading.Thread(target=lambda: slow.ANSWER)
first.start(); entered.wait(); print(slow.ANSWER); first.join()
"""


# As IPython until 9.10: a module that is imported asks its package, whose code would import that module.
CIRCLE = """
import os, tempfile
folder = tempfile.TemporaryDirectory()
os.mkdir(f"{folder.name}/round")
for name, code in {
    "__init__": "from round.part import ANSWER; from round.other import get",
    "part": "import round.other as other; from round import get; ANSWER = get()",
    "other": "def get(): return 42",
}.items():
    open(f"{folder.name}/round/{name}.py", "w").write(code)
sys.path.insert(0, folder.name)
deferred.WAITING["round"], deferred.OF_ITS_OWN["round"] = {}, {"get": "round.other"}
from round.part import ANSWER
begun = "round" in deferred._begun
import round
print(begun, ANSWER, round.part.get is round.get)
"""


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
        (THREADS, "42"),
        (CIRCLE, "False 42 True"),
    ],
    ids=["nothing heavy", "packages", "classes", "afterwards", "a second thread waits", "a circle"],
)
def test_what_waits(program: str, printed: str) -> None:
    command = [sys.executable, "-c", START + program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (printed.strip(), "")


def test_a_kernel_starts_with_an_application_that_takes_more_from_the_kernel_of_python() -> None:
    program = (
        "import sys\nfrom lispe_kernel.kernel import deferred\n"
        "deferred.GENERAL['ipykernel.ipkernel'] = ('Other', 'ipykernel.kernelbase', 'Kernel')\n"
        "from lispe_kernel.kernel.app import launch\nlaunch(['--version'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.strip()


@pytest.mark.parametrize(
    "first",
    [
        "import comm; comm.get_comm_manager()",
        "import IPython.core.interactiveshell",
        "import lispe_kernel.kernel.facade",
    ],
    ids=["comms", "the shell", "the facade"],
)
def test_whatever_is_imported_first_the_shell_is_found(first: str, tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        reply = running.run(
            f"%%python\n{first}\nfrom IPython import get_ipython\nprint(type(get_ipython()).__name__)"
        )
        assert reply.stream() == "Facade\n"
    finally:
        running.stop()
