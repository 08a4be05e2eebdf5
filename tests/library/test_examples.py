"""Every example in the help of a function gives the result that it states. torch stays out."""

import pytest

from lispe_kernel.language import library
from lispe_kernel.language.functions import registry
from tests.library.library_calls import shown

library.load()
FUNCTIONS = [entry for entry in registry if ".language.library." in entry.call.__module__ + "."]
EXAMPLES = [
    pytest.param(code, result, id=f"{entry.name} {number}")
    for entry in FUNCTIONS
    for number, (code, result) in enumerate(entry.examples)
]


@pytest.mark.parametrize(("code", "result"), EXAMPLES)
def test_example_gives_what_it_states(code, result, in_folder):
    assert shown(code) == result


def test_the_library_is_found():
    assert len(FUNCTIONS) > 400


@pytest.mark.parametrize("entry", FUNCTIONS, ids=lambda entry: entry.name)
def test_function_has_a_meaning_and_an_example(entry):
    assert entry.meaning, f"{entry.name} has no docstring"
    assert entry.examples, f"{entry.name} has no example"
