"""A reply is found although the sign of its arrival was lost; what came in pieces is joined."""

from __future__ import annotations

import asyncio
from queue import Empty
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from lispe_kernel.notebook.client import asked_again, join_streams


def test_a_reply_is_looked_for_again() -> None:
    looks: list[Any] = []

    async def get(timeout: float | None) -> str:
        looks.append(timeout)
        if timeout is None or len(looks) < 3:
            raise Empty
        return "a reply"

    assert asyncio.run(asked_again(get)) == "a reply"
    assert None not in looks


def test_pieces_of_a_stream_that_follow_each_other_are_joined() -> None:
    streams = [("stdout", "a\n"), ("stdout", "b\n"), ("stderr", "c\n"), ("stdout", "d"), ("stdout", "e\n")]
    outputs = [new_output("stream", name=name, text=text) for name, text in streams]
    cell = new_code_cell(outputs=[*outputs, new_output("display_data"), outputs[0].copy()])
    join_streams(cell)
    told = [(part.get("name"), part.get("text")) for part in cell.outputs]
    assert told == [
        ("stdout", "a\nb\n"),
        ("stderr", "c\n"),
        ("stdout", "de\n"),
        (None, None),
        ("stdout", "a\n"),
    ]
    join_streams(new_markdown_cell("words"))


def test_a_wait_with_an_end_ends() -> None:
    async def get(timeout: float | None) -> str:
        raise Empty

    with pytest.raises(Empty):
        asyncio.run(asked_again(get, timeout=0.01))
