"""Builds the documentation into build/docs: the pages of docs/, the notebooks with their outputs, a search.

Any warning of Sphinx is an error. They load nothing from the network. `python -m scripts.build_docs` runs it.
"""

import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

ROOT = Path(__file__).resolve().parent.parent
SOURCE, PAGES = ROOT / "build" / "docs-source", ROOT / "build" / "docs"
# Pages that stand where people look for them, at the top of the repository.
PAPERS = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")


def _but_pages(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("page.")]


def gather(target: Path) -> None:
    """Put pages and notebooks into one folder, where Sphinx wants them."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "docs", target, ignore=shutil.ignore_patterns("__pycache__"))
    # The look and the script of outputs, for those of the gallery.
    shutil.copytree(ROOT / "lispe_kernel" / "display" / "page", target / "_static", ignore=_but_pages)
    (target / "notebooks").mkdir()
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy(notebook, target / "notebooks")
    for paper in PAPERS:
        shutil.copy(ROOT / paper, target / paper.lower())
    for page in target.glob("*.md"):
        # In the repository notebooks and papers stand beside docs/, on the site everything is in one folder.
        text = (
            page.read_text(encoding="utf-8")
            .replace("](../notebooks/", "](notebooks/")
            .replace("](docs/", "](")
        )
        for paper in PAPERS:
            text = text.replace(f"](../{paper}", f"]({paper.lower()}").replace(
                f"]({paper}", f"]({paper.lower()}"
            )
        page.write_text(text, encoding="utf-8")


def main() -> int:
    """Build, and return the exit status."""
    gather(SOURCE)
    shutil.rmtree(PAGES, ignore_errors=True)
    # Nothing is remembered: what Sphinx read for an earlier docs/conf.py is no longer true.
    options = ["-q", "-W", "--keep-going", "-E", "-b", "html", "-d", f"{SOURCE}-cache"]
    status = build_main([*options, str(SOURCE), str(PAGES)])
    if status == 0:
        print(f"The pages are in {PAGES / 'index.html'}; they need no network.")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
