"""Concepts combine like the sets that they are, inside their ontology."""

import pytest

from lispe_kernel import LispeError
from tests.library.library_calls import text_of

ANIMALS = """
(setq h (ontology "animals"))
(setq cat (ontology_create h "cat"))
(setq dog (ontology_create h "dog"))
(setq pet (ontology_create h "pet" (list cat dog)))
"""

RESULTS = (
    ("(& pet cat)", "cat"),
    ("(| cat dog)", "(cat dog)"),
    ("(& cat dog)", "_absurd"),
    ("(&~ (| cat dog) cat)", "dog"),
    ("(^ cat (| cat dog))", "dog"),
    ("(~ pet)", "_absurd"),
    ("(~ (~ cat))", "cat"),
    ("(eq (& pet dog) dog)", "true"),
    ("(eq dog cat)", "nil"),
    ("(if (& cat dog) 1 2)", "2"),
    ("(ontology_list pet)", "(cat dog pet)"),
    ("(ontology_contain pet dog)", "true"),
    ("(ontology_contain dog pet)", "nil"),
    ("(ontology_intersect pet (list dog))", "true"),
    ("(ontology_absurdp (& cat dog))", "true"),
    ("(ontology_find h (& pet cat))", "cat"),
    ("(ontology_find h (| dog cat))", "nil"),
    ("(ontology_concept h `dog`)", "dog"),
    ("(ontology_all h)", "(cat dog pet)"),
    ("(ontology_add cat dog) (ontology_contain cat dog)", "true"),
    ("(ontology_remove pet (list cat dog)) (ontology_list pet)", "(pet)"),
    ("(ontology_ontology cat)", '(ontology "animals")'),
    ("(type cat)", "concept_"),
)

ERRORS = (
    ("(ontology_create h `cat`)", 'Error: ontology_create: there is already a concept "cat"'),
    ("(ontology_concept h `cow`)", 'Error: ontology_concept: there is no concept "cow"'),
    (
        "(ontology_contain cat 3)",
        "Error: ontology_contain: the second argument must be a concept",
    ),
    (
        "(& cat (ontology_create (ontology `b`) `x`))",
        'Error: concepts of two ontologies, "animals" and "b"',
    ),
    (
        "(ontology_add cat (ontology_create (ontology `b`) `x`))",
        'Error: ontology_add: "x" belongs to',
    ),
    ("(& cat 1)", "Error: cannot evaluate '&' with these operands: the concept cat and the integer 1"),
    ("(~ 1.5)", "Error: cannot evaluate '~' with these operands: the number 1.5"),
)


@pytest.mark.parametrize(("program", "text"), RESULTS)
def test_result(program, text):
    assert text_of(ANIMALS + program) == text


@pytest.mark.parametrize(("program", "message"), ERRORS)
def test_error_says_what_is_wrong(program, message):
    with pytest.raises(LispeError) as caught:
        text_of(ANIMALS + program)
    assert caught.value.text.startswith(message)
