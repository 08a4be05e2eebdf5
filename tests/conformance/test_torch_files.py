"""The rows of the torch conformance tables that only Python can judge: files, frozen weights, foreign models.

LispE writes and Python reads with plain PyTorch, or Python writes (an adapter file, a TorchScript module, a
tiny Llama) and LispE reads. Numbers of the rows come from section 22 of the torch reference.
"""

import contextlib
import io

import pytest
import torch
from conformance_cases import numbers_in

from lispe_kernel import Session

SCALARS = {
    "(torch_linear 512 256)": 131_328,
    "(torch_model 4 64 2)": 4_610,
    "(torch_model 784 128 10)": 118_282,
    "(torch_multihead_attention 512 8)": 1_050_624,
    "(torch_transformer_block 64 4 128)": 33_472,
    "(torch_flash_attention_create 256 8 0 true)": 263_168,
}

ADAPTED = """
(setq l (torch_linear 8 5))
(setq a (torch_lora_apply_to_linear l 2 4))
(setq x (tensor_ones (integers 3 8)))
(defun gap (p q) (tensor_max (tensor_abs (tensor_sub p q))))
"""


class Lispe:
    """A Session that answers with the text which `println` gives for an expression."""

    def __init__(self) -> None:
        self.session = Session()

    def run(self, program: str) -> None:
        self.session.evaluate(program)

    def says(self, expression: str) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.session.evaluate(f"(println {expression})")
        return output.getvalue().removesuffix("\n")

    def numbers(self, tensor: str) -> torch.Tensor:
        """The elements of a LispE tensor in row-major order, as far as six printed digits tell."""
        return torch.tensor(numbers_in(self.says(f"(floats {tensor})")))


@pytest.fixture
def lispe(in_folder):
    return Lispe()


@pytest.fixture
def adapted(lispe):
    lispe.run(ADAPTED)
    return lispe


def contents(path: str) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)


def shapes(path: str) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in contents(path).items()}


def write_adapters(path: str, a: torch.Tensor, b: torch.Tensor) -> None:
    torch.save({"lora_A.weight": a, "lora_B.weight": b}, path)


def write_random_adapters(path: str, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    write_adapters(path, torch.randn(2, 8, generator=draw), torch.randn(5, 2, generator=draw))


@pytest.mark.parametrize("make", SCALARS)
def test_56_a_module_has_its_number_of_scalars(lispe, make):
    lispe.run(f'(torch_save_model {make} "module.pt")')
    assert sum(tensor.numel() for tensor in contents("module.pt").values()) == SCALARS[make]


def test_74_a_linear_s_file_is_a_plain_state_dict(lispe):
    lispe.run('(torch_save_model (torch_linear 4 2) "a.pt")')
    assert shapes("a.pt") == {"weight": [2, 4], "bias": [2]}


def test_87_adapters_of_ones_give_a_delta_of_four(adapted):
    write_adapters("ones.pt", torch.ones(2, 8), torch.ones(5, 2))
    adapted.run('(torch_lora_load_adapters a "ones.pt") (setq delta (torch_lora_compute_delta a))')
    assert adapted.says("(list (tensor_min delta) (tensor_max delta))") == "(4 4)"
    assert numbers_in(adapted.says("(torch_lora_get_adaptation_magnitude a)")) == pytest.approx([25.29822])


def test_88_merging_keeps_the_output_and_happens_once(adapted):
    write_random_adapters("some.pt", 1)
    adapted.run('(torch_lora_load_adapters a "some.pt") (setq y (torch_lora_forward a x))')
    assert adapted.says("(> (gap y (torch_linear_forward l x)) 0.1)") == "true"
    assert adapted.says("(torch_lora_merge_weights a)") == "LoRA weights merged successfully"
    assert adapted.says("(< (gap y (torch_lora_forward a x)) 0.00001)") == "true"
    assert adapted.says("a").endswith("merged=true)")
    adapted.run("(setq merged (torch_lora_forward a x)) (torch_lora_merge_weights a)")
    assert adapted.says("(gap merged (torch_lora_forward a x))") == "0"


def test_89_a_merged_layer_s_file_is_a_linear_s(adapted):
    write_random_adapters("some.pt", 2)
    adapted.run('(torch_lora_load_adapters a "some.pt") (torch_lora_merge_weights a)')
    adapted.run('(torch_save_model a "merged.pt") (torch_load_model "merged.pt" l)')
    assert shapes("merged.pt") == {"weight": [5, 8], "bias": [5]}
    assert adapted.says("(< (gap (torch_lora_forward a x) (torch_linear_forward l x)) 0.00001)") == "true"


@pytest.mark.parametrize(
    ("make", "numbers"),
    [("(torch_lora_linear 8 5 2 4)", 26), ("(torch_lora_linear 4096 4096 16 32)", 131_072)],
)
def test_90_an_adapter_file_holds_a_and_b_only(lispe, make, numbers, tmp_path):
    lispe.run(f'(torch_lora_save_adapters {make} "ad.pt")')
    assert contents("ad.pt").keys() == {"lora_A.weight", "lora_B.weight"}
    assert sum(tensor.numel() for tensor in contents("ad.pt").values()) == numbers
    assert (tmp_path / "ad.pt").stat().st_size < 4 * numbers + 4096


def test_91_adapters_can_be_exchanged_and_brought_back(adapted):
    write_random_adapters("one.pt", 3)
    write_random_adapters("two.pt", 4)
    adapted.run('(torch_lora_load_adapters a "one.pt") (setq one (torch_lora_forward a x))')
    adapted.run('(torch_lora_load_adapters a "two.pt") (setq two (torch_lora_forward a x))')
    assert adapted.says("(> (gap one two) 0.1)") == "true"
    adapted.run('(torch_lora_load_adapters a "one.pt")')
    assert adapted.says("(gap one (torch_lora_forward a x))") == "0"


def test_92_training_the_adapters_leaves_the_base_alone(adapted):
    adapted.run("""
    (torch_save_model a "before.pt")
    (setq optimizer (torch_optimizer_add_params (torch_lora_trainable_params a) 0.1 0.01))
    (torch_backward (torch_mse_loss (torch_lora_forward a x) (tensor_zeros (integers 3 5))))
    (torch_optimizer_step optimizer)
    (torch_save_model a "after.pt")
    """)
    before, after = contents("before.pt"), contents("after.pt")
    assert before.keys() == {"original.weight", "original.bias", "lora_A.weight", "lora_B.weight"}
    assert torch.equal(before["original.weight"], after["original.weight"])
    assert torch.equal(before["original.bias"], after["original.bias"])
    assert not torch.equal(before["lora_B.weight"], after["lora_B.weight"])


def test_131_a_torchscript_module_answers_until_it_is_unloaded(lispe):
    layer = torch.nn.Linear(3, 2)
    torch.jit.script(layer).save("linear.ts")
    lispe.run('(setq m (torch_jit_load "linear.ts")) (setq x (tensor_create (floats 1 2 3)))')
    expected = layer(torch.tensor([1.0, 2.0, 3.0])).detach()
    torch.testing.assert_close(lispe.numbers("(torch_jit_model_forward m x)"), expected, rtol=1e-5, atol=1e-6)
    lispe.run("(torch_jit_unload m)")
    assert lispe.says("m") == "<TorchJITModel: Not loaded>"


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """A random Llama of two layers, as Hugging Face saves it: the folder, and what it answers to five ids."""
    import transformers  # slow to import, and only these rows need it

    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=False,
        initializer_range=0.3,  # large enough for a wrong rotation or mask to show
    )
    model = transformers.LlamaForCausalLM(config).eval()
    folder = tmp_path_factory.mktemp("llama")
    model.save_pretrained(folder)
    with torch.no_grad():
        logits = model(torch.tensor([[1, 5, 7, 9, 3]])).logits
    return folder, logits


