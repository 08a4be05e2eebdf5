"""Runs notebooks through their kernels: the one place where cells are executed outside a front end.

`execute` fills in outputs; `run_file` also stores them, tidied so that running twice gives the same file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

CELL_TIMEOUT = 300  # seconds
WIDTH = 72  # of a cell's first line in a progress line
_LIVE = "application/vnd.jupyter.widget-view+json"  # A widget's model ends with its kernel.

Announce = Callable[[int, int, str], None]


class NotebookError(Exception):
    """A notebook that cannot be read, or a run that stopped; the text says which cell and why."""


def read(path: Path) -> Any:
    """The notebook in a file.

    Raises NotebookError when there is none or the file is no notebook.
    """
    import nbformat  # noqa: PLC0415 - heavy: each command imports only what it runs

    if not path.is_file():
        raise NotebookError(f"There is no notebook {path}.")
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, KeyError, OSError, nbformat.ValidationError) as problem:
        raise NotebookError(f"{path} is not a notebook: {problem}") from problem


def code_cells(notebook: Any) -> list[Any]:
    """Return the cells that have something to run, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def headline(source: str) -> str:
    """Return the first line of a cell that is not empty, shortened for a progress line."""
    line = next(line.strip() for line in source.splitlines() if line.strip())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def execute(notebook: Any, folder: Path, announce: Announce | None = None) -> None:
    """Run every cell in `folder`, filling in the outputs; `announce(number, count, headline)` before each.

    Raises NotebookError where a cell fails, takes too long, or the kernel dies or does not start.
    """
    from nbclient import NotebookClient  # noqa: PLC0415 - heavy: each command imports only what it runs
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError  # noqa: PLC0415 - heavy: each command imports only what it runs

    numbers = {id(cell): number for number, cell in enumerate(code_cells(notebook), start=1)}

    def tell(cell: Any, **_: Any) -> None:
        if announce is not None and id(cell) in numbers:
            announce(numbers[id(cell)], len(numbers), headline(cell.source))

    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name=kernel_of(notebook),
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=tell,
    )
    try:
        client.execute()
    except CellExecutionError as problem:
        raise NotebookError(f"The notebook stopped: {problem.ename}: {problem.evalue}") from problem
    except (CellTimeoutError, DeadKernelError, RuntimeError) as problem:
        raise NotebookError(f"The notebook stopped: {problem}") from problem


def kernel_of(notebook: Any) -> str:
    """The name of the kernel that a notebook asks for."""
    return str(notebook.metadata.get("kernelspec", {}).get("name", "lispe"))


def run_file(path: Path, announce: Announce | None = None) -> int:
    """Run a notebook in its own folder, store its outputs in it, and return how many cells ran.

    The file changes only when all of it has run.
    """
    import nbformat  # noqa: PLC0415 - heavy: each command imports only what it runs

    from lispe_kernel.torch_library.files.atomic import write_file  # noqa: PLC0415 - heavy: each command imports only what it runs

    notebook = read(path)
    execute(notebook, path.parent, announce)
    tidy(notebook)
    text = nbformat.writes(notebook) + "\n"

    def fill(file: BinaryIO) -> None:
        file.write(text.encode("utf-8"))

    write_file(str(path), fill)
    return len(code_cells(notebook))


def tidy(notebook: Any) -> None:
    """Take out of a run notebook what would differ in the next run: timings, models of ended widgets."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(_LIVE, None)
