"""Values as the text LispE prints.

One registry: a kind of value enters with its class, its type atom and the function that writes it, in the
file that defines it. Here stand only Python's own classes and atoms.
`to_text` is what `println` shows, with strings raw; inside a container strings are quoted.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

from lispe_kernel.language.errors import Caught, LispeError
from lispe_kernel.language.functions import registry
from lispe_kernel.language.made import source_of
from lispe_kernel.language.protocols import all_among
from lispe_kernel.language.stack import call_deep
from lispe_kernel.language.values.atoms import TRUE, Atom

Show = Callable[[Any], str]
Writer = Callable[[Any, Show], str]


class Kind(NamedTuple):
    """How values of one class print and what `(type value)` answers."""

    type_atom: str
    write: Writer
    # Whether its text stands in quotes inside a container.
    quoted_inside: bool = False
    # Whether a value may contain itself.
    nests: bool = False
    # The type atom of one value, for a class whose values are of several types.
    atom_of: Callable[[Any], Atom] | None = None


_kinds: dict[type, Kind] = {}
# The type atoms of registered classes whose values are of one type, as met.
_type_atoms: dict[type, Atom] = {}


def register_kind(
    cls: type,
    type_atom: str,
    write: Writer,
    *,
    quoted_inside: bool = False,
    nests: bool = False,
    atom_of: Callable[[Any], Atom] | None = None,
) -> None:
    """Make values of `cls` (and of subclasses without an entry) print through `write(value, show)`.

    `show` writes a nested value: strings quoted, cycles as `...` where the kind `nests`. `atom_of` answers
    `(type value)` for a class whose values are of several types.
    """
    _kinds[cls] = Kind(type_atom, write, quoted_inside, nests, atom_of)
    _type_atoms.pop(cls, None)


def kind_of(value: Any) -> Kind | None:
    """The registered kind of a value, found through its class and its bases."""
    for cls in type(value).__mro__:
        found = _kinds.get(cls)
        if found is not None:
            return found
    return None


def type_atom_named(class_name: str) -> str | None:
    """The type atom of the values of the class with a name; None for a class that is not registered."""
    return next((kind.type_atom for cls, kind in _kinds.items() if cls.__name__ == class_name), None)


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
    if kind is float:
        return number_text(value)
    return _written(value, top=True)


def show(value: Any) -> str:
    """The text of a value inside a container: as `to_text`, but a string stands in quotes."""
    return _written(value, top=False)


def _written(value: Any, top: bool) -> str:
    try:
        return _Writer().show(value, top)
    except RecursionError:
        # A nesting deeper than Python's own limit, which is low outside a session.
        return call_deep(lambda: _Writer().show(value, top))


def type_atom(value: Any) -> Atom:
    """What `(type value)` answers."""
    cls = type(value)
    known = _type_atoms.get(cls)
    if known is not None:
        return known
    kind = kind_of(value)
    if kind is None:
        return Atom(f"python_{cls.__name__}_")
    if kind.atom_of is not None:
        return kind.atom_of(value)
    atom = Atom(kind.type_atom)
    if cls in _kinds:
        _type_atoms[cls] = atom
    return atom


_CONTAINERS = ("set", "matrix", "tensor", "dictionary")
_PARTS = {"i": "integers", "n": "numbers", "s": "strings"}


def kind_words(type_name: str) -> str:
    """What the values of a type are called in a sentence: those of `set_i_` are each a set of integers."""
    container, _, part = type_name.strip("_").partition("_")
    if container not in _CONTAINERS or not part:
        return type_name.strip("_").replace("_", " ")
    between = "with keys that are" if container == "dictionary" else "of"
    return f"{container} {between} {_PARTS.get(part, f'{part}s')}"


def describe(value: Any, width: int = 40) -> str:
    """A value in an error message: its kind and a short form of its text."""
    try:
        text = show(value)
    except LispeError:  # too long to be written
        text = "..."
    if "\n" in text:
        text = " ".join(text.split())
    if len(text) > width:
        text = text[: width - 3] + "..."
    return text if value is None or value is TRUE else f"the {kind_words(type_atom(value).name)} {text}"


def wrong_argument(function: str, position: int, expected: str, value: object) -> LispeError:
    """The error for a value of the wrong kind: names the function, the argument and what was expected."""
    ordinal = {1: "first", 2: "second", 3: "third", 4: "fourth"}.get(position, f"number {position}")
    hint = _for_tensors(function) if type_atom(value).name == "torch_tensor_" else ""
    text = f"Error: {function}: the {ordinal} argument must be {expected}, not {describe(value)}{hint}"
    return LispeError(text)


def _for_tensors(function: str) -> str:
    """What does for tensors what a function of numbers and lists does, or an empty text."""
    name = f"tensor_{function}"
    return f" (for tensors: {name})" if name in registry else ""


def quoted(text: str) -> str:
    """A string between double quotes, backslashes and quotes escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number_text(value: float) -> str:
    """A double in C's %g: six significant digits."""
    return format(value, "g")