@pytest.fixture
def with_llama(lispe, llama):
    folder, logits = llama
    lispe.run(f"""
    (setq id (torch_hf_load_model "{folder}" {{"device":"cpu"}}))
    (setq ids (tensor_unsqueeze (tensor_create (integers 1 5 7 9 3)) 0))
    (setq logits (torch_hf_forward id ids))
    """)
    return lispe, logits


def test_132_logits_are_those_of_transformers(with_llama):
    lispe, logits = with_llama
    assert lispe.says("(tensor_shape logits)") == "(1 5 32)"
    torch.testing.assert_close(lispe.numbers("logits"), logits.flatten(), rtol=0, atol=1e-4)


def test_132_a_cache_gives_the_same_last_logits(with_llama):
    lispe, logits = with_llama
    lispe.run("""
    (setq cache (torch_hf_enable_kv_cache id true))
    (torch_hf_forward id (tensor_slice ids 1 0 4) cache)
    (setq last_one (torch_hf_forward id (tensor_slice ids 1 4 5) cache))
    """)
    torch.testing.assert_close(lispe.numbers("last_one"), logits[0, -1], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("(torch_hf_model_info id)", '("vocab_size" 32 "hidden_size" 16)'),
        ("(tensor_shape (torch_hf_get_q_weight id 0))", "(16 16)"),
        ("(tensor_shape (torch_hf_get_k_weight id 0))", "(8 16)"),
        ("(tensor_shape (torch_hf_get_qkv_fused_weight id 0))", "(32 16)"),
        ("(tensor_shape (torch_hf_get_gate_weight id 0))", "(32 16)"),
        ("(tensor_shape (torch_hf_get_gate_up_fused_weight id 0))", "(64 16)"),
    ],
)
def test_133_a_loaded_model_can_be_inspected(with_llama, expression, text):
    lispe, _ = with_llama
    assert lispe.says(expression) == text


def test_134_fresh_adapters_leave_the_logits_unchanged(lispe, llama):
    folder, logits = llama
    lispe.run(f"""
    (setq id (torch_hf_load_model_lora "tiny" "{folder}" {{"device":"cpu"}}))
    (torch_hf_lora_init id 4 8 (list "q_proj" "v_proj"))
    (setq ids (tensor_unsqueeze (tensor_create (integers 1 5 7 9 3)) 0))
    """)
    assert lispe.says("(size (torch_hf_lora_get_parameters id))") == "8"
    found = lispe.numbers("(torch_hf_forward id ids)")
    torch.testing.assert_close(found, logits.flatten(), rtol=0, atol=1e-4)


def test_138_the_best_device_and_the_cuda_count_are_pytorch_s(lispe):
    present = {
        "mps": torch.backends.mps.is_available(),
        "cuda": torch.cuda.is_available(),
        "cpu": True,
    }
    best = next(name for name, is_there in present.items() if is_there)
    assert lispe.says("(torch_get_best_device)") == best
    assert lispe.says("(torch_cuda_device_count)") == str(torch.cuda.device_count())
