"""`make bench`: finds every benchmarks/bench_*.py, runs it, prints one table of ratios and keeps it as JSON.

A benchmark is a module with `measure() -> list[Row]`. Name some (`python -m benchmarks.run kernel`) to run
only those. The exit status is 1 where a ratio is over its limit, so that a script can ask.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.row import Row

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER.parent / "build" / "benchmarks.json"
TITLES = ("what", "ours", "alternative", "ratio", "limit", "note")
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks named on the command line, or all, and return the exit status."""
    parser = argparse.ArgumentParser(description="Measure the kernel against its alternatives.")
    parser.add_argument("names", nargs="*", help="benchmarks to run, without bench_ (all)")
    options = parser.parse_args(arguments)
    known = benchmarks()
    if unknown := sorted(set(options.names) - set(known)):
        print(f"There is no benchmark {unknown[0]!r}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in options.names or known:
        print(f"Measuring {name}", file=sys.stderr, flush=True)
        rows += import_module(f"benchmarks.bench_{name}").measure()
    print(table(rows))
    save(rows, RESULTS)
    return 0 if all(row.holds for row in rows) else 1


def benchmarks(folder: Path = FOLDER) -> list[str]:
    """Return the names of the benchmarks in `folder`, sorted."""
    return sorted(path.stem.removeprefix("bench_") for path in folder.glob("bench_*.py"))


def table(rows: Iterable[Row]) -> str:
    """Return the rows as lined-up text; a ratio over its limit is marked with `!`."""
    lines = [TITLES, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(TITLES))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def duration(seconds: float) -> str:
    """Return seconds in the unit that reads best: `1.20 s`, `3.45 ms`, `6.78 us`."""
    scale, unit = next(((scale, unit) for scale, unit in UNITS if seconds >= scale), UNITS[-1])
    return f"{seconds / scale:.2f} {unit}"


def memory(size: float) -> str:
    """Return bytes in megabytes: `134.2 MB`."""
    return f"{size / 1e6:.1f} MB"


def save(rows: Iterable[Row], path: Path) -> None:
    """Write the rows and the machine they were measured on as JSON."""
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def _cells(row: Row) -> tuple[str, ...]:
    limit = "" if row.limit is None else f"{row.limit:.2f}"
    ratio = f"{row.ratio:.2f}{'' if row.holds else ' !'}"
    shown = memory if row.unit == "bytes" else duration
    amounts = (shown(row.ours_seconds), shown(row.alternative_seconds))
    return (row.name, *amounts, ratio, limit, row.note)


if __name__ == "__main__":
    sys.exit(main())
