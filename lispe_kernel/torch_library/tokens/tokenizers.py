"""Tokenizers: the simple one that learns words as it meets them, and SentencePiece models.

Both kinds answer the same three functions, encode, decode and the size of the vocabulary. Each tokenizer
keeps its own vocabulary; nothing is shared and nothing is fetched.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function

SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")
BOS, EOS = 2, 3
# Not shown when decoding.
SILENT = frozenset({0, BOS, EOS})

PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
# A run of anything but white space and ASCII punctuation, or one punctuation mark.
_SPACE = r" \t\n\r\f\v"
_TOKEN = re.compile(rf"[^{_SPACE}{re.escape(''.join(sorted(PUNCTUATION)))}]+|[^{_SPACE}]")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

VOCABULARY_SIZE = 8000
MODEL_TYPE = "bpe"


@runtime_checkable
class Tokenizer(Protocol):
    """What every tokenizer offers."""

    kind: str

    def encode(self, text: str) -> list[int]: ...
    def decode(self, ids: list[int]) -> str: ...
    def size(self) -> int: ...


class SimpleTokenizer:
    """Words and punctuation marks numbered in the order of their first appearance, from 4 on."""

    kind = "Simple Tokenizer"

    def __init__(self) -> None:
        self.tokens: list[str] = list(SPECIAL)
        self.ids: dict[str, int] = {token: number for number, token in enumerate(SPECIAL)}

    def encode(self, text: str) -> list[int]:
        return [BOS, *map(self._number, _TOKEN.findall(text.translate(_LOWER))), EOS]

    def _number(self, token: str) -> int:
        number = self.ids.get(token)
        if number is None:
            number = self.ids[token] = len(self.tokens)
            self.tokens.append(token)
        return number

    def decode(self, ids: list[int]) -> str:
        text = ""
        for number in ids:
            if not 0 <= number < len(self.tokens):
                raise _outside(number, self.size())
            if number in SILENT:
                continue
            token = self.tokens[number]
            text += token if not text or token[0] in PUNCTUATION else " " + token
        return text

    def size(self) -> int:
        return len(self.tokens)


class SentencePieceTokenizer:
    """A trained SentencePiece model. Adds no begin or end mark of its own."""

    kind = "SentencePiece Tokenizer"

    def __init__(self, path: str) -> None:
        self.path = path
        self._processor = sentencepiece().SentencePieceProcessor(model_file=path)

    def encode(self, text: str) -> list[int]:
        return list(self._processor.encode(text))

    def decode(self, ids: list[int]) -> str:
        outside = [number for number in ids if not 0 <= number < self.size()]
        if outside:
            raise _outside(outside[0], self.size())
        return str(self._processor.decode(ids))

    def size(self) -> int:
        return int(self._processor.get_piece_size())

    @property
    def model(self) -> bytes:
        """What the file of the model holds."""
        return bytes(self._processor.serialized_model_proto())


def _outside(number: int, size: int) -> LispeError:
    return LispeError(f"Error: token id {number} is outside the vocabulary of {size}")


def sentencepiece() -> Any:
    """The library. Errors: with the way to install it."""
    try:
        import sentencepiece  # noqa: PLC0415 - a library of C++ that few sessions use
    except ImportError as error:
        raise LispeError(
            "Error: SentencePiece support not compiled. Install it with: pip install sentencepiece"
        ) from error
    return sentencepiece


for _cls in (SimpleTokenizer, SentencePieceTokenizer):
    register_kind(_cls, "torch_tokenizer_", lambda value, _show: f"{value.kind} (vocab size: {value.size()})")


@torch_function("torch_simple_tokenizer", "torch_tokenizer_simple_create", "torch_tokenizer_create")
def simple_tokenizer() -> SimpleTokenizer:
    """A tokenizer that splits at white space and ASCII punctuation, lower-cases, and learns new words.

    Ids 0 to 3 are <pad>, <unk>, <bos>, <eos>; every encoding begins with <bos> and ends with <eos>.

    Example: (torch_simple_tokenizer) => Simple Tokenizer (vocab size: 4)
    Source: torch API 11.1
    """
    return SimpleTokenizer()


@torch_function(
    "torch_sentencepiece_tokenizer",
    "torch_tokenizer_sentencepiece_create",
    prefix="Error creating SentencePiece tokenizer: ",
)
def sentencepiece_tokenizer(model_path: str) -> SentencePieceTokenizer:
    """The tokenizer in a SentencePiece `.model` file. It adds no begin or end mark.

    Example: (maybe (torch_sentencepiece_tokenizer "no.model") "no such file") => no such file
    Errors: `Error creating SentencePiece tokenizer: Failed to load SentencePiece model: PATH`
    Source: torch API 11.2
    """
    path = arguments.path("torch_sentencepiece_tokenizer", 1, model_path)
    failed = f"Error creating SentencePiece tokenizer: Failed to load SentencePiece model: {path}"
    if not Path(path).is_file():
        raise LispeError(f"{failed} (no such file)")
    try:
        return SentencePieceTokenizer(path)
    except (RuntimeError, OSError, ValueError) as error:
        raise LispeError(f"{failed} (not a SentencePiece model)") from error


@torch_function(
    "torch_train_sentencepiece",
    "torch_tokenizer_sentencepiece_train",
    prefix="Error training SentencePiece model: ",
)
def train_sentencepiece(
    input_file: str, model_prefix: str, vocab_size: Any = None, model_type: str | None = None
) -> str:
    """Train a SentencePiece model on a text file and write PREFIX.model and PREFIX.vocab.

    vocab_size is 8000 and model_type `bpe` unless given (others: `unigram`, `char`, `word`); ids 0 to 3
    are pad, unk, bos, eos.

    Example: (maybe (torch_train_sentencepiece "no.txt" "m") "no such file") => no such file
    Errors: a missing file; a text too small for the vocabulary gives SentencePiece's own message
    Source: torch API 11.2
    """
    name = "torch_train_sentencepiece"
    source, prefix = arguments.path(name, 1, input_file), arguments.path(name, 2, model_prefix)
    if not Path(source).is_file():
        raise LispeError(f"Error training SentencePiece model: no such file: {source}")
    sentencepiece().SentencePieceTrainer.train(
        input=source,
        model_prefix=prefix,
        vocab_size=VOCABULARY_SIZE if vocab_size is None else arguments.size(name, 3, vocab_size),
        model_type=MODEL_TYPE if model_type is None else model_type,
        character_coverage=1.0,
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        # Its progress report would land in the notebook.
        minloglevel=2,
    )
    return f"Training completed successfully. Model saved as: {prefix}.model"


@torch_function("torch_encode", "torch_tokenizer_encode")
def encode(tokenizer: Any, text: str) -> torch.Tensor:
    """The ids of a text's tokens, an int64 tensor [n].

    Example: (tensor_to_list (torch_encode (torch_simple_tokenizer) "Hello, world! hello")) => (2 4 5 6 7 4 3)
    Errors: `Error: First argument must be a tokenizer`, `Error: Second argument must be a string`
    Source: torch API 11
    """
    if not isinstance(tokenizer, Tokenizer):
        raise arguments.instead("Error: First argument must be a tokenizer", tokenizer)
    if not isinstance(text, str):
        raise arguments.instead("Error: Second argument must be a string", text)
    return torch.tensor(tokenizer.encode(text), dtype=torch.int64)


@torch_function("torch_decode", "torch_tokenizer_decode", returns="text")
def decode(tokenizer: Any, token_ids: Any) -> str:
    """The text of ids in a tensor, a list, or of one id. The simple tokenizer loses case and spacing.

    Example: (torch_decode (torch_simple_tokenizer) (integers 2 1 3)) => <unk>
    Errors: `Error: First argument must be a tokenizer`,
    `Error: Second argument must be a tensor, list, or integers of token IDs`, an id without a token
    Source: torch API 11
    """
    if not isinstance(tokenizer, Tokenizer):
        raise arguments.instead("Error: First argument must be a tokenizer", tokenizer)
    return tokenizer.decode(_ids(token_ids))


def _ids(value: Any) -> list[int]:
    wrong = "Error: Second argument must be a tensor, list, or integers of token IDs"
    if isinstance(value, torch.Tensor):
        value = value.flatten().tolist()
    elif isinstance(value, int):
        value = [value]
    elif not isinstance(value, List | TypedList):
        raise arguments.instead(wrong, value)
    return [arguments.integer(item, wrong) for item in value]


@torch_function(
    "torch_vocab_size", "torch_vocabulary_size", "torch_tokenizer_get_vocab_size", returns="number"
)
def vocab_size(tokenizer: Any) -> int:
    """The number of tokens that a tokenizer knows, the special ones included.

    Example: (torch_vocab_size (torch_simple_tokenizer)) => 4
    Errors: `Error: Argument must be a tokenizer`
    Source: torch API 11
    """
    if not isinstance(tokenizer, Tokenizer):
        raise arguments.instead("Error: Argument must be a tokenizer", tokenizer)
    return tokenizer.size()
