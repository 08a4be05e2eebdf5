"""Whatever a person has typed so far, the services answer and never fail."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel import LispeError, Session
from lispe_kernel.assist.completeness import check
from lispe_kernel.assist.completion import Completer
from lispe_kernel.assist.inspection import Inspector
from lispe_kernel.assist.magics import parts_of

PIECES = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "`",
    ";",
    ";;",
    "#!",
    "%",
    "%%",
    "!",
    "?",
    "@",
    ":",
    ".",
    ",",
    "\\",
]
PIECES += [
    " ",
    "\n",
    "\t",
    "defun",
    "f",
    "(@ d ",
    '"k',
    "(? ",
    "12",
    "0x",
    "λ",
    "é",
    "😀",
    "\x00",
    "\ud800",
    "%time",
    "%%python",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
CURSORS = st.integers(-2, 40)


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    made.run('(defun f (x (y 2)) (+ x y)) (setq d (dictionary "key" 1))')
    return made


@given(TEXTS, CURSORS)
def test_completion_answers_inside_the_text(session: Session, text: str, cursor: int) -> None:
    reply = Completer(lambda: session).complete(text, cursor)
    assert 0 <= reply["cursor_start"] <= reply["cursor_end"] <= len(text)
    assert json.dumps(reply)


@given(TEXTS, CURSORS)
def test_help_answers(session: Session, text: str, cursor: int) -> None:
    reply = Inspector(lambda: session).inspect(text, cursor)
    assert reply["found"] == bool(reply["data"])


@given(TEXTS)
def test_completeness_answers(text: str) -> None:
    assert check(text)["status"] in ("complete", "incomplete", "invalid")


@given(TEXTS)
def test_a_cell_is_cut_without_losing_a_line(text: str) -> None:
    try:
        parts = list(parts_of(text))
    except LispeError as error:
        assert re.match("Error: unknown (cell )?magic: '%", str(error))  # noqa: PT017 - the only errors there are
        return
    assert all(part.line <= text.count("\n") for part in parts)
    if all(part.magic is None for part in parts):
        assert "".join(part.text for part in parts).strip() == text.strip()
