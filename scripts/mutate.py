"""Puts small faults into the package and says which of them no test notices: `make mutate`.

By default the faults stand in the lines that changed since BASE. They are drawn at random with a fixed seed,
so a run can be repeated. A mutant dies when one of the nearby tests that run its line fails; a survivor is
printed as a diff: a test is missing, or the two programs do the same. `scripts/mutation/` has the parts.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scripts.mutation import nearby, trials
from scripts.mutation.mutants import Mutant, Place, places

ROOT = Path(__file__).resolve().parent.parent
STORE = ROOT / "build" / "mutation"
# Measuring a test file under coverage may take so many seconds.
MEASURING = 600.0
LIVING = ("survived", "run by no test")
HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Draw mutants, try them, print the survivors; the exit status is 1 where too many live."""
    options = parser().parse_args(arguments)
    start = time.monotonic()
    sources = {path: (ROOT / path).read_text() for path in paths(options)}
    wanted = None if options.files else changed_lines(options.base)
    found = [
        place
        for path, source in sources.items()
        for place in places(path, source)
        if wanted is None or place.line in wanted[path]
    ]
    random.Random(options.seed).shuffle(found)
    print(
        f"{len(found)} faults can be put into {len(sources)} files; trying {min(options.count, len(found))}"
    )
    STORE.mkdir(parents=True, exist_ok=True)
    trials.warm_up()
    with trials.copies(ROOT, options.jobs) as copies:
        measured = Measured(copies)
        known = {place.path: measured.near(place.path) for place in found[: options.count]}
        trying = Trying(sources, known, options.budget, STORE / options.report)
        if options.again:
            trying.go_on()
        trials.run_all(trying.jobs(found, options.count, start + 60 * options.minutes), copies, trying.note)
    return trying.close(options)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        description="Put small faults into the package; print those no test notices."
    )
    made.add_argument(
        "files", nargs="*", help="files or folders to mutate; without any: the lines that changed"
    )
    made.add_argument("--base", default="HEAD~1", help="the revision that changes are counted from")
    made.add_argument("--seed", type=int, default=20261)
    made.add_argument("--count", type=int, default=60, help="mutants to try at most")
    made.add_argument("--minutes", type=float, default=20, help="no mutant is begun later")
    made.add_argument("--budget", type=float, default=15, help="seconds of tests for one mutant")
    made.add_argument("--jobs", type=int, default=2)
    made.add_argument("--share", type=float, default=0.85, help="of the mutants that must die")
    made.add_argument("--again", action="store_true", help="keep what died by the report and go on")
    made.add_argument(
        "--report", default="report.json", help="a file under build/mutation/ for what came out"
    )
    return made


def paths(options: argparse.Namespace) -> list[str]:
    """The files to mutate."""
    if not options.files:
        return sorted(changed_lines(options.base))
    found = []
    for name in options.files:
        inside = sorted((ROOT / name).rglob("*.py")) if (ROOT / name).is_dir() else [ROOT / name]
        found += [str(path.relative_to(ROOT)) for path in inside]
    return found


def changed_lines(base: str) -> dict[str, set[int]]:
    """The lines of each file of the package that are other than in `base`; a moved file is followed."""
    told = subprocess.run(
        ["git", "diff", "--unified=0", "--find-renames", "--diff-filter=d", base, "--", "lispe_kernel/*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, set[int]] = {}
    for part in told.split("\n+++ b/")[1:]:
        path, _, hunks = part.partition("\n")
        found[path] = {
            number
            for start, count in HUNK.findall(hunks)
            for number in range(int(start), int(start) + int(count or 1))
        }
    return found


class Measured:
    """The tests near a file and the lines that each runs, from the last time or measured now."""

    def __init__(self, copies: list[Path]) -> None:
        self._copies = copies
        self._known: dict[str, list[nearby.Known]] = {}

    def near(self, path: str) -> list[nearby.Known]:
        """The tests near a file."""
        files = nearby.files_near(ROOT, path)
        answers = {file: answer_for(file) for file in files if file not in self._known}
        jobs = [measuring(file, answer) for file, answer in answers.items() if not answer.exists()]
        if jobs:
            print(f"Measuring which lines {len(jobs)} test files run", flush=True)
        trials.run_all(jobs, self._copies, lambda _job, _status, _place: None)
        self._known |= {
            file: nearby.read(answer) if answer.exists() else [] for file, answer in answers.items()
        }
        return [test for file in files for test in self._known[file]]


def answer_for(test_file: str) -> Path:
    """Where the measurement of a test file is kept."""
    return STORE / f"{Path(test_file).stem}-{nearby.state_of(ROOT, test_file)}.json"


def measuring(test_file: str, answer: Path) -> trials.Job:
    """The job that measures one test file."""
    return trials.Job(lambda place: nearby.measure(place, test_file, answer), MEASURING)


class Trying:
    """The mutants of one run: what is tried and what came out."""

    def __init__(
        self, sources: dict[str, str], known: dict[str, list[nearby.Known]], budget: float, file: Path
    ):
        self.outcomes: Counter[str] = Counter()
        self.survivors: list[Mutant] = []
        self._sources, self._known, self._budget, self._file = sources, known, budget, file
        self._tried: dict[int, Mutant] = {}
        self._told: list[dict[str, object]] = []
        self._dead: set[object] = set()

    def go_on(self) -> None:
        """Keep what died the last time; what survived is tried again, and then the mutants that follow."""
        told = json.loads(self._file.read_text())
        self._told = [entry for entry in told if entry["outcome"] not in LIVING]
        self._dead = {entry["diff"] for entry in self._told}
        self.outcomes = Counter(entry["outcome"] for entry in self._told)

    def jobs(self, found: list[Place], count: int, end: float) -> Iterator[trials.Job]:
        """The trials, until there are enough or time is up; a fault that no test runs needs none."""
        for place in found:
            if sum(self.outcomes.values()) + len(self._tried) >= count or time.monotonic() > end:
                return
            mutant = place.mutant(self._sources[place.path])
            if mutant is None or mutant.diff in self._dead:
                continue
            lines = mutant.lines if mutant.inside else None
            names = nearby.chosen(self._known[place.path], place.path, lines, self._budget)
            if not names:
                self._record(mutant, "run by no test", None)
                continue
            job = trials.trial(mutant, names, 3 * self._budget + 20)
            self._tried[id(job)] = mutant
            yield job

    def note(self, job: trials.Job, status: int, place: Path) -> None:
        """Hear what became of a trial."""
        mutant = self._tried.pop(id(job))
        outcome = "survived" if status == 0 else "stopped" if status < 0 else "died"
        self._record(mutant, outcome, trials.killer_in(place))

    def _record(self, mutant: Mutant, outcome: str, killer: object) -> None:
        self.outcomes[outcome] += 1
        if outcome in LIVING:
            self.survivors.append(mutant)
            print(f"\n{outcome}:\n{mutant.diff}", flush=True)
        told = {"outcome": outcome, "path": mutant.path, "line": mutant.line, "diff": mutant.diff}
        self._told.append({**told, "killer": killer})
        self._file.write_text(json.dumps(self._told, indent=1))

    def close(self, options: argparse.Namespace) -> int:
        """Say how many died; the exit status."""
        tried = sum(self.outcomes.values())
        died = tried - len(self.survivors)
        print(f"\nseed {options.seed}: {tried} mutants, {died} died ({died / max(1, tried):.0%})", end="; ")
        print(", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common()))
        return int(died < options.share * tried)


if __name__ == "__main__":
    sys.exit(main())
