"""What the compiler writes in place of a call gives and changes what the library's function does."""

import random
import warnings
from itertools import chain

from lispe_kernel import Session
from lispe_kernel.language.compiler.inlines import inline_functions
from lispe_kernel.language.functions import Function, registry
from lispe_kernel.language.printer import show
from tests.library.all_kinds import steady, values

TRIES = 6
INLINED = [entry for name in inline_functions if (entry := registry.get(name)) is not None and entry.keyword]


def told(call: object, arguments: list[object]) -> list[str]:
    """What a call gives, with its class, and what its arguments are afterwards; any error is one."""
    try:
        result = call(*arguments)
        given = f"{show(result)} {type(result).__name__}"
    except Warning:
        raise
    except Exception:
        given = "an error"
    return [*map(steady, (given, *map(show, arguments)))]


def differing(session: Session, entry: Function, rng: random.Random) -> list[object]:
    """The arguments, each a kind of value, for which the two differ."""
    found = []
    most = min(entry.most if entry.most is not None else entry.least + 1, 3)
    for count in range(max(entry.least, 1), most + 1):
        names = " ".join("abc"[:count])
        session.evaluate(
            f"(defun inlined ({names}) ({entry.name} {names}))"
            f" (defun called ({names}) (apply '{entry.name} (list {names})))"
            f" (defun inlined_here ({names}) ({entry.name} {names}) 1)"
            f" (defun called_here ({names}) (apply '{entry.name} (list {names})) 1)"
        )
        space = session.namespace
        for _ in range(TRIES):
            mine, yours = values(), values()
            chosen = [rng.randrange(len(mine)) for _ in range(count)]
            ours, theirs = [mine[i] for i in chosen], [yours[i] for i in chosen]
            here = rng.choice(("", "_here"))
            answers = told(space[f"inlined{here}"], ours), told(space[f"called{here}"], theirs)
            if answers[0] != answers[1]:
                found.append((entry.name, here, *answers))
    return found


def test_what_is_inlined_does_what_the_function_does() -> None:
    session, seed = Session(), random.randrange(1 << 30)
    rng = random.Random(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = session.call(lambda: [*chain(*(differing(session, entry, rng) for entry in INLINED))])
    assert found == [], f"random.Random({seed})"
