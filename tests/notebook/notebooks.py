"""Small notebooks for the tests, and their outputs."""

from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

LISPE = {"name": "lispe", "display_name": "LispE", "language": "lispe"}


def text(value: str, kind: str = "text/plain") -> Any:
    """An output as the result of a cell."""
    return v4.new_output("execute_result", {kind: value}, execution_count=1)


def stream(value: str) -> Any:
    return v4.new_output("stream", name="stdout", text=value)


def failure(message: str) -> Any:
    return v4.new_output("error", ename="LispE error", evalue=message, traceback=[message])


def write(path: Path, *cells: tuple[str, Any]) -> Path:
    """A notebook of LispE cells, each with what it is said to have answered."""
    made = v4.new_notebook(metadata={"kernelspec": LISPE})
    for number, (source, output) in enumerate(cells):
        cell = v4.new_code_cell(source, id=f"cell-{number}", execution_count=number + 1)
        cell.outputs = [output] if output is not None else []
        made.cells.append(cell)
    nbformat.write(made, path)
    return path
