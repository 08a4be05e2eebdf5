"""How long compiling takes: texts of LispE against the same texts in Python, parsed and compiled by Python.

Nothing runs. Python's parser and compiler are written in C, ours makes the tree that Python's compiler takes,
so a ratio here says how many times as long a cell waits before its first form runs. Processor time.
"""

import gc
import time
from collections.abc import Callable

from benchmarks.row import Row, row
from lispe_kernel import Session

ROUNDS = 7
LINES = 2_000


def measure() -> list[Row]:
    """Measure a long text of each kind, and a small cell many times over."""
    texts = {
        f"compile {LINES:,} lines of assignments and printing": (assignments(), assigned(), 25.0),
        f"compile {LINES:,} small functions": (functions(), defined(), 13.0),
        f"compile one function of {LINES:,} lines": (f"(defun f (a)\n{assignments('a')})", function(), 22.0),
        f"compile a quoted list of {LINES:,} lines": (data(), listed(), 2.2),
    }
    found = [
        _row(name, lispe, python, 1, f"{ROUNDS} rounds", limit)
        for name, (lispe, python, limit) in texts.items()
    ]
    note = f"{ROUNDS} rounds of 50 cells of ten lines"
    return [*found, _row("compile a small cell", SMALL, SMALL_IN_PYTHON, 50, note, 20.0)]


def assignments(name: str = "") -> str:
    """Sums stored in variables, and a line that prints between them."""
    return "\n".join(
        f"(setq v{at % 100} (+ {at} (* 2 {name or f'v{(at + 1) % 100}'})))"
        if at % 2
        else f'(println "v" {at} (+ {name or f"v{at % 100}"} 1))'
        for at in range(LINES)
    )


def assigned(name: str = "", margin: str = "") -> str:
    """As `assignments` in Python."""
    return "\n".join(
        f"{margin}v{at % 100} = {at} + 2 * {name or f'v{(at + 1) % 100}'}"
        if at % 2
        else f'{margin}print("v", {at}, {name or f"v{at % 100}"} + 1)'
        for at in range(LINES)
    )


def functions() -> str:
    """Functions of one line that call each other."""
    return "\n".join(
        f"(defun f{at} (a b) (if (< a {at}) (+ a (* b 2)) (f{max(at - 1, 0)} (- a 1) b)))"
        for at in range(LINES)
    )


def defined() -> str:
    """As `functions` in Python."""
    return "\n".join(
        f"def f{at}(a, b): return a + b * 2 if a < {at} else f{max(at - 1, 0)}(a - 1, b)"
        for at in range(LINES)
    )


def function() -> str:
    """As the long function in Python."""
    return f"def f(a):\n{assigned('a', '    ')}"


def data() -> str:
    """A quoted list of rows."""
    rows = "\n".join(f'(a{at % 50} "text {at}" {at} {at}.5)' for at in range(LINES))
    return f"(setq d '({rows}))"


def listed() -> str:
    """As `data` in Python."""
    rows = "\n".join(f'["a{at % 50}", "text {at}", {at}, {at}.5],' for at in range(LINES))
    return f"d = [{rows}]"


SMALL = """(setq names '("ann" "bob" "cid"))
(setq total 0)
(defun scale (x y) (* x (+ y 1)))
(loop n names
  (+= total (size n)))
(setq d {"a":1 "b":2})
(println "total" total (scale 2 3))
(if (> total 5)
  (println "more")
  (println "less"))
(maplist (\\ (x) (+ x 1)) '(1 2 3))
"""
SMALL_IN_PYTHON = """names = ["ann", "bob", "cid"]
total = 0
def scale(x, y): return x * (y + 1)
for n in names:
    total += len(n)
d = {"a": 1, "b": 2}
print("total", total, scale(2, 3))
if total > 5:
    print("more")
else:
    print("less")
[(lambda x: x + 1)(x) for x in [1, 2, 3]]
"""


def _row(name: str, lispe: str, python: str, times: int, note: str, limit: float) -> Row:
    session = Session()
    sides: tuple[Callable[[], object], Callable[[], object]] = (
        lambda: session.compile(lispe),
        lambda: compile(python, "<cell>", "exec"),
    )
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 1):
        for side in (0, 1) if turn % 2 else (1, 0):
            taken[side].append(_seconds(sides[side], times))
    return row(name, taken[0][1:], taken[1][1:], note, limit)


def _seconds(work: Callable[[], object], times: int) -> float:
    """Processor time of one piece of work."""
    gc.collect()
    begin = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begin) / times
