"""The same programs with tensors on a GPU; left out where there is none. The processor is the oracle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import to_text
from lispe_kernel.session import Session
from tests.display.samples import KINDS
from tests.torch_library.gpu.copies import on_device
from tests.torch_library.test_train_program import ALL, setting, weights


@pytest.fixture(autouse=True)
def gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU here")


ROOT = Path(__file__).parents[3]

# Each gives what prints alike on both devices.
PROGRAMS = {
    "lists beside tensors": """(setq t (on '((1.0 2.0) (3.0 4.0))))
        (list (tensor_to_list (+ t '(1 2))) (tensor_to_list (* (floats 2 3) t))
              (tensor_item (torch_mse_loss t '((1 2) (3 5)))) (tensor_item (torch_l1_loss t '((1 2) (3 5))))
              (tensor_item (torch_cross_entropy t '(1 0) '(1.0 2.0))))""",
    "elements": """(setq t (on '((1.0 2.0) (3.0 4.0)))) (set@ t 0 1 9) (set@ t '(1) '((5 6))) (set@ t 0 0 7)
        (list (@ t 0 1) (tensor_to_list (->select t 0 1)) (tensor_to_list (@ t '(1 0)))
              (car (tensor_to_list (@@ t 0 1))) (size t)
              (tensor_item (->sum (< 5 t))) (if (< 1 (@ t 0 0)) "more" "less"))""",
    "clamp": "(tensor_to_list (tensor_clamp (on '(1.0 2.0 9.0)) 2 3))",
    "deviation of one": "(tensor_std (on '(1.0)))",
    "rotary beyond its table": """(setq r (to (torch_rotary_embedding 8 16)))
        (maplist (\\ (x) (tensor_to_list (->sum x))) (torch_rotary_forward r 20))""",
    "an encoding": """(setq p (to (torch_positional_encoding 8 16)))
        (tensor_to_list (->sum (torch_forward p (on '((1.0 1 1 1 1 1 1 1)))) 0))""",
    "attention": """(setq a (to (torch_multihead_attention 8 2))) (torch_model_eval a)
        (tensor_shape (torch_forward a (on (maplist (\\ (x) '(1.0 2 3 4 5 6 7 8)) '(1 2 3)))))""",
    "principal axes": """(setq rows (on '((0 0) (1 1.5) (2 2))))
        (map (\\ (x) (floor (* 1000 x))) (@ (torch_pca rows 2) "shares"))""",
    "padding": "(tensor_to_list (torch_pad_sequences (list (on '(2 4 3)) (on '(1))) 5))",
    "gradients": """(setq w (->requires_grad_ (on '(1.0 2.0)))) (setq loss (->sum (* w (on '(3.0 4.0)) w)))
        (torch_backward loss) (tensor_to_list (tensor_grad w))""",
    "an answer of numbers with gradients": """(setq w (->requires_grad_ (on '(1.0 2.0))))
        (tensor_to_list (tensor_create (list (* 2 (@ w 0)) 1 (@ w 1))))""",
}


def _session(where: str) -> Session:
    session = Session()
    session.evaluate(f"""
        (defun to (x) (torch_to_device x "{where}"))
        (defun on (x) (to (tensor_create x)))""")
    return session


def _written(value: object) -> str:
    return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda found: f"{float(found[0]):.4g}", str(value))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_what_it_gives_on_the_processor(name: str) -> None:
    found = []
    for where in ("cpu", "cuda"):
        torch.manual_seed(3)
        session = _session(where)
        found.append(_written(to_text(session.evaluate(PROGRAMS[name]))))
    assert found[0] == found[1]


def _trained(where: str, options: str) -> Session:
    session = _session(where)
    session.evaluate(f"{setting('to')} (setq losses (train m adam batches 'loss {options}))")
    return session


def test_a_training_learns_what_it_learns_on_the_processor() -> None:
    here, there = (_trained(where, f"(? epochs 3) {ALL}") for where in ("cpu", "cuda"))
    assert list(there.evaluate("losses")) == pytest.approx(list(here.evaluate("losses")), rel=1e-4)
    assert all(w.is_cuda for w in weights(there, "m"))


def test_a_checkpoint_goes_on_bit_for_bit_and_opens_without_a_gpu(tmp_path: Path) -> None:
    whole = _trained("cuda", f"(? epochs 4) {ALL}")
    _trained("cuda", f'(? epochs 2) (? file "{tmp_path}/run.pt") {ALL}')
    resumed = _trained("cuda", f'(? epochs 4) (? file "{tmp_path}/run.pt") {ALL}')
    assert list(resumed.evaluate("losses")) == list(whole.evaluate("losses"))
    assert all(map(torch.equal, weights(resumed, "m"), weights(whole, "m")))
    program = f'(println (@ (torch_load_checkpoint "{tmp_path}/run.pt") "epoch") (torch_cuda_is_available))'
    assert _alone(program, tmp_path, CUDA_VISIBLE_DEVICES="") == "4 nil\n"


def _alone(program: str, folder: Path, **environment: str) -> str:
    """What a program prints in a process of its own."""
    file = folder / "alone.lisp"
    file.write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "lispe_kernel", "run", str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, cwd=folder, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_weights_on_disk_keep_no_device(kind: str, tmp_path: Path) -> None:
    session = _session("cuda")
    session.evaluate(f"""
        (setq m (to (torch_model 2 4 1))) (torch_save_model m "{tmp_path}/m.{kind}")
        (setq n (to (torch_model 2 4 1))) (torch_load_model "{tmp_path}/m.{kind}" n)""")
    m, n = (session.namespace[name].state_dict() for name in "mn")
    assert all(torch.equal(m[k], n[k]) and n[k].is_cuda for k in m)


SESSION = """
(defun to (x) (if (torch_cuda_is_available) (torch_to_device x "cuda") x))
(defun on (x) (to (tensor_create x)))
(setq whole (on '((1.0 2 3) (4 5 6)))) (setq part (->select whole 0 1)) (setq wide (->t whole))
(setq m (to (torch_model 2 4 1))) (setq adam (torch_optimizer m 0.01 "adam"))
(torch_backward (->sum (torch_forward m (on '((1.0 2.0)))))) (torch_optimizer_step adam)
(setq same m) (setq beside (tensor_create '(7 8)))
"""
ASKED = """(println (torch_device whole) (torch_device beside) (tensor_to_list part) (tensor_to_list wide)
   (tensor_item (torch_forward m (to (tensor_create '((1.0 2.0))))))
   (block (set@ part 0 50) (@ whole 1 0)) (eq m same)
   (block (torch_backward (->sum (torch_forward m (on '((1.0 2.0)))))) (torch_optimizer_step adam)
      (tensor_item (torch_forward m (to (tensor_create '((1.0 2.0))))))))
   (println (tensor_to_list (to (tensor_randn '(2)))))"""


def test_a_session_comes_back_to_the_gpu_or_to_a_machine_without_one(tmp_path: Path) -> None:
    session = _session("cuda")
    session.evaluate(SESSION)
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    restored = f'(session_restore "{tmp_path}/kept") {ASKED}'
    there = _alone(restored, tmp_path)
    assert there == _alone(restored, tmp_path)
    assert there.startswith("cuda:0 cpu (4 5 6)")
    without = _alone(
        f'(session_restore "{tmp_path}/kept") {ASKED}',
        tmp_path,
        CUDA_VISIBLE_DEVICES="",
    )
    # The numbers that a dropout draws, and PyTorch's own warnings, are others.
    first = [_written(text).splitlines()[0] for text in (there, without)]
    assert first[1].replace("cpu cpu", "cuda:0 cpu", 1) == first[0]
    # Nothing changed, so nothing is written; a change on the GPU is seen.
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.safetensors")}
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    assert before == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "kept").rglob("*.safetensors")}
    session.evaluate(f'(set@ whole 0 0 99) (session_save "{tmp_path}/kept")')
    assert (
        _alone(f'(session_restore "{tmp_path}/kept") (println (@ whole 0 0) (@ wide 0 0))', tmp_path)
        == "99 99\n"
    )


def test_random_numbers_of_the_gpu_go_on(tmp_path: Path) -> None:
    session = _session("cuda")
    session.evaluate("(setq t (on (tensor_to_list (tensor_zeros (integers 4 4))))) (torch_manual_seed 5)")
    draw = "(tensor_to_list (torch_scaled_dot_product_attention (+ t 1) (+ t 1) (+ t 1) nil 0.5))"
    session.evaluate(draw)
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    wanted = to_text(session.evaluate(f"(list {draw} {draw} {draw} {draw})"))
    program = f'(session_restore "{tmp_path}/kept") (println (list {draw} {draw} {draw} {draw}))'
    assert _alone(program, tmp_path) == f"{wanted}\n"


# What is tracked tells how long it took; attention and encodings are measured in main memory.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("tracker", "heads", "encodings")])
def test_a_view_shows_what_it_shows_of_the_processor(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    value = KINDS[kind]("name", tmp_path)
    pages = []
    for each in (value, on_device(value, "cuda")):
        made = bundle(each)
        page = str(made.get("text/html", "")) + str(made.get("text/plain", ""))
        pages.append(re.sub(r"data:[^\"')]*", "", page))
    assert len(pages[0]) > 20
    texts = [re.sub(r"<[^>]*>", " ", page) for page in pages]
    texts = [re.sub(r"[\s,]+", " ", text) for text in texts]
    texts = [re.sub(r"(?i)(· )?(device )?(cuda(:0)?|cpu) ?", "", text) for text in texts]
    assert _written(texts[1])[:3000] == _written(texts[0])[:3000]


ADAPTED = """
(torch_manual_seed 4) (setq m (torch_model 8 16 4)) (torch_lora_apply m 2 4.0)
(setq x (tensor_randn '(3 8)))
(setq m (to m)) (setq x (to x))
(setq o (torch_optimizer m 0.1 "adamw"))
(torch_backward (->sum (* (torch_forward m x) (torch_forward m x)))) (torch_optimizer_step o)
"""


def test_adapters_are_made_trained_and_saved(tmp_path: Path) -> None:
    found = []
    for where in ("cpu", "cuda"):
        session = _session(where)
        session.evaluate(ADAPTED)
        session.evaluate(f'(torch_lora_save_adapters m "{tmp_path}/{where}.safetensors")')
        before = session.evaluate("(torch_forward m x)").detach().cpu()
        session.evaluate("(torch_lora_merge m)")
        after = session.evaluate("(torch_forward m x)").detach().cpu()
        assert torch.allclose(before, after, atol=1e-5)
        found.append(after)
    assert torch.allclose(*found, atol=1e-4)


INSIDE = """
(torch_manual_seed 4) (setq m (to (torch_transformer_block 8 2 16))) (torch_model_eval m)
(setq x (to (tensor_randn '(1 3 8))))
"""


@pytest.mark.parametrize(
    "asked",
    [
        "(torch_trace m x (? gradients true))",
        "(torch_attentions m x)",
        '(torch_activations m x "norm1")',
        "(graph m x)",
        "(graph m)",
        "(torch_trace m (tensor_to_list x))",
    ],
)
def test_looking_inside(asked: str) -> None:
    texts = []
    for where in ("cpu", "cuda"):
        session = _session(where)
        session.evaluate(INSIDE)
        value = session.evaluate(asked)
        text = to_text(value)
        texts.append(
            _written(re.sub(r"\d[\d.]* (ms|us|µs|s|MB|KB|B)\b|(?i:cuda(:0)?|cpu)|\s+", "", text))[:2000]
        )
    assert texts[0] == texts[1]


WRONG = {
    "an id outside the table": "(torch_embedding_forward (to (torch_embedding 3 2)) (on '(0 5)))",
    "a class outside the logits": "(torch_cross_entropy (on '((1.0 2.0))) (on '(7)))",
    "a class outside of log probabilities": "(torch_nll_loss (on '((-1.0 -2.0))) (on '(7)))",
    "an index outside": "(@ (on '(1 2 3)) (on '(9)))",
    "an index of gather": "(tensor_gather (on '((1 2 3))) 1 (on '((9))))",
    "a model that looks up": "(torch_forward (to (torch_ema (torch_embedding 3 2))) (on '(0 5)))",
    "another device": "(+ (on '(1.0 2.0)) (tensor_create '(1.0 2.0)))",
    "a module on another device": "(torch_forward (torch_linear 2 1) (on '((1.0 2.0))))",
}


@pytest.mark.parametrize("name", WRONG)
def test_an_error_leaves_the_session_whole(name: str, tmp_path: Path) -> None:
    """In a process of its own: an assertion on the GPU ends the GPU for its whole process."""
    program = f"""
        (defun to (x) (torch_to_device x "cuda")) (defun on (x) (to (tensor_create x)))
        (setq kept (on '(1.0 2.0)))
        (println (catch {WRONG[name]}))
        (println (catch (tensor_to_list kept)))"""
    said = _alone(program, tmp_path)
    print(said)
    assert "Traceback" not in said
    if "model" in name and "looks" in name:
        # Inside a model nobody asks: the words say what there is to do.
        assert "stopped the GPU" in said
    else:
        assert "(1 2)" in said.splitlines()[-1]


def test_a_group_of_one_on_the_gpu(tmp_path: Path) -> None:
    program = """(println (torch_distributed) (torch_rank))
       (setq m (torch_to_device (torch_linear 2 1) "cuda")) (setq p (torch_parallel m))
       (setq t (torch_to_device (tensor_create '(1.0 2.0)) "cuda"))
       (println (tensor_to_list (torch_all_reduce t)) (tensor_to_list (torch_broadcast t 0))
                (torch_device (torch_all_reduce t)))
       (torch_backward (->sum (torch_forward p (tensor_reshape t '(1 2)))))
       (println (torch_barrier))"""
    file = tmp_path / "one.lisp"
    file.write_text(program)
    command = [sys.executable, "-m", "lispe_kernel", "run", "--ranks", "1", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=200)
    print(done.stdout, done.stderr)
    assert done.stdout.splitlines()[-1] == "true"


def test_two_ranks_and_one_gpu(tmp_path: Path) -> None:
    file = tmp_path / "two.lisp"
    file.write_text('(println (torch_distributed (? device "cpu")) (torch_all_reduce (+ 1 (torch_rank))))')
    command = [sys.executable, "-m", "lispe_kernel", "run", "--ranks", "2", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=200)
    print(done.stdout, done.stderr)
    assert "2 3" in done.stdout
    file.write_text("(println (torch_distributed))")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=200)
    print(done.stdout, done.stderr)
    assert torch.cuda.device_count() > 1 or "this machine has 1 GPU" in done.stdout + done.stderr


_SHARED = "2 ranks, joined on the CPU: there are fewer GPUs than ranks"


def test_ranks_of_a_notebook(tmp_path: Path) -> None:
    pytest.importorskip("ipyparallel")
    session = Session()
    said = to_text(session.evaluate("(ranks 2)"))
    assert said == ("2 ranks" if torch.cuda.device_count() > 1 else _SHARED)
    session.evaluate("(ranks 0)")


def test_cuda_functions() -> None:
    session = _session("cuda")
    said = to_text(
        session.evaluate("""(list (torch_cuda_is_available) (< 0 (torch_cuda_device_count))
        (< 0 (torch_cuda_memory_total)) (< 0 (torch_cuda_memory_allocated)) (torch_set_device 0)
        (torch_cuda_empty_cache) (torch_get_best_device)
        (torch_device (torch_to_cuda (tensor_create '(1)))) (torch_device (torch_to_cpu (on '(1)))))""")
    )
    assert said.startswith("(true true true true")
    assert said.endswith('"cuda:0" "cpu")')
    with pytest.raises(LispeError):
        session.evaluate('(torch_to_device (on \'(1)) "cuda:9")')
