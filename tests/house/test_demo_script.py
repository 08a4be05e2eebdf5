"""scripts/demo.py runs a notebook with a line of progress a cell, and its page needs no network."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lispe_kernel.notebook.run import headline
from scripts.demo import main

LOADED_FROM_ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe)[^>]*\ssrc=["']?https?:|<link[^>]*href=["']?https?:|url\(["']?https?:|import\(|cdn""",
    re.IGNORECASE,
)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return tmp_path / "small.ipynb"


def write(path: Path, *sources: str) -> None:
    """Write a Python notebook: what is tested is the script, whatever the kernel."""
    cells = [new_markdown_cell("# A title"), *map(new_code_cell, sources), new_code_cell("")]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def test_each_cell_is_announced_and_its_output_is_on_the_page(
    notebook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(notebook, "\n6 * 7", "print('second ' + 'cell')")
    page = notebook.parent / "made" / "small.html"
    assert main([str(notebook), str(page)]) == 0
    progress = capsys.readouterr().out.splitlines()
    assert progress[1:3] == ["[ 1/2] 6 * 7", "[ 2/2] print('second ' + 'cell')"]
    assert str(page) in progress[-1]
    text = page.read_text()
    assert "42" in text
    assert "second cell" in text


def test_the_page_loads_nothing_from_elsewhere(notebook: Path) -> None:
    write(notebook, "from IPython.display import Image, HTML\nHTML('<b>bold</b>')")
    page = notebook.with_suffix(".html")
    main([str(notebook), str(page)])
    text = page.read_text()
    assert "<b>bold</b>" in text
    assert LOADED_FROM_ELSEWHERE.findall(text) == []


def test_the_notebook_itself_is_left_as_it_was(notebook: Path) -> None:
    write(notebook, "1 + 1")
    before = notebook.read_bytes()
    main([str(notebook), str(notebook.with_suffix(".html"))])
    assert notebook.read_bytes() == before


def test_a_failing_cell_stops_the_run_with_its_error(
    notebook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(notebook, "1 / 0", "print('never')")
    assert main([str(notebook), str(notebook.with_suffix(".html"))]) == 1
    shown = capsys.readouterr()
    assert "ZeroDivisionError: division by zero" in shown.err
    assert "never" not in shown.out
    assert not notebook.with_suffix(".html").exists()


def test_a_missing_notebook_is_said_to_be_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent.ipynb"), str(tmp_path / "page.html")]) == 1
    assert "There is no notebook" in capsys.readouterr().err


def test_a_long_first_line_is_shortened() -> None:
    assert headline("\n  " + "x" * 100) == "x" * 71 + "…"
