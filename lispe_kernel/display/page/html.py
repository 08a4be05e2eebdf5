"""HTML as a tree of parts, escaped in one place.

A renderer composes `element`s; `to_html` writes them. Text is always escaped, made harmless (control and
direction characters become visible) and never trusted; the only raw markup is the constant style and
script of `theme.py`, which enter as `Constant`. No part carries an id, a random number or an address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Node = Any  # Element | Constant | str | int | float | None | an iterable of nodes

_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
_SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
# A picture in an address is written with single quotes, which end nothing there; to look for them in its many
# letters takes long.
_IN_ADDRESSES = {mark: name for mark, name in _SPECIAL.items() if mark != ord("'")}
_IN_SINGLE_QUOTES = {mark: name for mark, name in _SPECIAL.items() if mark != ord('"')}
# HTML ends a cell where the next begins; without their end tags a large table is a fifth smaller.
_ENDED_BY_THE_NEXT = frozenset({"td", "th", "tr"})
_VOID = frozenset({"img", "input", "br", "hr", "col", "wbr"})
_UNSAFE_ATTRIBUTE = re.compile(r"on|srcdoc|action|formaction|srcset")
# Values that HTML takes without quotes, which would be escaped in a notebook's file; and none.
_BARE, _NONE = re.compile(r"[A-Za-z0-9_.-]+\Z"), re.compile(r"(?!)")
BLANK = "␣"  # which more fonts have than the sign of its code (U+2420)
_BLANKS = str.maketrans({" ": BLANK, "\n": "⏎", "\t": "⇥"})
_LINKS = frozenset({"src", "href", "xlink:href"})
_LONGEST_NAME = 160
_NARROW = 11  # letters of a name that the narrowest column holds
_APART = re.compile(r"[ -]")  # where a heading breaks
_JOINTS = re.compile(r"(?<=[._/-])(?=\w)")


class Constant(str):
    """Markup written by us as a literal of this package, never made from a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Element:
    """One HTML element."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Node, ...]


class Hint(Element):
    """An element for a screen alone."""

    __slots__ = ()


def element(tag: str, *children: Node, **attributes: Any) -> Element:
    """An element. `class_` and `for_` lose their underscore, other underscores become hyphens.

    An attribute that is None or False is left out, True stands without a value. Handlers (`onclick` ...)
    and links to anything but `data:` are refused: an output has no network and one script.
    Example: element("td", "a<b", title="x") is written `<td title=x>a&lt;b`
    """
    if not _NAME.match(tag.lower()):
        raise ValueError(f"not an element name: {tag!r}")
    made = []
    for key, given in attributes.items():
        if given is None or given is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        if not _NAME.match(name.lower()) or _UNSAFE_ATTRIBUTE.match(name):
            raise ValueError(f"not an attribute an output may have: {name!r}")
        if name in _LINKS and not str(given).startswith("data:image/"):
            raise ValueError("an output links to nothing outside itself")
        made.append((name, "" if given is True else str(given)))
    return Element(tag, tuple(made), children)


def to_html(node: Node) -> str:
    """The node as HTML text. Values of attributes without blanks and signs stand without quotes."""
    parts: list[str] = []
    _write(node, parts, _BARE)
    return "".join(parts)


def to_xml(node: Node) -> str:
    """The node as XML, in which every value has its quotes."""
    parts: list[str] = []
    _write(node, parts, _NONE)
    return "".join(parts)


def _write(node: Node, parts: list[str], bare: re.Pattern[str]) -> None:
    if node is None:
        return
    if isinstance(node, Element):
        _write_element(node, parts, bare)
    elif isinstance(node, Constant):
        parts.append(node)
    elif isinstance(node, str):
        parts.append(escape(node))
    elif isinstance(node, int | float):
        parts.append(escape(str(node)))
    else:
        for child in node:
            _write(child, parts, bare)


def _write_element(node: Element, parts: list[str], bare: re.Pattern[str]) -> None:
    parts.append("<" + node.tag)
    for name, given in node.attributes:
        if bare.match(given):
            parts.append(f" {name}={given}")
            continue
        text = plain(given)
        if name.startswith("data-") and '"' in text:
            # JSON, mostly: each of its many quotes would take six letters.
            parts.append(f" {name}='{text.translate(_IN_SINGLE_QUOTES)}'")
            continue
        text = text.translate(_IN_ADDRESSES if name == "src" else _SPECIAL)
        parts.append(f' {name}="{text}"' if text or bare is _NONE else f" {name}")
    parts.append(">")
    if node.tag in _VOID and not node.children:
        return
    for child in node.children:
        _write(child, parts, bare)
    if node.tag not in _ENDED_BY_THE_NEXT:
        parts.append(f"</{node.tag}>")


def escape(text: str) -> str:
    """Text as HTML text or attribute value: markup escaped, invisible characters made visible."""
    return plain(text).translate(_SPECIAL)


def plain(text: str) -> str:
    """Text without what could move the cursor, colour the screen or reverse the reading direction.

    Control characters become their pictures (ESC is `␛`), direction and other format characters
    and lone surrogates become `⟨U+202E⟩`; line ends and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless, text))


