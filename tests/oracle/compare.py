"""Runs random programs in the oracle and in the product and says where they differ.

    python -m tests.oracle.compare --count 1000 --seed 7 [--theme closures] [--show] [--minimise]

One process, a fresh session for each program. The oracle runs first: a program that it cannot finish or
whose meaning is not fixed is no evidence and never reaches the compiler. Only the public API of the
product is used.
"""

import argparse
import contextlib
import io
import resource
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass

from lispe_kernel import LispeError, Session
from lispe_kernel import to_text as product_text
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.interpreter import STEPS
from tests.oracle.programs import cells, program
from tests.oracle.session import Oracle, to_text
from tests.oracle.themes import THEMES

SECONDS = 5
MEMORY = 6 * 2**30
RECURSION = 30_000


class TooLong(BaseException):
    """The program ran longer than it may. Not an Exception: nothing on the way may take it for an error."""


@dataclass(frozen=True)
class Outcome:
    """`value` with its text, `error` with its text, `undetermined`, `too long` or `crash`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """What both did, and whether that is `same`, `differ` or `no evidence`."""

    word: str
    oracle: Outcome
    product: Outcome | None = None


def last_value(session, text: str):
    """The value of the last cell; all cells run in one session."""
    value = None
    for cell in cells(text):
        value = session.evaluate(cell)
    return value


def in_oracle(text: str, steps: int = STEPS) -> Outcome:
    """What the oracle makes of a program; a cell of more than `steps` is no evidence."""
    try:
        with bounded():
            return Outcome("value", to_text(last_value(Oracle(steps), text)))
    except TooLong:
        return Outcome("undetermined", "longer than the oracle may go")
    except Undetermined as reason:
        return Outcome("undetermined", str(reason))
    except RecursionError:
        return Outcome("undetermined", "deeper than the oracle can go")
    except OracleError as error:
        return Outcome("error", f"{error.kind}: {error.text}")


def in_product(text: str) -> Outcome:
    """What the compiler makes of it. An exception that is no LispeError is a crash."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return Outcome("value", product_text(last_value(Session(), text)))
    except LispeError as error:
        return Outcome("error", str(error))
    except TooLong:
        return Outcome("too long", f"more than {SECONDS} seconds")
    except Exception as error:
        return Outcome("crash", f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def bounded():
    """An alarm that ends an endless program. It counts the processor's time: the machine may be busy."""

    def ring(number, frame):
        raise TooLong

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def verdict(text: str, steps: int = STEPS) -> Verdict:
    """Compare one program."""
    oracle = in_oracle(text, steps)
    if oracle.kind == "undetermined":
        return Verdict("no evidence", oracle)
    with bounded():
        product = in_product(text)
    same = oracle.kind == product.kind and (oracle.kind == "error" or oracle.text == product.text)
    return Verdict("same" if same else "differ", oracle, product)


def minimised(text: str) -> str:
    """The program with every line and every part left out that the difference does not need."""
    from tests.oracle.minimise import smaller

    wanted = verdict(text)

    def still(candidate: str) -> bool:
        with contextlib.suppress(Exception):
            found = verdict(candidate)
            return found.word == "differ" and shape(found) == shape(wanted)
        return False

    return smaller(text, still)


def shape(found: Verdict):
    """What must stay when a program is made smaller: the kinds, and the beginning of an error's text."""
    text = found.product.text[:20] if found.product.kind in ("error", "crash") else ""
    return found.oracle.kind, found.product.kind, text


def run(arguments) -> int:
    """Compare as many programs as asked; 1 when some differ."""
    counts: Counter = Counter()
    reasons: Counter = Counter()
    started = time.process_time()
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        text = program(seed, arguments.theme)
        found = verdict(text)
        counts[found.word] += 1
        if found.word == "no evidence":
            reasons[found.oracle.text] += 1
        if found.word == "same":
            counts[f"both {found.oracle.kind}"] += 1
        if found.word == "differ" and arguments.show:
            shown = minimised(text) if arguments.minimise else text
            again = verdict(shown)
            print(f"--- seed {seed}\n{shown}\noracle : {again.oracle.kind} {again.oracle.text}")
            print(f"product: {again.product.kind} {again.product.text}", flush=True)
    # The processor's time: the machine may be shared.
    seconds = time.process_time() - started
    speed = f"{arguments.count / seconds:.0f} a second"
    print(f"{arguments.count} programs in {seconds:.1f} s of processor time ({speed}): {dict(counts)}")
    if arguments.reasons:
        for reason, count in reasons.most_common(15):
            print(f"{count:5} {reason}")
    return 1 if counts["differ"] else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--theme", choices=sorted(THEMES))
    parser.add_argument("--show", action="store_true", help="print the programs that differ")
    parser.add_argument("--minimise", action="store_true", help="... as small as the difference allows")
    parser.add_argument("--reasons", action="store_true", help="count why programs were no evidence")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.setrecursionlimit(RECURSION)
    sys.exit(main())
