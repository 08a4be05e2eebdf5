"""A function gives what its `returns=` promises the compiler, whatever it is given. torch stays out."""

import pytest

from lispe_kernel import Session
from lispe_kernel.language import library
from lispe_kernel.language.functions import registry
from tests.library.all_kinds import PROMISES, argument_lists, values

library.load()

# They wait for a person, for another thread or for a machine.
WAITING = {"socket_read", "socket_getpeername", "trigger"}

DECLARED = [
    entry
    for entry in registry
    if entry.returns and ".language.library." in entry.call.__module__ and entry.name not in WAITING
]


def broken_promises(entry, arguments):
    """The calls whose result is not of the kind that the function declares; those that fail promise nothing."""
    keeps = PROMISES[entry.returns]
    for given in arguments:
        try:
            result = entry.call(*given)
        except Exception:  # noqa: S112 - an error is no result
            continue
        if not keeps(result):
            yield given, result


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry.name)
def test_a_result_is_of_the_declared_kind(entry, in_folder):
    def check():
        return next(broken_promises(entry, argument_lists(entry, values())), None)

    assert Session().call(check) is None


def test_every_word_of_returns_is_known():
    assert {entry.returns for entry in registry} - {""} <= set(PROMISES)
