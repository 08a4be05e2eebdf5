"""Tokenizers: the simple one's ids and texts, SentencePiece models trained here; padding and masks."""

import pytest
import torch

from lispe_kernel.language.printer import to_text, type_atom
from tests.torch_library.torch_calls import call, error_of, integers, listed

FOX = "The quick brown fox jumps over the lazy dog"


@pytest.fixture
def tokenizer():
    return call("torch_simple_tokenizer")


@pytest.mark.parametrize(
    ("text", "ids", "decoded"),
    [
        (FOX, [2, 4, 5, 6, 7, 8, 9, 4, 10, 11, 3], FOX.lower()),
        ("Hello, world! hello", [2, 4, 5, 6, 7, 4, 3], "hello, world! hello"),
        ("", [2, 3], ""),
        (" \t\n ", [2, 3], ""),
        ("don't 3.14", [2, 4, 5, 6, 7, 8, 9, 3], "don' t 3. 14"),
        ("a (b)", [2, 4, 5, 6, 7, 3], "a( b)"),
        ("a_b\\c", [2, 4, 5, 6, 7, 8, 3], "a_ b\\ c"),
        # Only ASCII letters are lower-cased, only ASCII marks split, and a hard space joins.
        ("Été É", [2, 4, 5, 3], "Été É"),
        ("x\u00a0y …", [2, 4, 5, 3], "x\u00a0y …"),
    ],
)
def test_a_fresh_tokenizer_numbers_words_as_they_come(tokenizer, text, ids, decoded):
    tokens = call("torch_tokenizer_encode", tokenizer, text)
    assert (tokens.dtype, tokens.tolist()) == (torch.int64, ids)
    assert call("torch_tokenizer_decode", tokenizer, tokens) == decoded


def test_the_vocabulary_grows_and_belongs_to_one_tokenizer(tokenizer):
    assert to_text(tokenizer) == "Simple Tokenizer (vocab size: 4)"
    call("torch_encode", tokenizer, FOX)
    assert to_text(tokenizer) == "Simple Tokenizer (vocab size: 12)"
    assert call("torch_vocab_size", tokenizer) == 12
    assert call("torch_vocab_size", call("torch_simple_tokenizer")) == 4
    assert call("torch_encode", tokenizer, "dog the").tolist() == [2, 11, 4, 3]
    assert type_atom(tokenizer).name == "torch_tokenizer_"


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (4, "a"),
        (integers(2, 4, 5, 3), "a b"),
        (listed(5, 4), "b a"),
        (torch.tensor([[4], [5]]), "a b"),
        (listed(0, 4), "a"),
        (listed(4, 1), "a<unk>"),
    ],
)
def test_decoding_takes_ids_in_any_form(tokenizer, ids, text):
    call("torch_encode", tokenizer, "a b")
    assert call("torch_decode", tokenizer, ids) == text


def test_wrong_arguments_are_named(tokenizer):
    wrong_ids = "Error: Second argument must be a tensor, list, or integers of token IDs"
    assert error_of("torch_encode", 3, "a").startswith("Error: First argument must be a tokenizer")
    assert error_of("torch_encode", tokenizer, 3).startswith("Error: Second argument must be a string")
    assert error_of("torch_decode", 3, 4).startswith("Error: First argument must be a tokenizer")
    assert error_of("torch_decode", tokenizer, "a").startswith(wrong_ids)
    assert error_of("torch_decode", tokenizer, listed(0, 99)) == (
        "Error: token id 99 is outside the vocabulary of 4"
    )
    assert error_of("torch_decode", tokenizer, listed("a")).startswith(wrong_ids)
    assert error_of("torch_vocab_size", "x").startswith("Error: Argument must be a tokenizer")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pieces")
    text = folder / "text.txt"
    words = ["tensor", "layer", "model", "token", "mask", "attention", "position"]
    text.write_text("\n".join(f"{a} {b} {c}" for a in words for b in words for c in words), encoding="utf-8")
    prefix = str(folder / "tiny")
    return prefix, call("torch_train_sentencepiece", str(text), prefix, 60, "bpe")


def test_training_writes_a_model_and_says_so(trained):
    prefix, message = trained
    assert message == f"Training completed successfully. Model saved as: {prefix}.model"


def test_a_trained_model_encodes_and_decodes_without_marks(trained):
    pieces = call("torch_sentencepiece_tokenizer", f"{trained[0]}.model")
    assert to_text(pieces) == "SentencePiece Tokenizer (vocab size: 60)"
    ids = call("torch_encode", pieces, "attention mask")
    assert ids.dtype == torch.int64
    assert not {2, 3} & set(ids.tolist())
    assert call("torch_decode", pieces, ids) == "attention mask"
    assert "outside the vocabulary of 60" in error_of("torch_decode", pieces, 60)


def test_files_that_are_no_model_are_refused(tmp_path):
    start = "Error creating SentencePiece tokenizer: Failed to load SentencePiece model: "
    absent, broken = str(tmp_path / "absent.model"), tmp_path / "broken.model"
    broken.write_bytes(b"no model")
    assert error_of("torch_sentencepiece_tokenizer", absent) == f"{start}{absent} (no such file)"
    assert error_of("torch_sentencepiece_tokenizer", str(broken)).startswith(f"{start}{broken}")


def test_training_without_enough_text_gives_sentencepieces_message(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("a b\n", encoding="utf-8")
    message = error_of("torch_train_sentencepiece", str(text), str(tmp_path / "m"), 4000, None)
    assert message.startswith(
        "Error training SentencePiece model: Vocabulary size too high (4000). Please set"
    )
    assert "no such file" in error_of("torch_train_sentencepiece", str(tmp_path / "none"), "m")


def test_padding_and_truncating_happen_on_the_right():
    sequences = listed(torch.tensor([2, 4, 3]), torch.tensor([2, 4, 5, 6, 3]), torch.tensor([[7], [8]]))
    padded = call("torch_pad_sequence", sequences, 4)
    assert padded.dtype == torch.int64
    assert padded.tolist() == [[2, 4, 3, 0], [2, 4, 5, 6], [7, 8, 0, 0]]
    assert call("torch_pad_sequences", sequences, 4, 9)[0].tolist() == [2, 4, 3, 9]


def test_padding_takes_a_list_of_tensors():
    assert error_of("torch_pad_sequence", 3, 4).startswith(
        "Error: First argument must be a list of sequences"
    )
    assert error_of("torch_pad_sequence", listed(3), 4).startswith("Error: All sequences must be tensors")
    assert error_of("torch_pad_sequence", listed(), 4).startswith("Error padding sequences: ")
    assert "a positive integer" in error_of("torch_pad_sequence", listed(torch.ones(1)), 0)


@pytest.mark.parametrize(("pad", "mask"), [((), [1, 1, 0]), ((0,), [1, 1, 0]), ((4,), [1, 0, 1])])
def test_a_mask_is_1_for_real_tokens(pad, mask):
    found = call("torch_create_attention_mask", torch.tensor([[2, 4, 0]]), *pad)
    assert (found.dtype, found.tolist()) == (torch.float32, [mask])
    text = "Error: First argument must be a tensor of sequences"
    assert error_of("torch_attention_mask", 3).startswith(text)
