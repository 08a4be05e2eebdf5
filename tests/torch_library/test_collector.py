"""The collector rests while much is made that stays, and works again where it did before."""

import gc

import pytest

from lispe_kernel.torch_library.support.collector import at_rest
from lispe_kernel.torch_library.support.foreign_json import parsed


@pytest.mark.parametrize("at_work", [True, False])
def test_it_rests_inside_and_is_as_before_at_the_end(at_work: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if at_work else gc.disable)()
        with at_rest():
            assert not gc.isenabled()
        assert gc.isenabled() == at_work
    finally:
        (gc.enable if before else gc.disable)()


def test_a_text_of_many_lists_is_read_without_it() -> None:
    seen: list[str] = []

    def note(phase: str, _facts: dict[str, int]) -> None:
        seen.append(phase)

    gc.callbacks.append(note)
    try:
        assert len(parsed(b"[" + b"[1]," * 20_000 + b"0]")) == 20_001
    finally:
        gc.callbacks.remove(note)
    # One round at the end, where it wakes; for so many lists it would make thirty.
    assert len(seen) <= len(["start", "stop"])
