"""A function gives what its `returns=` promises the compiler, whatever it is given. torch stays out."""

import pytest

from lispe_kernel import Session
from lispe_kernel.language import library
from lispe_kernel.language.functions import registry
from tests.library.all_kinds import PROMISES, argument_lists, broken_promise, values

library.load()

# They wait for a person, for another thread or for a machine.
WAITING = {"socket_read", "socket_getpeername", "trigger"}

DECLARED = [
    entry
    for entry in registry
    if entry.returns and ".language.library." in entry.call.__module__ and entry.name not in WAITING
]


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry.name)
def test_a_result_is_of_the_declared_kind(entry, in_folder):
    assert Session().call(lambda: broken_promise(entry, argument_lists(entry, values()))) is None


def test_every_word_of_returns_is_known():
    assert {entry.returns for entry in registry} - {""} <= set(PROMISES)
