"""The benchmarks' harness: what is found, how it is printed, and when it fails."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import run
from benchmarks.row import Row, row

FAST = Row("a loop", 0.0021, 0.0042, 0.5, "10 rounds", limit=1.0)
SLOW = Row("a start", 1.5, 1.0, 1.5, "5 starts", limit=1.0)
FREE = Row("a save", 3e-6, 2e-6, 1.5, "no promise")


def test_every_benchmark_file_is_found_by_its_name(tmp_path: Path) -> None:
    for name in ("bench_b.py", "bench_a.py", "run.py"):
        (tmp_path / name).touch()
    assert run.benchmarks(tmp_path) == ["a", "b"]


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    assert row("x", [1, 2, 90], [2, 2, 100], "").ratio == 0.9


def test_the_table_marks_a_ratio_over_its_limit() -> None:
    assert run.table([FAST, SLOW, FREE]).splitlines() == [
        "what     ours     alternative  ratio   limit  note",
        "a loop   2.10 ms  4.20 ms      0.50    1.00   10 rounds",
        "a start  1.50 s   1.00 s       1.50 !  1.00   5 starts",
        "a save   3.00 us  2.00 us      1.50           no promise",
    ]


@pytest.mark.parametrize(("rows", "status"), [([FAST, FREE], 0), ([FAST, SLOW], 1)])
def test_the_run_fails_where_a_promise_is_broken(
    rows: list[Row], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "RESULTS", tmp_path / "build" / "benchmarks.json")
    monkeypatch.setattr(run, "benchmarks", lambda: ["sample"])
    monkeypatch.setattr(run, "import_module", lambda _name: SimpleNamespace(measure=lambda: rows))
    assert run.main([]) == status
    kept = json.loads((tmp_path / "build" / "benchmarks.json").read_text())
    assert [line["name"] for line in kept["rows"]] == [line.name for line in rows]


def test_an_unknown_benchmark_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["nothing"]) == 2
    assert "There is no benchmark 'nothing'" in capsys.readouterr().err
