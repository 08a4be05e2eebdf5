"""Loaded models: identifiers, caches, attention weights, weights by name and role."""

import pytest
import torch

from lispe_kernel import LispeError, Session
from lispe_kernel.language.printer import to_text
from tests.torch_library.hugging_face.tiny_folders import changed, saved

IDS = torch.tensor([[1, 5, 7, 9, 3, 2, 8, 30, 31, 39, 11, 12], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]])


@pytest.fixture
def session(llama):
    made = Session()
    made.namespace["folder"], made.namespace["ids"] = str(llama), IDS
    made.evaluate('(setq id (torch_hf_load_model folder {"device":"cpu" "manual_attention":1}))')
    return made


def test_a_limited_cache_forgets_as_a_window_does(llama, tmp_path):
    made = Session()
    window = changed(
        llama, tmp_path, sliding_window=5, model_type="mistral", architectures=["MistralForCausalLM"]
    )
    made.namespace.update(folder=str(llama), window=str(window))
    made.evaluate("""
    (torch_hf_load_model folder {"max_cache_len":4}) (torch_hf_load_model window)
    """)
    made.evaluate("(setq limited (torch_hf_enable_kv_cache folder true))")
    made.evaluate("(setq free (torch_hf_enable_kv_cache window true))")
    for position in range(12):
        made.namespace["now"] = IDS[:, position : position + 1]
        here = made.evaluate("(torch_hf_forward folder now limited)")
        there = made.evaluate("(torch_hf_forward window now free)")
        assert torch.allclose(here, there, atol=1e-5)
    assert to_text(made.evaluate("limited")) == "KV Cache (4 positions)"


def test_a_call_that_broke_off_leaves_the_cache_usable(session):
    model = session.evaluate("(torch_hf_model id)")
    wanted = session.evaluate("(torch_hf_forward id ids)")
    session.evaluate("(setq cache (torch_hf_enable_kv_cache id true))")
    session.evaluate("(torch_hf_forward id (tensor_slice ids 1 0 4) cache)")

    def broken(*_):
        raise KeyboardInterrupt

    hook = model.model.layers[1].register_forward_pre_hook(broken)
    with pytest.raises(KeyboardInterrupt):
        session.evaluate("(torch_hf_forward id (tensor_slice ids 1 4 6) cache)")
    hook.remove()
    rest = session.evaluate("(torch_hf_forward id (tensor_slice ids 1 4 12) cache)")
    assert torch.allclose(rest, wanted[:, 4:], atol=1e-4)


def test_a_state_that_broke_off_says_so_until_it_is_emptied(tmp_path):
    session = Session()
    session.namespace.update(folder=str(saved(tmp_path, "mamba")), ids=IDS)
    session.evaluate("(setq cache (torch_hf_enable_kv_cache (torch_hf_load_model folder) true))")
    session.evaluate("(torch_hf_forward folder ids cache)")

    def broken(*_):
        raise KeyboardInterrupt

    layers = session.evaluate("(torch_hf_model folder)").backbone.layers
    hook = layers[1].register_forward_pre_hook(broken)
    with pytest.raises(KeyboardInterrupt):
        session.evaluate("(torch_hf_forward folder ids cache)")
    hook.remove()
    with pytest.raises(LispeError, match="the cache was interrupted in the middle of a call"):
        session.evaluate("(torch_hf_forward folder ids cache)")
    session.evaluate("(torch_hf_reset_kv_cache cache) (torch_hf_forward folder ids cache)")


def test_a_cache_prints_and_resets(session):
    session.evaluate("(setq cache (torch_hf_enable_kv_cache id true)) (torch_hf_forward id ids cache)")
    assert to_text(session.evaluate("cache")) == "KV Cache (12 positions)"
    session.evaluate("(torch_hf_reset_kv_cache cache)")
    assert to_text(session.evaluate("cache")) == "KV Cache (0 positions)"
    assert to_text(session.evaluate("(torch_hf_enable_kv_cache id nil)")) == "KV Cache (disabled)"


def test_attention_can_be_looked_at_with_the_models_own_tokens(session):
    assert session.evaluate("(torch_hf_forward_attention_scores id 0)") is None
    session.evaluate("(torch_hf_forward_manual id ids)")
    assert session.evaluate("(torch_hf_forward_attention_size id)") == 2
    scores = session.evaluate("(torch_hf_forward_attention_scores id 1)")
    assert list(scores.shape) == [2, 4, 12, 12]
    assert torch.allclose(scores.sum(-1), torch.ones(2, 4, 12), atol=1e-5)
    assert scores.triu(1).abs().max() == 0
    session.namespace.update(one=IDS[0, :6], scores=scores[:1, :, :6, :6])
    drawn = session.evaluate("(attention_map scores one (torch_hf_tokenizer id))")
    assert to_text(drawn) == "attention weights of 1 x 4 x 6 x 6 values"
    assert (
        to_text(session.evaluate("(torch_hf_tokens id one)"))
        == '("<s>" "assistant" "hello" "one" "<unk>" "</s>")'
    )
    session.evaluate("(torch_hf_clear_attention_scores id)")
    assert session.evaluate("(torch_hf_forward_attention_size id)") == 0


