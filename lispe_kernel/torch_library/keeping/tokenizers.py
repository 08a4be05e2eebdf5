"""How tokenizers are kept: with their vocabularies, so that no file is needed when they come back."""

from __future__ import annotations

import base64
from typing import Any

from lispe_kernel.language.keeping import Broken, Into, Keeper, Out, register_keeper
from lispe_kernel.torch_library.tokens.bpe import STAND_INS, BytePairEncoder
from lispe_kernel.torch_library.tokens.tokenizers import (
    SPECIAL,
    SentencePieceTokenizer,
    SimpleTokenizer,
    sentencepiece,
)


def _texts(data: Any) -> list[str]:
    if not isinstance(data, list) or not all(isinstance(text, str) for text in data):
        raise Broken("holds a vocabulary that is none")
    return data


def _make_simple(data: Any, _into: Into) -> SimpleTokenizer:
    made = SimpleTokenizer()
    made.tokens = list(_texts(data))
    made.ids = {token: number for number, token in enumerate(made.tokens)}
    if tuple(made.tokens[: len(SPECIAL)]) != SPECIAL or not all(made.tokens):
        raise Broken("holds a vocabulary that is none")
    return made


register_keeper(
    Keeper(
        *("torch simple tokenizer", SimpleTokenizer, lambda value, _out: list(value.tokens), _make_simple),
        holds=lambda value: [*value.tokens],
    )
)


def _write_sentencepiece(value: SentencePieceTokenizer, _out: Out) -> Any:
    return {"path": value.path, "model": base64.b64encode(value.model).decode("ascii")}


def _make_sentencepiece(data: Any, _into: Into) -> SentencePieceTokenizer:
    made = SentencePieceTokenizer.__new__(SentencePieceTokenizer)
    # The path is only told: the model stands in the folder.
    made.path = str(data["path"])
    made._processor = sentencepiece().SentencePieceProcessor(
        model_proto=base64.b64decode(data["model"], validate=True)
    )
    return made


register_keeper(
    Keeper("torch sentencepiece tokenizer", SentencePieceTokenizer, _write_sentencepiece, _make_sentencepiece)
)


def _write_pairs(value: BytePairEncoder, _out: Out) -> Any:
    shown = {byte: character for character, byte in STAND_INS.items()}
    keys = (
        ("".join(shown[byte] for byte in raw) if value.byte_level else raw.decode()) for raw in value.ranks
    )
    return {
        "vocabulary": [[key, number] for key, number in zip(keys, value.ranks.values(), strict=True)],
        "special": [[text, number] for text, number in value.special.items()],
        "pattern": value.pattern.pattern,
        "metas": [[key, text] for key, text in value.metas.items()],
    }


def _make_pairs(data: Any, _into: Into) -> BytePairEncoder:
    vocabulary, special = ({str(k): int(n) for k, n in data[key]} for key in ("vocabulary", "special"))
    made = BytePairEncoder(vocabulary, special, str(data["pattern"]))
    made.metas = {str(key): str(text) for key, text in data["metas"]}
    return made


register_keeper(Keeper("torch tiktoken", BytePairEncoder, _write_pairs, _make_pairs))
