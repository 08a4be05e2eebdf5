"""A reply is found although the sign of its arrival was lost."""

from __future__ import annotations

import asyncio
from queue import Empty
from typing import Any

import pytest

from lispe_kernel.notebook.client import asked_again


def test_a_reply_is_looked_for_again() -> None:
    looks: list[Any] = []

    async def get(timeout: float | None) -> str:
        looks.append(timeout)
        if timeout is None or len(looks) < 3:
            raise Empty
        return "a reply"

    assert asyncio.run(asked_again(get)) == "a reply"
    assert None not in looks


def test_a_wait_with_an_end_ends() -> None:
    async def get(timeout: float | None) -> str:
        raise Empty

    with pytest.raises(Empty):
        asyncio.run(asked_again(get, timeout=0.01))
