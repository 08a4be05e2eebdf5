"""Every example in the help of a torch function gives the result that it states."""

import pytest

import lispe_kernel.torch_library
from lispe_kernel.language.functions import registry
from tests.library.library_calls import shown

lispe_kernel.torch_library.load()
FUNCTIONS = [e for e in registry if e.call.__module__.startswith("lispe_kernel.torch_library")]
EXAMPLES = [
    pytest.param(code, result, id=f"{entry.name} {number}")
    for entry in FUNCTIONS
    for number, (code, result) in enumerate(entry.examples)
]


@pytest.mark.parametrize(("code", "result"), EXAMPLES)
def test_an_example_gives_what_it_states(code, result, in_folder):
    assert shown(code) == result
