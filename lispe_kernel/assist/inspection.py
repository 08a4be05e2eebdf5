"""Help: what a name means, as text and as HTML, from the registries and from the session's values.

Shift+Tab, `?name` and the pager ask here. It never runs user code, and whatever it shows is escaped.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from inspect import getattr_static
from types import FunctionType, ModuleType
from typing import Any

from lispe_kernel.assist.cursor import place_at, word_around
from lispe_kernel.assist.magics import MAGICS
from lispe_kernel.assist.names import Name, SessionSource, definition, known
from lispe_kernel.assist.python_completion import python_value
from lispe_kernel.assist.python_objects import documentation, is_there, object_of, python_call, signature
from lispe_kernel.assist.surroundings import LISPE, MAGIC, PYTHON, Surroundings, surroundings
from lispe_kernel.language.compiler.macro_calls import Macro
from lispe_kernel.language.functions import Function
from lispe_kernel.language.made import source_of
from lispe_kernel.language.printer import describe, kind_words, show, type_atom
from lispe_kernel.language.python.border import to_python
from lispe_kernel.language.python.functions import PythonFunction
from lispe_kernel.language.python.variables import variables_of
from lispe_kernel.language.special_forms import SpecialForm
from lispe_kernel.language.values.instances import Instance

# A variable's text in a tooltip.
WIDTH = 600


@dataclass
class Page:
    """Help before it takes a form: a heading, paragraphs, labelled lines, code."""

    heading: str
    kind: str
    paragraphs: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    code: str = ""

    def text(self) -> str:
        lines = [f"{self.heading}    [{self.kind}]"]
        for paragraph in self.paragraphs:
            lines += ["", paragraph]
        if self.facts:
            lines.append("")
        for label, fact in self.facts:
            lines.append(f"{label}: {fact}")
        if self.code:
            lines += ["", self.code]
        return "\n".join(lines)

    def html(self) -> str:
        parts = [
            f"<p><code><b>{html.escape(self.heading)}</b></code> <small>{html.escape(self.kind)}</small></p>"
        ]
        parts += [f"<p>{_paragraph(paragraph)}</p>" for paragraph in self.paragraphs]
        if self.facts:
            rows = (
                f"<tr><th style='text-align:left;vertical-align:top'>{html.escape(label)}</th>"
                f"<td style='text-align:left'><code>{html.escape(fact)}</code></td></tr>"
                for label, fact in self.facts
            )
            parts.append(f"<table>{''.join(rows)}</table>")
        if self.code:
            parts.append(f"<pre>{html.escape(self.code)}</pre>")
        return "<div>" + "".join(parts) + "</div>"

    def bundle(self) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}


class Inspector:
    """Answers inspect_requests for one session."""

    def __init__(self, session: SessionSource) -> None:
        self._session = session

    def inspect(self, code: str, cursor: int, _detail: int = 0) -> dict[str, Any]:
        """The content of an inspect_reply: the word at the cursor, else the call around it."""
        around = surroundings(code, cursor)
        if around.kind != LISPE:
            page = self._foreign(code, cursor, around)
            return {
                "status": "ok",
                "found": page is not None,
                "data": page.bundle() if page else {},
                "metadata": {},
            }
        named = self._attribute(code, cursor)
        if named is not None:
            return {"status": "ok", "found": True, "data": named.bundle(), "metadata": {}}
        for name in self._candidates(code, cursor):
            data = self.about(name)
            if data is not None:
                return {"status": "ok", "found": True, "data": data, "metadata": {}}
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}

    def _foreign(self, code: str, cursor: int, around: Surroundings) -> Page | None:
        """The help on a magic, or on what a Python cell names; words of a shell have none."""
        if around.kind == MAGIC:
            return _magic_page(around.magic)
        if around.kind != PYTHON:
            return None
        name, value = python_value(code, cursor, variables_of(self._session().namespace).table())
        if value is None:
            return None
        if isinstance(value, FunctionType) and source_of(value) is not None:
            return self._page(Name(name.rpartition(".")[2], "function", value))
        if callable(value) or isinstance(value, ModuleType):
            return _object_page(name + python_call(value), value)
        return _value_page(Name(name, "instance", value))

    def _attribute(self, code: str, cursor: int) -> Page | None:
        """The help on what `(@ object 'name` and `(->name object` name at the cursor."""
        word = word_around(code, cursor)
        place = place_at(code, cursor)
        value = object_of(place.call, code[cursor:], self._session().namespace) if word else None
        found = getattr_static(value, word, None) if word and is_there(value) else None
        if found is None:
            return None
        return _object_page(signature(found, word) or word, found)

    def _candidates(self, code: str, cursor: int) -> list[str]:
        place = place_at(code, cursor)
        if place.kind == "comment":
            return []
        heads = [level.head for level in reversed(place.levels) if level.head]
        word = "" if place.kind == "string" else word_around(code, cursor)
        # `?name` and `name?` ask for the name.
        asked = [word.strip("?")] if word.strip("?") != word else []
        return [candidate for candidate in [word, *asked, *heads[:2]] if candidate]

    def about(self, text: str) -> dict[str, str] | None:
        """The help on a name as a MIME bundle; None when nothing has this name."""
        if text.startswith("%") and text.strip("%") in MAGICS:
            return _magic_page(text.strip("%")).bundle()
        name = known(self._session(), text)
        return None if name is None else self._page(name).bundle()

    def _page(self, name: Name) -> Page:
        if isinstance(name.entry, Function | SpecialForm):
            return _registered_page(name.entry)
        if isinstance(name.entry, FunctionType):
            return self._user_page(name)
        if isinstance(name.entry, type) and issubclass(name.entry, Instance):
            return _class_page(name)
        if isinstance(name.entry, Macro):
            return Page(name.signature, "your macro")
        if isinstance(name.entry, ModuleType | PythonFunction):
            value = to_python(name.entry)
            return _object_page(signature(value, name.text) or name.text, value)
        return _value_page(name)

    def _user_page(self, name: Name) -> Page:
        function = name.entry
        file, line, text = definition(function)
        page = Page(name.signature, "your function")
        if function.__doc__:
            page.paragraphs.append(function.__doc__.strip())
        source = self._session().sources.get(file)
        page.facts.append(("Defined in", f"{source.name if source else file}, line {line}"))
        page.code = text
        return page


def _registered_page(entry: Function | SpecialForm) -> Page:
    """What its decorator and its docstring say."""
    page = Page(entry.signature, _kind_of(entry))
    page.paragraphs += entry.meaning.split("\n\n")
    page.facts += [("Example", f"{code} => {result}".rstrip()) for code, result in entry.examples]
    page.facts += [(word, entry.block(word)) for word in ("Errors", "Source") if entry.block(word)]
    if entry.aliases:
        page.facts.append(("Also", " ".join(entry.aliases)))
    return page


def _magic_page(name: str) -> Page:
    written, _, said = MAGICS[name].help.partition(": ")
    return Page(written, "magic", [said])


def _kind_of(entry: Function | SpecialForm) -> str:
    if isinstance(entry, SpecialForm):
        return f"special form that defines a {entry.defines}" if entry.defines else "special form"
    return f"function of {entry.family}" if entry.family else "function"


def _class_page(name: Name) -> Page:
    cls = name.entry
    page = Page(name.signature, "your class")
    if cls.lispe_parent is not Instance:
        page.facts.append(("Extends", cls.lispe_parent.__name__))
    methods = sorted({method for base in cls.__mro__ for method in getattr(base, "lispe_methods", ())})
    page.facts.append(("Methods", " ".join(methods)))
    return page


def _object_page(heading: str, value: Any) -> Page:
    """Something of Python's: its call and its own documentation."""
    kind = "class" if isinstance(value, type) else "function" if callable(value) else type(value).__name__
    page = Page(heading, f"{kind} of Python's")
    page.paragraphs += documentation(value).split("\n\n")
    return page


def _value_page(name: Name) -> Page:
    value = name.entry
    text = show(value)
    page = Page(name.text, kind_words(type_atom(value).name))
    page.code = text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."
    if isinstance(value, list | dict | str):
        page.facts.append(("Size", str(len(value))))
    return page


def _paragraph(text: str) -> str:
    """A paragraph of a docstring as HTML; what stands between backquotes is code."""
    pieces = html.escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 and i < len(pieces) - 1 else p for i, p in enumerate(pieces))


__all__ = ["Inspector", "Page", "describe"]
