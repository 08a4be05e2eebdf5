"""Random programs give in the compiler what they give in the oracle, value for value and error for error.

The seeds come from the sources of the package: each change of it meets 5,000 programs that nobody saw before,
and whoever repeats a run of the same sources repeats its programs.
"""

import hashlib
from pathlib import Path

import pytest

import lispe_kernel
from tests.oracle.compare import verdict
from tests.oracle.programs import program

BATCHES, EACH = 100, 50
# One program in twenty runs longer; those take a third of the time. `make test-long` lets them.
STEPS = 10_000


@pytest.fixture(scope="module")
def first_seed() -> int:
    """A number made of every source of the package."""
    digest = hashlib.sha256()
    for path in sorted(Path(lispe_kernel.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:5])


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_programs_give_the_same(batch, first_seed):
    differing = []
    for seed in range(first_seed + batch * EACH, first_seed + (batch + 1) * EACH):
        found = verdict(program(seed), STEPS)
        if found.word == "differ":
            differing.append(f"seed {seed}: oracle {found.oracle}, product {found.product}")
    assert not differing, "\n".join(differing)
