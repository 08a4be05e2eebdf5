"""What ranks show, as one output: equal ones once, updates in their places, nothing of it trusted."""

from __future__ import annotations

from typing import Any

import pytest

from lispe_kernel.display.page.html import element, to_html
from lispe_kernel.display.page.theme import page, part
from lispe_kernel.ranks.asking import Answer
from lispe_kernel.ranks.folds import groups, html_of, names, outputs, text_of
from lispe_kernel.ranks.wire import MIME, answers


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"kind": "stream", "name": name, "text": text}


def shown(text: str, identity: str | None = None, update: bool = False) -> dict[str, Any]:
    return {"kind": "data", "data": {"text/plain": text}, "identity": identity, "update": update}


def answer(rank: int, *items: dict[str, Any], gone: str = "", ended: bool = True) -> Answer:
    return Answer(rank, list(items), ended=ended, gone=gone)


def test_equal_outputs_stand_once() -> None:
    found = groups(
        [answer(0, printed("a\n")), answer(1, printed("a"), printed("\n")), answer(2, printed("b"))]
    )
    assert text_of(found) == "ranks 0 and 1:\n  a\nrank 2:\n  b"


def test_outputs_that_differ_by_their_identity_alone_are_equal() -> None:
    found = groups([answer(0, shown("t", "x")), answer(1, shown("t", "y"))])
    assert [group.ranks for group in found] == [[0, 1]]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([shown("1", "x"), printed("p"), shown("2", "x", True)], ["2", "p"]),
        ([shown("1", "x"), shown("2", "y", True)], ["1"]),
        ([printed("a"), {"kind": "clear", "wait": False}, printed("b")], ["b"]),
        ([printed("a"), {"kind": "clear", "wait": True}], ["a"]),
        ([printed("a"), {"kind": "clear", "wait": True}, shown("b")], ["b"]),
        ([printed("10%\r20%\r30%\nnext\r\n")], ["30%\nnext\n"]),
        ([printed("a"), printed("b", "stderr"), printed("c")], ["a", "b", "c"]),
        ([{"kind": "done", "value": 3}, {}], []),
    ],
)
def test_what_is_seen_is_what_a_notebook_would_show(items: list[Any], expected: list[str]) -> None:
    assert [item.get("text", item.get("data", {}).get("text/plain")) for item in outputs(items)] == expected


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ([1], "rank 1"),
        ([0, 1], "ranks 0 and 1"),
        ([0, 1, 2, 3], "ranks 0-3"),
        ([0, 2, 3, 4, 9], "ranks 0, 2-4 and 9"),
    ],
)
def test_ranks_are_named_as_people_do(ranks: list[int], expected: str) -> None:
    assert names(ranks) == expected


def test_a_rank_that_is_gone_is_named_with_its_last_lines() -> None:
    found = groups([answer(0, printed("x")), answer(1, printed("x"), gone="it was ended by SIGKILL\n  last")])
    assert text_of(found) == "rank 0:\n  x\nrank 1:\n  x\n  ended: it was ended by SIGKILL\n    last"


def test_printed_text_and_errors_are_escaped() -> None:
    bad = "<script>alert(1)</script>\x1b[2J"
    failed = {"kind": "error", "name": "LispE error", "message": bad, "lines": [bad]}
    drawn = to_html(html_of(groups([answer(0, printed(bad), failed, gone=bad)])))
    assert "<script" not in drawn
    assert "\x1b" not in drawn + text_of(groups([answer(0, printed(bad))]))


def test_a_page_that_another_process_drew_becomes_a_part() -> None:
    drawn = page(element("p", "<b>", data_sort="n"))
    assert "<script" in drawn
    inner = part(drawn)
    assert inner is not None
    assert inner == "<div class=lsp role=group><p data-sort=n>&lt;b&gt;</p></div>"


@pytest.mark.parametrize("html", ["", "<b>x</b>", "<div class=lsp><script>alert(1)</script></div>"])
def test_html_of_another_maker_is_shown_as_text(html: str) -> None:
    item = {"kind": "data", "data": {"text/plain": "plain", "text/html": html}}
    assert part(html) is None
    assert "<pre>plain</pre>" in to_html(html_of(groups([answer(0, item)])))


def test_a_long_text_says_what_it_leaves_out() -> None:
    text = text_of(groups([answer(0, printed("x" * 60_000))]))
    assert "10000 characters are not shown" in text


def test_what_python_code_displays_counts_as_an_answer() -> None:
    found = answers([{"data": {MIME: {"kind": "done"}}}, {"data": {"text/plain": "5"}}], 0)
    assert found == [{"kind": "done"}, {"kind": "data", "data": {"text/plain": "5"}}]
