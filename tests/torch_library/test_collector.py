"""The collector rests while a library is imported, and works again where it did before."""

import gc

import pytest

from lispe_kernel.torch_library.support.collector import at_rest


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
