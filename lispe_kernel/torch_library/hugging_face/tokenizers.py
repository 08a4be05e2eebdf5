"""Tokenizers of Hugging Face folders: transformers' own, or the `tokenizers` library for a `tokenizer.json`
alone.

Nothing is fetched and no code of the folder is run.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.values.lists import Strings
from lispe_kernel.torch_library.hugging_face.engine import INSTALL, OFFLINE, quietly
from lispe_kernel.torch_library.hugging_face.forward import ids_of
from lispe_kernel.torch_library.hugging_face.models import Loaded, model_named
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import readable
from lispe_kernel.torch_library.tensors import conversions

LOADING = "Error loading HF tokenizer: "
FILE = "tokenizer.json"
# Where tokenizers of different times keep their words.
VOCABULARIES = (FILE, "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")


class _Tokenizer(ABC):
    """What both libraries' tokenizers share: `theirs` decodes, and says which token an id is."""

    kind = "Hugging Face Tokenizer"
    # The method of `theirs` that gives the token of an id, or None.
    token_of: str

    def __init__(self, theirs: Any) -> None:
        self.theirs = theirs

    def decode(self, ids: list[int]) -> str:
        """The text of ids, special tokens left out. Errors: an id outside the vocabulary."""
        for number in ids:
            self._token(number)
        return self.text(ids)

    def text(self, ids: list[int]) -> str:
        """As `decode`, ids without a token left out too: many models have more rows than tokens."""
        return str(self.theirs.decode(ids, skip_special_tokens=True))

    def piece(self, number: int) -> str:
        """One token as people read it."""
        token = self._token(number)
        return str(self.theirs.decode([number], skip_special_tokens=False)) or token

    def _token(self, number: int) -> str:
        token = getattr(self.theirs, self.token_of)(number) if number >= 0 else None
        if token is None:
            raise LispeError(f"Error: token id {number} is outside the vocabulary of {self.size()}")
        return str(token)

    @abstractmethod
    def size(self) -> int:
        """How many tokens there are."""


class FolderTokenizer(_Tokenizer):
    """A tokenizer of transformers, with the templates of its folder."""

    token_of = "convert_ids_to_tokens"

    def encode(self, text: str) -> list[int]:
        return list(self.theirs(text, truncation=False, padding=False)["input_ids"])

    def size(self) -> int:
        return len(self.theirs)

    def chat(self, messages: list[Any], values: dict[str, Any]) -> list[int]:
        """The ids of a conversation under the folder's template, ready for the answer."""
        if self.theirs.chat_template is None:
            raise LispeError("Error: torch_hf_chat: the tokenizer of the folder has no chat template")
        text = self.theirs.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **values)
        # The template writes the marks itself.
        return list(self.theirs(text, add_special_tokens=False, truncation=False)["input_ids"])


class FileTokenizer(_Tokenizer):
    """The tokenizer of a `tokenizer.json` alone."""

    token_of = "id_to_token"

    def __init__(self, theirs: Any) -> None:
        super().__init__(theirs)
        # What a file says of cutting off and filling up belongs to batches.
        theirs.no_truncation()
        theirs.no_padding()

    def encode(self, text: str) -> list[int]:
        return list(self.theirs.encode(text).ids)

    def size(self) -> int:
        return int(self.theirs.get_vocab_size(with_added_tokens=True))


for _cls in (FolderTokenizer, FileTokenizer):
    register_kind(_cls, "torch_tokenizer_", lambda value, _show: f"{value.kind} (vocab size: {value.size()})")


@torch_function("torch_hf_load_tokenizer", prefix=LOADING)
def hf_load_tokenizer(path: str) -> FolderTokenizer | FileTokenizer:
    """The tokenizer of a model folder, or of a `tokenizer.json`, for `torch_encode` and `torch_decode`.

    Any kind that transformers has. Marks that the folder asks for (a beginning token) are added when
    encoding; special tokens are left out when decoding. Nothing is cut off or filled up. Needs `pip install
    'lispe-kernel[hf]'`.

    Example: (maybe (torch_hf_load_tokenizer "no-such-folder") "cannot load") => cannot load
    Errors: `Error loading HF tokenizer: PATH: ` and what is missing, malformed or not supported
    """
    return tokenizer_at(Path(arguments.path("torch_hf_load_tokenizer", 1, path)))


def tokenizer_at(given: Path) -> FolderTokenizer | FileTokenizer:
    """The tokenizer of a folder or a file. Errors: `Error loading HF tokenizer: ...`."""
    if given.is_dir() and ((given / "tokenizer_config.json").is_file() or not (given / FILE).is_file()):
        return _of_folder(given)
    return _of_file(given / FILE if given.is_dir() else given)


def _of_folder(folder: Path) -> FolderTokenizer:
    with quietly() as transformers:
        try:
            return FolderTokenizer(transformers.AutoTokenizer.from_pretrained(folder, **OFFLINE))
        except Exception as error:
            # Files that are missing or malformed show themselves in many ways.
            raise LispeError(f"{LOADING}{folder}: {_why_none(folder, error)}") from error


def _why_none(folder: Path, error: Exception) -> str:
    """Why transformers makes no tokenizer of a folder."""
    if "trust_remote_code" in str(error):
        return "it needs the Python code of its folder, which is never run"
    for file in sorted(folder.glob("*.json")):
        try:
            json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return f"{file.name} is no JSON; it is damaged"
    if not any((folder / name).is_file() for name in VOCABULARIES):
        return f"it has no vocabulary; {FILE} is expected"
    return readable(error)


def _of_file(file: Path) -> FileTokenizer:
    try:
        import tokenizers  # noqa: PLC0415 - a library of Rust that only these tokenizers need
    except ImportError as error:
        raise LispeError(f"{LOADING}{file}: it needs the tokenizers library: {INSTALL}") from error
    if not file.is_file():
        raise LispeError(f"{LOADING}{file}: there is no such file")
    try:
        return FileTokenizer(tokenizers.Tokenizer.from_file(str(file)))
    except Exception as error:
        # The library raises plain Exceptions.
        raise LispeError(f"{LOADING}{file}: it is no tokenizer.json ({readable(error)})") from error


def tokenizer_of(model: Loaded) -> Any:
    """The tokenizer of a loaded model, read from its folder when it is first needed."""
    if model.tokenizer is None:
        model.tokenizer = tokenizer_at(Path(model.folder))
    return model.tokenizer


@torch_function("torch_hf_tokenizer", prefix=LOADING)
def hf_tokenizer(path: str) -> Any:
    """The tokenizer of a loaded model, from the model's own folder. Our own addition.

    Example: (maybe (torch_hf_tokenizer "none") "not loaded") => not loaded
    Errors: `Model not loaded: ID`, `Error loading HF tokenizer: ...`
    """
    return tokenizer_of(model_named(path))


@torch_function("torch_hf_tokens", prefix=LOADING)
def hf_tokens(path: str, token_ids: Any) -> Strings:
    """The tokens of ids as texts, by the model's own tokenizer: labels for `attention_map`. Our own addition.

    Example: (maybe (torch_hf_tokens "none" '(1)) "not loaded") => not loaded
    Errors: `Model not loaded: ID`; an id outside the vocabulary
    """
    tokenizer = tokenizer_of(model_named(path))
    ids = ids_of(conversions.as_tensor(token_ids)).flatten().tolist()
    return Strings([tokenizer.piece(number) for number in ids])
