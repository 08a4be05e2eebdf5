"""What every test shares: fixed seeds, no network, Jupyter folders of its own, the browser.

A fixture that only one area needs lives in that area's folder. Nothing here touches the user's files.
"""

import gc
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

from scripts.chromium import MISSING
from scripts.chromium import chromium as chromium_path

SEED = 20261
ROOT = Path(__file__).resolve().parent.parent
JUPYTER_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")

# The machine is shared, so no deadline; the same examples in every run, so that a failure can be repeated.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=60)
# `make test-long`: new examples in every run, many more, and what failed once is tried first the next time.
settings.register_profile(
    "long",
    deadline=None,
    max_examples=1000,
    print_blob=True,
    database=DirectoryBasedExampleDatabase(ROOT / "build" / "hypothesis"),
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Give Jupyter and us empty folders for this run; kernels started by tests inherit them.

    Where the run was started with Ctrl-C ignored (under nohup, in the background of a script), take it back:
    tests interrupt themselves.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="lispe-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in JUPYTER_FOLDERS:
        os.environ[name] = str(folder / name.lower())
    # Where the register of whole files is kept.
    os.environ["XDG_RUNTIME_DIR"] = str(folder)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the collector what lives until the end: thousands of tests and the libraries they import."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Start every test from the same random numbers; torch and numpy only where something imported them."""
    random.seed(SEED)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(SEED)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "manual_seed"):
        torch.manual_seed(SEED)


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Let sockets reach this machine only."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to reach {address[0]}, which is not this machine")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser for browser tests; CI must have one, elsewhere its tests are passed over."""
    path = chromium_path()
    if path is not None:
        return path
    if os.environ.get("CI"):
        pytest.fail("CI has no Chromium: .ci/run installs Debian's package `chromium`")
    pytest.skip(MISSING)


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run the test in an empty folder of its own, for programs that write beside themselves."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
