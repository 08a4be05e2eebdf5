"""Writes docs/gallery.md and its pictures: each view with the one line that makes it, drawn from the code.

Every line is run here, from the seed 1; its pictures are those of its page, put on one sheet, and its words
and tables are those of its page as they are; docs/conf.py gives them their look. What a clock said is left
out. `python -m scripts.write_gallery` writes; with `--check` it only
says whether all is up to date. Another processor may round the last digit otherwise, so coordinates and
colours may differ by a little there, and nothing else may.
"""

import base64
import io
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from lispe_kernel import Session, display
from lispe_kernel.display.page.registry import view_of
from lispe_kernel.display.page.theme import page as to_page
from lispe_kernel.display.papers.panels import Panel, panels_of, sheet_of

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, PICTURES = DOCS / "gallery.md", DOCS / "images" / "gallery"
OPENING = """\
# Gallery

What the values of a cell look like, each under the one line that makes it. Made from the code by
`scripts/write_gallery.py`, from the seed 1: `(torch_manual_seed 1)`. In a notebook there are numbers beside
the pictures, tables can be sorted and searched, and a pointer (or the arrow keys) reads the values. A row of
a state dict, of a difference or of a model's layers opens that tensor in place: the smallest are kept in the
page, and `(explore value)` asks the kernel for any of them, as it is at that moment.
`(save_figure value "fig.pdf")` writes any of these pictures for a paper.
"""
CLOSING = """\
## What needs files or a longer run

`(timeline "folder")` draws the checkpoints of a folder, `(weight_histograms "folder")` how their weights are
spread, `(track "loss" value)` a curve that grows while a loop runs, `(explore value)` puts sliders beside a
tensor, an encoding, two of them, and opens every row of a state dict, a model, or of the difference of two:
`(explore a b)`.
[The tour](../notebooks/tour.ipynb) has them.
"""
# The heading of a view -> the line that makes it.
LINES = {
    "A matrix": "(torch_randn '(48 64))",
    "A vector": "(torch_randn '(60))",
    "Matrices": "(torch_randn '(3 20 20))",
    "A small tensor": "(tensor_create '((1 -2 3) (0.5 0 2)))",
    "A heatmap with labels": """(heatmap (torch_randn '(3 4)) '("low" "middle" "high") '("a" "b" "c" "d"))""",
    "Curves": "(plot '((1 4 9 16 25 36) (1 2 4 8 16 32)))",
    "A sinusoidal encoding": "(torch_positional_encoding 64 128)",
    "A rotary encoding": "(torch_rotary_embedding 64 128)",
    "ALiBi": "(torch_alibi 8 128)",
    "Encodings side by side": "(compare (torch_positional_encoding 32 64) "
    '(torch_rotary_embedding 32 64 (dictionary "scaling" "linear" "factor" 4)) (torch_alibi 4 64))',
    "A learned table": "(torch_embedding 64 32)",
    "A table of rows as points": "(embedding_map (torch_randn '(12 6)) (maplist 'string (range 0 12 1)))",
    "Two tensors compared": "(compare (torch_randn '(20 30)) (torch_randn '(20 30)))",
    "Attention weights": "(attention_map (torch_softmax (torch_randn '(2 6 6)) 2) "
    """'("the" "cat" "sat" "on" "the" "mat"))""",
    "Attention of a model": "(torch_attentions (torch_transformer_block 16 2 32) (torch_randn '(1 6 16)))",
    "A run of a model": "(torch_trace (torch_transformer_block 16 2 32) (torch_ones '(1 6 16)))",
    "The graph of a model": "(graph (torch_transformer_block 16 2 32) (torch_ones '(1 6 16)))",
    "The layers in a state dict": "(graph (torch_state_dict (torch_transformer_block 16 2 32)))",
    "A model": "(torch_transformer_block 16 2 32)",
    "An adapter": "(torch_lora_apply (torch_linear 64 48) 4 8)",
    "A state dict": "(torch_state_dict (torch_linear 4 3))",
    "Two models compared": "(compare (torch_linear 8 4) (torch_linear 8 4))",
    "What a model and its adapters weigh": "(storage_report 7000000000 8000000)",
    "How weights are spread": "(weight_histograms (maplist "
    """(\\(k) (dictionary "weight" (* k (torch_randn '(40 40))))) '(1 1.2 1.6 2 2.2)) "weight")""",
    "A tokenizer": "(torch_simple_tokenizer)",
    "A list of numbers": "(range 0 40 1)",
}


