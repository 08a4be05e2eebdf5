"""Always the same random programs, few at a time: `make mutate` runs those that meet a fault's line.

The suite does not collect this file: `test_compiler.py` runs thousands of others.
"""

import pytest

from tests.oracle.compare import verdict
from tests.oracle.programs import program

BATCHES, EACH = 60, 5
STEPS = 3_000


@pytest.mark.parametrize("batch", range(BATCHES))
def test_programs_give_the_same(batch):
    differing = [seed for seed in range(batch * EACH, (batch + 1) * EACH) if _differs(seed)]
    assert not differing


def _differs(seed: int) -> bool:
    return verdict(program(seed), STEPS).word == "differ"
