"""Every example in the help of a display function gives the result that it states."""

import contextlib
import io
from pathlib import Path

import pytest

from lispe_kernel import display, to_text
from lispe_kernel.display.page import publish
from lispe_kernel.language.functions import registry
from lispe_kernel.session import Session

display.load()
FUNCTIONS = [entry for entry in registry if entry.call.__module__.startswith("lispe_kernel.display")]
EXAMPLES = [
    pytest.param(code, result, id=f"{entry.name} {number}")
    for entry in FUNCTIONS
    for number, (code, result) in enumerate(entry.examples)
]


@pytest.mark.parametrize(("code", "result"), EXAMPLES)
def test_an_example_gives_what_it_states(code: str, result: str, in_folder: Path) -> None:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        session = Session()
        outcome = session.run(code)
    assert (output.getvalue().removesuffix("\n") or to_text(outcome.value)) == result
    with contextlib.redirect_stdout(io.StringIO()):
        publish.finish(session)


@pytest.mark.parametrize("entry", FUNCTIONS, ids=lambda entry: entry.name)
def test_a_function_has_a_meaning_and_an_example(entry: object) -> None:
    assert entry.meaning  # type: ignore[attr-defined]
    assert entry.examples  # type: ignore[attr-defined]
