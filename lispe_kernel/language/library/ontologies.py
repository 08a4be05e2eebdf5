"""Ontologies: named concepts, each the set of the concepts it holds, combined like sets.

A concept is a bit pattern over its ontology's basic concepts, so that `&`, `|`, `^`, `&~` and `~` are
integer operations. Concepts of two ontologies are never combined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import text_argument
from lispe_kernel.language.printer import plainly, quoted, register_kind, wrong_argument
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.atoms import Atom, truth
from lispe_kernel.language.values.lists import List

ABSURD = "_absurd"


class Ontology:
    """Concepts by name. Each named concept has a bit of its own, and the bits of what was put into it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.concepts: dict[str, Concept] = {}
        # How many bits were given out.
        self.width = 0

    @property
    def every(self) -> int:
        return (1 << self.width) - 1

    def create(self, name: str, bits: int) -> Concept:
        """A new concept with a bit of its own and those given."""
        made = Concept(self, bits, name, 1 << self.width)
        self.width += 1
        self.concepts[name] = made
        return made

    def named(self, bits: int) -> Concept | None:
        """The named concept with exactly these bits."""
        return next((concept for concept in self.concepts.values() if concept.bits == bits), None)


class Concept:
    """A set of basic concepts; with a name and a bit of its own, or the result of a combination."""

    __slots__ = ("bits", "name", "own", "owner")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, owner: Ontology, bits: int, name: str = "", own: int = 0) -> None:
        self.owner, self.bits, self.name, self.own = owner, bits | own, name, own

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Concept) and self.owner is other.owner and bool(self.bits == other.bits)

    def __bool__(self) -> bool:
        return self.bits != 0

    def __invert__(self) -> Concept:
        return Concept(self.owner, self.owner.every & ~self.bits)

    def __and__(self, other: Any) -> Any:
        return self._with(other, int.__and__)

    def __or__(self, other: Any) -> Any:
        return self._with(other, int.__or__)

    def __xor__(self, other: Any) -> Any:
        return self._with(other, int.__xor__)

    def _with(self, other: Any, combine: Callable[[int, int], int]) -> Any:
        if not isinstance(other, Concept):
            return NotImplemented
        if other.owner is not self.owner:
            names = f"{quoted(self.owner.name)} and {quoted(other.owner.name)}"
            raise LispeError(f"Error: concepts of two ontologies, {names}, cannot be combined")
        return Concept(self.owner, combine(self.bits, other.bits))

    def parts(self) -> list[Concept]:
        """The named concepts inside this one, in the order in which they were made."""
        return [found for found in self.owner.concepts.values() if found.own & self.bits]

    def text(self) -> str:
        """The name, or the names of the concepts inside."""
        if not self.bits:
            return ABSURD
        found = self.owner.named(self.bits)
        if self.name or found is not None:
            return self.name or (found.name if found is not None else "")
        return "(" + " ".join(part.name for part in self.parts()) + ")"


register_kind(Ontology, "ontology_", plainly(lambda value: f"(ontology {quoted(value.name)})"))
register_kind(Concept, "concept_", plainly(Concept.text))
# `eq` asks whether both are the same set of concepts.
register_answers(Concept, Answers(same=Concept.__eq__))


def _ontology(name: str, value: Any) -> Ontology:
    if not isinstance(value, Ontology):
        raise wrong_argument(name, 1, "an ontology", value)
    return value


def _concept(name: str, position: int, value: Any) -> Concept:
    if not isinstance(value, Concept):
        raise wrong_argument(name, position, "a concept", value)
    return value


def _several(name: str, position: int, owner: Ontology, value: Any) -> int:
    """The bits of a concept or of a list of concepts, all of one ontology."""
    bits = 0
    for item in value if isinstance(value, list) else [value]:
        found = _concept(name, position, item)
        if found.owner is not owner:
            raise LispeError(f"Error: {name}: {quoted(found.text())} belongs to another ontology")
        bits |= found.bits
    return bits


@function("ontology")
def ontology(name: Any) -> Ontology:
    """A new ontology without concepts.

    Example: (type (ontology "animals")) => ontology_
    """
    return Ontology(text_argument("ontology", 1, name))


