"""The page of functions is up to date; the documentation builds without a warning and needs no network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^"'>]*""")
LOADED_BY_STYLE = re.compile(r"""(?:url\(|@import\s)["']?(?:https?:)?//[^"')]*""")


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=root, capture_output=True, text=True, check=False)


def test_the_page_of_functions_is_up_to_date(root: Path) -> None:
    done = run(root, "scripts/write_functions.py", "--check")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(root: Path) -> Path:
    """The pages, freshly built."""
    pytest.importorskip("myst_nb", reason="the extra `docs` builds the documentation")
    done = run(root, "scripts/build_docs.py")
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "build" / "docs"


def test_the_documentation_builds_without_a_warning(site: Path) -> None:
    assert (site / "index.html").is_file()
    assert (site / "searchindex.js").is_file()


def test_every_notebook_is_a_page_with_its_outputs(site: Path, root: Path) -> None:
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        page = (site / "notebooks" / notebook.name).with_suffix(".html").read_text()
        assert "cell_output" in page, notebook.name


def test_no_page_loads_anything_from_the_network(site: Path) -> None:
    pages = {path.name: LOADED.findall(path.read_text()) for path in site.rglob("*.html")}
    styles = {path.name: LOADED_BY_STYLE.findall(path.read_text()) for path in site.rglob("*.css")}
    assert {name: found for name, found in {**pages, **styles}.items() if found} == {}
