"""The style and the script of every HTML output: constants, the same bytes each time.

`page.css` and `page.js` are their sources. Nothing of a value ever enters them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lispe_kernel.display.page.html import Constant, Node, element, to_html

# The attributes that the script looks for.
_LIVE = (" data-sort", " data-find", " data-scale", " data-still")


@cache
def style() -> Constant:
    """The style element."""
    text = re.sub(r"/\*.*?\*/", "", _source("page.css"), flags=re.S)
    return Constant("<style>" + _lines(text) + "</style>")


@cache
def script() -> Constant:
    """The script element."""
    text = re.sub(r"^\s*//.*$", "", _source("page.js"), flags=re.M)
    return Constant("<script>" + _lines(text) + "</script>")


def _source(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _lines(text: str) -> str:
    """The text without indentation and empty lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def page(content: Node, label: str = "") -> str:
    """The HTML of an output: our style, the content, and our script when the content has a use for it."""
    body = Constant(to_html(content))
    live = any(mark in body for mark in _LIVE)
    return to_html(
        element(
            "div",
            style(),
            body,
            script() if live else None,
            class_="lsp",
            role="group",
            aria_label=label or None,
        )
    )
