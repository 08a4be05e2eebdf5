"""A page in a real browser without a screen: what became of it, and how it looks."""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

REFERENCES = Path(__file__).parent / "screenshots"
# Mean difference of brightness (0 to 255) after reduction; fonts of another machine stay below it.
TOLERANCE = 6.0

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--virtual-time-budget=4000",
)
# What JupyterLab's themes say, as far as outputs ask.
THEMES = {
    "light": ("#ffffff", "rgba(0,0,0,.87)", "#bdbdbd"),
    "dark": ("#111111", "rgba(255,255,255,.87)", "#616161"),
}


def page(outputs: list[str], theme: str = "light", width: int = 900, script: str = "") -> str:
    """Outputs one under the other, as cells of a notebook of that width."""
    paper, ink, edge = THEMES[theme]
    cells = "".join(f'<div class="cell">{output}</div>' for output in outputs)
    return (
        '<!doctype html><meta charset="utf-8">'
        f"<style>:root{{--jp-content-font-color1:{ink};--jp-border-color1:{edge}}}"
        f"body{{margin:8px;width:{width}px;background:{paper};color:{ink};font-family:sans-serif}}"
        ".cell{margin-bottom:16px}</style>"
        f"{cells}<script>{script}</script>"
    )


def _run(chromium: str, html: str, *arguments: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(html, encoding="utf-8")
        command = [chromium, *FLAGS, f"--user-data-dir={folder}/profile", *arguments, file.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def document(chromium: str, html: str) -> str:
    """The page's elements after its scripts ran."""
    return _run(chromium, html, "--dump-dom")


def picture(chromium: str, html: str, file: Path, width: int, height: int) -> None:
    """Write what the page looks like to a PNG file."""
    _run(chromium, html, f"--window-size={width},{height}", f"--screenshot={file}")


def looks_as_before(file: Path, name: str) -> None:
    """Compare a picture with the one that is kept under the name.

    LISPE_SCREENSHOTS=write keeps the present looks as the reference; look at them before committing.
    """
    whole = Image.open(file).convert("L")
    now = whole.resize((whole.width // 4, whole.height // 4), Image.Resampling.BOX)
    reference = REFERENCES / f"{name}.png"
    if os.environ.get("LISPE_SCREENSHOTS") == "write":
        REFERENCES.mkdir(exist_ok=True)
        now.save(reference, optimize=True)
    before = Image.open(reference)
    assert now.size == before.size
    assert np.abs(np.asarray(now, float) - np.asarray(before, float)).mean() < TOLERANCE
