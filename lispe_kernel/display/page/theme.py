"""The style and the script of every HTML output: constants, the same bytes each time.

`page.css` and `page.js` are their sources. Nothing of a value ever enters them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lispe_kernel.display.page.html import Constant, Node, element, to_html


@cache
def style() -> Constant:
    """The style element."""
    text = re.sub(r"/\*.*?\*/", "", _source("page.css"), flags=re.S)
    return Constant("<style>" + _lines(text) + "</style>")


@cache
def script(used: frozenset[str]) -> Constant:
    """The script element with the parts for these attributes (`data-sort` ...)."""
    first, *parts = re.split(r"^ *//@ (\S+)\n", _source("page.js"), flags=re.M)
    named = zip(parts[::2], parts[1::2], strict=True)
    chosen = [text for name, text in named if name in used or name == "end"]
    text = re.sub(r"^\s*//.*$", "", "".join([first, *chosen]), flags=re.M)
    return Constant("<script>" + _dense(text) + "</script>")


@cache
def uses() -> tuple[str, ...]:
    """The attributes that the script looks for."""
    return tuple(name for name in re.findall(r"^ *//@ (\S+)$", _source("page.js"), re.M) if name != "end")


def _source(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _dense(text: str) -> str:
    """The text without indentation, line ends and blanks around signs; what stands in quotes stays."""
    pieces = re.split(r'("[^"\n]*"|/[^/\n *]+/)', " ".join(line.strip() for line in text.splitlines()))
    pieces[::2] = [re.sub(r" *([{}()\[\];,:=<>?&|*+!]) *", r"\1", re.sub(" +", " ", p)) for p in pieces[::2]]
    return "".join(pieces).strip()


def _lines(text: str) -> str:
    """A style without indentation and line ends."""
    dense = re.sub(r"\s+", " ", text)
    return re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", dense).replace(";}", "}").strip()


def page(content: Node, label: str = "") -> str:
    """The HTML of an output: our style, the content, and our script when the content has a use for it."""
    body = Constant(to_html(content))
    live = frozenset(name for name in uses() if f" {name}" in body)
    return to_html(
        element(
            "div",
            style(),
            body,
            script(live) if live else None,
            class_="lsp",
            role="group",
            aria_label=label or None,
        )
    )


_OPENING, _ENDING = '<div class="lsp"', "</div>"
_SCRIPT = re.compile(r"<script>(?:(?!<script>).)*</script></div>\Z", re.S)


def part(text: str) -> Constant | None:
    """What a page of `page` holds, as a part of another page; None for HTML that has another maker.

    For pages that another process of the same user drew, where everything was escaped as it is here.
    """
    if not (text.startswith(_OPENING) and str(style()) in text and text.endswith(_ENDING)):
        return None
    return Constant(_SCRIPT.sub(_ENDING, text.replace(str(style()), "", 1)))
