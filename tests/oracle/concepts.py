"""Ontologies (library 8.1): a concept is the set of the concepts in it, itself among them if it has one."""

from dataclasses import dataclass, field

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import function
from tests.oracle.values import NIL, List, answer


@dataclass(eq=False)
class Ontology:
    """Its concepts by name, in the order in which they were made."""

    name: str
    concepts: dict = field(default_factory=dict)

    def combined(self, inside) -> "Concept":
        return Concept(self, None, set(inside))


@dataclass(eq=False)
class Concept:
    """inside: the names of the concepts in it; name: None for a combination."""

    of: Ontology
    name: str | None
    inside: set


OPERATIONS = {
    "&": set.intersection, "|": set.union, "^": set.symmetric_difference, "&~": set.difference,
}  # fmt: skip


def combine(name, a: Concept, b) -> Concept:
    """An operator on two concepts of one ontology."""
    if isinstance(b, List):
        raise Undetermined("a concept and a list")
    if not isinstance(b, Concept) or a.of is not b.of or name not in OPERATIONS:
        raise OracleError("type", f"Error: cannot apply '{name}' to this concept")
    return a.of.combined(OPERATIONS[name](a.inside, b.inside))


def complement(concept: Concept) -> Concept:
    return concept.of.combined(set(concept.of.concepts) - concept.inside)


def same(a: Concept, b) -> bool:
    """`eq`: what is in them."""
    if not isinstance(b, Concept) or a.of is not b.of:
        raise Undetermined("a concept and something else")
    return a.inside == b.inside


def concept_of(value) -> Concept:
    if not isinstance(value, Concept):
        raise OracleError("type", "Error: a concept expected")
    return value


def ontology_of(value) -> Ontology:
    if not isinstance(value, Ontology):
        raise OracleError("type", "Error: an ontology expected")
    return value


def several(value) -> set:
    """What is in a concept or a list of them."""
    values = value.items if isinstance(value, List) else [value]
    return set().union(*(concept_of(one).inside for one in values))


@function("ontology", least=1, most=1)
def ontology(interpreter, values):
    return Ontology(values[0])


@function("ontology_create", least=2, most=3)
def create(interpreter, values):
    of, name = ontology_of(values[0]), values[1]
    if not isinstance(name, str) or not name:
        raise Undetermined("a concept whose name is no text")
    if name in of.concepts:
        raise OracleError("value", "Error: this concept already exists")
    of.concepts[name] = Concept(of, name, {name} | (several(values[2]) if len(values) == 3 else set()))
    return of.concepts[name]


@function("ontology_concept", least=2, most=2)
def by_name(interpreter, values):
    found = ontology_of(values[0]).concepts.get(values[1])
    if found is None:
        raise OracleError("value", "Error: unknown concept")
    return found


@function("ontology_find", least=2, most=2)
def find(interpreter, values):
    of, wanted = ontology_of(values[0]), concept_of(values[1])
    if not wanted.inside:
        raise Undetermined("the name of the empty concept")
    found = [c for c in of.concepts.values() if c.inside == wanted.inside]
    if len(found) > 1:
        raise Undetermined("two concepts that hold the same")
    return found[0] if found else NIL


@function("ontology_add", least=2, most=2)
def add(interpreter, values):
    concept_of(values[0]).inside |= several(values[1])
    return values[0]


@function("ontology_remove", least=2, most=2)
def remove(interpreter, values):
    concept = concept_of(values[0])
    concept.inside -= several(values[1])
    if concept.name:
        concept.inside.add(concept.name)
    return concept


@function("ontology_contain", least=2, most=2)
def contain(interpreter, values):
    return answer(several(values[1]) <= concept_of(values[0]).inside)


@function("ontology_intersect", least=2, most=2)
def intersect(interpreter, values):
    return answer(bool(several(values[1]) & concept_of(values[0]).inside))


@function("ontology_list", least=1, most=1)
def inner(interpreter, values):
    concept = concept_of(values[0])
    return List([c for name, c in concept.of.concepts.items() if name in concept.inside])


@function("ontology_all", least=1, most=1)
def every(interpreter, values):
    return List(ontology_of(values[0]).concepts.values())


@function("ontology_absurd", least=1, most=1)
def absurd(interpreter, values):
    return ontology_of(values[0]).combined(())


@function("ontology_absurdp", least=1, most=1)
def absurdp(interpreter, values):
    return answer(not concept_of(values[0]).inside)


@function("ontology_ontology", least=1, most=1)
def owner(interpreter, values):
    return concept_of(values[0]).of
