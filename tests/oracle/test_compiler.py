"""Random programs give in the compiler what they give in the oracle, value for value and error for error."""

import pytest

from tests.oracle.compare import verdict
from tests.oracle.programs import program

BATCHES, EACH = 10, 100
# Where both are known to differ: an order with nil or a dictionary, an error here (docs/dialect.md), which
# the programs of `CAUGHT` catch.
ORDER = "Error: cannot evaluate '"
CAUGHT = {317}


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_programs_give_the_same(batch):
    differing = []
    for seed in range(batch * EACH, (batch + 1) * EACH):
        text = program(seed)
        found = verdict(text)
        known = seed in CAUGHT or (found.product and found.product.text.startswith(ORDER))
        if found.word == "differ" and not known:
            differing.append(f"seed {seed}: oracle {found.oracle}, product {found.product}")
    assert not differing, "\n".join(differing)
