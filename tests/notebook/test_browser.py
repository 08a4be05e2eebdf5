"""The tour in a real JupyterLab: run, look, drag, save, come back; and as a page without a network."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import nbformat
import pytest
import torch
from nbformat.reader import NotJSONError

from lispe_kernel.display import bundle
from scripts.demo import to_html
from tests.display import samples
from tests.display.browser import looks_as_before
from tests.kernel.test_browser import TOKEN, browser, lab, sync_api, wait_for  # noqa: F401 - fixtures

# The first of them waits for the whole tour, on a busy machine more than once.
pytestmark = pytest.mark.timeout(600)

CELL = ".jp-Notebook .jp-CodeCell"
STEP = 500  # pixels
# One answer from the first, the middle and the last part of the tour.
SAID = ("265252859812191058636308480000000", "padded: (1 128)", "LoRA Linear Layer")
SLOW = 120_000  # milliseconds
EXPLORER = ".jp-OutputArea-output .jupyter-widgets"


@pytest.fixture(scope="module")
def tour(lab: tuple[str, Path], browser: Any, root: Path) -> Iterator[Any]:  # noqa: F811
    """The tour without outputs, opened and run to its end; saved."""
    address, folder = lab
    notebook = nbformat.read(root / "notebooks" / "tour.ipynb", 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, folder / "tour.ipynb")
    page = opened(browser, address)
    prompts = page.locator(f"{CELL} .jp-InputPrompt")

    def started() -> bool:
        # What is asked for while the notebook still connects is lost: ask until it counts.
        choose(page, "Run", "Run All Cells")
        page.wait_for_timeout(1500)
        return any(prompt != "[ ]:" for prompt in prompts.all_inner_texts())

    def finished() -> bool:
        # JupyterLab keeps only the cells in sight on the page, so the end must be in sight.
        page.locator(".jp-WindowedPanel-outer").first.evaluate("p => { p.scrollTop = p.scrollHeight; }")
        # What comes into sight is drawn a moment later; until then the last prompt is an earlier cell's.
        page.wait_for_timeout(500)
        return prompts.last.inner_text().strip("[]: ").isdigit()

    # On a busy machine a run that was asked for while the notebook connects may end after a few cells.
    for _ in range(3):
        wait_for(started, 30)
        # One that is only slow must not be asked for again: its cells would all wait twice.
        if eventually(finished, 150):
            break
    assert eventually(finished, 30)
    yield page
    page.close()


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def seen(page: Any) -> str:
    """All that a reader sees from top to bottom: JupyterLab keeps only the cells in sight on the page."""
    panel = page.locator(".jp-WindowedPanel-outer").first
    panel.evaluate("p => { p.scrollTop = 0; }")
    texts = []
    at_end = False
    while not at_end:
        page.wait_for_timeout(100)
        assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
        assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
        texts.append(page.locator(".jp-Notebook").inner_text())
        # The page grows while cells come into sight: ask for its end each time.
        at_end = panel.evaluate(
            "(p, step) => { const at = p.scrollTop; p.scrollTop += step; return p.scrollTop === at; }",
            STEP,
        )
    return "\n".join(texts)


def opened(browser: Any, address: str) -> Any:  # noqa: F811
    page = browser.new_page(viewport={"width": 1300, "height": 950})
    page.set_default_timeout(SLOW)
    page.goto(f"{address}/lab/tree/tour.ipynb?token={TOKEN}&reset")
    page.wait_for_selector(CELL)
    page.wait_for_selector(".jp-Toolbar-kernelName:has-text('LispE')")
    wait_for(lambda: idle(page), 60)
    return page


def idle(page: Any) -> bool:
    """The kernel goes on having nothing to do: for a moment JupyterLab says so before it has connected."""
    for _ in range(6):
        if page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").count() == 0:
            return False
        page.wait_for_timeout(500)
    return True


def choose(page: Any, menu: str, entry: str) -> None:
    for dialog in page.locator(".jp-Dialog .jp-mod-accept").all():
        dialog.click()
    page.locator(".lm-MenuBar-itemLabel", has_text=menu).first.click()
    page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()


def whole(folder: Path) -> bool:
    """Whether the notebook is on the disk with all its numbers; the server empties it before it writes."""
    try:
        return all(cell.execution_count for cell in saved(folder))
    except NotJSONError:
        return False


def saved(folder: Path) -> list[Any]:
    return [c for c in nbformat.read(folder / "tour.ipynb", 4).cells if c.cell_type == "code"]


def pictures(page: Any) -> str:
    """All pictures of the explorer: drawings as they are, images by their data."""
    return page.locator(EXPLORER).first.evaluate(
        "e => [...e.querySelectorAll('svg, img')].map(p => p.src || p.innerHTML).join('|')"
    )


def test_every_cell_answers_without_an_error(tour: Any) -> None:
    text = seen(tour)
    for answer in SAID:
        assert answer in text
    assert "Error displaying widget" not in text


def test_a_slider_moves_and_changes_the_picture(tour: Any) -> None:
    tour.locator(EXPLORER).first.scroll_into_view_if_needed()
    before = pictures(tour)
    assert before
    slider = tour.locator(f"{EXPLORER} .noUi-handle, {EXPLORER} input[type=range]").first
    slider.focus()
    for _ in range(6):
        tour.keyboard.press("ArrowRight")
    wait_for(lambda: pictures(tour) != before, 20)


def test_outputs_outlive_the_kernel(tour: Any, lab: tuple[str, Path], browser: Any) -> None:  # noqa: F811
    address, folder = lab
    tour.keyboard.press("Control+s")
    wait_for(lambda: whole(folder), 30)
    before = [len(cell.outputs) for cell in saved(folder)]
    tour.close()
    shut_down(address)
    page = opened(browser, address)
    try:
        assert [len(cell.outputs) for cell in saved(folder)] == before
        text = seen(page)
        for answer in SAID:
            assert answer in text
        assert "Error displaying widget" not in text
        assert "model not found" not in text.lower()
    finally:
        page.close()


def shut_down(address: str) -> None:
    with urlopen(f"{address}/api/sessions?token={TOKEN}") as answer:
        sessions = json.load(answer)
    for session in sessions:
        request = Request(f"{address}/api/sessions/{session['id']}?token={TOKEN}", method="DELETE")
        with urlopen(request, timeout=30):
            pass


def test_the_page_without_a_network_shows_every_picture(root: Path, tmp_path: Path, browser: Any) -> None:  # noqa: F811
    page_file = tmp_path / "tour.html"
    page_file.write_text(to_html(nbformat.read(root / "notebooks" / "tour.ipynb", 4), "tour"))
    context = browser.new_context(offline=True)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.wait_for_load_state()
    images = page.locator("img")
    assert images.count() + page.locator("figure svg").count() > 5
    empty = images.evaluate_all("all => all.filter(i => !(i.complete && i.naturalWidth)).length")
    assert empty == 0
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def test_a_notebook_that_is_not_trusted_still_shows_everything(
    lab: tuple[str, Path],  # noqa: F811
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    """JupyterLab strips style, script and inline SVG from what it does not trust: a cloned notebook."""
    address, folder = lab
    shown = {}
    first = ("positional", "tensor", "state dict", "comparison", "tracker", "attention")
    kinds = {kind: samples.KINDS[kind] for kind in (*first, *samples.KINDS)}
    for kind, make in kinds.items():
        where = tmp_path / kind.replace(" ", "-")
        where.mkdir()
        torch.manual_seed(1)
        shown[kind] = bundle(make("name", where))
    cell = nbformat.v4.new_code_cell("nil")
    cell.outputs = [nbformat.v4.new_output("display_data", data) for data in shown.values()]
    kernel = {"kernelspec": {"display_name": "LispE", "language": "lispe", "name": "lispe"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), folder / "cloned.ipynb")
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    try:
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/lab/tree/cloned.ipynb?token={TOKEN}&reset")
        outputs = page.locator(".jp-OutputArea-output.jp-RenderedHTMLCommon")
        wait_for(lambda: outputs.count() == sum("text/html" in data for data in shown.values()), 60)
        assert page.locator(f"{CELL} style, {CELL} .jp-OutputArea script, figure svg").count() == 0
        wait_for(lambda: page.evaluate(LOADED), 30)
        text = page.locator(f"{CELL} .jp-OutputArea").inner_text()
        for told in ("values 600 · size 2.4 kB · device cpu".replace("kB", "KB"), "epoch", "cosine"):
            assert told in text
        for size in page.evaluate(SIZES):
            assert min(size) > 5, "a picture was lost"
        page.set_viewport_size({"width": 1000, "height": 2600})
        page.wait_for_timeout(1000)
        file = tmp_path / "now.png"
        page.locator(".jp-Notebook").first.screenshot(path=file)
        looks_as_before(file, "untrusted")
    finally:
        page.close()


LOADED = "() => [...document.querySelectorAll('figure img')].every(i => i.complete)"
SIZES = "() => [...document.querySelectorAll('figure img')].map(i => [i.naturalWidth, i.naturalHeight])"
