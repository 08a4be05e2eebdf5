"""Generation: the model is asked for each token; strategies, penalties, stops, refusals."""

import pytest
import torch

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.sets import StringSet
from tests.torch_library.torch_calls import call, error_of, integers, listed


def successor(vocabulary: int = 10) -> torch.nn.Embedding:
    """A model whose likeliest token after i is i+1."""
    model = torch.nn.Embedding(vocabulary, vocabulary)
    with torch.no_grad():
        model.weight.copy_(5 * torch.eye(vocabulary).roll(1, dims=1))
    return model


def generator(**settings):
    made = call("torch_generator_create", successor(), None)
    call("torch_generator_config", made, Dictionary({"eos_token_id": 9, **settings}))
    return made


@pytest.mark.parametrize(
    "prompt", [integers(1, 2), listed(1, 2), torch.tensor([1, 2]), torch.tensor([[1, 2]])]
)
@pytest.mark.parametrize("strategy", [None, "greedy", "beam_search"])
def test_greedy_follows_the_model_and_stops_before_the_end_token(prompt, strategy):
    found = call("torch_generate", generator(max_length=50), prompt, strategy)
    assert (found.dtype, found.tolist()) == (torch.int64, [[1, 2, 3, 4, 5, 6, 7, 8]])


def test_the_length_counts_new_tokens():
    assert call("torch_generate", generator(max_length=3), integers(1, 2)).tolist() == [[1, 2, 3, 4, 5]]


@pytest.mark.parametrize(
    ("strategy", "settings"),
    [("top_k", {"top_k": 1}), ("top_p", {"top_p": 1e-9}), ("top_k", {"temperature": 0.01})],
)
def test_a_narrow_choice_is_the_greedy_one(strategy, settings):
    made = generator(max_length=4, strategy=strategy, **settings)
    assert call("torch_generate", made, integers(1)).tolist() == [[1, 2, 3, 4, 5]]


def test_a_random_choice_stays_within_the_k_likeliest_and_follows_the_seed():
    weights = torch.zeros(10, 10)
    weights[:, 3], weights[:, 4] = 2, 1
    model = torch.nn.Embedding.from_pretrained(weights)
    made = call("torch_generator_create", model)
    call("torch_set_generation_params", made, 200, None, 2, None)

    def draw():
        call("torch_manual_seed", 1)
        return call("torch_generate", made, integers(0), "top_k").tolist()[0][1:]

    drawn = draw()
    assert set(drawn) == {3, 4}
    assert 0.6 < drawn.count(3) / len(drawn) < 0.85
    assert draw() == drawn


def test_top_p_keeps_the_token_that_reaches_p_and_drops_the_tail():
    shares = torch.tensor([0.5, 0.3, 0.15, 0.05])
    model = torch.nn.Embedding.from_pretrained(shares.log().repeat(4, 1))
    made = call("torch_generator_create", model)
    call("torch_set_generation_params", made, 200, 1, None, 0.9)
    assert set(call("torch_generate", made, integers(0), "top_p").tolist()[0][1:]) == {0, 1, 2}


@pytest.mark.parametrize("sign", [1, -1])
def test_the_repetition_penalty_weakens_tokens_of_the_text_whatever_the_sign_of_their_logits(sign):
    weights = (torch.tensor([[1.0, 0.9, 0.5]]) - (sign < 0) * 2).repeat(3, 1)
    made = call("torch_generator_create", torch.nn.Embedding.from_pretrained(weights))
    call("torch_generator_config", made, Dictionary({"max_length": 2, "repetition_penalty": 2.0}))
    assert call("torch_generate", made, integers(0)).tolist() == [[0, 1, 0 if sign > 0 else 2]]


def test_beams_find_the_likelier_text_that_begins_less_likely():
    # 0 -> 1 (0.6) or 2 (0.4); after 1 everything is as likely, after 2 comes 3 for sure.
    shares = torch.tensor([[0.0, 0.6, 0.4, 0.0], [0.25] * 4, [0.0, 0.0, 0.0, 1.0], [0.25] * 4])
    made = call("torch_generator_create", torch.nn.Embedding.from_pretrained(shares.log()))
    call("torch_generator_config", made, Dictionary({"max_length": 2, "num_beams": 2}))
    assert call("torch_generate", made, integers(0), "greedy").tolist()[0][1] == 1
    assert call("torch_generate", made, integers(0), "beam_search").tolist() == [[0, 2, 3]]


