"""Hugging Face folders: logits equal to transformers', caches, adapters, generation, refusals."""

import json

import pytest
import torch

from lispe_kernel import LispeError, Session
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.torch_library.hugging_face import files as hf_files
from lispe_kernel.torch_library.hugging_face.key_value_cache import Context

CPU = torch.device("cpu")
SMALL = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,  # large enough for a wrong rotation or mask to show
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
    "rope_theta": 10000.0,
}
VARIANTS = {
    "Llama": {},
    "Llama, tied": {"tie_word_embeddings": True},
    "Llama, 3.1 frequencies": {"rope_parameters": LLAMA3},
    "Llama, linear frequencies": {
        "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}
    },
    "Llama, wide heads": {"head_dim": 8},
    "Llama, biases": {"attention_bias": True, "mlp_bias": True},
    "Mistral, window": {"sliding_window": 3},
    "Qwen2": {},
    "Qwen3": {"head_dim": 4},
}
IDS = torch.tensor([[1, 5, 7, 9, 3, 2, 8, 30, 31, 0, 11, 12], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]])


def saved(folder, name: str, settings: dict) -> torch.Tensor:
    """Save a random model of transformers; gives its logits for IDS."""
    import transformers

    family = name.partition(",")[0]
    config = getattr(transformers, f"{family}Config")(**{**SMALL, **settings})
    torch.manual_seed(0)
    model = getattr(transformers, f"{family}ForCausalLM")(config).eval()
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            # Fresh biases are 0 and fresh norms 1, which would hide that they are left out.
            if parameter_name.endswith("bias"):
                parameter.normal_()
            if "norm" in parameter_name:
                parameter.uniform_(0.5, 1.5)
        model.save_pretrained(folder)
        return model(IDS).logits


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    return str(folder), saved(folder, "Llama", {})


@pytest.mark.parametrize("variant", VARIANTS)
def test_logits_are_those_of_transformers(tmp_path, variant):
    expected = saved(tmp_path, variant, VARIANTS[variant])
    model = hf_files.load(str(tmp_path), CPU)
    assert torch.allclose(model.forward(IDS, Context(False)), expected, atol=1e-4)
    assert torch.allclose(model.forward(IDS, Context(False), record=True), expected, atol=1e-4)
    cache = Context(True)
    parts = [model.forward(IDS[:, start:end], cache) for start, end in ((0, 4), (4, 5), (5, 12))]
    assert torch.allclose(torch.cat(parts, 1), expected, atol=1e-4)


@pytest.fixture
def session(llama):
    made = Session()
    made.namespace["folder"], made.namespace["ids"] = llama[0], IDS
    made.evaluate('(setq id (torch_hf_load_model folder {"device":"cpu" "manual_attention":1}))')
    return made


def test_a_limited_cache_forgets_the_oldest_and_keeps_its_place(llama):
    model = hf_files.load(llama[0], CPU)
    limited, free = Context(True, 4), Context(True)
    for position in range(12):
        here = model.forward(IDS[:, position : position + 1], limited)
        there = model.forward(IDS[:, position : position + 1], free)
        # One new position and four remembered ones: the fifth is the first that differs.
        assert torch.allclose(here, there, atol=1e-5) is (position < 5)
    assert (limited.position, limited.held, free.held) == (12, 4, 12)


def test_a_call_that_broke_off_leaves_the_cache_usable(llama):
    folder, expected = llama
    model, cache = hf_files.load(folder, CPU), Context(True)
    model.forward(IDS[:, :4], cache)

    def broken(layer, projection, data):
        if layer == 1:
            raise RuntimeError("interrupted")
        return model.project(layer, projection, data)

    with pytest.raises(RuntimeError):
        model.forward(IDS[:, 4:6], cache, broken)
    assert torch.allclose(model.forward(IDS[:, 4:], cache), expected[:, 4:], atol=1e-4)


