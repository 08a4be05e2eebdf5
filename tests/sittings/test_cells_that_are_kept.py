"""A session kept after each cell: the folder has what was there after the cell, and `goto` brings that back.

The right values are those that the session printed after the cell itself.
"""

import errno
import os
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.running.programs import Program
from lispe_kernel.running.sessions import cell_begins, cell_ended, ended_quickly, offer
from lispe_kernel.sittings import HOST, KEEPER
from lispe_kernel.sittings.cells import keeper as keeping
from lispe_kernel.sittings.cells import record as recording
from lispe_kernel.sittings.seen import Seen


class Notebook:
    """Runs cells as a kernel does."""

    def __init__(self, folder: Path) -> None:
        self.session = Session()
        self.session.library_states[HOST] = Program(self.session)
        self.count = 0
        self.folder = folder
        self.cell(f'(session_keep "{folder}")')

    def cell(self, text: str) -> Any:
        self.count += 1
        before = self.session
        cell_begins(before)
        try:
            if text == "%reset":
                self.session = Session()
                self.session.library_states[HOST] = Program(self.session)
                return None
            return self.session.evaluate(text, f"cell {self.count}")
        finally:
            # As the kernel does it.
            if not ended_quickly(before, self.session, self.count, text):
                cell_ended(before, self.session, self.count, text)

    def goto(self, number: int) -> None:
        self.cell(f'(magic "%session goto {number}")')

    @property
    def keeper(self) -> Any:
        return self.session.library_states[KEEPER]

    def shown(self) -> dict[str, str]:
        """Every variable and function as it prints, and which of them are one."""
        found = {}
        for name in ("a", "b", "w", "v", "model", "f"):
            value = self.session.namespace.get(name)
            if value is not None:
                found[name] = to_text(self.session.evaluate(_SHOWN.get(name, name)))
        if "w" in found and "v" in found:
            found["shared"] = to_text(self.session.evaluate('(python "w.data_ptr() == v.data_ptr() - 4")'))
        return found


_SHOWN = {"f": "(f 1)", "model": '(->tolist (->detach (@ model "weight")))', "w": "(->tolist w)"}
_CELLS = (
    '(setq w (torch_rand (list 3 2))) (setq v (python "w.view(-1)[1:]"))',
    '(if w (python "w.mul_(2).numel()"))',
    '(if w (python "w.data[0].fill_(7).numel()"))',
    '(setq model (torch_linear 2 2)) (setq o (torch_optimizer model 0.1 "adam")) (setq x w)',
    "(torch_backward (->mean (torch_forward model x))) (torch_optimizer_step o)",
    "(setq a (list 1 2)) (setq b a)",
    "(push a (random 100))",
    "(defun f (x) (+ x 1))",
    "(defun f (x) (* x 9))",
    "%reset",
)


@pytest.fixture
def notebook(tmp_path: Path) -> Any:
    found = Notebook(tmp_path / "kept")
    yield found
    if found.session.library_states.get(KEEPER) is not None:
        found.cell("(session_keep nil)")


@pytest.mark.parametrize("seed", range(4))
def test_going_back_gives_what_was_there_after_the_cell(notebook: Notebook, seed: int) -> None:
    choose = random.Random(seed)
    then: dict[int, dict[str, str]] = {}
    for _ in range(10):
        if len(then) > 2 and choose.random() < 0.3:
            wanted = choose.choice(list(then))
            notebook.goto(wanted)
            assert notebook.shown() == then[wanted]
        else:
            try:
                notebook.cell(choose.choice(_CELLS))
            except LispeError:
                # A cell may use what is not there; it is a cell, too.
                continue
            then[notebook.count] = notebook.shown()
    notebook.keeper.flush()
    other = Session()
    other.evaluate(f'(session_restore "{notebook.folder}")')
    notebook.session, session = other, notebook.session
    now = notebook.shown()
    notebook.session = session
    assert now == notebook.shown()


