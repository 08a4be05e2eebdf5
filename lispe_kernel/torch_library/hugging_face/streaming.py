"""Tokens told as they come: to a function of LispE, and as text on the output of the cell.

transformers hands over each token; a stop button pressed in between ends the generation there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import torch

# Seconds between two pushes of the text to the screen.
PAUSE = 0.05
# What stands for bytes that do not make a character yet.
UNFINISHED = "\ufffd"


class Streamer:
    """What transformers calls with the prompt first, then with each new token, and at the end."""

    def __init__(self, tell: list[Callable[[int], Any]], finish: Callable[[], Any] | None = None) -> None:
        self._tell, self._finish = tell, finish
        self._prompt = True

    def put(self, value: torch.Tensor) -> None:
        if self._prompt:
            self._prompt = False
            return
        for token in value.flatten().tolist():
            for tell in self._tell:
                tell(token)

    def end(self) -> None:
        if self._finish is not None:
            self._finish()


class Stop:
    """What transformers asks after each token: whether a text to stop at stands among the new tokens."""

    def __init__(self, decode: Callable[[list[int]], str], texts: list[str], start: int) -> None:
        self._decode, self._texts, self._start = decode, texts, start
        # A token may hold less than a character of the text; those before cannot be part of it.
        self._reach = 4 * max(map(len, texts)) + 8

    def __call__(self, ids: torch.Tensor, _scores: Any, **_: Any) -> torch.Tensor:
        rows = ids[:, self._start :][:, -self._reach :].tolist()
        found = [any(text in self._decode(row) for text in self._texts) for row in rows]
        return torch.tensor(found, device=ids.device)


class Text:
    """New tokens as text on the output, each part once it is whole."""

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self._decode = decode
        # The tokens of the last part written, and those since: a token's text may depend on the one before.
        self._before: list[int] = []
        self._waiting: list[int] = []
        self._pushed = 0.0

    def tell(self, token: int) -> None:
        self._waiting.append(token)
        text = self._decode([*self._before, *self._waiting])
        if not text.endswith(UNFINISHED):
            self._write(text)

    def _write(self, text: str) -> None:
        new = text[len(self._decode(self._before)) :]
        # A token that shows nothing (a mark) parts no words: the one before it still counts.
        self._before = self._waiting if new else [*self._before, *self._waiting]
        self._waiting = []
        sys.stdout.write(new)
        now = time.monotonic()
        if now - self._pushed > PAUSE:
            self._pushed = now
            sys.stdout.flush()

    def finish(self) -> None:
        """The rest, whole or not, and an end of line."""
        if self._waiting:
            self._write(self._decode([*self._before, *self._waiting]))
        sys.stdout.write("\n")
        sys.stdout.flush()