def test_a_cache_prints_and_resets(session):
    session.evaluate("(setq cache (torch_hf_enable_kv_cache id true)) (torch_hf_forward id ids cache)")
    assert to_text(session.evaluate("cache")) == "KV Cache (12 positions)"
    session.evaluate("(torch_hf_reset_kv_cache cache)")
    assert to_text(session.evaluate("cache")) == "KV Cache (0 positions)"
    assert to_text(session.evaluate("(torch_hf_enable_kv_cache id nil)")) == "KV Cache (disabled)"


def test_attention_can_be_looked_at(session):
    assert session.evaluate("(torch_hf_forward_attention_scores id 0)") is None
    session.evaluate("(torch_hf_forward_manual id ids)")
    assert session.evaluate("(torch_hf_forward_attention_size id)") == 2
    scores = session.evaluate("(torch_hf_forward_attention_scores id 1)")
    assert list(scores.shape) == [2, 4, 12, 12]
    assert torch.allclose(scores.sum(-1), torch.ones(2, 4, 12), atol=1e-5)
    assert scores.triu(1).abs().max() == 0
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


@pytest.mark.parametrize(
    ("expression", "shape"),
    [
        ("(torch_hf_get_o_weight id 1)", [16, 16]),
        ("(torch_hf_get_up_weight id 0)", [32, 16]),
        ("(torch_hf_get_down_weight id 0)", [16, 32]),
        ("(torch_hf_get_v_weight id 0)", [8, 16]),
        ('(torch_hf_get_weight id "model.norm.weight")', [16]),
        ("(torch_hf_embeddings id (integers 1 2 3))", [3, 16]),
        ("(torch_hf_forward id (tensor_create (integers 1 2)))", [1, 2, 32]),
    ],
)
def test_weights_can_be_looked_at(session, expression, shape):
    assert list(session.evaluate(expression).shape) == shape


def test_facts_of_a_model(session):
    names = session.evaluate("(torch_hf_list_weights id)")
    assert len(names) == 21
    assert names == sorted(names)
    assert session.evaluate("(torch_hf_memory_usage id)") == 4 * (
        32 * 16 * 2 + 16 + 2 * (2 * 16 + 768 + 1536)
    )
    assert session.evaluate("(torch_hf_get_rms_norm_eps id)") == 1e-6
    summary = to_text(session.evaluate("(torch_hf_model_summary id)")).splitlines()
    assert summary[0] == "HF Model Summary"
    assert summary[1] == "layers: 2, hidden size: 16, feed-forward: 32"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("(torch_hf_get_q_weight id 2)", "Invalid layer index"),
        ('(torch_hf_get_q_weight id "x")', "Missing or invalid layer index"),
        ('(torch_hf_get_weight id "x")', "Weight not found: x"),
        ("(torch_hf_forward id 3)", "Input must be a torch tensor"),
        ("(torch_hf_forward id ids 3)", "Error: Expecting kv cache object"),
        ("(torch_hf_forward id (tensor_ones (integers 1 2)))", "must be an integer tensor"),
        ("(torch_hf_forward id (tensor_create (integers 99)))", "id 99 is outside the vocabulary of 32"),
        ("(torch_hf_reset_kv_cache 3)", "Error: Expecting a kv cache type"),
        ('(torch_hf_forward_manual "x" ids)', "Error: Model not found: x"),
        ("(torch_hf_lora_merge id)", "Model is not a LoRA model"),
        ('(torch_hf_lora_merge "x")', "Model not found: x"),
        ("(torch_hf_generate id (integers) 2 5)", "the input sequence should at least constains beos_id"),
    ],
)
def test_errors_say_what_was_wrong(session, expression, text):
    with pytest.raises(LispeError) as caught:
        session.evaluate(expression)
    assert text in caught.value.text


def test_greedy_generation_follows_the_logits(session):
    found = list(session.evaluate('(torch_hf_generate id (integers 1 5) -1 6 {"greedy":1})'))
    sequence = [1, 5]
    for _ in range(6):
        session.namespace["now"] = torch.tensor([sequence])
        sequence.append(int(session.evaluate("(torch_hf_forward id now)")[0, -1].argmax()))
    assert found == sequence[2:]


