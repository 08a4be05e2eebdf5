"""History: kept across sessions, found by pattern, and never in the way when the disk fails."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from lispe_kernel.running.history import History


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "history.sqlite"


def filled(file: Path, *sources: str) -> History:
    history = History(file)
    for line, source in enumerate(sources, 1):
        history.add(line, source)
    return history


def test_sessions_are_kept_and_numbered(file: Path) -> None:
    filled(file, "(a)", "(b)").close()
    second = filled(file, "(c)")
    assert second.answer("tail", False, {"n": 2}) == [(1, 2, "(b)"), (2, 1, "(c)")]
    assert second.answer("range", False, {"session": 0}) == [(2, 1, "(c)")]
    assert second.answer("range", False, {"session": -1, "start": 1, "stop": 2}) == [(1, 1, "(a)")]
    second.close()


def test_search_takes_patterns_and_can_drop_repetitions(file: Path) -> None:
    history = filled(file, "(+ 1 2)", "(- 1)", "(+ 1 2)")
    assert [s for _, _, s in history.answer("search", False, {"pattern": "(+*"})] == ["(+ 1 2)", "(+ 1 2)"]
    assert history.answer("search", False, {"pattern": "(+*", "unique": True}) == [(1, 3, "(+ 1 2)")]
    assert history.answer("search", False, {"pattern": "*", "n": 1}) == [(1, 3, "(+ 1 2)")]
    history.close()


def test_output_is_asked_for_and_absent(file: Path) -> None:
    history = filled(file, "(a)")
    assert history.answer("tail", True, {"n": 1}) == [(1, 1, ("(a)", None))]
    history.close()


def test_an_unknown_question_has_no_answers(file: Path) -> None:
    history = filled(file, "(a)")
    assert history.answer("unheard of", False, {}) == []
    history.close()


def test_any_text_survives(file: Path) -> None:
    texts = ["é😀\n(λ)", "'; drop table cells; --", "\x00 nul", ""]
    filled(file, *texts).close()
    history = History(file)
    assert history.tail(10) == texts
    history.close()


def test_without_a_writable_file_this_session_is_still_remembered(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    history = filled(blocked / "history.sqlite", "(a)", "(b)")
    assert history.tail(5) == ["(a)", "(b)"]
    history.close()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("damaged", "file is not a database"),
        ("foreign", "table cells has 1 columns but 3 values were supplied"),
        ("locked", "database is locked"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_this_sessions_cells_and_is_told_once(
    kind: str, reason: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lispe_kernel.running.history.PATIENCE", 0.01)
    file.parent.mkdir()
    if kind == "damaged":
        file.write_bytes(b"no database" * 100)
    told: list[str] = []
    with contextlib.closing(sqlite3.connect(file)) as base:
        if kind == "foreign":
            base.execute("create table cells (something text)")
        if kind == "locked":
            base.execute("begin exclusive")
        history = History(file, told.append)
        for line, source in enumerate(["(a)", "(b)"], 1):
            history.add(line, source)
            assert history.answer("tail", False, {"n": 5})[-1] == (1, line, source)
        history.close()
    assert told == [f"The history is not kept beyond this session: {reason}"]


def test_a_question_that_finds_the_file_locked_takes_no_history_away(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    filled(file, "(before)").close()
    history = History(file, told.append)
    history.add(1, "(a)")
    history.tail(1)
    with monkeypatch.context() as held:
        held.setattr(sqlite3, "connect", raising(sqlite3.OperationalError("database is locked")))
        assert history.tail(5) == ["(a)"]
    assert (history.tail(5), told) == (["(before)", "(a)"], [])
    history.close()


def raising(error: Exception) -> Callable[..., None]:
    def connect(*_given: object, **_named: object) -> None:
        raise error

    return connect


def test_without_a_home_there_is_still_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("lispe_kernel.running.history.default_file", homeless)
    history = History()
    history.add(1, "(a)")
    assert history.answer("tail", False, {"n": 5}) == [(1, 1, "(a)")]
    history.close()


def test_half_a_surrogate_pair_is_remembered_with_a_replacement(file: Path) -> None:
    history = filled(file, "(a \ud800)", "(b)")
    assert [source for _, _, source in history.answer("tail", False, {"n": 5})] == ["(a ?)", "(b)"]
    history.close()
