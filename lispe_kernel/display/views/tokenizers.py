"""Tokenizers: the kind, the size and the vocabulary itself, searchable."""

from __future__ import annotations

from typing import Any

from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import (
    Node,
    element,
    facts,
    foldable,
    headline,
    searched,
    shortened,
    table,
)
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.printer import to_text
from lispe_kernel.torch_library.tokens.pieces import piece_of

_MOST_TOKENS = 2000
_OPEN_TOKENS = 24


@renderer(
    "lispe_kernel.torch_library.tokens.tokenizers.SimpleTokenizer",
    "lispe_kernel.torch_library.tokens.tokenizers.SentencePieceTokenizer",
    "lispe_kernel.torch_library.hugging_face.tokenizers.FolderTokenizer",
    "lispe_kernel.torch_library.hugging_face.tokenizers.FileTokenizer",
)
class TokenizerView(View):
    """A tokenizer with its tokens by number."""

    def html(self) -> Node:
        size = self.value.size()
        tokens = pieces_of(self.value, min(size, _MOST_TOKENS))
        rows = [(str(number), element("code", shortened(piece))) for number, piece in enumerate(tokens)]
        listing = table(("id", "token"), rows, label="vocabulary", numeric=(0,), data_sort=True)
        more = (
            f"the first {numbers.count(len(tokens))} of {numbers.count(size)}" if size > len(tokens) else ""
        )
        return [
            headline(plain_text(to_text(self.value))),
            facts([("tokens", numbers.count(size)), ("file", getattr(self.value, "path", ""))]),
            foldable(
                ["vocabulary ", element("span", more, class_="q")],
                searched(
                    listing, len(rows), "search tokens", opens=False, style="max-height:320px;overflow-y:auto"
                ),
                open_=size <= _OPEN_TOKENS,
            ),
        ]


def pieces_of(tokenizer: Any, most: int) -> list[str]:
    """The texts of the first tokens."""
    tokens = getattr(tokenizer, "tokens", None)
    if isinstance(tokens, list):
        return tokens[:most]
    return [piece_of(tokenizer, number) for number in range(most)]