def test_without_do_sample_nothing_is_drawn():
    made = generator(max_length=4, strategy="top_k", temperature=100, do_sample=None)
    assert call("torch_generate", made, integers(1)).tolist() == [[1, 2, 3, 4, 5]]


@pytest.mark.parametrize(
    ("strategy", "choice"),
    [("greedy", ()), ("top_k", (1, 0.8)), ("top_p", (1e-9, 0.8)), ("beam_search", (2,))],
)
def test_a_strategy_of_its_own_takes_its_settings_with_the_call_and_leaves_those_of_the_generator(
    strategy, choice
):
    made = generator(pad_token_id=0)
    before, name = made.settings, f"torch_generator_{strategy}"
    assert call(name, made, integers(1), 3, *choice).tolist() == [[1, 2, 3, 4]]
    assert call(name, made, integers(5), None, *choice).tolist() == [[5, 6, 7, 8]]
    assert made.settings == before
    assert error_of(name, made, integers(1), -1).startswith(f"Error: {name}: max_length must be ")


def test_several_end_tokens_or_none():
    assert call("torch_generate", generator(eos_token_id=integers(7, 4)), integers(1)).tolist() == [[1, 2, 3]]
    endless = generator(eos_token_id=None, max_length=12)
    assert call("torch_generate", endless, integers(8)).shape == (1, 13)


def test_a_model_is_asked_without_dropout_and_stays_as_trained():
    model = torch.nn.Sequential(successor(), torch.nn.Dropout(0.9))
    made = call("torch_generator_create", model)
    call("torch_generator_config", made, Dictionary({"eos_token_id": 9}))
    assert call("torch_generate", made, integers(1)).tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert model[1].training


def test_a_generator_prints_its_settings():
    made = call("torch_generator_create", successor())
    assert to_text(made) == "TorchGenerator(max_length=100, temperature=1, strategy=greedy)"
    assert call("torch_generator_config", made, None) == "Generator configured successfully"
    assert call("torch_set_generation_params", made, 7, 0.5, None, None) == "Generation parameters updated"
    assert to_text(made) == "TorchGenerator(max_length=7, temperature=0.5, strategy=greedy)"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_length", -1),
        ("temperature", 0),
        ("top_k", 0),
        ("top_p", TRUE),
        ("top_p", 1.5),
        ("strategy", 3),
        ("strategy", "topk"),
        ("do_sample", 0.3),
        ("eos_token_id", 2.5),
        ("eos_token_id", -1),
        ("num_beams", 0),
    ],
)
def test_a_setting_out_of_range_is_named_and_changes_nothing(setting, value):
    made = generator()
    before = made.settings
    text = error_of("torch_generator_config", made, Dictionary({"max_length": 3, setting: value}))
    assert text.startswith(f"Error: torch_generator_config: {setting} must be ")
    assert made.settings == before


def test_unknown_settings_and_strategies_are_told_the_known_ones():
    made = generator()
    text = error_of("torch_generator_config", made, Dictionary({"topk": 3}))
    assert "the settings of a generator have no topk; there are max_length, temperature, top_k" in text
    assert "must be a dictionary or nil" in error_of("torch_generator_config", made, 3)
    braces = StringSet(["top_k", "3"])
    text = error_of("torch_generator_config", made, braces)
    assert "must be a dictionary ({key:value}) or nil, not the set of strings {" in text
    assert "strategy must be one of greedy, top_k" in error_of("torch_generate", made, integers(1), "nucleus")


def test_an_id_outside_the_vocabulary_is_named():
    made = call("torch_generator_create", torch.nn.Embedding(9, 9))
    text = error_of("torch_generate", made, integers(1, 99))
    assert text.startswith("Error in generation: id 99 is outside the table of 9 embeddings")


def test_what_cannot_generate_is_refused():
    broken = call("torch_generator_create", torch.nn.Embedding.from_pretrained(torch.full((3, 3), torch.nan)))
    assert "logits hold NaN" in error_of("torch_generate", broken, integers(0))
    assert error_of("torch_generator_create", 3) == "Generator requires a torch model"
    assert error_of("torch_generate", 3, integers(1)).endswith("a torch generator, not the integer 3")
    assert "integer ids" in error_of("torch_generate", generator(), torch.ones(1))
    assert "integer ids" in error_of("torch_generate", generator(), integers())
    assert "integer ids" in error_of("torch_generate", generator(), torch.ones(2, 2).long())
    no_model = call("torch_generator_create", call("torch_linear", 3, 3))
    assert error_of("torch_generate", no_model, integers(1, 2)).startswith("Error in generation: ")
