"""Memory of an idle kernel before torch: at most ipykernel's and 10 MB."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

from tests.kernel.kernel_process import ARGV, Running

IPYKERNEL = [sys.executable, "-m", "ipykernel", "-f", "{connection_file}"]
MARGIN = 10_000_000


def idle_memory(folder: Path, argv: list[str], cell: str) -> int:
    """Bytes that belong to the kernel alone after its first cell."""
    running = Running(folder, argv)
    try:
        running.run(cell)
        return psutil.Process(running.manager.provisioner.process.pid).memory_full_info().uss
    finally:
        running.stop()


def test_an_idle_kernel_is_no_heavier_than_ipykernel(tmp_path: Path) -> None:
    ours = idle_memory(tmp_path, [*ARGV, "--LispeKernel.preload_torch=False"], "(+ 1 1)")
    theirs = idle_memory(tmp_path, IPYKERNEL, "1 + 1")
    assert ours < theirs + MARGIN
