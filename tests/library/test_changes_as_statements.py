"""What a statement changes: compiled in place, `push` and `pop` do what the library's functions do."""

import math

import pytest

from lispe_kernel import Session
from lispe_kernel.language.printer import show
from lispe_kernel.language.values.lists import List
from tests.library.all_kinds import steady, values

ADDED = (5, 2.5, 1 << 70, "a", math.nan, None, List([1]))
FORMS = {
    "push": "(push c v)",
    "push two": "(push c v v)",
    "pop": "(pop c)",
    "poplast": "(poplast c)",
    "popfirst": "(popfirst c)",
}


def told(call: object, *arguments: object) -> str:
    """What is in a container after a change, or the error."""
    try:
        call(*arguments)
    except Exception as error:
        return steady(str(error))
    return steady(show(arguments[0]))


@pytest.mark.parametrize("name", FORMS)
def test_a_statement_changes_what_the_function_changes(name: str) -> None:
    session = Session()
    function, values_of = FORMS[name][1:-1].split(" ", 1)
    called = f"(apply '{function} (list {values_of}))"
    session.evaluate(f"(defun here (c v) {FORMS[name]} c) (defun there (c v) {called} c)")
    here, there = session.namespace["here"], session.namespace["there"]

    def both() -> None:
        for added in ADDED if "push" in name else (None,):
            for mine, yours in zip(values(), values(), strict=True):
                assert told(here, mine, added) == told(there, yours, added), (mine, added)

    session.call(both)
