"""The oracle against the conformance tables, whose right values were taken from the reference, and the guide.

What the oracle cannot play, or what its sources leave open, is counted, not failed.
"""

import pytest

from tests.conformance.conformance_cases import are_near, cases, numbers_in, tables
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.session import Oracle

TABLES = [path for path in tables() if not path.name.startswith("torch_")]
# Below this share of determined cases the oracle has lost something that it played before.
LEAST_PLAYED = 0.6


def judged(case) -> str:
    """`agrees`, `undetermined` or a sentence that says how the oracle differs from the table."""
    oracle = Oracle()
    try:
        for setup in case.setup:
            oracle.evaluate(setup)
        oracle.output.clear()
        oracle.evaluate(case.source)
    except Undetermined:
        return "undetermined"
    except OracleError as error:
        return "agrees" if case.error is not None else f"oracle raises {error}, table says {case.prints!r}"
    printed = "".join(oracle.output)
    if case.error is not None:
        return f"oracle prints {printed!r}, table says error {case.error!r}"
    if case.near is not None:
        return "agrees" if are_near(numbers_in(printed), case.near) else f"oracle prints {printed!r}"
    return "agrees" if printed == case.prints else f"oracle prints {printed!r}, table says {case.prints!r}"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_oracle_agrees_with_the_table(path):
    differing = [f"{case.name}: {found}" for case in cases(path) if (found := judged(case)) not in SILENT]
    assert not differing, "\n".join(differing)


def test_the_oracle_plays_most_cases():
    found = [judged(case) for path in TABLES for case in cases(path)]
    assert found.count("agrees") >= LEAST_PLAYED * len(found)


GUIDE = """
(setq config (@ (@ "vocab_size" 10000) (@ "embed_dim" 512)))
(setq saved (list))
(loop (i 0 201)
    (if (= (% i 100) 0)
        (push saved (+ "checkpoint_" (string i) ".pt"))))
(defun switch_task (task_name) (+ task_name "_adapters.pt"))
(list (config @ "embed_dim") saved (switch_task "summarization"))
"""


def test_the_forms_of_the_guide_run():
    oracle = Oracle()
    oracle.evaluate(GUIDE + '(println (switch_task "a") saved)')
    assert (
        "".join(oracle.output)
        == 'a_adapters.pt ("checkpoint_0.pt" "checkpoint_100.pt" "checkpoint_200.pt")\n'
    )


SILENT = ("agrees", "undetermined")
