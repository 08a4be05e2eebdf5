"""Forms as text that reads back as exactly themselves, and where they stand in the texts of a session.

The text that a person wrote, comments and lines included, is found again in the session's sources; a form
that no source has (a program made it) is written anew, with every digit.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, as_data, head, is_list
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.linked import LinkedList

Canonical = Callable[[str], str]
# The grammar of a form that assigns: not that of one that changes a value, as `+=` does.
_GIVES_A_VALUE = r"(?:variable|NAME|field) value(?: \||$)"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class Written(NamedTuple):
    """A form as it stands in a source: its data, its text, and what people call the source."""

    data: Any
    text: str
    cell: str
    line: int


def exact(data: Any) -> str:
    """A form as text that has every digit."""
    if data is None:
        return "nil"
    if isinstance(data, ByteString):
        return 'b"' + data.translate(_ESCAPES) + '"'
    if isinstance(data, str):
        return '"' + data.translate(_ESCAPES) + '"'
    if isinstance(data, complex):
        return f"{data.real!r},{data.imag!r}i"
    if isinstance(data, LinkedList):
        return "(" + " ".join([*map(exact, data), ".", exact(data.tail)]) + ")"
    if not isinstance(data, list):
        return data.name if isinstance(data, Atom) else repr(data)
    if len(data) == 2 and data[0] is QUOTE:
        return "'" + exact(data[1])
    return "(" + " ".join(map(exact, data)) + ")"


def reads_back(text: str, data: Any, canonical: Canonical) -> bool:
    """Whether a text is exactly this form."""
    try:
        forms = read(Source(text, "definition"), canonical)
    except LispeError:
        return False
    return len(forms) == 1 and same(as_data(forms[0]), as_data(data))


def same(a: Any, b: Any) -> bool:
    """Whether two pieces of data are the same, kinds of numbers included."""
    pending = [(a, b)]
    while pending:
        one, other = pending.pop()
        if isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif isinstance(one, LinkedList) and isinstance(other, LinkedList):
            if len(one) != len(other):
                return False
            pending.extend([*zip(one, other, strict=True), (one.tail, other.tail)])
        elif type(one) is not type(other) or (one != other and one == one):
            return False
    return True


class Sources:
    """All texts of a session, read again when the first form is looked for."""

    def __init__(self, sources: dict[str, Source], canonical: Canonical) -> None:
        self._sources, self.canonical = sources, canonical
        # What was read before, by file; a source never changes.
        self._known: dict[str, list[Written]] = {}
        # The text of each form that was asked for, by its identity, with the form, which so stays alive.
        self._texts: dict[int, tuple[Any, str, str]] = {}
        # Which file assigns a name, and up to which file that was looked for.
        self._assigning: dict[str, tuple[str, str]] = {}
        # What was found of the functions of the session, by their names.
        self.functions: dict[str, tuple[Any, list[Any]]] = {}
        # Of a text that came from a folder: the first line of each definition, and the text that made it.
        self.came_from: dict[str, list[tuple[int, str]]] = {}

    def _forms(self, file: str) -> list[Written]:
        found = self._known.get(file)
        if found is None:
            source = self._sources.get(file)
            found = list(_written(source, self.canonical)) if source is not None else []
            lines = self.came_from.get(file)
            if lines:
                at = [bisect(lines, form.line, key=itemgetter(0)) for form in found]
                found = [form._replace(cell=lines[n - 1][1]) for form, n in zip(found, at, strict=True)]
            self._known[file] = found
        return found

    def find(self, data: Any, file: str = "") -> Iterator[tuple[Written, bool]]:
        """Where a form stands, and whether that was read only now.

        file: the text that is looked at first. The others follow, the latest first, each when it is asked
        for and where it has the name that the form defines.
        """
        named = data[1] if isinstance(data, list) and len(data) > 1 else None
        word = named.name if isinstance(named, Atom) else ""
        others = (f for f in reversed(self._sources) if f != file and word in self._sources[f].text)
        for each in chain((file,) if file else (), others):
            new = each not in self._known
            yield from ((form, new) for form in self._forms(each) if same(form.data, data))

    def text_of(self, form: Any, file: str = "") -> tuple[str, str]:
        """A form as text, and what people call the source that has it; no text where none reads back.

        file: the text that was compiled, where that is known.
        """
        known = self._texts.get(id(form))
        if known is None:
            data = as_data(form)
            text = cell = ""
            for number, (each, new) in enumerate(self.find(data, file)):
                cell = cell if number else each.cell
                # What a name stands for may be another since a text was read.
                if new or reads_back(each.text, form, self.canonical):
                    text = each.text
                    break
            if not text:
                text = exact(data)
                text = text if reads_back(text, form, self.canonical) else ""
            known = self._texts[id(form)] = (form, text, cell)
        return known[1], known[2]

    def lambdas(self, file: str, line: int) -> list[Written]:
        """The lambdas that begin on a line of a text."""
        return [form for form in self._forms(file) if form.line == line and _is_lambda(form.data)]

    def assigning(self, name: str) -> str:
        """What people call the last text that assigns a variable; empty when none does."""
        known, last = self._assigning.get(name, ("", ""))
        found = ""
        for file in reversed(self._sources):
            if file == last:
                found = known
                break
            text = self._sources[file].text
            if name in text and any(_assigns(form.data, name) for form in self._forms(file)):
                found = file
                break
        self._assigning[name] = found, next(reversed(self._sources), "")
        return self._sources[found].name if found in self._sources else ""


def _is_lambda(data: Any) -> bool:
    return isinstance(data, list) and bool(data) and data[0] is LAMBDA


def _is_definition(name: str) -> bool:
    form = special_forms.get(name)
    return form is not None and bool(form.defines)


def _is_assignment(name: str) -> bool:
    """Whether a form gives a value to the variable that it names; `import` names it last."""
    form = special_forms.get(name)
    return form is not None and (form.name == "import" or re.match(_GIVES_A_VALUE, form.grammar) is not None)


def _assigns(data: Any, name: str) -> bool:
    if not isinstance(data, list) or len(data) < 2 or not isinstance(data[0], Atom):
        return False
    target = data[-1] if data[0].name == "import" else data[1]
    return _is_assignment(data[0].name) and isinstance(target, Atom) and target.name == name


def _written(source: Source, canonical: Canonical) -> Iterator[Written]:
    """The definitions, lambdas and assignments in a text, at any depth."""
    try:
        forms = read(source, canonical)
    except LispeError:
        return
    pending = list(forms)
    while pending:
        form = pending.pop()
        if not is_list(form):
            continue
        pending.extend(form)
        name = head(form)
        if name is None:
            continue
        if _is_lambda(form) or _is_definition(name.name):
            yield Written(as_data(form), source.excerpt(form.span), source.name, form.span.line)
        elif _is_assignment(name.name):
            # Who assigned it is all that is asked.
            yield Written(as_data(Form(form[:2] + form[2:][-1:], form.span)), "", source.name, form.span.line)
