"""The registry of display: a kind of value -> the view that draws it -> a MIME bundle.

A view is made for one value; what it computes once (statistics, rasters) it shares between its text, its
HTML and its picture. A kind that nobody registered falls back to LispE's printed text, and so does a view
that fails: the answer is never lost, and what went wrong is said under it and logged.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable
from typing import Any, TypeVar

from lispe_kernel.display.page.by_class import Kinds
from lispe_kernel.display.page.html import Node, element, one_line, plain
from lispe_kernel.display.page.theme import page
from lispe_kernel.language.errors import said_by
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import Atom

Bundle = dict[str, Any]
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_log = logging.getLogger("lispe.display")


class View:
    """One value as something to look at. Subclasses say more; this one prints.

    `text` is text/plain: short, deterministic, the same on every machine. `html` and `png` may be None.
    `line` is the value in one line, inside a table or a list.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def text(self) -> str:
        """What nbval compares and a terminal shows. Python's own objects lose their address."""
        return plain_text(_ADDRESS.sub("", to_text(self.value)))

    def line(self) -> str:
        """One line for a cell of a table."""
        return one_line(self.text())

    def html(self) -> Node:
        """The parts of the page, or None when the text says it all."""
        return None

    def brief(self) -> Node:
        """The page of the value as a part of another one's."""
        return self.html()

    def png(self) -> bytes | None:
        """A picture for front ends that show no HTML."""
        return None


V = TypeVar("V", bound=type[View])
views: Kinds[type[View]] = Kinds("lispe_kernel.display.views")
# What is only ever printed: the first cell's `3` waits for no view.
_PRINTED = frozenset({type(None), bool, int, float, complex, str, Atom})


def renderer(*kinds: type | str) -> Callable[[V], V]:
    """Register a view for classes, given themselves or by qualified name (`"torch.Tensor"`).

    A name is looked up in the value's class and its bases, so that no library is imported to register.
    A later registration of a kind replaces the earlier one.
    """
    return views.enter(*kinds)  # type: ignore[return-value]  # a decorator gives back what it was given


def view_of(value: Any) -> View:
    """The view of a value: the nearest registered class among its bases, else the printing one."""
    if type(value) in _PRINTED:
        return View(value)
    return (views.find(value) or View)(value)


def load_views() -> None:
    """Register every view, once; `view_of` does it when it first needs one."""
    views.load()


def plain_text(text: str) -> str:
    """A text for text/plain: no escape sequence or direction mark of a name reaches the terminal."""
    return plain(text)


def bundle(value: Any) -> Bundle:
    """The MIME bundle of a value: `text/plain` always, `text/html` and `image/png` where they say more.

    Example: bundle(3) is {"text/plain": "3"}
    """
    try:
        view = view_of(value)
    except Exception as error:
        return _rescued(value, "text", error)
    answer: Bundle = {}
    try:
        answer["text/plain"] = view.text()
    except Exception as error:
        return _rescued(value, "text", error)
    try:
        content = view.html()
        if content is not None:
            answer["text/html"] = page(content, label=view.line())
    except Exception as error:
        answer["text/html"] = _note(answer["text/plain"], error, "page")
    try:
        picture = view.png()
        if picture is not None:
            answer["image/png"] = base64.b64encode(picture).decode("ascii")
    except Exception as error:
        answer.setdefault("text/html", _note(answer["text/plain"], error, "picture"))
    return answer


def _rescued(value: Any, part: str, error: Exception) -> Bundle:
    """The printed text of a value whose view failed; its kind when even printing fails."""
    try:
        text = plain_text(to_text(value))
    except Exception:
        _log.exception("a %s cannot be printed", type(value).__name__)
        text = f"<{type(value).__name__}>"
    return {"text/plain": text, "text/html": _note(text, error, part)}


def _note(text: str, error: Exception, part: str) -> str:
    _log.error("the %s of an output could not be drawn", part, exc_info=error)
    reason = (
        f"Only the text is shown: the {part} could not be drawn ({type(error).__name__}: {said_by(error)})."
    )
    return page([element("pre", text), element("p", reason, class_="q", role="note")])
