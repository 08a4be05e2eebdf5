"""Every example of the torch library, the displays and the kernel's own functions gives what it states.

Those of the language are tested in tests/library. What a display prints depends on where it is shown: here
in a terminal.
"""

import contextlib
import io

import pytest

from lispe_kernel import Session, display, to_text, torch_library
from lispe_kernel.display.page.publish import finish
from lispe_kernel.language.functions import registry
from lispe_kernel.running import bridges, programs, screen  # noqa: F401 - they register functions
from lispe_kernel.sittings import cells, restoring

torch_library.load()
display.load()
cells.load()
restoring.load()
FUNCTIONS = [entry for entry in registry if ".language." not in entry.call.__module__]
EXAMPLES = [
    pytest.param(code, result, id=f"{entry.name} {number}")
    for entry in FUNCTIONS
    for number, (code, result) in enumerate(entry.examples)
]


def shown(code: str) -> tuple[str, str]:
    """What an example prints, and the text of its value."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        session = Session()
        outcome = session.run(code)
        finish(session)
    return output.getvalue().removesuffix("\n"), to_text(outcome.value)


@pytest.mark.usefixtures("in_folder")
@pytest.mark.parametrize(("code", "result"), EXAMPLES)
def test_example_gives_what_it_states(code: str, result: str) -> None:
    printed, value = shown(code)
    if result:
        assert result in (printed, value)


def test_the_functions_are_found() -> None:
    assert len(FUNCTIONS) > 200
