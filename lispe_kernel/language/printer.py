"""Values as the text LispE prints.

One registry: a kind of value enters with its class, its type atom and the function that writes it.
`to_text` is what `println` shows, with strings raw; inside a container strings are quoted.
Libraries above register their own kinds here (tensors, modules ...).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from lispe_kernel.language.errors import Caught
from lispe_kernel.language.stack import call_deep
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString, StringBytes
from lispe_kernel.language.values.dictionaries import Dictionary, IntegerDictionary, NumberDictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.typed import Floats, Integers, Numbers, Shorts, TypedList

Show = Callable[[Any], str]
Writer = Callable[[Any, Show], str]


@dataclass(frozen=True)
class Kind:
    """How values of one class print and what `(type value)` answers."""

    type_atom: str
    write: Writer
    # Whether its text stands in quotes inside a container.
    quoted_inside: bool = False


_kinds: dict[type, Kind] = {}


# Kinds that may contain themselves.
_nesting: list[type] = [list, dict, deque]


def register_kind(
    cls: type, type_atom: str, write: Writer, *, quoted_inside: bool = False, nests: bool = False
) -> None:
    """Make values of `cls` (and of subclasses without an entry) print through `write(value, show)`.

    `show` writes a nested value: strings quoted, cycles as `...`.
    """
    _kinds[cls] = Kind(type_atom, write, quoted_inside)
    if nests:
        _nesting.append(cls)


def kind_of(value: Any) -> Kind | None:
    """The registered kind of a value, found through its class and its bases."""
    for cls in type(value).__mro__:
        found = _kinds.get(cls)
        if found is not None:
            return found
    return None


def is_type_atom(name: str) -> bool:
    """Whether `(type value)` answers this name for some kind of value."""
    return name.endswith("_") and any(kind.type_atom == name for kind in _kinds.values())


def to_text(value: Any) -> str:
    """The text that `println` shows for a value."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    try:
        return _Writer().show(value, top=True)
    except RecursionError:
        # A nesting deeper than Python's own limit, which is low outside a session.
        return call_deep(lambda: _Writer().show(value, top=True))


def show(value: Any) -> str:
    """The text of a value inside a container: as `to_text`, but a string stands in quotes."""
    return quoted(to_text(value)) if isinstance(value, str | ByteString) else to_text(value)


def type_atom(value: Any) -> Atom:
    """What `(type value)` answers."""
    answer = getattr(value, "lispe_type", None)
    if isinstance(answer, Atom):
        return answer
    kind = kind_of(value)
    return Atom(kind.type_atom if kind is not None else f"python_{type(value).__name__}_")


def describe(value: Any, width: int = 40) -> str:
    """A value in an error message: its kind and a short form of its text."""
    text = show(value)
    if "\n" in text:
        text = " ".join(text.split())
    if len(text) > width:
        text = text[: width - 3] + "..."
    kind = type_atom(value).name.strip("_").replace("_", " ")
    return text if value is None or value is TRUE else f"the {kind} {text}"


def quoted(text: str) -> str:
    """A string between double quotes, backslashes and quotes escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number_text(value: float) -> str:
    """A double in C's %g: six significant digits."""
    return format(value, "g")


def complex_text(value: complex) -> str:
    imaginary = {1.0: "", -1.0: "-"}.get(value.imag, number_text(value.imag))
    return f"{number_text(value.real)},{imaginary}i"


class _Writer:
    """One printing: remembers which containers are open, so that a cycle prints as `...`."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: set[int] = set()

    def show(self, value: Any, top: bool = False) -> str:
        kind = kind_of(value)
        if kind is None:
            return str(value)
        if kind.quoted_inside or isinstance(value, str | ByteString):
            text = kind.write(value, self.show)
            return text if top else quoted(text)
        if not isinstance(value, tuple(_nesting)):
            return kind.write(value, self.show)
        identity = id(value)
        if identity in self._open:
            return "..."
        self._open.add(identity)
        try:
            return kind.write(value, self.show)
        finally:
            self._open.discard(identity)


def _list(value: Any, show: Show) -> str:
    if len(value) == 2 and value[0] is _QUOTE:
        return "'" + show(value[1])
    return "(" + " ".join(map(show, value)) + ")"


def _typed(value: TypedList, show: Show) -> str:
    return "(" + " ".join(map(show, value)) + ")"


def _dictionary(value: Dictionary, show: Show) -> str:
    return "{" + " ".join(f"{show(k)}:{show(v)}" for k, v in value.items()) + "}"


def _function(value: Any, show: Show) -> str:
    source = getattr(value, "lispe_source", None)
    return show(source) if source is not None else getattr(value, "__name__", "function")


_QUOTE = Atom("quote")

for _cls, _atom, _write in (
    (type(None), "nil_", lambda v, show: "nil"),
    (bool, "atom_", lambda v, show: "true" if v else "nil"),
    (int, "integer_", lambda v, show: str(v)),
    (float, "number_", lambda v, show: number_text(v)),
    (complex, "complex_", lambda v, show: complex_text(v)),
    (str, "string_", lambda v, show: str(v)),
    (Atom, "atom_", lambda v, show: v.name),
    (list, "list_", _list),
    (tuple, "list_", _list),
    (List, "list_", _list),
    (Strings, "strings_", _list),
    (ByteString, "stringbyte_", lambda v, show: v.text()),
    (StringBytes, "stringbytes_", _list),
    (TypedList, "numbers_", _typed),
    (Integers, "integers_", _typed),
    (Numbers, "numbers_", _typed),
    (Floats, "floats_", _typed),
    (Shorts, "shorts_", _typed),
    (dict, "dictionary_", _dictionary),
    (Dictionary, "dictionary_", _dictionary),
    (IntegerDictionary, "dictionary_i_", _dictionary),
    (NumberDictionary, "dictionary_n_", _dictionary),
    (FunctionType, "function_", _function),
    (type(len), "function_", _function),
    (type, "class_", lambda v, show: v.__name__),
    (Caught, "maybe_", lambda v, show: v.text),
    (Exception, "error_", lambda v, show: str(v)),
):
    register_kind(_cls, _atom, _write)