def made() -> dict[Path, str]:
    """Every file and its text."""
    files: dict[Path, str] = {}
    parts = [OPENING]
    for title, line in LINES.items():
        session = Session()
        session.evaluate("(torch_manual_seed 1)")
        view = view_of(session.evaluate(line))
        page = to_page(view.html(), view.line())
        panels = panels_of(view.html())
        shown = words_of(page)
        if panels:
            name = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
            files[PICTURES / f"{name}.svg"] = drawing(panels)
            words = "; ".join(panel.label for panel in panels)
            tables = FIGURE.sub("", shown)
            shown = f"![{words.replace('[', '(').replace(']', ')')}](images/gallery/{name}.svg)\n"
            shown += f"\n{tables}" if "<table" in tables else ""
        parts.append(f"## {title}\n\n```lisp\n{line}\n```\n\n{shown}")
    files[PAGE] = "\n".join([*parts, CLOSING])
    return files


# What a page brings for itself, and what differs from run to run.
BROUGHT = re.compile(r"<style>.*?</style>|<script>.*?</script>", re.S)
CLOCK = re.compile(r'(class="?clock"?)(?: data-v=[\d.]+)?>[^<]*')
FIGURE = re.compile(r"<figure\b.*?</figure>", re.S)


def words_of(page: str) -> str:
    """A page as a block of HTML in a page of Markdown, whose style and script the site has already."""
    shown = CLOCK.sub(r"\1>…", BROUGHT.sub("", page))
    # A blank line would end the block.
    return re.sub(r"\n\s*\n", "\n&nbsp;\n", shown) + "\n"


def drawing(panels: list[Panel]) -> str:
    """The pictures of a page on one sheet, as a file of its own."""
    sheet = sheet_of(panels)
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    parts = []
    for k, (x, y, panel) in enumerate(sheet.panels):
        panel.drawing.set("x", f"{x:g}")
        panel.drawing.set("y", f"{y:g}")
        text = ElementTree.tostring(panel.drawing, encoding="unicode")
        # A gradient is called by its name, and every picture has one.
        parts.append(text.replace('id="s"', f'id="s{k}"').replace("url(#s)", f"url(#s{k})"))
        for down, line in panel.lines():
            parts.append(f'<text x="{x:g}" y="{y + panel.height + down:g}">{_escaped(line)}</text>')
    size = f'width="{sheet.width:g}" height="{sheet.height:g}" viewBox="0 0 {sheet.width:g} {sheet.height:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n' + "\n".join(parts) + "\n</svg>\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


IMAGE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
# A comma stands between two numbers only where no sign does.
NUMBER = re.compile(r",?(-?(?:\d+(?:\.\d+)?|\.\d+))")
BARS = re.compile("[▁▂▃▄▅▆▇█]")


def alike(a: str, b: str) -> bool:
    """Whether two texts are the same but for the last digit of coordinates and a shade of a colour."""
    if a == b:
        return True
    pictures = [[_pixels(found) for found in IMAGE.findall(unquote(text))] for text in (a, b)]
    bare = [BARS.sub("█", IMAGE.sub("", text)) for text in (a, b)]
    numbers = [[float(found) for found in NUMBER.findall(text)] for text in bare]
    return (
        NUMBER.sub("", bare[0]) == NUMBER.sub("", bare[1])
        and all(abs(x - y) < 0.25 for x, y in zip(*numbers, strict=True))
        and len(pictures[0]) == len(pictures[1])
        and all(x.shape == y.shape and np.abs(x - y).max() < 16 for x, y in zip(*pictures, strict=True))
    )


def _pixels(data: str) -> Any:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), dtype=int)


def stale(files: dict[Path, str]) -> Iterable[str]:
    """What is not as it would be written now."""
    there = {path: path.read_text("utf-8") for path in (PAGE, *PICTURES.glob("*.svg")) if path.exists()}
    for path in sorted({*files, *there}):
        if path not in files or path not in there or not alike(files[path], there[path]):
            yield path.name


def main(arguments: list[str]) -> int:
    """Write the gallery, or check it."""
    display.load()
    files = made()
    if "--check" in arguments:
        old = list(stale(files))
        if old:
            print(f"Out of date: {', '.join(old)}. Run python -m scripts.write_gallery", file=sys.stderr)
        return 1 if old else 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    for path in PICTURES.glob("*.svg"):
        if path not in files:
            path.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    print(f"Wrote {PAGE.name} with {len(files) - 1} pictures, {sum(map(len, files.values()))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