def test_generation_stops_with_the_end_token_and_tells_each_token(session):
    first = list(session.evaluate('(torch_hf_generate id (integers 1 5) -1 6 {"greedy":1})'))
    session.namespace["end"] = first[2]
    told = session.evaluate("(defun tell (token data) (push data token)) (setq told (list)) told")
    session.namespace["o"] = Dictionary({"greedy": 1, "callback": session.namespace["tell"], "data": told})
    found = session.evaluate("(torch_hf_generate id (integers 1 5) end 6 o)")
    assert list(found) == first[: first.index(first[2]) + 1]
    assert list(told) == list(found)
    assert list(session.evaluate("(torch_hf_generate id (integers 1 5) 5 6)")) == []


def test_drawn_tokens_follow_the_seed(session):
    def draw(options):
        return list(
            session.evaluate(f"(torch_manual_seed 4) (torch_hf_generate id (integers 1) -1 8 {options})")
        )

    assert draw("") == draw("")
    assert draw('{"topk":1}') == draw('{"greedy":1}') == draw('{"topp":0.0000001}')


@pytest.fixture
def adapted(llama):
    made = Session()
    made.namespace["folder"], made.namespace["ids"] = llama[0], IDS
    made.evaluate('(setq m (torch_hf_load_model_lora "tiny" folder nil))')
    made.evaluate('(torch_hf_lora_init m 4 8 (list "q_proj" "down_proj"))')
    return made


def shaken(session) -> torch.Tensor:
    """The logits after the adapters got random values."""
    with torch.no_grad():
        for tensor in session.evaluate("(torch_hf_lora_get_parameters m)"):
            tensor.normal_(std=0.2)
    return session.evaluate("(torch_hf_forward m ids)").detach()


def test_fresh_adapters_change_nothing_and_trained_ones_do(adapted, llama):
    assert torch.allclose(adapted.evaluate("(torch_hf_forward m ids)"), llama[1], atol=1e-4)
    assert len(adapted.evaluate("(torch_hf_lora_get_parameters m)")) == 8
    losses = []
    adapted.evaluate("(setq o (torch_optimizer_add_params (torch_hf_lora_get_parameters m) 0.05 0.0))")
    for _ in range(15):
        adapted.evaluate("""
        (torch_optimizer_zero_grad o)
        (setq loss (torch_mse_loss (torch_hf_forward m ids) (tensor_zeros (integers 2 12 32))))
        (torch_backward loss)
        (torch_optimizer_step o)
        """)
        losses.append(adapted.evaluate("(tensor_item loss)"))
    assert losses[-1] < 0.8 * losses[0]


def test_merging_keeps_the_outputs_and_unmerging_the_weights(adapted, llama):
    before = shaken(adapted)
    weight = adapted.evaluate("(torch_hf_get_q_weight m 0)").clone()
    assert not torch.allclose(before, llama[1], atol=1e-2)
    adapted.evaluate("(torch_hf_lora_merge m)")
    assert torch.allclose(adapted.evaluate("(torch_hf_forward m ids)"), before, atol=1e-4)
    assert not torch.equal(adapted.evaluate("(torch_hf_get_q_weight m 0)"), weight)
    adapted.evaluate("(torch_hf_lora_enable m nil)")
    assert torch.allclose(adapted.evaluate("(torch_hf_forward m ids)"), llama[1], atol=1e-4)
    adapted.evaluate("(torch_hf_lora_enable m true) (torch_hf_lora_unmerge m)")
    assert torch.equal(adapted.evaluate("(torch_hf_get_q_weight m 0)"), weight)
    assert torch.equal(adapted.evaluate("(torch_hf_forward m ids)").detach(), before)


