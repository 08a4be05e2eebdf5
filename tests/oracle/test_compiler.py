"""Random programs give in the compiler what they give in the oracle, value for value and error for error."""

import pytest

from tests.oracle.compare import verdict
from tests.oracle.programs import program

BATCHES, EACH = 10, 100


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_programs_give_the_same(batch):
    differing = []
    for seed in range(batch * EACH, (batch + 1) * EACH):
        text = program(seed)
        found = verdict(text)
        if found.word == "differ":
            differing.append(f"seed {seed}: oracle {found.oracle}, product {found.product}")
    assert not differing, "\n".join(differing)
