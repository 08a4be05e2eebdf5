"""The `tiktoken_` functions: byte-pair encoding with a vocabulary given as a dictionary.

No beginning or end mark is added, nothing is fetched. The work is done by `bpe`.
"""

from __future__ import annotations

from typing import Any

import regex
import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Integers, TypedList
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tokens.bpe import BytePairEncoder

NO_OBJECT = "Error: expecting a `tiktoken_' type"
WRONG_VOCABULARY = "Wrong vocabulary format for tiktoken"
WRONG_SPECIAL = "Wrong special tokens format for tiktoken"
_SPECIAL = 'a list of dictionaries {"content":TEXT "id":NUMBER}'
WRONG_IDS = "Error: the tokens must be a list of integers"

register_kind(BytePairEncoder, "tiktoken_", lambda bpe, _show: f"Tiktoken (vocab size: {len(bpe.ranks)})")


def _object(value: Any) -> BytePairEncoder:
    if isinstance(value, BytePairEncoder):
        return value
    raise arguments.instead(NO_OBJECT, value)


def _ids(value: Any) -> list[int]:
    if isinstance(value, torch.Tensor):
        value = List(value.flatten().tolist())
    if type(value) is int:
        return [value]
    if not isinstance(value, List | TypedList):
        raise arguments.instead(WRONG_IDS, value)
    return [arguments.integer(item, WRONG_IDS) for item in value]


def _string(value: Any, what: str) -> str:
    if isinstance(value, str):
        return value
    raise LispeError(f"Error: {what} must be a string")


def _vocabulary(value: Any) -> dict[str, int]:
    sound = isinstance(value, Dictionary) and value
    if not sound or any(type(k) is not str or type(v) is not int or v < 0 for k, v in value.items()):
        raise arguments.instead(f"{WRONG_VOCABULARY}: it must be a dictionary token -> id", value)
    return dict(value)


def _special(value: Any) -> dict[str, int]:
    if value is None:
        return {}
    if not isinstance(value, List):
        raise arguments.instead(f"{WRONG_SPECIAL}: they must be {_SPECIAL}", value)
    found = {}
    for entry in value:
        content = entry.get("content") if isinstance(entry, Dictionary) else None
        number = entry.get("id") if isinstance(entry, Dictionary) else None
        if not isinstance(content, str) or not content or type(number) is not int:
            raise arguments.instead(f"{WRONG_SPECIAL}: they must be {_SPECIAL}", entry)
        found[content] = number
    return found


@torch_function("tiktoken_create")
def create(vocab: Any, special_tokens: Any, pattern: str) -> BytePairEncoder:
    """An encoder: a dictionary token -> id, a list of dictionaries with `content` and `id`, and a pattern.

    The pattern is a Unicode regular expression that cuts the text into pieces. When all keys are written
    with GPT-2's printable bytes they stand for bytes, otherwise for text.

    Example: (tiktoken_encode (tiktoken_create {"a":0 "b":1 "ab":2} () "\\\\w+") "abba") => (2 1 0)
    Errors: `Wrong vocabulary format for tiktoken`, `Wrong special tokens format for tiktoken`; a pattern
    that is none tells where
    Source: torch API 19
    """
    words, special = _vocabulary(vocab), _special(special_tokens)
    try:
        return BytePairEncoder(words, special, _string(pattern, "the pattern"))
    except regex.error as error:
        raise LispeError(f"Error: tiktoken_create: the pattern is no regular expression: {error}") from error


@torch_function("tiktoken_encode")
def encode(bpe_object: Any, text: str) -> Integers:
    """The ids of a text, special tokens included; what the vocabulary lacks is left out.

    Example: (tiktoken_encode (tiktoken_create {"a":0 "b":1 "ab":2} () "\\\\w+") "ab b") => (2 1)
    Errors: ``Error: expecting a `tiktoken_' type``
    Source: torch API 19
    """
    return Integers(_object(bpe_object).encode(_string(text, "the text")))


@torch_function("tiktoken_decode", returns="text")
def decode(bpe_object: Any, ids: Any) -> str:
    """The text of ids.

    Example: (tiktoken_decode (tiktoken_create {"a":0 "b":1 "ab":2} () "\\\\w+") '(2 1)) => abb
    Errors: `Unknown token in decode: N`
    Source: torch API 19
    """
    encoder, wanted = _object(bpe_object), _ids(ids)
    for number in wanted:
        if number not in encoder.tokens:
            raise LispeError(f"Unknown token in decode: {number}")
    return encoder.decode(wanted)


