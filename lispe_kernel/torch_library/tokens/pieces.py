"""The text of a token, whichever kind of tokenizer tells it. PyTorch is not needed."""

from __future__ import annotations

from typing import Any


def piece_of(tokenizer: Any, number: int) -> str:
    """The text of one token: its piece in the vocabulary, else what decoding it gives."""
    tokens = getattr(tokenizer, "tokens", None)
    if isinstance(tokens, list):
        return tokens[number] if 0 <= number < len(tokens) else f"#{number}"
    processor = getattr(tokenizer, "_processor", None)
    if processor is not None and 0 <= number < tokenizer.size():
        return str(processor.id_to_piece(number))
    piece = getattr(tokenizer, "piece", None)
    return str(tokenizer.decode([number]) if piece is None else piece(number))
