"""Byte-pair encoding by the lowest number, special tokens, bytes and text, meta characters."""

import itertools
import random
from functools import partial

import pytest
import torch

from lispe_kernel.language.printer import type_atom
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.tokens.bpe import STAND_INS, merged
from tests.torch_library.torch_calls import call, error_of, integers, listed

LETTERS = {"a": 0, "b": 1, "ab": 2}
START = Dictionary({"content": "<s>", "id": 9})


def encoder(vocabulary=LETTERS, special=(START,), pattern=r"\w+|<s>"):
    return call("tiktoken_create", Dictionary(vocabulary), listed(*special), pattern)


def test_special_tokens_and_merges():
    bpe = encoder()
    ids = call("tiktoken_encode", bpe, "ab<s>ba")
    assert list(ids) == [2, 9, 1, 0]
    assert call("tiktoken_decode", bpe, ids) == "ab<s>ba"
    assert call("tiktoken_decode", bpe, torch.tensor([2, 9])) == "ab<s>"
    assert call("tiktoken_vocab_size", bpe) == 3
    assert [call("tiktoken_special_encode", bpe, text) for text in ("<s>", "<x>")] == [9, -1]
    assert type_atom(bpe).name == "tiktoken_"


def test_the_longest_special_token_wins():
    longer = Dictionary({"content": "<s><s>", "id": 10})
    assert list(call("tiktoken_encode", encoder(special=(START, longer)), "<s><s><s>")) == [10, 9]


def test_what_the_vocabulary_lacks_is_left_out():
    assert list(call("tiktoken_encode", encoder(), "axb !")) == [0, 1]
    assert list(call("tiktoken_encode", encoder(), "")) == []


def test_the_pair_with_the_lowest_number_is_joined_first():
    vocabulary = {"a": 0, "b": 1, "c": 2, "bc": 3, "ab": 4, "abc": 5}
    assert list(call("tiktoken_encode", encoder(vocabulary), "xabc")) == [5]
    vocabulary.pop("abc")
    assert list(call("tiktoken_encode", encoder(vocabulary), "abc")) == [0, 3]


def rank_of_union(ranks, left, right):
    return ranks.get(left + right)


def slowly_merged(parts, ranks):
    parts = list(parts)
    while True:
        pairs = [(ranks[a + b], i) for i, (a, b) in enumerate(itertools.pairwise(parts)) if a + b in ranks]
        if not pairs:
            return parts
        _, place = min(pairs)
        parts[place : place + 2] = [parts[place] + parts[place + 1]]


def test_merging_is_the_plain_rule_on_random_texts():
    draw = random.Random(1)
    for _ in range(200):
        words = {bytes(draw.choices(b"abc", k=draw.randint(2, 4))) for _ in range(8)}
        ranks = {word: number for number, word in enumerate(sorted(words, key=lambda _: draw.random()))}
        parts = [bytes([letter]) for letter in draw.choices(b"abc", k=draw.randint(0, 15))]
        assert merged(parts, partial(rank_of_union, ranks)) == slowly_merged(parts, ranks)


def test_a_long_piece_does_not_take_the_square_of_its_length():
    assert merged([b"a"] * 200_000, lambda a, b: 0 if a + b == b"aa" else None) == [b"aa"] * 100_000


def test_printable_stand_ins_are_bytes():
    assert len(STAND_INS) == 256
    assert (STAND_INS["Ġ"], STAND_INS["Ċ"], STAND_INS["a"]) == (32, 10, 97)
    bpe = encoder({"Ã": 0, "©": 1, "Ġ": 2, "h": 3}, (), r"\s+|\S+")
    ids = call("tiktoken_encode", bpe, "é h")
    assert list(ids) == [0, 1, 2, 3]
    assert call("tiktoken_decode", bpe, ids) == "é h"
    assert list(call("tiktoken_decode_bytes", bpe, ids)) == [0xC3, 0xA9, 32, 104]


def test_a_vocabulary_of_text_has_meta_characters():
    # The sign for euros is no stand-in, so that this vocabulary is text.
    bpe = encoder({"€": 0, "Ġb": 1, "b": 2, "_": 3}, (), r" ?[^ ]+")
    ids = call("tiktoken_encode", bpe, "€ b_")
    assert list(ids) == [0, 1, 3]
    assert list(call("tiktoken_encode", bpe, "€ b")) == [0, 1]
    assert call("tiktoken_decode", bpe, integers(0, 1, 3)) == "€ b_"
    assert call("tiktoken_set_space", bpe, "_") is TRUE
    assert call("tiktoken_decode", bpe, integers(0, 1, 3)) == "€ b "
    assert call("tiktoken_remove_meta", bpe, "_") is TRUE
    assert call("tiktoken_decode", bpe, integers(0, 1, 3)) == "€ b_"
    assert call("tiktoken_list_meta", bpe, Dictionary({"€": "E"})) is TRUE
    assert call("tiktoken_decode", bpe, integers(0)) == "E"
    assert call("tiktoken_list_meta", bpe) == {"Ġ": " ", "Ċ": "\n", "ĉ": "\t", "€": "E"}


def test_bytes_of_tokens():
    bpe = encoder()
    assert list(call("tiktoken_decode_single_token_bytes", bpe, 2)) == [97, 98]
    assert [list(row) for row in call("tiktoken_token_byte_values", bpe)] == [[97], [97, 98], [98]]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            (3, listed(), "a"),
            "Wrong vocabulary format for tiktoken: it must be a dictionary token -> id, not the integer 3",
        ),
        ((Dictionary({"a": "b"}), listed(), "a"), "Wrong vocabulary format for tiktoken"),
        (
            (Dictionary(LETTERS), Dictionary({"<s>": 1}), "a"),
            "Wrong special tokens format for tiktoken: they must be a list of dictionaries {",
        ),
        (
            (Dictionary(LETTERS), listed(Dictionary({"id": 1})), "a"),
            "Wrong special tokens format for tiktoken",
        ),
        (
            (Dictionary(LETTERS), listed(), "(a"),
            "Error: tiktoken_create: the pattern is no regular expression",
        ),
        ((Dictionary(LETTERS), listed(), 3), "Error: the pattern must be a string"),
    ],
)
def test_what_is_no_encoder_is_refused(arguments, text):
    assert error_of("tiktoken_create", *arguments).startswith(text)


def test_errors_name_the_token():
    bpe = encoder()
    assert error_of("tiktoken_decode", bpe, integers(77)) == "Unknown token in decode: 77"
    assert error_of("tiktoken_decode_bytes", bpe, integers(77)) == "Token 77 not found in decoder"
    assert error_of("tiktoken_encode", 3, "a") == "Error: expecting a `tiktoken_' type"
    assert error_of("tiktoken_list_meta", bpe, 3) == "Error: Expecting a dictionary as input"