def test_adapters_come_back_from_their_file(adapted, tmp_path):
    adapted.namespace["file"] = str(tmp_path / "adapters.pt")
    before = shaken(adapted)
    adapted.evaluate("(torch_hf_lora_save m file)")
    names = set(torch.load(tmp_path / "adapters.pt", weights_only=True))
    assert "layer.1.down_proj.lora_B.weight" in names
    assert len(names) == 8
    shaken(adapted)
    adapted.evaluate("(torch_hf_lora_load m file)")
    assert torch.equal(adapted.evaluate("(torch_hf_forward m ids)").detach(), before)
    adapted.evaluate('(torch_hf_lora_init m 2 8 (list "q_proj" "down_proj"))')
    with pytest.raises(LispeError, match=r"layer\.1\.down_proj\.lora_A\.weight is \[4,32\] in the file and"):
        adapted.evaluate("(torch_hf_lora_load m file)")


def test_adapters_are_converted_to_the_models_dtype(adapted, tmp_path):
    adapted.namespace["file"] = str(tmp_path / "adapters.pt")
    shaken(adapted)
    adapted.evaluate("(torch_hf_lora_save m file)")
    saved = torch.load(tmp_path / "adapters.pt", weights_only=True)
    adapted.evaluate('(torch_hf_lora_init m 4 8 (list "q_proj" "down_proj") "bfloat16")')
    adapted.evaluate("(torch_hf_lora_load m file)")
    loaded = adapted.evaluate("(torch_hf_lora_get_parameters m)")
    assert any(torch.equal(saved["layer.0.q_proj.lora_A.weight"].bfloat16(), t) for t in loaded)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('4 8 (list "x_proj")', "not x_proj"),
        ("4 8 (list)", "at least one"),
        ('4 8 (list "q_proj") "int4"', "unknown dtype 'int4'"),
        ('0 8 (list "q_proj")', "a positive integer"),
    ],
)
def test_adapters_that_cannot_be_made_are_refused(adapted, arguments, text):
    with pytest.raises(LispeError) as caught:
        adapted.evaluate(f"(torch_hf_lora_init m {arguments})")
    assert text in caught.value.text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"hidden_act": "gelu"}, "only Llama-style models"),
        (
            {"rope_scaling": {"type": "yarn", "factor": 2.0}, "rope_parameters": None},
            "'yarn' is not supported",
        ),
        ({"num_hidden_layers": 3}, "Error validating HF model: model.layers.2"),
        ({"vocab_size": 33}, "config.json says [33, 16]"),
        ({"num_attention_heads": 0}, "num_attention_heads must be a positive integer"),
        ({"num_experts": 4}, "mixtures of experts"),
        ({"model_type": "granite"}, "models of type granite are not supported"),
        ({"partial_rotary_factor": 0.5}, "turned in part"),
    ],
)
def test_a_folder_that_would_be_computed_wrongly_is_refused(llama, tmp_path, change, text):
    source = tmp_path.parent / llama[0]
    (tmp_path / "model.safetensors").symlink_to(source / "model.safetensors")
    config = json.loads((source / "config.json").read_text()) | change
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(LispeError) as caught:
        hf_files.load(str(tmp_path), CPU)
    assert text in caught.value.text


@pytest.mark.parametrize(
    ("name", "shape", "wanted"),
    [
        ("lm_head.weight", (31, 16), "[32, 16]"),
        ("model.layers.1.self_attn.k_proj.bias", (16,), "[8]"),
        ("model.layers.0.self_attn.q_norm.weight", (3,), "[4]"),
    ],
)
def test_a_weight_that_some_models_have_must_fit_too(name, shape, wanted):
    config = hf_files.Config(32, 16, 32, 2, 4, 2, 4, 64)
    weights = {known: torch.zeros(sizes) for known, sizes in hf_files.expected(config).items()}
    hf_files.check(config, weights)
    with pytest.raises(LispeError) as caught:
        hf_files.check(config, {**weights, name: torch.zeros(shape)})
    assert f"{name} is {list(shape)}, config.json says {wanted}" in caught.value.text


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(LispeError, match=r"Cannot open config file: .*config\.json"):
        hf_files.load(str(tmp_path), CPU)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(LispeError, match="Error validating HF model: no weights"):
        hf_files.load(str(tmp_path), CPU)
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(LispeError, match="Error loading HF model: "):
        hf_files.load(str(tmp_path), CPU)
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(LispeError, match="is no JSON"):
        hf_files.load(str(tmp_path), CPU)
