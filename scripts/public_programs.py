"""Runs a copy of NAVER's public LispE programs and says which give what they should.

`python -m scripts.public_programs FOLDER [CHECKOUT]` runs every program of `FOLDER`, the `examples` of a copy
of `naver/lispe` with the puzzles' own samples under `data/`, with the `lispe` of CHECKOUT (this one unless it
is given): path, seconds of computing, verdict. The programs are run unchanged in a copy of the folder, since
some write files. What they print is compared with facts of our own: numbers and words that must occur, in
their order. `runs` means that it ended well and there is nothing to compare with. Those of `ollama` are left
out, which need a network, and those of `sockets`, which name a machine. The answer is 1 when a program fails.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LONGEST = 120.0
# Parts of a program that another one loads, and folders that need other machines.
LOADED = frozenset({"patterns/apply_rules.lisp", "patterns/compile_rules.lisp"})
LEFT_OUT = frozenset({"ollama", "sockets"})


@dataclass(frozen=True)
class Known:
    """What a program must print, in this order, and what is typed for it."""

    facts: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()


# The way through the small adventure, in both languages.
ENGLISH = (
    *("take the stone", "go east", "break the window with the stone", "go north", "take the key"),
    *("go south", "go west", "open the door with the key", "go north", "go west", "take the sword"),
    *("go east", "go south", "go west", "kill the ogre with the sword"),
)
FRENCH = (
    *("Prends la pierre", "Va vers est", "Brise la vitre avec la pierre", "Va vers nord", "Prends la clef"),
    *("Va vers sud", "Va vers ouest", "Ouvre la porte avec la clef", "Va vers nord", "Va vers ouest"),
    *("Prends le glaive", "Va vers est", "Va vers sud", "Va vers ouest", "Tue ogre avec glaive"),
)

KNOWN: dict[str, Known] = {
    "AdventOfCode2021/day1.lisp": Known(("7",)),
    "AdventOfCode2021/day2.lisp": Known(("150", "900")),
    "AdventOfCode2021/day4.lisp": Known(("4512",)),
    "AdventOfCode2021/day5.lisp": Known(("5", "12")),
    "AdventOfCode2021/day6.lisp": Known(("5934", "26984457539")),
    "AdventOfCode2021/day9.lisp": Known(("15", "1134")),
    "AdventOfCode2021/day10.lisp": Known(("26397", "288957")),
    "AdventOfCode2021/day7.lisp": Known(("37", "168")),
    "AdventOfCode2021/day11.lisp": Known(("1656", "195")),
    "AdventOfCode2021/day12.lisp": Known(("10", "36")),  # it gives neither, here and in the original
    "AdventOfCode2021/day13.lisp": Known(("#####\n#   #\n#   #\n#   #\n#####",)),
    "AdventOfCode2021/day15.lisp": Known(("40",)),
    "AdventOfCode2023/day1.lisp": Known(("142",)),
    "AdventOfCode2023/day3.lisp": Known(("467835",)),
    "AdventOfCode2023/day4.lisp": Known(("13",)),
    "AdventOfCode2023/day5.lisp": Known(("35", "46")),
    "AdventOfCode2023/day6.lisp": Known(("71503",)),
    "AdventOfCode2023/day7.lisp": Known(("6440", "5905")),
    "AdventOfCode2023/day8.lisp": Known(("2",)),
    "AdventOfCode2023/day9.lisp": Known(("114", "2")),
    "AdventOfCode2024/day3.lisp": Known(("161", "48")),
    "AdventOfCode2024/day4.lisp": Known(("18", "9")),
    "AdventOfCode2024/day5.lisp": Known(("143", "123")),
    "AdventOfCode2024/day6.lisp": Known(("41",)),
    "AdventOfCode2024/day7.lisp": Known(("190",)),
    "AdventOfCode2024/day9.lisp": Known(("(38 9)",)),
    "AdventOfCode2024/day10.lisp": Known(("36 81",)),
    "AdventOfCode2024/day11.lisp": Known(("65601038650482",)),
    "AdventOfCode2024/day12.lisp": Known(("1930",)),
    "AdventOfCode2024/day12.2.lisp": Known(("1323",)),
    "diverse/fibo.lisp": Known(("89",)),
    "diverse/infinite.lisp": Known(("(1 2 3 (10 20 30 ...))", "infinite loop")),
    "diverse/instanciations.lisp": Known(("(10)", "{20:30}")),
    "haskellish/filter.lisp": Known(("(1 3 8 6)", "(10 90 87 12)")),
    "haskellish/haskell.lisp": Known(("(2 4 6 8 10 12 14 16 18)", "(0 4 8 12 16)")),
    "spacenames/spacename.lisp": Known(("30 40 1200",)),
    "patterns/dicopattern.lisp": Known(("un 12 machine", "error now")),  # its last call must fail
    "patterns/minizork_en.lisp": Known(("Congratulation", "end"), ENGLISH),
    "patterns/minizork_fr.lisp": Known(("licitation", "Fin"), FRENCH),
    "patterns/minizorg.lisp": Known(("Congratulation", "end"), ENGLISH),
    "haskellish/gradient_descent/descente_stochastique.lisp": Known(("21.7414 449",)),
    "transpiler/basic_example.lisp": Known(("Fact: 362880",)),
    "transpiler/basicois_example.lisp": Known(("Fact: 362880",)),
    "transpiler/hellenica_example.lisp": Known(("362880", "219.98")),  # its last call must fail
}


def main(arguments: list[str]) -> int:
    """Run every program and print the table."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__)
        return 2
    checkout = Path(arguments[1] if len(arguments) == 2 else ".").resolve()
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "examples"
        shutil.copytree(arguments[0], copy)
        counts = table(copy, checkout)
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return 0 if set(counts) <= {"right", "runs"} else 1


def table(folder: Path, checkout: Path) -> dict[str, int]:
    """Print a line for each program; how many programs have each verdict."""
    counts: dict[str, int] = {}
    for program in sorted(folder.rglob("*.lisp")):
        name = program.relative_to(folder).as_posix()
        if name in LOADED or LEFT_OUT & set(Path(name).parts):
            continue
        said, seconds = tried(program, KNOWN.get(name, Known()), checkout)
        kind = said.partition(":")[0]
        counts[kind] = counts.get(kind, 0) + 1
        print(f"{name:<60} {seconds:6.1f}  {said}", flush=True)
    return counts


def tried(program: Path, known: Known, checkout: Path) -> tuple[str, float]:
    """The verdict on one program, and the seconds that its process computed."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "lispe_kernel.cli", program.name],
            cwd=program.parent,
            env=environment,
            input="".join(line + "\n" for line in known.typed),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return f"stopped: after {LONGEST:.0f} s", LONGEST
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return verdict(ended.returncode, ended.stdout, ended.stderr, known), seconds


def verdict(code: int, printed: str, errors: str, known: Known) -> str:
    """What to say of a run: `right`, `runs`, `wrong: FACT`, or `error: TEXT`."""
    if code and not known.facts:
        return "error: " + (errors.strip().splitlines() or ["no text"])[0]
    at = 0
    for fact in known.facts:
        found = printed.find(fact, at)
        if found < 0:
            return f"wrong: no {fact!r}" + (": " + errors.strip().splitlines()[0] if errors.strip() else "")
        at = found + len(fact)
    return "right" if known.facts else "runs"


if __name__ == "__main__":
    start = time.monotonic()
    result = main(sys.argv[1:])
    print(f"{time.monotonic() - start:.0f} s in all")
    sys.exit(result)
