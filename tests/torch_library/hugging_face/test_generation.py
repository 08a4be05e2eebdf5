"""Generation: options as those of transformers, batches, end tokens, text that streams, conversations."""

import _thread
import threading

import pytest
import torch

from lispe_kernel import LispeError, Session
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.hugging_face.streaming import Text

PROMPT = [5, 6, 7]
BART = {"layers": 2, "attention_heads": 4, "ffn_dim": 24}


@pytest.fixture
def session(llama):
    made = Session()
    made.namespace["folder"] = str(llama)
    made.evaluate("(setq m (torch_hf_load_model folder))")
    return made


@pytest.fixture
def theirs(session):
    return session.evaluate("(torch_hf_model m)")


def written(session, options: str, ends="-1", prompt="(integers 5 6 7)", most=8) -> list:
    found = session.evaluate(f"(torch_manual_seed 4) (torch_hf_generate m {prompt} {ends} {most} {options})")
    return [list(row) if isinstance(found, List) else row for row in found]


def by_transformers(theirs, **options) -> list:
    torch.manual_seed(4)
    ids = torch.tensor([PROMPT])
    given = {"max_new_tokens": 8, "eos_token_id": [-1], "pad_token_id": 0, "top_k": 0, **options}
    return theirs.generate(ids, attention_mask=torch.ones_like(ids), **given)[0, 3:].tolist()


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ("", {"do_sample": True}),
        ('{"topk":3}', {"do_sample": True, "top_k": 3}),
        ('{"topp":0.5}', {"do_sample": True, "top_p": 0.5}),
        ('{"greedy":true}', {"do_sample": False}),
        ('{"temperature":0.5 "top_k":5}', {"do_sample": True, "temperature": 0.5, "top_k": 5}),
        (
            '{"min_p":0.2 "repetition_penalty":1.7}',
            {"do_sample": True, "min_p": 0.2, "repetition_penalty": 1.7},
        ),
        ('{"num_beams":3}', {"num_beams": 3, "do_sample": False}),
        ('{"greedy":1 "no_repeat_ngram_size":2}', {"do_sample": False, "no_repeat_ngram_size": 2}),
    ],
)
def test_options_choose_as_those_of_transformers(session, theirs, options, same):
    assert written(session, options) == by_transformers(theirs, **same)


def test_settings_of_the_model_come_before_those_of_the_folder(session, theirs):
    theirs.generation_config.temperature, theirs.generation_config.top_k = 0.3, 7
    by_folder = by_transformers(theirs, do_sample=True, temperature=0.3, top_k=7)
    assert written(session, "") == by_folder
    session.evaluate('(torch_hf_load_model folder {"temperature":2.5 "top_k":0})')
    assert session.evaluate("(torch_hf_model m)") is theirs
    assert written(session, "") == by_transformers(theirs, do_sample=True, temperature=2.5) != by_folder
    session.evaluate('(torch_hf_load_model folder {"dtype":"bfloat16"})')
    assert session.evaluate("(torch_hf_model m)").dtype is torch.bfloat16


def test_a_batch_is_several_prompts_each_as_if_alone(session):
    greedy = '{"greedy":true}'
    longer = written(session, greedy, prompt="(integers 8 9 10 11)")
    alone = [written(session, greedy), longer]
    assert written(session, greedy, prompt="(list (integers 5 6 7) (integers 8 9 10 11))") == alone
    session.namespace["ids"] = torch.tensor([[0, 5, 6, 7], [8, 9, 10, 11]])
    session.namespace["o"] = Dictionary({"greedy": 1, "mask": torch.tensor([[0, 1, 1, 1], [1, 1, 1, 1]])})
    assert written(session, "o", prompt="ids") == alone
    end = longer[2]
    session.namespace["end"] = end
    cut = [row[: row.index(end) + 1] if end in row else row for row in alone]
    assert written(session, "o", "end", prompt="ids") == cut


