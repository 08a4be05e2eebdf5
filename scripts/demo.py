"""Runs a notebook through its kernel and writes it as one HTML page that needs no network.

Progress is shown cell by cell. A cell that fails stops the run with the cell's own error and a non-zero exit.
The notebook itself is never changed.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter

CELL_TIMEOUT = 300  # seconds
WIDTH = 72  # of a cell's first line in a progress line

# The page is read from a file, perhaps without a network: no block that loads a script from elsewhere.
OFFLINE_TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
"""

# Best first. Widget views are left out: they need a running kernel, and every widget comes with HTML or text.
RICHEST = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/latex",
    "text/plain",
]


def main(arguments: list[str] | None = None) -> int:
    """Run the notebook named on the command line, write the page, and return the exit status."""
    parser = argparse.ArgumentParser(description="Run a notebook and write it as a self-contained HTML page.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("page", type=Path)
    options = parser.parse_args(arguments)
    if not options.notebook.is_file():
        print(f"There is no notebook {options.notebook}.", file=sys.stderr)
        return 1
    notebook = nbformat.read(options.notebook, as_version=4)
    start = time.monotonic()
    try:
        execute(notebook, folder=options.notebook.parent)
    except CellExecutionError as problem:
        print(f"The notebook stopped: {problem.ename}: {problem.evalue}", file=sys.stderr)
        return 1
    except (CellTimeoutError, DeadKernelError, RuntimeError) as problem:
        print(f"The notebook stopped: {problem}", file=sys.stderr)
        return 1
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(to_html(notebook, title=options.notebook.stem), encoding="utf-8")
    print(f"Ran {len(code_cells(notebook))} cells in {time.monotonic() - start:.1f} s")
    print(f"The result is in {options.page}; any browser shows it.")
    return 0


def code_cells(notebook: Any) -> list[Any]:
    """Return the cells that have something to run, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def execute(notebook: Any, folder: Path) -> None:
    """Run every cell in `folder`, filling in the outputs and printing a line a cell.

    Raises CellExecutionError, CellTimeoutError or DeadKernelError as nbclient does, and its RuntimeError
    where the kernel does not start.
    """
    numbers = {id(cell): number for number, cell in enumerate(code_cells(notebook), start=1)}
    kernel = notebook.metadata.get("kernelspec", {}).get("name", "lispe")
    print(f"Running {len(numbers)} cells through the kernel {kernel!r}", flush=True)

    def announce(cell: Any, **_: Any) -> None:
        if id(cell) in numbers:
            print(f"[{numbers[id(cell)]:>2}/{len(numbers)}] {headline(cell.source)}", flush=True)

    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name=kernel,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=announce,
    )
    client.execute()


def headline(source: str) -> str:
    """Return the first line of a cell that is not empty, shortened for a progress line."""
    line = next(line.strip() for line in source.splitlines() if line.strip())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def to_html(notebook: Any, title: str) -> str:
    """Return the notebook as one HTML page: pictures inside, no script or style from anywhere else."""
    notebook.metadata.setdefault("title", title)
    exporter = HTMLExporter(raw_template=OFFLINE_TEMPLATE, embed_images=True)
    exporter.display_data_priority = RICHEST
    page, _resources = exporter.from_notebook_node(notebook)
    return str(page)


if __name__ == "__main__":
    sys.exit(main())
