"""Which tests stand near which files, and which of them run which lines.

Each test file is run once with coverage, a context for each test; what came out is kept under build/ until
the package, the test file or what it reads changes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CORE = ("tests/conformance/test_conformance.py",)
# Few programs of the oracle's generator, always the same; the suite has thousands of others.
PROGRAMS = "tests/oracle/fixed_programs.py"
# What these may take of the budget, which the quickest tests would use up.
SHARE = 1 / 3
# Words in the names of the tests of files, state dicts and checkpoints.
ABOUT_FILES = (
    *("archive", "checkpoint", "checksums", "compaction", "data", "exact", "file", "known_whole"),
    *("layout", "lora_state", "own_loading", "paths", "persistence", "state", "storage"),
    *("torchscript", "trees"),
)
FILES = (
    *(f"tests/torch_library/test_*{part}*.py" for part in ABOUT_FILES),
    "tests/conformance/test_torch_files.py",
)
# The first entry that fits: files whose path begins so, and where the tests for them are.
NEARBY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lispe_kernel/language/compiler/", ("tests/language", *CORE, PROGRAMS)),
    ("lispe_kernel/language/library/", ("tests/library", *CORE)),
    ("lispe_kernel/language/", ("tests/language", "tests/library", *CORE)),
    ("lispe_kernel/torch_library/files/", FILES),
    ("lispe_kernel/torch_library/state/", FILES),
    ("lispe_kernel/torch_library/checkpoints/", FILES),
    ("lispe_kernel/torch_library/", ("tests/torch_library", *CORE)),
    *(
        (
            f"lispe_kernel/display/drawing/{name}.py",
            (
                "tests/display/test_statistics*.py",
                "tests/display/test_compare_exact.py",
                "tests/display/test_tensors.py",
            ),
        )
        for name in ("statistics", "looks", "side_by_side")
    ),
    ("lispe_kernel/display/", ("tests/display",)),
    ("lispe_kernel/notebook/", ("tests/notebook",)),
    ("lispe_kernel/", ("tests/cli", "tests/kernel")),
)


@dataclass(frozen=True)
class Known:
    """One test: what pytest calls it, how long it takes, and the lines of the package that it runs."""

    name: str
    seconds: float
    lines: dict[str, set[int]]


def files_near(root: Path, path: str) -> list[str]:
    """The test files near a file of the package."""
    places = next(places for start, places in NEARBY if path.startswith(start))
    found: list[Path] = []
    for place in places:
        inside = (root / place).is_dir()
        found += sorted((root / place).rglob("test_*.py") if inside else root.glob(place))
    return [str(file.relative_to(root)) for file in dict.fromkeys(found)]


def state_of(root: Path, test_file: str) -> str:
    """A short text that changes with the package, the test file, and what lies beside it and is no test."""
    beside = [file for file in (root / test_file).parent.iterdir() if not file.name.startswith("test_")]
    digest = hashlib.sha256(_package(root))
    for file in sorted({root / test_file, root / "tests/conftest.py", *beside}):
        if file.is_file():
            digest.update(str(file.relative_to(root)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def _package(root: Path) -> bytes:
    files = sorted((root / "lispe_kernel").rglob("*.py"))
    return hashlib.sha256(b"".join(bytes(file) + file.read_bytes() for file in files)).digest()


def measure(root: Path, test_file: str, answer: Path) -> None:
    """Run a test file under coverage and write what was seen; tests that fail are left out."""
    from coverage import Coverage  # noqa: PLC0415 - asked for where it is needed

    package = root / "lispe_kernel"
    coverage = Coverage(data_file=None, config_file=False, include=[f"{package}/*"])
    watcher = _Watcher(coverage)
    coverage.start()
    pytest.main([*QUIET, f"--rootdir={root}", str(root / test_file)], plugins=[watcher])
    coverage.stop()
    data = coverage.get_data()
    lines: dict[str, dict[str, list[int]]] = {name: {} for name in watcher.seconds}
    for file in data.measured_files():
        path = str(Path(file).relative_to(root))
        for line, names in data.contexts_by_lineno(file).items():
            for name in names:
                if name in lines:
                    lines[name].setdefault(path, []).append(line)
    answer.write_text(json.dumps([[name, seconds, lines[name]] for name, seconds in watcher.seconds.items()]))


# With the plugins that the tests need and no others: the rest takes longer to import than most tests to run.
PLUGINS = ("_hypothesis_pytestplugin", "pytest_timeout")
QUIET = ("-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", *(f"-p{name}" for name in PLUGINS))


class _Watcher:
    """A pytest plugin: names coverage's context after the test that runs, and times the tests that pass."""

    def __init__(self, coverage: Any) -> None:
        self.seconds: dict[str, float] = {}
        self._coverage = coverage

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        self.seconds[item.nodeid] = -time.process_time()
        result = yield
        if item.nodeid in self.seconds:
            self.seconds[item.nodeid] += time.process_time()
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.seconds.pop(report.nodeid, None)


def read(answer: Path) -> list[Known]:
    """What `measure` wrote."""
    return [
        Known(name, seconds, {path: set(lines) for path, lines in by_path.items()})
        for name, seconds, by_path in json.loads(answer.read_text())
    ]


def chosen(known: Iterable[Known], path: str, lines: range | None, budget: float) -> list[str]:
    """The tests that run any of the lines (None: of the file), quickest first, within so many seconds."""
    fitting = [
        test
        for test in known
        if path in test.lines and (lines is None or not test.lines[path].isdisjoint(lines))
    ]
    programs = [test for test in fitting if test.name.startswith(PROGRAMS)]
    kept = _within(programs, SHARE * budget)
    others = [test for test in fitting if not test.name.startswith(PROGRAMS)]
    kept += _within(others, budget - sum(test.seconds for test in kept))
    return [test.name for test in sorted(kept, key=lambda test: test.seconds)]


def _within(tests: Iterable[Known], seconds: float) -> list[Known]:
    """The quickest that take no more together; one at least."""
    found: list[Known] = []
    for test in sorted(tests, key=lambda test: test.seconds):
        seconds -= test.seconds
        if seconds < 0 and found:
            break
        found.append(test)
    return found
