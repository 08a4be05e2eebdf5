"""Whatever a container function is given, only a value or a LispE error comes out of it."""

import random

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.language import library, runtime
from lispe_kernel.language.functions import registry

library.load()
FAMILIES = {
    "access",
    "apl",
    "composing",
    "containers",
    "conversions",
    "dictionaries",
    "editing",
    "mapping",
    "matrices",
    "ordering",
    "products",
    "searching",
    "sequences",
    "sets",
    "totals",
}
VALUES = [
    "nil",
    "true",
    "'a",
    "0",
    "-1",
    "3",
    "2.5",
    "1e400",
    "123456789012345678901234567890",
    '""',
    '"abc"',
    "()",
    "{}",
    "(integers)",
    "(llist)",
    "'+",
    "'<",
    "'size",
    "(- 1e400 1e400)",
    "(list 1 2 3)",
    '(list 3 \'a "x" (list 1 2))',
    "(list (list 1 2) (list 3 4))",
    "(integers 1 2 3)",
    "(numbers 1.5 2)",
    '(strings "a" "b")',
    "(floats 1)",
    "(shorts 1 2)",
    "(llist 1 2)",
    '{"a":1}',
    "(dictionaryi 1 2)",
    '(dictionarytree "b" 1)',
    "(set 1 'a)",
    "(seti 1 2)",
    '(sets "a")',
    "(heap nil 3 1)",
    "(rho 2 2 (iota 4))",
    "(rho 2 3 2 (iota 4))",
    '(matrix_string 2 2 "a")',
    "(irange 1 4 1)",
    "(irange 1 1)",
    "(λ (x) x)",
    "(λ (x y) (+ x y))",
    "(list '+ 1)",
    'b"ab"',
    "(complex 1 2)",
    "(cdr (list 1 2 3))",
]
# A condition that is never false goes through an endless sequence without an end.
ENDLESS = {"takewhile", "scanlist", "!takewhile"}
FUNCTIONS = [e for e in registry if e.call.__module__.rpartition(".")[2] in FAMILIES]


def calls(entry, session):
    """Random argument lists for a function, the same in every run; each value is made anew."""
    making = {}  # compiled once: a value is wanted many times
    chance = random.Random(entry.name)
    most = entry.most if entry.most is not None else entry.least + 2
    pool = [value for value in VALUES if entry.name not in ENDLESS or value != "(irange 1 1)"]
    for _ in range(60):
        count = chance.randint(entry.least, min(most, 4))
        codes = [chance.choice(pool) for _ in range(count)]
        for code in codes:
            making[code] = making.get(code) or session.compile(code)
        yield codes, [session.run_program(making[code]).value for code in codes]


@pytest.mark.parametrize("entry", FUNCTIONS, ids=lambda entry: entry.name)
def test_only_values_and_lispe_errors_come_out(entry):
    session = Session()
    for codes, values in calls(entry, session):
        token = runtime.enter(session)
        try:
            to_text(entry.call(*values))
        except LispeError:
            continue
        except Exception as error:
            pytest.fail(f"{entry.name} {' '.join(codes)}: {type(error).__name__}: {error}")
        finally:
            runtime.leave(token)


def test_the_families_are_found():
    assert len(FUNCTIONS) > 150