def test_a_mask_in_a_forward_pass_leaves_padding_out(session):
    session.namespace["ids"] = torch.tensor([[0, 0, 5, 6]])
    session.namespace["mask"] = torch.tensor([[0, 0, 1, 1]])
    session.namespace["plain"] = torch.tensor([[5, 6]])
    padded = session.evaluate("(torch_hf_forward m ids nil mask)")
    assert torch.allclose(padded[:, 2:], session.evaluate("(torch_hf_forward m plain)"), atol=1e-5)


def test_padding_may_stand_on_either_side(session):
    # transformers warns of padding on the right, and goes on from it.
    for place, (ids, mask) in enumerate([([0, 0, 5, 6], [0, 0, 1, 1]), ([5, 6, 0, 0], [1, 1, 0, 0])]):
        session.namespace.update(ids=torch.tensor([ids, [9, 8, 7, 6]]), mask=torch.tensor([mask, [1] * 4]))
        rows = session.evaluate('(torch_hf_generate m ids -1 5 (dictionary "greedy" true "mask" mask))')
        assert list(rows[0]) == written(session, '{"greedy":true}', prompt="'(5 6)", most=5), place
    session.namespace.update(ids=torch.tensor([[5, 6]]), mask=torch.tensor([[0, 0]]))
    with pytest.raises(LispeError, match="the input sequence should at least"):
        session.evaluate('(torch_hf_generate m ids -1 5 (dictionary "mask" mask))')


