"""Byte-pair encoding: pieces of text cut by a pattern, merged by the lowest token number.

The engine behind the `tiktoken_` functions; it knows bytes and numbers, nothing of LispE. A vocabulary is
either of raw bytes written with GPT-2's printable stand-ins, or of ordinary text; which one it is follows
from its keys. Pieces of a whole vocabulary of bytes are merged by tiktoken where it is installed; a
vocabulary that lacks bytes, or that is of text, which tiktoken does not know, is merged here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import regex

# What the vocabularies of text write for a blank, a newline and a tab at the start of a token.
DEFAULT_METAS = {"Ġ": " ", "Ċ": "\n", "ĉ": "\t"}
LEADING = {" ": "Ġ", "\n": "Ċ"}


def stand_ins() -> dict[str, int]:
    """GPT-2's printable character for each of the 256 bytes: itself where printable, else from 256 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    found = {chr(byte): byte for byte in printable}
    found.update({chr(256 + place): byte for place, byte in enumerate(others)})
    return found


STAND_INS = stand_ins()


class BytePairEncoder:
    """A vocabulary, its special tokens, the pattern that cuts text, and the table of meta characters."""

    def __init__(self, vocabulary: dict[str, int], special: dict[str, int], pattern: str) -> None:
        self.pattern = regex.compile(pattern)
        self.special = special
        self._special = None
        if special:
            longest_first = sorted(special, key=len, reverse=True)
            self._special = regex.compile("|".join(map(regex.escape, longest_first)))
        self.byte_level = all(set(key) <= STAND_INS.keys() for key in vocabulary)
        self.ranks = {self._raw(key): number for key, number in vocabulary.items()}
        self.tokens = {number: raw for raw, number in self.ranks.items()}
        self.tokens.update({number: text.encode() for text, number in special.items()})
        self.metas = dict(DEFAULT_METAS)
        self._core = _tiktoken(self.ranks, pattern) if self.byte_level else None

    def _raw(self, key: str) -> bytes:
        return bytes(STAND_INS[character] for character in key) if self.byte_level else key.encode()

    def encode(self, text: str) -> list[int]:
        """The numbers of a text; parts that the vocabulary lacks are left out."""
        ids: list[int] = []
        for part, number in self._parts(text):
            if number is not None:
                ids.append(number)
                continue
            for found in self.pattern.finditer(part):
                ids.extend(self._piece(found.group()))
        return ids

    def _parts(self, text: str) -> Iterator[tuple[str, int | None]]:
        """Ordinary stretches of the text, and the special tokens between them with their numbers."""
        start = 0
        for found in self._special.finditer(text) if self._special is not None else ():
            yield text[start : found.start()], None
            yield found.group(), self.special[found.group()]
            start = found.end()
        yield text[start:], None

    def _piece(self, piece: str) -> list[int]:
        if not piece:
            return []
        if not self.byte_level and piece[0] in LEADING:
            piece = LEADING[piece[0]] + piece[1:]
        raw = piece.encode()
        if raw in self.ranks:
            return [self.ranks[raw]]
        if self._core is not None:
            return list(self._core.encode_single_piece(raw))
        parts = [raw[i : i + 1] for i in range(len(raw))] if self.byte_level else [c.encode() for c in piece]
        return [self.ranks[part] for part in merged(parts, self._rank) if part in self.ranks]

    def _rank(self, left: bytes, right: bytes) -> int | None:
        return self.ranks.get(left + right)

    def raw_bytes(self, number: int) -> bytes:
        """The bytes of one token. Raises KeyError for a number without one."""
        return self.tokens[number]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of numbers. Raises KeyError for one without a token."""
        if self.byte_level:
            return b"".join(self.tokens[number] for number in ids).decode("utf-8", "replace")
        return "".join(self._shown(number) for number in ids)

    def _shown(self, number: int) -> str:
        text = self.tokens[number].decode("utf-8", "replace")
        if text in self.special:
            return text
        for meta, replacement in self.metas.items():
            text = text.replace(meta, replacement)
        return text


def _tiktoken(ranks: dict[bytes, int], pattern: str) -> Any:
    """tiktoken's merging of a vocabulary; None where it is not installed or the vocabulary is none of its
    kind."""
    whole = all(bytes([byte]) in ranks for byte in range(256)) and len(set(ranks.values())) == len(ranks)
    if not whole or max(ranks.values()) >= 1 << 32:
        return None
    try:
        import tiktoken  # noqa: PLC0415 - an extra, which vocabularies of a user's own do without
    except ImportError:
        return None
    try:
        made = tiktoken.Encoding("lispe", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    except ValueError:
        # Its regular expressions are another library's than those that cut the text here.
        return None
    return made._core_bpe


def merged(parts: list[bytes], rank: Callable[[bytes, bytes], int | None]) -> list[bytes]:
    """The parts after joining, again and again, the neighbours of the lowest rank (the first of equal ones).

    `rank(left, right)` is None for neighbours that stay apart. A heap of candidate pairs keeps a long piece
    from costing the square of its length.
    """
    following: list[Any] = [*range(1, len(parts)), None]
    before: list[Any] = [None, *range(len(parts) - 1)]
    alive: list[Any] = list(parts)
    candidates: list[tuple[int, int, bytes, bytes]] = []

    def consider(left: int | None) -> None:
        if left is not None and following[left] is not None:
            pair = alive[left], alive[following[left]]
            found = rank(*pair)
            if found is not None:
                heapq.heappush(candidates, (found, left, *pair))

    for place in range(len(parts) - 1):
        consider(place)
    while candidates:
        _, left, first, second = heapq.heappop(candidates)
        right = following[left] if alive[left] == first else None
        # The neighbours may have been joined with others since.
        if right is None or alive[right] != second:
            continue
        alive[left], alive[right] = first + second, None
        following[left] = following[right]
        if following[left] is not None:
            before[following[left]] = left
        consider(left)
        consider(before[left])
    return [part for part in alive if part is not None]
