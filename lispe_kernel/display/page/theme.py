"""The style and the script of every HTML output: of each what the output has a use for.

`page.css` and `page.js` are their sources. Nothing of a value ever enters them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lispe_kernel.display.page import dense
from lispe_kernel.display.page.html import Constant, Node, element, to_html

_CLASSES = re.compile(r"""class=(?:"([^"]*)"|([\w.-]+))""")
_TAGS = re.compile(r"<([a-z][a-z0-9]*)")
_MADE, _NAMED = re.compile(r"'([a-z]+)'"), re.compile(r"\.className='(\w+)'")


@cache
def style(tags: frozenset[str], classes: frozenset[str]) -> Constant:
    """The style element with what an output of these elements and classes can use."""
    chosen = [dense.needed(rule, tags, classes) for rule in _rules()]
    return Constant(f"<style>{dense.without_unused(dense.nested(chosen))}</style>")


@cache
def _rules() -> tuple[str, ...]:
    return dense.rules(_source("page.css"))


@cache
def script(used: frozenset[str]) -> Constant:
    """The script element with the parts that one of these attributes (`data-sort` ...) or keys needs."""
    chosen = [text for needs, text in _parts() if not needs or any(_holds(need, used) for need in needs)]
    return Constant("<script>" + dense.script("".join(chosen)) + "</script>")


def _holds(need: str, used: frozenset[str]) -> bool:
    """Whether all names that are joined by "&" are used, and those after "!" not."""
    return all((name.removeprefix("!") in used) != name.startswith("!") for name in need.split("&"))


@cache
def uses() -> tuple[str, ...]:
    """The attributes that the script looks for, and the keys in them: `data-scale`, `"maps":`."""
    return tuple(dict.fromkeys(re.findall(r"[^&!\s]+", " ".join(n for needs, _ in _parts() for n in needs))))


@cache
def _parts() -> tuple[tuple[tuple[str, ...], str], ...]:
    """The parts of the script, each with what asks for it; the first and the last one are always there."""
    first, *parts = re.split(r"^ *//@ (.+)\n", _source("page.js"), flags=re.M)
    named = zip(parts[::2], parts[1::2], strict=True)
    return (((), first), *((() if name == "end" else tuple(name.split()), text) for name, text in named))


def _source(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _needs(body: str) -> tuple[Constant, Constant | None]:
    """The style and the script that a body has a use for."""
    used = frozenset(name for name in uses() if (name if name.endswith(":") else f" {name}") in body)
    live = script(used) if used else None
    tags, classes = (
        set(_TAGS.findall(body)) | {name for name in used if name.startswith("data-")},
        " ".join(map("".join, _CLASSES.findall(body))).split(),
    )
    # What the script makes later.
    made, named = (pattern.findall(live or "") for pattern in (_MADE, _NAMED))
    return style(frozenset(tags | set(made)), frozenset([*classes, *named])), live


def page(content: Node, label: str = "") -> str:
    """The HTML of an output: our style, the content, and our script when the content has a use for it."""
    body = Constant(to_html(content))
    look, live = _needs(body)
    return to_html(element("div", look, body, live, class_="lsp", role="group", aria_label=label or None))


_PAGE = re.compile(
    r"(<div class=lsp[^>]*>)(<style>[^<]*</style>)(.*?)(<script>(?:(?!<script>).)*</script>)?</div>", re.S
)


def part(text: str) -> Constant | None:
    """What a page of `page` holds, as a part of another page; None for HTML that has another maker.

    For pages that another process of the same user drew, where everything was escaped as it is here.
    """
    found = _PAGE.fullmatch(text)
    if found is None or (found[2], found[4]) != _needs(found[3]):
        return None
    return Constant(f"{found[1]}{found[3]}</div>")
