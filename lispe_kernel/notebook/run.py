"""Runs notebooks through their kernels: the one place where cells are executed outside a front end.

`execute` fills in outputs; `run_file` also stores them, tidied so that running twice gives the same file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lispe_kernel.notebook.lasting import lasting
from lispe_kernel.notebook.tags import wishes_of

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
    from nbformat.reader import NotJSONError  # noqa: PLC0415 - heavy: each command imports only what it runs

    if not path.is_file():
        raise NotebookError(f"There is no notebook {path}.")
    try:
        return nbformat.read(path, as_version=4)
    except OSError as problem:
        raise NotebookError(f"{path} cannot be read: {problem.strerror}") from problem
    except Exception as problem:
        # nbformat says in many ways that a file is something else; most of them are Python's words.
        known = isinstance(problem, (NotJSONError, nbformat.ValidationError))
        said = str(problem).strip().partition("\n")[0] if known else "it holds something else"
        raise NotebookError(f"{path} is not a notebook: {said}") from problem


def code_cells(notebook: Any) -> list[Any]:
    """Return the cells that have something to run, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def headline(source: str) -> str:
    """Return the first line of a cell that is not empty, shortened for a progress line."""
    line = next(line.strip() for line in source.splitlines() if line.strip())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


@dataclass(frozen=True)
class Settings:
    """How a notebook is run: seconds that a cell may take, whether it goes on after an error, and where."""

    timeout: float | None = CELL_TIMEOUT
    allow_errors: bool = False
    # None: the kernel that the notebook asks for.
    kernel: str | None = None


_DEFAULT = Settings()


def execute(
    notebook: Any, folder: Path, announce: Announce | None = None, settings: Settings = _DEFAULT
) -> None:
    """Run every cell in `folder`, filling in the outputs; `announce(number, count, headline)` before each.

    Cells are skipped and may fail as their tags and comments say. Raises NotebookError where a cell fails,
    takes too long, or the kernel dies or does not start.
    """
    from lispe_kernel.notebook.client import Client, join_streams, run, words_for  # noqa: PLC0415 - heavy: each command imports only what it runs

    numbers = {id(cell): number for number, cell in enumerate(code_cells(notebook), start=1)}

    def tell(cell: Any, **_: Any) -> None:
        if announce is not None and id(cell) in numbers:
            announce(numbers[id(cell)], len(numbers), headline(cell.source))

    kernel = settings.kernel or kernel_of(notebook)
    client = Client(
        notebook,
        timeout=settings.timeout,
        kernel_name=kernel,
        allow_errors=settings.allow_errors,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=tell,
    )
    try:
        run(client)
    except Exception as problem:
        # Whatever nbclient and the kernel's start raise: a person reads a sentence.
        raise NotebookError(words_for(problem, kernel)) from problem
    finally:
        for cell in notebook.cells:
            join_streams(cell)


def kernel_of(notebook: Any) -> str:
    """The name of the kernel that a notebook asks for."""
    return str(notebook.metadata.get("kernelspec", {}).get("name", "lispe"))


def run_file(
    path: Path,
    announce: Announce | None = None,
    settings: Settings = _DEFAULT,
    output: Path | None = None,
) -> int:
    """Run a notebook in its own folder, store it with its outputs, and return how many cells ran.

    It is stored in `output`, else where it was read. Nothing is written before all of it has run.
    """
    import nbformat  # noqa: PLC0415 - heavy: each command imports only what it runs

    from lispe_kernel.torch_library.files.atomic import write_bytes  # noqa: PLC0415 - heavy: each command imports only what it runs

    notebook = read(path)
    execute(notebook, path.parent, announce, settings)
    tidy(notebook)
    text = nbformat.writes(notebook) + "\n"
    write_bytes(str(output or path), text.encode("utf-8"))
    return sum(not wishes_of(cell).skipped for cell in code_cells(notebook))


def tidy(notebook: Any) -> None:
    """Take out of a run notebook what would differ in the next run: timings, models of ended widgets."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = lasting(cell.outputs)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(_LIVE, None)