def complex_text(value: complex) -> str:
    imaginary = {1.0: "", -1.0: "-"}.get(value.imag, number_text(value.imag))
    return f"{number_text(value.real)},{imaginary}i"


# A text beyond this is refused: containers that lie in each other in many places have one without end.
MOST_CHARACTERS = 1 << 28


class _Writer:
    """One printing: remembers which containers are open, so that a cycle prints as `...`."""

    __slots__ = ("_again", "_cycles", "_open")

    def __init__(self) -> None:
        self._open: set[int] = set()
        # Containers met once (None) or more often (their text): what lies in many places is written once.
        self._again: dict[int, str | None] = {}
        self._cycles = 0

    def show(self, value: Any, top: bool = False) -> str:
        cls = type(value)
        if cls is int:
            return str(value)
        if cls is str:
            return value if top else quoted(value)
        if cls is float:
            return number_text(value)
        kind = kind_of(value)
        if kind is None:
            return str(value)
        if not kind.nests:
            text = kind.write(value, self.show)
            return quoted(text) if kind.quoted_inside and not top else text
        identity = id(value)
        if identity in self._open:
            self._cycles += 1
            return "..."
        known = self._again.get(identity)
        if known is not None:
            return known
        before = self._cycles
        self._open.add(identity)
        try:
            text = kind.write(value, self.show)
        finally:
            self._open.discard(identity)
        if len(text) > MOST_CHARACTERS:
            raise LispeError(f"Error: the text of this value has more than {MOST_CHARACTERS} characters")
        # A text with `...` in it depends on the containers round it.
        self._again[identity] = text if identity in self._again and before == self._cycles else None
        return text


_INTEGERS = frozenset({int})


def write_items(value: Any, show: Show) -> str:
    """The elements between parentheses; a quoted form with its mark."""
    if len(value) == 2 and value[0] is _QUOTE:
        return "'" + show(value[1])
    return write_elements(value, show)


def write_elements(value: Any, show: Show) -> str:
    """The elements between parentheses, whatever they are."""
    items = [*value]
    if all_among(_INTEGERS, items):
        show = str
    return "(" + " ".join(map(show, items)) + ")"


def write_pairs(value: Any, show: Show) -> str:
    """Keys and values between braces."""
    return "{" + " ".join(f"{show(key)}:{show(item)}" for key, item in value.items()) + "}"


def _function(value: Any, show: Show) -> str:
    source = source_of(value)
    if source is not None:
        return show(source)
    entry = registry.named(value)
    if entry is not None:
        return entry.name
    name = getattr(value, "__name__", "function")
    # The compiler gives a lambda its own text; its name may carry a number.
    return (value.__doc__ if name.startswith("λ") else None) or name


def plainly(text: Callable[[Any], str]) -> Writer:
    """A writer for a kind that shows no nested values."""
    return lambda value, _show: text(value)


_QUOTE = Atom("quote")

register_kind(str, "string_", plainly(str), quoted_inside=True)
for _cls, _atom, _write in (
    (type(None), "atom_", plainly(lambda _nil: "nil")),
    (bool, "atom_", plainly(lambda value: "true" if value else "nil")),
    (int, "integer_", plainly(str)),
    (float, "number_", plainly(number_text)),
    (complex, "complex_", plainly(complex_text)),
    (Atom, "atom_", plainly(lambda atom: str(atom.name))),
    (FunctionType, "function_", _function),
    (type(len), "function_", _function),
    (type, "class_", plainly(lambda cls: str(cls.__name__))),
    (Caught, "maybe_", plainly(lambda caught: str(caught.text))),
    (Exception, "error_", plainly(str)),
):
    register_kind(_cls, _atom, _write)
register_kind(list, "list_", write_items, nests=True)
register_kind(tuple, "list_", write_items)
register_kind(dict, "dictionary_", write_pairs, nests=True)