@function("ontology_create")
def ontology_create(h: Any, name: Any, conc: Any = None) -> Concept:
    """A new concept of an ontology, optionally built on another concept or a list of concepts.

    Example: (block (setq h (ontology "h")) (ontology_create h "cat")) => cat
    Errors: for a name that exists already.
    """
    owner, text = _ontology("ontology_create", h), text_argument("ontology_create", 2, name)
    if text in owner.concepts or text == ABSURD:
        raise LispeError(f"Error: ontology_create: there is already a concept {quoted(text)}")
    bits = 0 if conc is None else _several("ontology_create", 3, owner, conc)
    return owner.create(text, bits)


@function("ontology_concept")
def ontology_concept(h: Any, name: Any) -> Concept:
    """The concept with a name.

    Example: (block (setq h (ontology "h")) (ontology_create h "cat") (ontology_concept h "cat")) => cat
    Errors: when there is none.
    """
    owner, text = _ontology("ontology_concept", h), text_argument("ontology_concept", 2, name)
    if text == ABSURD:
        return Concept(owner, 0, ABSURD)
    if text not in owner.concepts:
        raise LispeError(f"Error: ontology_concept: there is no concept {quoted(text)}")
    return owner.concepts[text]


@function("ontology_find")
def ontology_find(h: Any, conc: Any) -> Concept | None:
    """The named concept that is equal to a combination, nil without one.

    Example: (let ((h (ontology "h")) (c (ontology_create h "cat"))) (ontology_find h (& c c))) => cat
    """
    owner = _ontology("ontology_find", h)
    return owner.named(_several("ontology_find", 2, owner, _concept("ontology_find", 2, conc)))


@function("ontology_add")
def ontology_add(conc: Any, a: Any) -> Concept:
    """Put a concept, or a list of them, into another one; gives it back.

    Example: (block (setq c (ontology_create (ontology "h") "cat")) (ontology_add c c)) => cat
    """
    found = _concept("ontology_add", 1, conc)
    found.bits |= _several("ontology_add", 2, found.owner, a)
    return found


@function("ontology_remove")
def ontology_remove(conc: Any, a: Any) -> Concept:
    """Take a concept, or a list of them, with all that these hold, out of another one; gives it back.

    A concept with a name keeps itself.

    Example: (block (setq c (ontology_create (ontology "h") "cat")) (ontology_remove c c)) => cat
    """
    found = _concept("ontology_remove", 1, conc)
    found.bits = found.bits & ~_several("ontology_remove", 2, found.owner, a) | found.own
    return found


@function("ontology_contain", returns="boolean")
def ontology_contain(large: Any, conc: Any) -> Atom | None:
    """Whether a concept holds another one, or a list of them.

    Example: (block (setq c (ontology_create (ontology "h") "cat")) (ontology_contain c c)) => true
    """
    found = _concept("ontology_contain", 1, large)
    return truth(_several("ontology_contain", 2, found.owner, conc) & ~found.bits == 0)


@function("ontology_intersect", returns="boolean")
def ontology_intersect(conc: Any, a: Any) -> Atom | None:
    """Whether two concepts share one.

    Example: (block (setq c (ontology_create (ontology "h") "cat")) (ontology_intersect c (~ c))) => nil
    """
    found = _concept("ontology_intersect", 1, conc)
    return truth(found.bits & _several("ontology_intersect", 2, found.owner, a))


@function("ontology_list")
def ontology_list(conc: Any) -> List:
    """The named concepts inside a concept.

    Example: (block (setq h (ontology "h")) (ontology_list (ontology_create h "cat"))) => (cat)
    """
    return List(_concept("ontology_list", 1, conc).parts())


@function("ontology_all")
def ontology_all(h: Any) -> List:
    """All named concepts of an ontology.

    Example: (ontology_all (ontology "h")) => ()
    """
    return List(_ontology("ontology_all", h).concepts.values())


@function("ontology_absurd")
def ontology_absurd(h: Any) -> Concept:
    """The empty concept of an ontology.

    Example: (ontology_absurd (ontology "h")) => _absurd
    """
    return Concept(_ontology("ontology_absurd", h), 0, ABSURD)


@function("ontology_absurdp", returns="boolean")
def ontology_absurdp(conc: Any) -> Atom | None:
    """Whether a concept is the empty one.

    Example: (ontology_absurdp (ontology_absurd (ontology "h"))) => true
    """
    return truth(not _concept("ontology_absurdp", 1, conc).bits)


@function("ontology_ontology")
def ontology_ontology(conc: Any) -> Ontology:
    """The ontology that a concept belongs to.

    Example: (ontology_ontology (ontology_absurd (ontology "h"))) => (ontology "h")
    """
    return _concept("ontology_ontology", 1, conc).owner
