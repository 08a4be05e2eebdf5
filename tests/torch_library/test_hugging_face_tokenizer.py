"""Tokenizers of Hugging Face folders encode as the `tokenizers` library does, or are refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from lispe_kernel.language.printer import to_text
from tests.torch_library.torch_calls import call, error_of

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
CORPUS = [
    "The quick brown fox jumps over the lazy dog. Don't stop at 3.14159 or 2026!",
    "Überall Straßen, naïve café — déjà vu; 日本語のテキスト, Привет мир 🙂",
    "def forward(self, x):\n\treturn self.linear(x)  # a comment\n\n",
] * 3


def trained(kind: str) -> Tokenizer:
    """A small tokenizer of one of the kinds that models use."""
    made = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
    if kind == "llama3":
        split = pre_tokenizers.Split(Regex(LLAMA3), behavior="isolated")
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        made.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    else:
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=kind == "prefix")
    if kind == "normal":
        made.normalizer = normalizers.NFC()
    made.decoder = decoders.ByteLevel()
    special = ["<|begin|>", "<|end|>", "<|end|>x"]
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(CORPUS, trainer)
    if kind == "llama3":
        begin = processors.TemplateProcessing(single="<|begin|> $A", special_tokens=[("<|begin|>", 0)])
        made.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), begin])
    return made


@pytest.fixture(scope="module", params=["plain", "prefix", "normal", "llama3"])
def pair(request, tmp_path_factory):
    """Theirs and ours, from one file."""
    folder = tmp_path_factory.mktemp(request.param)
    theirs = trained(request.param)
    theirs.save(str(folder / "tokenizer.json"))
    return theirs, call("torch_hf_load_tokenizer", str(folder))


PIECES = [
    "the",
    "fox",
    " ",
    "  ",
    "\n",
    "\t",
    "'s",
    "3",
    "14",
    "é",
    "e\u0301",
    "日本",
    "🙂",
    "<|end|>",
    "x",
    "!",
    "ß",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join))
def test_any_text_is_encoded_as_theirs_and_decoded_again(pair, text):
    theirs, ours = pair
    ids = call("torch_encode", ours, text)
    assert ids.tolist() == theirs.encode(text).ids
    assert call("torch_decode", ours, ids) == theirs.decode(ids.tolist(), skip_special_tokens=True)


def test_a_tokenizer_tells_its_size(pair):
    theirs, ours = pair
    size = theirs.get_vocab_size()
    assert call("torch_vocab_size", ours) == size
    assert to_text(ours) == f"Byte-Pair Tokenizer (vocab size: {size})"
    assert f"outside the vocabulary of {size}" in error_of("torch_decode", ours, 999)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"model": {"type": "WordPiece", "vocab": {}, "merges": []}},
            "a WordPiece model",
        ),
        (
            {"model": {"type": "BPE", "byte_fallback": True, "vocab": {}, "merges": []}},
            "a SentencePiece-style model",
        ),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "a tokenizer that is not byte-level"),
        ({"normalizer": {"type": "Lowercase"}}, "the normalizer Lowercase"),
        (
            {"post_processor": {"type": "BertProcessing"}},
            "the post-processor BertProcessing",
        ),
        ({"model": 3}, "it is no tokenizer.json"),
        (
            {"model": {"vocab": {}, "merges": [], "end_of_word_suffix": "</w>"}},
            "a model with end_of_word_suffix",
        ),
        ({"added_tokens": [{"content": "<m>", "id": 9, "lstrip": True}]}, "added tokens with lstrip"),
    ],
)
def test_what_would_be_encoded_wrongly_is_refused(tmp_path, change, complaint):
    made = json.loads(trained("plain").to_str()) | change
    (tmp_path / "tokenizer.json").write_text(json.dumps(made))
    assert complaint in error_of("torch_hf_load_tokenizer", str(tmp_path))


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    assert "there is no such file" in error_of("torch_hf_load_tokenizer", str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("[")
    assert "it is no tokenizer.json" in error_of("torch_hf_load_tokenizer", str(tmp_path))
