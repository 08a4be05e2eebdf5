"""Draws the README's pictures from the notebooks: outputs of cells as Chromium shows them, into docs/images.

Run it after the looks of an output have changed. It needs the packages of the extra `test` and a Chromium.
"""

import sys
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import sync_playwright

from scripts.chromium import chromium
from scripts.demo import to_html

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH, SCALE = 1200, 1.25

# picture -> (notebook, words that the first and the last cell shown contain)
PICTURES = {
    "tour.png": ("tour", "The positional encoding gives each position", "pos_encoding"),
    "attention.png": (
        "transformer",
        "(setq after (torch_attention_weights",
        "(setq after (torch_attention_weights",
    ),
    "training.png": ("training", '(timeline "work/training")', '(timeline "work/training")'),
}


def cut(notebook: Any, first: str, last: str) -> Any:
    """The notebook with the cells from the one that contains `first` to the one that contains `last`."""
    cells = notebook.cells
    start = next(n for n, cell in enumerate(cells) if first in cell.source)
    end = next(
        n for n, cell in enumerate(cells) if n >= start and last in cell.source and cell.cell_type == "code"
    )
    made = notebook.copy()
    made.cells = cells[start : end + 1]
    return made


def main() -> int:
    """Draw every picture of the table."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 600}, device_scale_factor=SCALE)
        for name, (notebook, first, last) in PICTURES.items():
            stored = ROOT / "notebooks" / f"{notebook}.ipynb"
            shown = cut(nbformat.read(stored, 4), first, last)  # type: ignore[no-untyped-call]
            page.set_content(to_html(shown, notebook))
            page.wait_for_timeout(300)
            page.locator("main, body").first.screenshot(path=IMAGES / name)
            print(f"Drew {name} from {notebook}.ipynb")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