def test_a_cell_that_goes_on_in_place_changes_nothing_of_what_was_taken(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_gate = threading.Event()
    write = keeping.Keeper._write

    def waiting(self: Any, taken: Any) -> None:
        open_gate.wait()
        write(self, taken)

    notebook.keeper.flush()
    monkeypatch.setattr(keeping.Keeper, "_write", waiting)
    notebook.cell("(setq w (torch_ones (list 700 700))) (setq a (list 1 2))")
    notebook.cell('(python "w.fill_(5)") (push a 3)')
    open_gate.set()
    notebook.goto(2)
    assert notebook.session.evaluate("(list (@ w 0 0) a)") == [1, [1, 2]]
    notebook.goto(3)
    assert notebook.session.evaluate("(list (@ w 0 0) a)") == [5, [1, 2, 3]]
    # Both versions of the tensor, each once.
    held = sum(file.stat().st_size for file in notebook.folder.glob("*.safetensors"))
    assert held // (700 * 700 * 4) == 2


def test_a_thread_that_writes_while_a_cell_is_taken_changes_no_other_tensor(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_gate = threading.Event()
    write, contents = keeping.Keeper._write, Seen.contents

    def waiting(self: Any, taken: Any) -> None:
        open_gate.wait()
        write(self, taken)

    def changed_after(*arguments: Any, **options: Any) -> Any:
        found = contents(*arguments, **options)
        notebook.session.namespace["w"].fill_(5)
        return found

    notebook.keeper.flush()
    monkeypatch.setattr(keeping.Keeper, "_write", waiting)
    monkeypatch.setattr(Seen, "contents", changed_after)
    notebook.cell("(setq w (torch_ones (list 9 9)))")
    monkeypatch.setattr(Seen, "contents", contents)
    notebook.cell("(setq v (torch_ones (list 9 9)))")
    open_gate.set()
    notebook.goto(3)
    assert notebook.session.evaluate("(list (@ w 0 0) (@ v 0 0))") == [5, 1]


def test_numbers_whose_file_is_damaged_are_written_again(notebook: Notebook) -> None:
    notebook.cell("(setq w (torch_ones (list 300 300)))")
    assert not notebook.keeper.flush()
    for file in notebook.folder.glob("*.safetensors"):
        os.truncate(file, 100)
    notebook.cell("(setq a 1)")
    assert not notebook.keeper.flush()
    notebook.goto(3)
    assert notebook.session.evaluate("(list a (@ w 0 0))") == [1, 1]
    with pytest.raises(LispeError, match="too short"):
        notebook.goto(2)


def test_the_log_says_what_changed_and_what_no_longer_matches(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.cell("(setq a (list 1)) (setq b a)")
    notebook.cell("(push a 2)")
    notebook.cell("(setq c 3)")
    notebook.goto(2)
    notebook.cell("(setq d 4)")
    assert "c" not in notebook.session.namespace
    capsys.readouterr()
    notebook.cell('(magic "%session log")')
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  |")[0] for line in lines[1:6]] == [
        "* 2  + a, + b",
        "  3  ~ a, ~ b",
        "  4  + c",
        "* 5  changed nothing",
        "* 6  + d",
    ]
    notebook.goto(4)
    assert capsys.readouterr().out.splitlines() == [
        "variables and functions are as they were after cell 4",
        "cells that no longer match: 6",
    ]


def test_going_back_knows_no_macro_of_later_cells(notebook: Notebook) -> None:
    notebook.cell("(defun twice (x) (+ x x)) (setq l (lambda (y) (twice y))) (setq g twice)")
    notebook.cell("(setq twice 3)")
    notebook.cell("(defmacro twice (x) (list 'list x x)) (defun g (x) (twice x))")
    notebook.goto(2)
    assert notebook.session.evaluate("(list (l 4) (twice 5) (g 6))") == [8, 10, 12]


def test_going_back_knows_no_link_of_later_cells(notebook: Notebook) -> None:
    notebook.cell("(defun plus (a b) (* a b)) (defun f (x) (plus x 3)) (setq l (lambda (x) (plus x 4)))")
    notebook.cell('(link "plus" \'+)')
    notebook.goto(2)
    assert notebook.session.evaluate("(list (f 5) (l 5) (plus 5 3))") == [15, 20, 15]


def test_what_cannot_be_kept_stays(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.cell("(setq a 1)")
    notebook.cell('(import "math") (setq a 2)')
    notebook.goto(2)
    assert notebook.session.evaluate("a") == 1
    assert "math" in notebook.session.namespace
    assert capsys.readouterr().out.splitlines()[1:] == [
        "cells that no longer match: 3",
        "stays, since it cannot be kept: math",
    ]
    with pytest.raises(LispeError, match="cell 99 is not kept"):
        notebook.goto(99)


def test_a_folder_that_goes_is_told_once_and_nothing_is_lost(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.cell("(setq w (torch_ones '(9 9))) (setq a 1)")
    notebook.keeper.flush()
    for file in notebook.folder.iterdir():
        file.unlink()
    notebook.folder.rmdir()
    notebook.folder.write_text("in the way")
    for text in ("(setq a 2)", "(setq a 3)", "(setq a 4)"):
        notebook.cell(text)
        notebook.keeper.flush()
    assert capsys.readouterr().err.count("not being kept") == 1
    notebook.folder.unlink()
    notebook.cell("(setq a 5)")
    notebook.keeper.flush()
    notebook.cell("(setq a 6)")
    notebook.keeper.flush()
    other = Session()
    other.evaluate(f'(session_restore "{notebook.folder}")')
    assert other.evaluate("(list a (@ w 0 0))") == [6, 1]


def test_a_cell_after_a_full_disk_follows_the_last_that_was_written(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    notebook.cell("(setq a 1)")
    notebook.keeper.flush()
    with monkeypatch.context() as patch:
        patch.setattr(keeping.folders, "write_blocks", full)
        notebook.cell("(setq a 2)")
        notebook.keeper.flush()
    notebook.cell("(setq b 3)")
    assert "no space left" in capsys.readouterr().err
    notebook.cell('(magic "%session log")')
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  |")[0] for line in lines[1:3]] == ["* 2  + a", "* 4  + b, ~ a"]


def test_a_second_keeper_and_a_program_without_cells_are_refused(notebook: Notebook, tmp_path: Path) -> None:
    with pytest.raises(LispeError, match="another session is kept there"):
        Notebook(notebook.folder)
    with pytest.raises(LispeError, match="here are none"):
        Session().evaluate(f'(session_keep "{tmp_path}/other")')
    assert not (tmp_path / "other").exists()


def test_the_oldest_cells_go_and_shared_numbers_stay(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_CELLS", 3)
    notebook.cell("(setq w (torch_rand (list 300 300))) (setq v (torch_rand (list 300 300)))")
    for number in range(4):
        notebook.cell(f'(setq a {number}) (python "v.fill_({number})")')
        notebook.keeper.flush()
    assert len(list(notebook.folder.glob("cell-*.json"))) == 3
    # w once, v three times; small files of random states besides.
    assert sum(file.stat().st_size > 300_000 for file in notebook.folder.glob("*.safetensors")) <= 5
    notebook.goto(4)
    assert notebook.session.evaluate("(list a (@ v 0 0))") == [1, 1]


def test_the_oldest_cells_go_where_their_texts_take_too_much(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_BYTES", 200_000)
    for number in range(6):
        notebook.cell(f'(setq a "{number:030000}")')
        notebook.keeper.flush()
    # Four times the session may stay.
    left = sorted(file.name for file in notebook.folder.glob("cell-*.json"))
    assert left == [f"cell-{place:06}.json" for place in (4, 5, 6, 7)]


def test_of_many_cells_the_newest_is_written_first(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.keeper.flush()
    monkeypatch.setattr(keeping, "_PAUSE", 60.0)
    monkeypatch.setattr(keeping, "_LONGEST", 60.0)
    written: list[list[str]] = []
    write = keeping.folders.write_manifests
    monkeypatch.setattr(
        keeping.folders,
        "write_manifests",
        lambda folder, files: written.append([*files]) or write(folder, files),
    )
    for number in range(10):
        notebook.cell(f"(setq a {number}) (setq w (torch_rand (list {number} 2)))")
    notebook.keeper.flush()
    assert [len(names) for names in written] == [1, 11]
    other = Session()
    other.evaluate(f'(session_restore "{notebook.folder}")')
    assert to_text(other.evaluate("w")) == to_text(notebook.session.evaluate("w"))


def test_a_new_sitting_offers_the_old_one(
    notebook: Notebook, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISPE_HISTORY", str(tmp_path / "history.sqlite"))
    monkeypatch.setenv("JPY_SESSION_NAME", "work.ipynb")
    notebook.cell("(setq a 41)")
    notebook.keeper.flush()
    assert f"%session restore {notebook.folder}" in offer("(+ 1 1)")
    monkeypatch.setenv("JPY_SESSION_NAME", "other.ipynb")
    assert offer("(+ 1 1)") == ""
    monkeypatch.setenv("JPY_SESSION_NAME", "work.ipynb")
    notebook.keeper.close()
    capsys.readouterr()
    again = Notebook(notebook.folder)
    assert capsys.readouterr().out == (
        f"{notebook.folder} has an earlier session: %session goto 1/2 brings it back\n"
    )
    again.cell('(magic "%session goto 1/2")')
    assert again.session.evaluate("a") == 41
    again.cell("(session_keep nil)")
    assert offer("(+ 1 1)") == ""


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_text("{"),
        lambda file: (file.unlink(), file.symlink_to("/etc/passwd")),
        lambda file: (file.unlink(), os.mkfifo(file)),
    ],
    ids=["damaged", "a link", "a pipe"],
)
def test_a_cell_that_is_damaged_is_passed_over(notebook: Notebook, damage: Any) -> None:
    notebook.cell("(setq a 1)")
    notebook.cell("(setq a 2)")
    notebook.keeper.flush()
    damage(notebook.folder / "cell-000002.json")
    with pytest.raises(LispeError, match="cell 2 is not kept"):
        notebook.goto(2)
    notebook.goto(3)
    assert notebook.session.evaluate("a") == 2


def test_cells_that_follow_each_other_quickly_are_written_together_and_each_is_there(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    write = keeping.Keeper._write

    def counted(self: Any, taken: Any) -> None:
        begun.append(len(taken))
        write(self, taken)

    notebook.keeper.flush()
    monkeypatch.setattr(keeping.Keeper, "_write", counted)
    # They wait for more until somebody asks.
    monkeypatch.setattr(keeping, "_PAUSE", 60.0)
    monkeypatch.setattr(keeping, "_LONGEST", 60.0)
    for number in range(5):
        notebook.cell(f"(setq w (torch_ones (list {number + 2} 9))) (setq a {number})")
    assert not notebook.keeper.flush()
    assert begun == [5]
    notebook.goto(3)
    assert notebook.session.evaluate("(list a (size w))") == [1, 27]
    notebook.goto(5)
    assert notebook.session.evaluate("(list a (size w))") == [3, 45]
