"""Training that stops, is killed, and goes on in a new process: the same weights, bit for bit."""

import signal

import pytest
import torch

from lispe_kernel import Session, to_text
from tests.fresh_processes import run
from tests.torch_library.persistence_modules import FORMATS, equal_tensors

# Seconds: each test waits for processes that import torch, which takes minutes on a very busy machine.
pytestmark = pytest.mark.timeout(600)

# Training with everything that could spoil exactness: dropout, random data, momentum, a schedule.
TRAINING = """
(setq start (integer (@ _args 0)))
(setq stop (integer (@ _args 1)))
(setq path (@ _args 2))
(torch_manual_seed 5)
(setq model (torch_model 3 8 1))
(setq attention (torch_flash_attention_create 8 2 0.3 true))
(setq optimizer (torch_optimizer (@ (@ "m" model) (@ "a" attention)) 0.01 "adam"))
(setq scheduler (torch_lr_scheduler optimizer "cosine" (dictionary "total_steps" 40 "initial_lr" 0.01)))
(setq both (@ (@ "m" model) (@ "a" attention)))
(if (> start 0) (setq start (torch_resume_checkpoint path both optimizer scheduler)))
(loop (epoch start stop)
    (torch_optimizer_zero_grad optimizer)
    (setq x (tensor_randn (list 4 5 8)))
    (setq y (torch_flash_attention_forward attention x x x))
    (setq out (torch_forward model (tensor_randn (list 16 3))))
    (torch_backward (tensor_add (torch_mse_loss out (tensor_ones (list 16 1))) (torch_mse_loss y x)))
    (torch_optimizer_step optimizer)
    (torch_scheduler_step scheduler)
    (torch_save_checkpoint both optimizer (+ epoch 1) path (dictionary "loss" 1) scheduler)
)
(println "trained")
"""

# The data of each epoch are the program's own draws, of every kind that LispE has. A resumed run has another
# seed: what it draws must come from the checkpoint.
OWN_DRAWS = """
(setq start (integer (@ _args 0)))
(setq stop (integer (@ _args 1)))
(setq path (@ _args 2))
(random_seed (+ 7 start))
(torch_manual_seed 5)
(setq model (torch_model 6 4 1))
(setq optimizer (torch_optimizer model 0.01 "adam"))
(if (> start 0) (setq start (torch_resume_checkpoint path model optimizer)))
(loop (epoch start stop)
    (setq row (list 0.5 (/ (random 1000) 1000.0)))
    (push row (@ (uniform_distribution 3 0 1) 1))
    (push row (@ (normal_distribution 3 0 1) 2))
    (push row (random_choice 1 (list 1.5 2.5 3.5) 3))
    (push row (/ (count (bernoulli_distribution 20 0.5) true) 20.0))
    (setq x (tensor_create (floats (shuffle row))))
    (torch_optimizer_zero_grad optimizer)
    (torch_backward (torch_mse_loss (torch_forward model x) (tensor_ones (list 1))))
    (torch_optimizer_step optimizer)
    (torch_save_checkpoint model optimizer (+ epoch 1) path (dictionary "row" row)))
(println "trained")
"""

RUN = """
import os, signal, sys
from lispe_kernel import Session
Session(sys.argv[2:]).evaluate(open(sys.argv[1]).read(), "training")
sys.stdout.flush()
if sys.argv[-1] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def train(first: int, last: int, path: str, *, kill: bool = False) -> None:
    """Train in a process of its own, which is killed afterwards where the test says so."""
    done = run(RUN, "training.lisp", first, last, path, "kill" if kill else "end")
    assert done.stdout == "trained\n", done.stderr[-1500:]
    assert done.returncode == (-signal.SIGKILL if kill else 0)


def test_ten_epochs_equal_five_a_kill_and_five_more_bit_for_bit(in_folder):
    (in_folder / "training.lisp").write_text(TRAINING)
    train(0, 10, "whole.pt")
    train(0, 5, "halves.pt", kill=True)
    halfway = torch.load("halves.pt", weights_only=True)
    assert halfway["epoch"] == 5
    train(5, 10, "halves.pt")
    whole, halves = (torch.load(path, weights_only=True) for path in ("whole.pt", "halves.pt"))
    assert whole["epoch"] == halves["epoch"] == 10
    assert equal_tensors(whole["model"], halves["model"])
    assert not equal_tensors(whole["model"], halfway["model"])
    assert torch.equal(whole["random"]["torch"], halves["random"]["torch"])
    for index, moments in whole["optimizer"]["state"].items():
        assert equal_tensors(moments, halves["optimizer"]["state"][index])


def test_the_own_random_numbers_of_a_program_go_on_after_a_kill(in_folder):
    (in_folder / "training.lisp").write_text(OWN_DRAWS)
    train(0, 6, "whole.pt")
    train(0, 3, "halves.pt", kill=True)
    train(3, 6, "halves.pt")
    whole, halves = (torch.load(path, weights_only=True) for path in ("whole.pt", "halves.pt"))
    assert whole["epoch"] == halves["epoch"] == 6
    assert whole["metrics"]["row"] == halves["metrics"]["row"]
    assert equal_tensors(whole["model"], halves["model"])


DRAWS = [
    "(random 1000000)",
    "(random_choice 9 (list 1 2 3 4 5 6 7) 7)",
    "(shuffle (list 1 2 3 4 5 6 7 8 9))",
    "(uniform_distribution 3 0 1)",
    "(normal_distribution 3 0 1)",
    "(bernoulli_distribution 40 0.5)",
    "(uuid)",
]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("draw", DRAWS)
def test_a_resume_draws_again_what_was_drawn_after_the_checkpoint(draw, suffix, in_folder):
    session = Session()
    session.evaluate('(setq m (torch_model 2 3 1)) (setq o (torch_optimizer m 0.1 "sgd"))')
    drawn = session.evaluate(f'(block (torch_save_checkpoint m o 1 "c{suffix}") {draw})')
    again = session.evaluate(f'(block (torch_resume_checkpoint "c{suffix}" m o) {draw})')
    assert to_text(drawn) == to_text(again)


def test_a_checkpoint_without_the_session_s_generators_still_resumes(in_folder):
    session = Session()
    session.evaluate('(setq m (torch_model 2 3 1)) (setq o (torch_optimizer m 0.1 "adam"))')
    session.evaluate('(torch_save_checkpoint m o 4 "c.pt")')
    content = torch.load("c.pt", weights_only=True)
    del content["random"]["session"], content["trained"]
    torch.save(content, "old.pt")
    assert session.evaluate('(torch_resume_checkpoint "old.pt" m o)') == 4
