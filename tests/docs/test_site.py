"""The pages made from the code are up to date; the site builds without a warning and needs no network."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lispe_kernel import Session
from lispe_kernel.display.page.registry import view_of, views
from scripts.write_functions import anchor, rooms
from scripts.write_gallery import LINES, alike
from tests import fresh_processes

LOADED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^"'>]*""")
LOADED_BY_STYLE = re.compile(r"""(?:url\(|@import\s)["']?(?:https?:)?//[^"')]*""")
# Views that need a file, a longer run or several lines, and plain values that a notebook prints as well.
ELSEWHERE = {
    *("AdapterComparisonView", "CheckpointView", "LensView", "ListingView", "OptimizerView", "RunsView"),
    *("SchedulerView", "TimelineView", "TrackerView"),
    *("BagView", "DictionaryView", "FunctionView", "InstanceView", "ListView", "MatrixView"),
}
LIGHT = 300_000  # Bytes: a page of functions opens at once, also on a slow line.
# Seconds: the site is built with all notebooks, which takes minutes on a very busy machine.
pytestmark = pytest.mark.timeout(600)


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", ["write_functions", "write_api", "write_gallery"])
def test_the_pages_made_from_the_code_are_up_to_date(
    script: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    done = fresh_processes.run(
        f"import runpy; runpy.run_module('scripts.{script}', run_name='__main__')", "--check"
    )
    assert done.returncode == 0, done.stderr


def test_every_name_stands_on_the_page_of_its_subject_and_in_the_index(root: Path) -> None:
    index = (root / "docs" / "functions.md").read_text()
    missing = []
    for room in rooms():
        page = (root / "docs" / room.path).read_text().splitlines()
        headings = {line.lstrip("#").strip() for line in page if line.startswith("##")}
        for entry in room.entries:
            names = (entry.name, *entry.aliases)
            if ", ".join(f"`{name}`" for name in names) not in headings:
                missing.append(f"{entry.name} on {room.path}")
            missing += [f"{name} in the index" for name in names if f"[`{name}`]({room.path}#" not in index]
    assert missing == []


def test_no_two_names_of_a_page_share_their_place() -> None:
    places = Counter((room.path, anchor(entry.name)) for room in rooms() for entry in room.entries)
    assert [place for place, times in places.items() if times > 1] == []


@pytest.mark.parametrize(
    ("heading", "place"),
    [
        ("Where new things go", "where-new-things-go"),
        ("Sets", "sets"),
        ("torch_randn", "torch_randn"),
        ("setQ", "setQ"),
        ("set@", "set-40"),
        ("-", "2d"),
        ("-=", "2d-3d"),
        ("ρ, rho, ⍴", "ρ"),
    ],
)
def test_a_heading_has_its_place(heading: str, place: str) -> None:
    assert anchor(heading) == place


def test_the_gallery_stays_light_and_tells_a_change_from_a_rounding(root: Path) -> None:
    files = [root / "docs" / "gallery.md", *(root / "docs" / "images" / "gallery").glob("*.svg")]
    assert sum(file.stat().st_size for file in files) < LIGHT
    drawn = (root / "docs" / "images" / "gallery" / "a-matrix.svg").read_text()
    x = re.search(r' x="(\d+)"', drawn)
    assert x
    assert alike(drawn, drawn.replace(x[0], f' x="{x[1]}.1"', 1))
    assert not alike(drawn, drawn.replace(x[0], f' x="{x[1]}9"', 1))
    assert not alike(drawn, drawn.replace("min", "max").replace("48", "47", 1))


def test_the_gallery_shows_every_view_that_needs_no_file_and_no_longer_run() -> None:
    shown = {type(view_of(Session().evaluate(line))).__name__ for line in LINES.values()}
    assert {view.__name__ for _, view in views} - shown == ELSEWHERE


@pytest.fixture(scope="module")
def site(root: Path) -> Path:
    """The pages, freshly built."""
    pytest.importorskip("myst_nb", reason="the extra `docs` builds the documentation")
    done = run(root, "-m", "scripts.build_docs")
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "build" / "docs"


def test_the_documentation_builds_without_a_warning(site: Path) -> None:
    assert (site / "index.html").is_file()
    assert (site / "contributing.html").is_file()


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("torch_positional_encoding", "functions/torch/modules"),
        ("whilein", "functions/language/forms"),
        ("rho", "functions/language/lists"),
        ("backreduce", "functions/language/lists"),
    ],
)
def test_the_search_leads_to_a_function_by_each_of_its_names(site: Path, name: str, page: str) -> None:
    text = (site / "searchindex.js").read_text().removeprefix("Search.setIndex(").removesuffix(")")
    found = json.loads(text)
    places = found["alltitles"].get(name, []) + found["indexentries"].get(name, [])
    assert [found["docnames"][place[0]] for place in places if place[1]] == [page]


def test_a_page_of_functions_is_light(site: Path) -> None:
    pages = [site / "functions.html", *(site / "functions").rglob("*.html")]
    assert {page.name: page.stat().st_size for page in pages if page.stat().st_size > LIGHT} == {}


def test_every_notebook_is_a_page_with_its_outputs(site: Path, root: Path) -> None:
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        page = (site / "notebooks" / notebook.name).with_suffix(".html").read_text()
        assert "cell_output" in page, notebook.name


def test_no_page_loads_anything_from_the_network(site: Path) -> None:
    pages = {path.name: LOADED.findall(path.read_text()) for path in site.rglob("*.html")}
    styles = {path.name: LOADED_BY_STYLE.findall(path.read_text()) for path in site.rglob("*.css")}
    assert {name: found for name, found in {**pages, **styles}.items() if found} == {}