@torch_function("tiktoken_special_encode", returns="number")
def special_encode(bpe_object: Any, text: str) -> int:
    """The id of a special token, or -1.

    Example: (tiktoken_special_encode (tiktoken_create {"a":0} () "a") "<x>") => -1
    Source: torch API 19
    """
    return _object(bpe_object).special.get(_string(text, "the text"), -1)


@torch_function("tiktoken_vocab_size", returns="number")
def vocab_size(bpe_object: Any) -> int:
    """The number of tokens in the vocabulary, special tokens not counted.

    Example: (tiktoken_vocab_size (tiktoken_create {"a":0 "b":1} () "a")) => 2
    Source: torch API 19
    """
    return len(_object(bpe_object).ranks)


@torch_function("tiktoken_set_space")
def set_space(bpe_object: Any, str_: str) -> Atom:
    """Let a string in tokens of text decode to a blank; true.

    Example: (tiktoken_set_space (tiktoken_create {"a":0} () "a") "_") => true
    Source: torch API 19
    """
    return add_meta(bpe_object, str_, " ")


@torch_function("tiktoken_add_meta")
def add_meta(bpe_object: Any, meta_char: str, replacement: str) -> Atom:
    """Let a string in tokens of text decode to another string; true. Tokens of bytes are not touched.

    Example: (tiktoken_add_meta (tiktoken_create {"a":0} () "a") "_" " ") => true
    Source: torch API 19
    """
    metas = _object(bpe_object).metas
    meta = _string(meta_char, "the meta character")
    if not meta:
        raise LispeError("Error: the meta character must not be empty")
    metas[meta] = _string(replacement, "the replacement")
    return TRUE


@torch_function("tiktoken_remove_meta")
def remove_meta(bpe_object: Any, meta_char: str) -> Atom:
    """Let a string in tokens of text stand for itself again; true, also when it did.

    Example: (tiktoken_remove_meta (tiktoken_create {"a":0} () "a") "_") => true
    Source: torch API 19
    """
    _object(bpe_object).metas.pop(_string(meta_char, "the meta character"), None)
    return TRUE


@torch_function("tiktoken_list_meta")
def list_meta(bpe_object: Any, metas: Any = None) -> Any:
    """The dictionary of meta characters and what they decode to; with a dictionary adds them and gives true.

    Example: (size (tiktoken_list_meta (tiktoken_create {"a":0} () "a"))) => 3
    Errors: `Error: Expecting a dictionary as input`
    Source: torch API 19
    """
    encoder = _object(bpe_object)
    if metas is None:
        return Dictionary(encoder.metas)
    if not isinstance(metas, Dictionary):
        raise LispeError("Error: Expecting a dictionary as input")
    for meta, replacement in metas.items():
        add_meta(encoder, meta, replacement)
    return TRUE


def _raw(encoder: BytePairEncoder, number: int) -> bytes:
    if number not in encoder.tokens:
        raise LispeError(f"Token {number} not found in decoder")
    return encoder.raw_bytes(number)


@torch_function("tiktoken_decode_bytes")
def decode_bytes(bpe_object: Any, ids: Any) -> Integers:
    """The bytes of ids, integers from 0 to 255.

    Example: (tiktoken_decode_bytes (tiktoken_create {"a":0 "é":1} () "a") '(0 1)) => (97 233)
    Errors: `Token N not found in decoder`
    Source: torch API 19
    """
    encoder = _object(bpe_object)
    return Integers([byte for number in _ids(ids) for byte in _raw(encoder, number)])


@torch_function("tiktoken_decode_single_token_bytes")
def decode_single_token_bytes(bpe_object: Any, token: Any) -> Integers:
    """The bytes of one id, integers from 0 to 255.

    Example: (tiktoken_decode_single_token_bytes (tiktoken_create {"ab":0} () "a") 0) => (97 98)
    Errors: `Token N not found in decoder`
    Source: torch API 19
    """
    encoder = _object(bpe_object)
    return Integers(list(_raw(encoder, arguments.integer(token, "Error: the token must be an integer"))))


@torch_function("tiktoken_token_byte_values")
def token_byte_values(bpe_object: Any) -> List:
    """The bytes of every token of the vocabulary, in the order of the bytes.

    Example: (tiktoken_token_byte_values (tiktoken_create {"b":0 "ab":1} () "a")) => ((97 98) (98))
    Source: torch API 19
    """
    return List(Integers(list(raw)) for raw in sorted(_object(bpe_object).ranks))
