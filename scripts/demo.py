"""Runs a notebook through its kernel and writes it as one HTML page that needs no network.

Progress is shown cell by cell. A cell that fails stops the run with the cell's own error and a non-zero exit.
The notebook itself is never changed.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from nbconvert import HTMLExporter

from lispe_kernel.notebook.run import NotebookError, code_cells, execute, kernel_of, read

# The page is read from a file, perhaps without a network: no block that loads a script from elsewhere.
# On paper nobody scrolls: long lines of code break.
OFFLINE_TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_css -%}
{{ super() }}
<style>@media print { .highlight pre { white-space: pre-wrap } }</style>
{%- endblock -%}
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
    start = time.monotonic()
    try:
        notebook = read(options.notebook)
        cells = len(code_cells(notebook))
        print(f"Running {cells} cells through the kernel {kernel_of(notebook)!r}", flush=True)
        execute(notebook, options.notebook.parent, announce)
    except NotebookError as problem:
        print(problem, file=sys.stderr)
        return 1
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(to_html(notebook, title=options.notebook.stem), encoding="utf-8")
    print(f"Ran {cells} cells in {time.monotonic() - start:.1f} s")
    print(f"The result is in {options.page}; any browser shows it.")
    return 0


def announce(number: int, count: int, line: str) -> None:
    """Print a line of progress."""
    print(f"[{number:>2}/{count}] {line}", flush=True)


def to_html(notebook: Any, title: str) -> str:
    """Return the notebook as one HTML page: pictures inside, no script or style from anywhere else."""
    notebook.metadata.setdefault("title", title)
    exporter: Any = HTMLExporter(raw_template=OFFLINE_TEMPLATE, embed_images=True)  # type: ignore[no-untyped-call]
    exporter.display_data_priority = RICHEST
    page, _resources = exporter.from_notebook_node(notebook)
    return str(page)


if __name__ == "__main__":
    sys.exit(main())
