"""Every example in the help of a torch function gives the result that it states."""

import contextlib
import io

import pytest

import lispe_kernel.torch_library
from lispe_kernel import Session, to_text
from lispe_kernel.language.functions import registry

lispe_kernel.torch_library.load()
FUNCTIONS = [e for e in registry if e.call.__module__.startswith("lispe_kernel.torch_library")]
EXAMPLES = [
    pytest.param(code, result, id=f"{entry.name} {number}")
    for entry in FUNCTIONS
    for number, (code, result) in enumerate(entry.examples)
]


def shown(code: str) -> str:
    """What an example prints, or the text of its value."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        outcome = Session().run(code)
    return output.getvalue().removesuffix("\n") or to_text(outcome.value)


@pytest.mark.parametrize(("code", "result"), EXAMPLES)
def test_an_example_gives_what_it_states(code, result, in_folder):
    assert shown(code) == result