def test_a_model_belongs_to_its_session(session):
    other = Session()
    other.namespace["folder"], other.namespace["ids"] = session.namespace["folder"], IDS
    with pytest.raises(LispeError, match="Model not loaded: "):
        other.evaluate("(torch_hf_forward folder ids)")
    assert session.evaluate("(size (torch_hf_loaded_models))") == 1
    session.evaluate("(torch_hf_unload_model id)")
    with pytest.raises(LispeError, match="Model not loaded: "):
        session.evaluate("(torch_hf_forward id ids)")


def test_longer_contexts_are_those_of_transformers(llama, tmp_path):
    import transformers

    rope = {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}
    folder = changed(llama, tmp_path, rope_parameters=rope)
    with torch.no_grad():
        wanted = transformers.AutoModelForCausalLM.from_pretrained(folder)(IDS).logits
    session = Session()
    session.namespace.update(folder=str(llama), scaled=str(folder), ids=IDS)
    session.evaluate('(torch_hf_load_model folder {"rope_scaling":4})')
    assert torch.equal(session.evaluate("(torch_hf_forward folder ids)"), wanted)
    with pytest.raises(LispeError, match="has no plain rotary positions to scale"):
        session.evaluate('(torch_hf_load_model scaled {"rope_scaling":2})')


def test_no_graph_is_kept_unless_something_is_to_learn(session):
    assert not session.evaluate("(torch_hf_forward id ids)").requires_grad
    session.evaluate("(torch_model_train (torch_hf_model id))")
    assert session.evaluate("(torch_hf_forward id ids)").requires_grad


@pytest.mark.parametrize(
    ("expression", "shape"),
    [
        ("(torch_hf_get_o_weight id 1)", [16, 16]),
        ("(torch_hf_get_up_weight id 0)", [24, 16]),
        ("(torch_hf_get_down_weight id 0)", [16, 24]),
        ("(torch_hf_get_v_weight id 0)", [8, 16]),
        ('(torch_hf_get_weight id "model.norm.weight")', [16]),
        ("(torch_hf_embeddings id (integers 1 2 3))", [3, 16]),
        ("(torch_hf_forward id (tensor_create (integers 1 2)))", [1, 2, 40]),
    ],
)
def test_weights_can_be_looked_at(session, expression, shape):
    assert list(session.evaluate(expression).shape) == shape


def test_facts_of_a_model(session):
    names = session.evaluate("(torch_hf_list_weights id)")
    assert len(names) == 21
    assert names == sorted(names)
    layer = 2 * 16 + 16 * (16 + 8 + 8 + 16) + 3 * 16 * 24
    assert session.evaluate("(torch_hf_memory_usage id)") == 4 * (40 * 16 * 2 + 16 + 2 * layer)
    assert session.evaluate("(torch_hf_get_rms_norm_eps id)") == 1e-6
    summary = to_text(session.evaluate("(torch_hf_model_summary id)")).splitlines()
    assert summary[:3] == ["HF Model Summary", "architecture: LlamaForCausalLM", "layers: 2, hidden size: 16"]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("(torch_hf_get_q_weight id 2)", "Invalid layer index"),
        ('(torch_hf_get_q_weight id "x")', "Missing or invalid layer index"),
        ('(torch_hf_get_weight id "x")', "Weight not found: x"),
        ("(torch_hf_forward id 3)", "Input must be a torch tensor"),
        ("(torch_hf_forward id ids 3)", "Error: Expecting kv cache object"),
        ("(torch_hf_forward id (tensor_ones (integers 1 2)))", "must be an integer tensor"),
        ("(torch_hf_forward id (tensor_create (integers 99)))", "id 99 is outside the vocabulary of 40"),
        ("(torch_hf_forward id ids nil '(1 0))", "the mask must hold 1 (a token) or 0 (padding)"),
        ("(torch_hf_reset_kv_cache 3)", "Error: Expecting a kv cache type"),
        ('(torch_hf_forward_manual "x" ids)', "Error: Model not found: x"),
        ("(torch_hf_lora_merge id)", "Model is not a LoRA model"),
        ('(torch_hf_lora_merge "x")', "Model not found: x"),
    ],
)
def test_errors_say_what_was_wrong(session, expression, text):
    with pytest.raises(LispeError) as caught:
        session.evaluate(expression)
    assert text in caught.value.text
