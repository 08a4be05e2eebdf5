"""`make mutate`: each file has tests near it, and the quickest that run a line come first."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.mutation.nearby import NEARBY, PROGRAMS, Known, chosen, files_near, state_of

KNOWN = [
    Known("slow", 9.0, {"a.py": {1, 2}}),
    Known("quick", 1.0, {"a.py": {2, 3}}),
    Known("other", 1.0, {"b.py": {2}}),
    Known("middle", 3.0, {"a.py": {2}, "b.py": {1}}),
    *(Known(name, 0.9, {"d.py": {1}}) for name in ("one", "two", "three", "four")),
    *(Known(f"{PROGRAMS}::{number}", 1.0, {"d.py": {1}}) for number in (1, 2)),
]


@pytest.mark.parametrize(
    ("path", "lines", "budget", "names"),
    [
        ("a.py", range(2, 3), 60, ["quick", "middle", "slow"]),
        ("a.py", range(2, 3), 5, ["quick", "middle"]),
        ("a.py", range(1, 2), 5, ["slow"]),
        ("a.py", range(4, 9), 60, []),
        ("b.py", None, 60, ["other", "middle"]),
        ("c.py", None, 60, []),
        ("d.py", None, 3, ["one", "two", f"{PROGRAMS}::1"]),
    ],
)
def test_the_quickest_tests_that_run_a_line_are_chosen(
    path: str, lines: range | None, budget: float, names: list[str]
) -> None:
    assert chosen(KNOWN, path, lines, budget) == names


@pytest.mark.parametrize("start", [start for start, _ in NEARBY])
def test_every_place_of_the_package_has_tests_near_it(start: str, root: Path) -> None:
    files = files_near(root, start)
    assert files
    assert all((root / file).is_file() for file in files)


def test_a_measurement_is_of_one_state_of_the_files(root: Path) -> None:
    states = {state_of(root, file) for file in files_near(root, "lispe_kernel/display/drawing/statistics.py")}
    assert len(states) == len(files_near(root, "lispe_kernel/display/drawing/statistics.py"))


# In a process of its own: this one may have threads, which a fork does not take along.
PROGRAM = """
import sys
from pathlib import Path
from scripts.mutation.trials import Job, run_all

def endless(place):
    while True:
        pass

def told(job, status, place):
    print(names[id(job)], status)

good, bad = Job(lambda place: None, 60), Job(lambda place: sys.exit(1), 60)
jobs = {"good": good, "bad": bad, "endless": Job(endless, 0.1)}
names = {id(job): name for name, job in jobs.items()}
run_all(jobs.values(), [Path(name) for name in sys.argv[1:]], told)
"""


def test_jobs_run_in_copies_and_an_endless_one_is_stopped(tmp_path: Path, root: Path) -> None:
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir()
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, places)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    statuses = dict(line.split() for line in told.splitlines())
    assert (statuses["good"], statuses["bad"]) == ("0", "1")
    assert int(statuses["endless"]) < 0
