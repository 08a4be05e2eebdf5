"""Tokenizers of folders encode as `tokenizers` and transformers do, a whole vocabulary as tiktoken does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.tokens.bpe import STAND_INS
from tests.torch_library.torch_calls import call, error_of, listed

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
    assert to_text(ours) == f"Hugging Face Tokenizer (vocab size: {size})"
    assert f"outside the vocabulary of {size}" in error_of("torch_decode", ours, 999)
    assert "outside the vocabulary" in error_of("torch_decode", ours, -1)


def test_a_file_that_cuts_off_and_fills_up_does_neither(tmp_path):
    theirs = trained("plain")
    theirs.enable_truncation(3)
    theirs.enable_padding(length=20)
    theirs.save(str(tmp_path / "tokenizer.json"))
    ours = call("torch_hf_load_tokenizer", str(tmp_path / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    assert call("torch_encode", ours, CORPUS[0]).tolist() == theirs.encode(CORPUS[0]).ids


def other_kinds() -> dict[str, Tokenizer]:
    """Kinds of tokenizers that models of other families have."""
    words = {word: number for number, word in enumerate(("[UNK]", "the", "fox", "##es", "s", "fo", "##x"))}
    pieces = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    pieces.normalizer, pieces.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    unigram = Tokenizer(
        models.Unigram([("<unk>", 0.0), ("▁the", -1.0), ("▁fox", -2.0), ("es", -3.0)], unk_id=0)
    )
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.decoder = decoders.Metaspace()
    return {"pieces of words": pieces, "unigram": unigram}


@pytest.mark.parametrize("kind", other_kinds())
def test_other_kinds_are_those_of_the_library_too(tmp_path, kind):
    theirs = other_kinds()[kind]
    theirs.save(str(tmp_path / "tokenizer.json"))
    ours = call("torch_hf_load_tokenizer", str(tmp_path))
    for text in ("The foxes", "the fox", "unknown é", ""):
        ids = theirs.encode(text).ids
        assert call("torch_encode", ours, text).tolist() == ids
        assert call("torch_decode", ours, listed(*ids)) == theirs.decode(ids)


def test_the_tokenizer_of_a_folder_is_the_one_of_transformers(llama):
    import transformers

    theirs = transformers.AutoTokenizer.from_pretrained(llama)
    ours = call("torch_hf_load_tokenizer", str(llama))
    assert call("torch_encode", ours, "hello w20 nobody").tolist() == theirs("hello w20 nobody").input_ids
    assert call("torch_decode", ours, listed(1, 7, 20, 2)) == "hello w20"


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    refused = f"Error loading HF tokenizer: {tmp_path}: "
    text = error_of("torch_hf_load_tokenizer", str(tmp_path))
    assert text == refused + "it has no vocabulary; tokenizer.json is expected"
    (tmp_path / "tokenizer_config.json").write_text("{")
    text = error_of("torch_hf_load_tokenizer", str(tmp_path))
    assert text == refused + "tokenizer_config.json is no JSON; it is damaged"
    (tmp_path / "tokenizer_config.json").unlink()
    assert "there is no such file" in error_of("torch_hf_load_tokenizer", str(tmp_path / "none"))
    (tmp_path / "tokenizer.json").write_text("[")
    assert "it is no tokenizer.json" in error_of("torch_hf_load_tokenizer", str(tmp_path))


def test_a_whole_vocabulary_of_bytes_is_merged_as_tiktoken_does():
    import tiktoken

    theirs_of_bytes = trained("plain")
    stand_ins = {character: bytes([byte]) for character, byte in STAND_INS.items()}
    vocabulary = {t: n for t, n in theirs_of_bytes.get_vocab().items() if set(t) <= stand_ins.keys()}
    ranks = {b"".join(stand_ins[c] for c in token): number for token, number in vocabulary.items()}
    theirs = tiktoken.Encoding("t", pat_str=LLAMA3, mergeable_ranks=ranks, special_tokens={})
    ours = call("tiktoken_create", Dictionary(vocabulary), listed(), LLAMA3)
    for text in (*CORPUS, "e\u0301 é", "🙂" * 5, " \n\t  x"):
        assert list(call("tiktoken_encode", ours, text)) == theirs.encode(text)
        assert call("tiktoken_decode", ours, listed(*theirs.encode(text))) == text