def test_an_encoder_reads_prompts_from_the_left_and_their_end_token_too(tmp_path):
    import transformers

    parts = {f"{part}_{what}": size for part in ("encoder", "decoder") for what, size in BART.items()}
    config = transformers.BartConfig(
        vocab_size=40, d_model=16, max_position_embeddings=32, init_std=0.5, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=None, **parts,
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.BartForConditionalGeneration(config).eval()
    model.generation_config.forced_eos_token_id = None
    model.save_pretrained(tmp_path)
    session = Session()
    session.namespace["m"] = str(tmp_path)
    session.evaluate("(torch_hf_load_model m)")
    theirs = [
        model.generate(torch.tensor([row]), do_sample=False, num_beams=1, max_new_tokens=5)[0, 1:].tolist()
        for row in ([5, 7, 9, 11, 2], [3, 2])
    ]
    rows = session.evaluate('(torch_hf_generate m \'((5 7 9 11 2) (3 2)) nil 5 {"greedy":true})')
    assert [list(row) for row in rows] == theirs
    assert theirs[1] != theirs[0]


def test_an_end_token_stops_and_a_callback_is_told_each_token(session):
    first = written(session, '{"greedy":true}')
    session.namespace["end"] = first[2]
    told = session.evaluate("(defun tell (token data) (push data token)) (setq told (list)) told")
    session.namespace["o"] = Dictionary({"greedy": 1, "callback": session.namespace["tell"], "data": told})
    found = written(session, "o", "end")
    assert found == list(told) == first[: first.index(first[2]) + 1]
    assert written(session, "", "7") == []
    session.evaluate('(torch_hf_load_model folder {"max_seq_len":5})')
    assert written(session, '{"greedy":true}') == first[:2]


def test_text_streams_as_it_comes_and_stops_at_a_text(session, capsys):
    tokens = written(session, '{"greedy":true "stream":true}')
    session.namespace["tokens"] = List(tokens)
    text = session.evaluate("(torch_decode (torch_hf_tokenizer m) tokens)")
    assert capsys.readouterr().out == text + "\n"
    third = session.evaluate(f"(@ (torch_hf_tokens m '({tokens[2]})) 0)")
    stopped = written(session, f'{{"greedy":true "stop":"{third}"}}')
    assert stopped == tokens[: tokens.index(tokens[2]) + 1]


def test_parts_of_a_character_wait_for_the_rest(capsys):
    raw = "aé🙂b".encode()
    text = Text(lambda ids: bytes(raw[i] for i in ids).decode("utf-8", "replace"))
    shown = []
    for place in range(len(raw)):
        text.tell(place)
        shown.append(capsys.readouterr().out)
    assert shown == ["a", "", "é", "", "", "", "🙂", "b"]


def test_a_conversation_is_written_under_the_folders_template(session, capsys):
    session.evaluate('(setq talk (list {"role":"user" "content":"hello world"}))')
    ids = session.evaluate("(torch_hf_chat_tokens m talk)").tolist()
    assert ids == [1, 4, 6, 7, 8, 5, 6]
    answer = session.evaluate('(torch_hf_chat m talk {"greedy":true "max_new_tokens":5})')
    assert capsys.readouterr().out == answer + "\n"
    new = written(session, '{"greedy":true}', "nil", f"'({' '.join(map(str, ids))})", 5)
    session.namespace["new"] = List(new)
    assert answer == session.evaluate("(torch_decode (torch_hf_tokenizer m) new)")
    assert session.evaluate('(torch_hf_chat m "hello world" {"greedy":true "max_new_tokens":5 "stream":nil})')
    assert capsys.readouterr().out == ""


def test_an_interrupt_ends_the_generation(session, interruptible):
    session.evaluate("(defun tell (token) (when (= token token) (stop)))")
    session.namespace["stop"] = _thread.interrupt_main
    with pytest.raises(KeyboardInterrupt):
        session.evaluate('(torch_hf_generate m (integers 5 6) -1 40 {"callback":(\\(token) (stop))})')
    assert threading.current_thread() is threading.main_thread()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("(torch_hf_generate m (integers) 2 5)", "the input sequence should at least constains beos_id"),
        (
            '(torch_hf_generate m (integers 5) 2 5 {"beams":3})',
            "the options have no beams; there are topk, topp",
        ),
        ('(torch_hf_generate m (integers 5) 2 5 {"topk":0})', "topk must be 1 or more, not the integer 0"),
        (
            '(torch_hf_generate m (integers 5) "x" 5)',
            "the end tokens must be an integer, a list of integers or nil",
        ),
        ("(torch_hf_generate m (integers 99) 2 5)", "id 99 is outside the vocabulary of 40"),
        (
            '(torch_hf_generate m \'((1) (2)) -1 5 {"stream":true})',
            "callback and stream follow one prompt",
        ),
        ("(torch_hf_chat m 3)", "the messages must be a text or a list of dictionaries"),
        ("(torch_hf_chat m '(3))", "a message must be a dictionary with role, content"),
        ('(torch_hf_chat m "a" {"mask":3})', "the options have no mask"),
        ("(torch_hf_generate m (integers 5) 2 -3)", "max_length must be an integer from 0 on, not -3"),
        ("(torch_hf_generate m (integers 5) 40 5)", "the end token 40 is outside the vocabulary of 40"),
        *(
            (f"(torch_hf_generate m (integers 5) -1 5 {options})", text)
            for options, text in {
                '{"topk":3 "top_p":0.5}': "top_p changes nothing beside topk",
                '{"greedy":true "temperature":2}': "temperature changes nothing beside greedy",
                '{"num_beams":2 "min_p":0.2}': "min_p changes nothing without do_sample true",
                '{"length_penalty":2}': "length_penalty changes nothing without num_beams",
                '{"data":2}': "data changes nothing without a callback",
            }.items()
        ),
    ],
)
def test_what_cannot_be_written_says_why(session, call, text):
    with pytest.raises(LispeError) as caught:
        session.evaluate(call)
    assert text in caught.value.text


def test_a_folder_that_asks_for_code_of_the_network_is_refused(session, theirs):
    theirs.generation_config.penalty_alpha = 0.6
    with pytest.raises(LispeError, match=r"generation_config\.json: penalty_alpha is not supported"):
        session.evaluate("(torch_hf_generate m (integers 5) -1 4)")


def test_a_generator_of_the_library_writes_with_a_loaded_model(session):
    session.evaluate(
        '(setq g (torch_generator_create (torch_hf_model m))) (torch_generator_config g {"max_length":8})'
    )
    made = session.evaluate("(torch_generate g (integers 5 6 7))").flatten().tolist()
    assert made[3:] == written(session, '{"greedy":true}')
