"""Programs in processes of their own, forked from one that has imported torch: each spares seconds.

What a process imports when it starts is another question: tests of that start Python anew.
"""

import os
import random
import subprocess
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["torch", "lispe_kernel.torch_library"])


def run(program: str, *arguments: object, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a Python program in this folder to its end, or to the signal that ends it (the negative status)."""
    command = ["-c", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / "stdout", Path(folder) / "stderr"]
        process = CONTEXT.Process(target=_become, args=(program, command, Path.cwd(), dict(os.environ), said))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, seconds)
        status, texts = process.exitcode, [path.read_text(encoding="utf-8") for path in said]
        process.close()
    return subprocess.CompletedProcess(command, status, *texts)


def _become(
    program: str, command: list[str], folder: Path, environment: dict[str, str], said: list[Path]
) -> None:
    for number, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = command
    random.seed()  # The forked state is everybody's.
    exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
