"""The tokenizer of a Hugging Face folder: `tokenizer.json` with byte-level byte-pair encoding.

The kind that GPT-2, Llama 3, Qwen and Mistral's newer models use. Any other is refused, rather than encoded
almost right. Nothing is fetched. Our own addition to the library.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import regex

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import reason
from lispe_kernel.torch_library.tokens.bpe import STAND_INS, merged

LOADING = "Error loading HF tokenizer: "
# How byte-level tokenizers without a pattern of their own cut a text.
GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
BYTES = {byte: character for character, byte in STAND_INS.items()}


class Unsupported(Exception):
    """A part of the file that is not computed here."""


class BytePairTokenizer:
    """Tokens of bytes with their numbers, the order of merges, the pattern and the special tokens."""

    kind = "Byte-Pair Tokenizer"

    def __init__(self, file: dict[str, Any]) -> None:
        model = file["model"]
        if model.get("type", "BPE") != "BPE" or model.get("byte_fallback"):
            kind = "SentencePiece-style" if model.get("byte_fallback") else model.get("type")
            raise Unsupported(
                f"a {kind} model (its tokenizer.model opens with torch_sentencepiece_tokenizer)"
            )
        _refuse_unfollowed(model, file.get("added_tokens") or [])
        self.vocabulary: dict[str, int] = dict(model["vocab"])
        self.whole_first = bool(model.get("ignore_merges"))
        pairs = (tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"])
        self.merges = {pair: rank for rank, pair in enumerate(pairs)}
        added = file.get("added_tokens") or []
        self.added: dict[str, int] = {entry["content"]: int(entry["id"]) for entry in added}
        self.special = frozenset(int(entry["id"]) for entry in added if entry.get("special"))
        self.normal_form = _normal_form(file.get("normalizer"))
        pattern, self.prefix = _pattern(file.get("pre_tokenizer"))
        self._pattern = regex.compile(pattern)
        longest_first = sorted(self.added, key=len, reverse=True)
        self._added = regex.compile("|".join(map(regex.escape, longest_first))) if self.added else None
        self.before, self.after = _template(file.get("post_processor"))
        self.texts: dict[int, str] = {
            number: text for text, number in {**self.vocabulary, **self.added}.items()
        }

    def encode(self, text: str) -> list[int]:
        ids = list(self.before)
        start = 0
        for found in self._added.finditer(text) if self._added is not None else ():
            ids.extend(self._plain(text[start : found.start()]))
            ids.append(self.added[found.group()])
            start = found.end()
        ids.extend(self._plain(text[start:]))
        return [*ids, *self.after]

    def _plain(self, text: str) -> list[int]:
        if not text:
            return []
        if self.normal_form:
            text = unicodedata.normalize(self.normal_form, text)  # type: ignore[arg-type]
        if self.prefix and not text.startswith(" "):
            text = " " + text
        ids: list[int] = []
        start = 0
        # What the pattern leaves out between its pieces is a piece as well.
        for found in self._pattern.finditer(text):
            ids.extend(self._piece(text[start : found.start()]))
            ids.extend(self._piece(found.group()))
            start = found.end()
        ids.extend(self._piece(text[start:]))
        return ids

    def _piece(self, piece: str) -> list[int]:
        shown = "".join(BYTES[byte] for byte in piece.encode())
        if self.whole_first and shown in self.vocabulary:
            return [self.vocabulary[shown]]
        parts = merged([c.encode() for c in shown], self._rank)
        return [self.vocabulary[text] for part in parts if (text := part.decode()) in self.vocabulary]

    def _rank(self, left: bytes, right: bytes) -> int | None:
        return self.merges.get((left.decode(), right.decode()))

    def decode(self, ids: list[int]) -> str:
        """The text of ids, special tokens left out."""
        raw = b"".join(self._raw(number) for number in ids if number not in self.special)
        return raw.decode("utf-8", "replace")

    def _raw(self, number: int) -> bytes:
        if number not in self.texts:
            raise LispeError(f"Error: token id {number} is outside the vocabulary of {self.size()}")
        text = self.texts[number]
        if text in self.added:
            return text.encode()
        return bytes(STAND_INS[c] for c in text) if set(text) <= STAND_INS.keys() else text.encode()

    def size(self) -> int:
        return len(self.texts)


def _refuse_unfollowed(model: dict[str, Any], added: list[dict[str, Any]]) -> None:
    """Settings that would give other tokens than those computed here."""
    for setting in ("continuing_subword_prefix", "end_of_word_suffix", "dropout"):
        if model.get(setting):
            raise Unsupported(f"a model with {setting}")
    for setting in ("lstrip", "rstrip", "single_word"):
        if any(entry.get(setting) for entry in added):
            raise Unsupported(f"added tokens with {setting}")


def _parts(part: Any, name: str) -> list[dict[str, Any]]:
    """The steps of a part of the file: none, one, or those of a sequence."""
    if part is None:
        return []
    return list(part[name]) if part["type"] == "Sequence" else [part]


def _normal_form(normalizer: Any) -> str:
    forms = [step["type"] for step in _parts(normalizer, "normalizers")]
    if not forms:
        return ""
    if len(forms) > 1 or forms[0] not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise Unsupported(f"the normalizer {' '.join(forms)}")
    return str(forms[0])


def _pattern(pre_tokenizer: Any) -> tuple[str, bool]:
    """The pattern that cuts the text, and whether a blank is put in front of it."""
    steps = _parts(pre_tokenizer, "pretokenizers")
    if not steps or steps[-1]["type"] != "ByteLevel" or len(steps) > 2:
        raise Unsupported("a tokenizer that is not byte-level")
    byte_level = steps[-1]
    prefix = bool(byte_level.get("add_prefix_space"))
    if len(steps) == 1:
        return (GPT2_PATTERN if byte_level.get("use_regex", True) else r"(?s).+"), prefix
    split = steps[0]
    isolated = split["type"] == "Split" and split.get("behavior") == "Isolated" and not split.get("invert")
    if not isolated or "Regex" not in split["pattern"] or byte_level.get("use_regex", True) or prefix:
        raise Unsupported(f"the way of cutting text {split['type']}")
    return str(split["pattern"]["Regex"]), False


def _template(post_processor: Any) -> tuple[list[int], list[int]]:
    """The numbers put before and after every text."""
    before: list[int] = []
    after: list[int] = []
    for step in _parts(post_processor, "processors"):
        if step["type"] == "ByteLevel":
            continue
        if step["type"] != "TemplateProcessing":
            raise Unsupported(f"the post-processor {step['type']}")
        side = before
        for item in step["single"]:
            if "Sequence" in item:
                side = after
            else:
                side.extend(step["special_tokens"][item["SpecialToken"]["id"]]["ids"])
    return before, after


register_kind(
    BytePairTokenizer,
    "torch_tokenizer_",
    lambda value, _show: f"{value.kind} (vocab size: {value.size()})",
)


@torch_function("torch_hf_load_tokenizer", prefix=LOADING)
def hf_load_tokenizer(path: str) -> BytePairTokenizer:
    """The tokenizer of a model folder (or a `tokenizer.json`), for `torch_encode` and `torch_decode`.

    Byte-level byte-pair tokenizers only, those of GPT-2, Llama 3 and Qwen. Marks that the file asks for
    (a beginning token) are added when encoding; special tokens are left out when decoding. Nothing is cut off
    or filled up, whatever the file says of truncation and padding.

    Example: (maybe (torch_hf_load_tokenizer "no-such-folder") "cannot load") => cannot load
    Errors: `Error loading HF tokenizer: PATH: ` and what is missing, malformed or not supported
    """
    given = Path(arguments.path("torch_hf_load_tokenizer", 1, path))
    file = given / "tokenizer.json" if given.is_dir() else given
    try:
        return BytePairTokenizer(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        text = "there is no such file" if missing else reason(error)
        raise LispeError(f"{LOADING}{file}: {text}") from error
    except Unsupported as error:
        raise LispeError(f"{LOADING}{file}: not supported here: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LispeError(
            f"{LOADING}{file}: it is no tokenizer.json ({type(error).__name__}: {error})"
        ) from error