def _harmless(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    code = ord(character)
    if code < 32:
        return chr(0x2400 + code)
    if code == 127:
        return "␡"
    # Joiners shape letters and emoji; a no-break space is only a space.
    if code in (0x200C, 0x200D) or unicodedata.category(character) == "Zs":
        return character
    return f"⟨U+{code:04X}⟩"


def shortened(text: str, most: int = _LONGEST_NAME) -> str:
    """A text cut in its middle when it is longer than `most` characters."""
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return text[:head] + "…" + text[len(text) - (most - 1 - head) :]


def one_line(text: str, most: int = _LONGEST_NAME) -> str:
    """A text for one line: harmless, line ends as spaces, cut when long; of blanks alone, their signs."""
    shown = plain(text[: 4 * most] if len(text) > 8 * most else text)
    return shortened(" ".join(shown.split()) or shown.translate(_BLANKS), most)


def name(text: str) -> Element:
    """A name from the user, isolated so that its writing direction stays its own."""
    cut = shortened(text)
    return element("bdi", breaking(cut), title=text[:2000] if cut != text else None)


def breaking(text: str) -> Node:
    """A long name that breaks after its dots and underscores, before it breaks at a letter."""
    if len(text) <= _NARROW:
        return text
    return [[element("wbr") if k else None, part] for k, part in enumerate(_JOINTS.split(text))]


FEW_ROWS = 4  # that nobody sorts
SEEN_ROWS = 12  # at a glance, so that nobody searches in them
_MANY_COLUMNS = 8


def table(
    headings: Iterable[Node],
    rows: Iterable[Iterable[Node]],
    *,
    label: str,
    numeric: Iterable[int] = (),
    sparse: Iterable[int] = (),
    words: Iterable[int] = (),
    **attributes: Any,
) -> Element:
    """A table with a heading row; the columns named in `numeric` are aligned to the right.

    sparse: columns that are left out where no row has anything in them. words: columns of short words of
    ours, which do not break. Few rows need no sorting.
    A content that is a cell already stays as it is.
    """
    lines, titles = [list(row) for row in rows], list(headings)
    if len(lines) <= FEW_ROWS:
        attributes.pop("data_sort", None)
    bare = {k for k in sparse if all(row[k] in ("", None) for row in lines)}
    kept = [k for k in range(len(titles)) if k not in bare]
    wanted, whole = frozenset(numeric), frozenset(words)
    right = frozenset(place for place, k in enumerate(kept) if k in wanted)

    def cell(index: int, row: list[Node]) -> Element:
        is_right, k = index in right, kept[index]
        content = row[k]
        if isinstance(content, Element) and content.tag == "td":
            return content
        return element(
            "td",
            content,
            class_="n" if is_right else None,
            align="right" if is_right else None,
            style="white-space:nowrap" if k in whole else None,
        )

    body = [element("tr", [cell(place, row) for place in range(len(kept))]) for row in lines]
    return element(
        "table",
        element("thead", heading_row([titles[k] for k in kept], right, _letters(row[0] for row in lines))),
        element("tbody", body),
        aria_label=label,
        class_="m" if len(kept) > _MANY_COLUMNS else None,
        **attributes,
    )


def searched(content: Node, rows: int, hint: str, *, opens: bool, **attributes: Any) -> Element:
    """What holds rows, with a field for searching many of them; the content begins with what sorts.

    opens: a click anywhere on a row opens what its name opens.
    """
    if rows <= SEEN_ROWS:
        return element("div", content, data_rows=opens, **attributes)
    # The script shows it and reads it.
    field = element(
        "input", type="search", placeholder=hint, aria_label=hint, hidden="hidden", data_find=True
    )
    return element("div", field, content, data_rows=opens, **attributes)


def _letters(names: Iterable[Node]) -> int:
    """How many letters a column of names keeps beside long texts: as many as a word of short ones has."""
    texts = (cell.children for cell in names if isinstance(cell, Element) and cell.tag == "bdi")
    words = (word for (text, *_) in texts if isinstance(text, str) for word in text.split())
    return max(map(len, words), default=0)


def heading_row(headings: Iterable[Node], numeric: Iterable[int], letters: int = 0) -> Element:
    """The headings of a table's columns; those of several words may break, as numbers may not.

    letters: how many the first column is wide at least.
    """
    right = frozenset(numeric)

    def heading(place: int, words: Node) -> Element:
        is_right = place in right
        breaks = is_right and isinstance(words, str) and bool(_APART.search(words))
        # Some pages count what is around the letters as width.
        wide = f"min-width:{0.75 * letters + 0.5:g}em" if letters and not place else None
        style = "white-space:normal" if breaks else wide
        return element("th", words, scope="col", class_="n" if is_right else None, style=style)

    return element("tr", [heading(place, words) for place, words in enumerate(headings)])


def foldable(summary: Node, *children: Node, open_: bool = False) -> Element:
    """Content under a line that opens and closes it, by mouse or keyboard, without a script."""
    return element("details", element("summary", summary), children, open=open_)


def headline(content: Node) -> Element:
    """The first line of a page."""
    return element("p", element("b", content))


def facts(pairs: Iterable[tuple[str, Node]]) -> Element:
    """A line of named facts: `dtype float32 · shape [2, 3]`."""
    shown = [pair for pair in pairs if pair[1] not in (None, "")]
    items = [element("span", key + " ", element("b", content)) for key, content in shown]
    apart = [[" · " if place else None, item] for place, item in enumerate(items)]
    return element("p", apart, class_="f")


def clock(text: str, tag: str = "span", **attributes: Any) -> Element:
    """What a clock said, marked as such: notebooks that are tests do not compare it (notebook/outputs.py)."""
    return element(tag, text, class_="clock", **attributes)


def hint(text: str, tag: str = "p", *, hidden: bool = False) -> Element:
    """How a page is used, which says nothing on paper. hidden: until the script shows it."""
    looks = (("class", "q"),) if tag == "p" else ()
    return Hint(tag, (*looks, ("hidden", "hidden")) if hidden else looks, (text,))


def warning(text: Node) -> Element:
    """A loud line."""
    return element("p", element("strong", text), class_="w", role="alert")
