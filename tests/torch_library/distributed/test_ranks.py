"""Programs on two ranks, started as a user starts them. Processes cost seconds: one run proves much."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.distributed import checkpoint
from torch.distributed.checkpoint import HuggingFaceStorageReader

from lispe_kernel.language.errors import LispeError
from lispe_kernel.running.ranks import RankStream
from lispe_kernel.session import Session
from lispe_kernel.torch_library.distributed import group
from tests.torch_library.torch_calls import call

ROOT = Path(__file__).parents[3]

# Trained by any number of ranks, whole and in shards: the weights must come out the same. Each rank begins
# with other weights and random numbers, so that what they have in common comes from rank 0.
TRAINING = """
(torch_distributed)
(torch_manual_seed (+ 7 (torch_rank)))
(class@ net (layers) (defun forward (x) (loop l layers (setq x (->tanh (l x)))) x))
(setq values (maplist (\\ (x) (- (/ x 24.0) 1)) (iota 48)))
(setq data (tensor_reshape (tensor_to_dtype (tensor_create values) "float32") '(24 2)))
(defun train (m file)
  (setq o (torch_optimizer m 0.05 "adam"))
  (loop x (torch_batches data 8 (? shuffle true))
    (torch_optimizer_zero_grad o)
    (torch_backward (torch_mse_loss (m x) (->sum x 1 (? keepdim true))))
    (setq norm (torch_clip_grad_norm o 0.5))
    (torch_optimizer_step o))
  (setq state (torch_state_dict m))
  (torch_save_model m file)
  (torch_save_checkpoint m o 3 (+ file "-folder/") (dictionary "loss" 0.5))
  (setq other (torch_parallel (net (list (torch_linear 2 5) (torch_linear 5 1)))))
  (torch_load_model file other)
  (list (= state (torch_state_dict other)) (floor (* 1000 norm))))
(setq m (torch_parallel (net (list (torch_linear 2 5) (torch_linear 5 1)))))
(println "trained:" (train m "whole.safetensors"))
(torch_manual_seed (+ 7 (torch_rank)))
(setq m (torch_parallel (net (list (torch_linear 2 5) (torch_linear 5 1))) (? shard true)))
(setq whole (torch_read_state_dict "whole.safetensors"))
(println "in shards:" (train m "shards.safetensors"))
(setq before (torch_state_dict m))
(torch_load_model "whole.safetensors" m)
(torch_load_state_dict m before)
(println "loaded:" (= before (torch_state_dict m)))
(setq o (torch_optimizer m 0.05 "adam"))
(println "resumed:" (torch_resume_checkpoint "whole.safetensors-folder/" m o) (= whole (torch_state_dict m)))
(println "one file:" (catch (torch_save_checkpoint m o 3 "one.pt")))
"""

# Each line prints its name, so that the order of lines does not matter.
PROGRAM = (
    """
(println "before:")
(println "ranks:" (torch_distributed))
(setq r (torch_rank))
(setq t (tensor_create '(1.0 2.0)))
(println "who:" r (torch_world_size) (torch_all_gather r))
(println "sum:" (tensor_to_list (torch_all_reduce (* t (+ r 1)))))
(println "mean:" (tensor_to_list (torch_all_reduce (* t (+ r 1)) "mean")))
(println "numbers:" (torch_all_reduce r) (torch_all_reduce r "mean") (torch_all_reduce (- 5 r) "max"))
(println "exact:" (torch_all_reduce (+ 9007199254740993 r)))
(println "list:" (map (\\ (x) (tensor_to_list x)) (torch_all_gather (* t r))))
(println "from 1:" (tensor_to_list (torch_broadcast (* t (+ r 1)) 1)) (torch_broadcast r 1))
(println "barrier:" (torch_barrier))
(println "shapes:" (catch (torch_all_reduce (tensor_ones (list 2 (+ 2 r))))))
(defun saved (width path)
  (setq n (torch_model 1 width 1))
  (torch_save_checkpoint n (torch_optimizer n 0.1 "sgd") 1 path))
(println "folders:" (catch (saved 1 (+ "r" (string r) "/"))))
(println "tensors:" (catch (saved (+ 1 r) "t/")))
(println "places:" (catch (if (= r 0) (torch_barrier) (torch_all_reduce t))))
(println "operations:" (catch (torch_all_reduce r (if (= r 0) "max" "min"))))
(println "kinds:" (catch (torch_all_gather (if (= r 0) t 3))))
(println "sources:" (catch (torch_broadcast 5 r)))
(println "nobody:" (catch (torch_broadcast t 2)))
(println "whole:" (catch (torch_all_reduce (tensor_create '(1 2)) "mean")))
(println "models:" (catch (torch_parallel (torch_linear 2 (+ 3 r)))))
(setq l (torch_linear 2 3))
(setq early (torch_optimizer l 0.1 "sgd"))
(println "early:" (catch (torch_parallel l (? shard true))))
(setq average (torch_ema l 0.5))
(setq l (torch_parallel (torch_linear 2 3) (? shard true)))
(println "average of one:" (catch (torch_ema_update average l)))
(println "late average:" (catch (torch_ema l 0.5)))
(setq average (torch_parallel average (? shard true)))
(torch_ema_update average l)
(torch_backward (->sum (l (tensor_ones '(1 2)))))
(torch_optimizer_step (torch_optimizer l 0.5 "sgd"))
(torch_ema_update average l)
(setq gap (- (@ (torch_state_dict average) "module.bias") (@ (torch_state_dict l) "bias")))
(println "average:" (integer (+ 0.5 (tensor_sum (* 100 gap)))))
(setq whole (torch_parallel (torch_linear 2 3)))
(setq kept (session_save (+ "session" (string r))))
(println "kept:" (@ kept "left_out" "l"))
(println "kept without:" (@ kept "kept_without" "whole"))
(session_restore (+ "session" (string r)))
(println "restored:" whole)
(println "uneven:" (catch (torch_batches '(1 2 3 4) 3)))
(println "last:" (catch (torch_batches '(1 2 3 4 5) 4)))
(println "data:" (catch (torch_batches (iota (+ 4 r)) 2)))
(setq c ()) (loop x (torch_batches '(1 2 3 4 5) 3 (? share "uneven")) (push c (integer (tensor_sum x))))
(println "shares:" (torch_all_gather (integer (sum c))))
"""
    + TRAINING
)

EXPECTED = {
    "before": "",
    "ranks": "2",
    "who": "0 2 (0 1)",
    "sum": "(3 6)",
    "mean": "(1.5 3)",
    "numbers": "1 0.5 5",
    # Beyond 2^53: no float was in between.
    "exact": "18014398509481987",
    "list": "((0 0) (1 2))",
    "from 1": "(2 4) 1",
    "barrier": "true",
    "shapes": "Error in torch_all_reduce: the ranks disagree about the value: rank 0 sum of float32 [2,2], "
    "rank 1 sum of float32 [2,3]",
    "folders": "Error in torch_save_checkpoint: the ranks disagree about the folder: rank 0 r0/, rank 1 r1/",
    "tensors": "Error in torch_save_checkpoint: the ranks disagree about the tensors: "
    "rank 0 model.fc1.weight float32 [1,1], rank 1 model.fc1.weight float32 [2,1]",
    "places": "Error in torch_barrier: the ranks are at different places: rank 0 torch_barrier, "
    "rank 1 torch_all_reduce",
    "operations": "Error in torch_all_reduce: the ranks disagree about the value: rank 0 max of a number, "
    "rank 1 min of a number",
    # A number on one of them was gathered as the other's description, or ended in an error of Python's.
    "kinds": "Error in torch_all_gather: the ranks disagree about the value: rank 0 float32 [2], "
    "rank 1 a number",
    "sources": "Error in torch_broadcast: the ranks disagree about the value: rank 0 from rank 0 a number, "
    "rank 1 from rank 1 a number",
    "nobody": "Error in torch_broadcast: there is no rank 2; the last one is 1",
    "whole": "Error in torch_all_reduce: a mean of int64 [2] has fractions; convert it with tensor_to_dtype",
    "models": "Error in torch_parallel: the models of the ranks differ: rank 0 weight float32 [3,2], "
    "rank 1 weight float32 [4,2]",
    "early": "Error in torch_parallel: an optimizer of this model was made already, and would not train its "
    "shards; make it afterwards",
    "average of one": "Error: torch_ema_update: one of the two is cut over the ranks and the other is not; "
    "cut both (torch_parallel ... (? shard true))",
    "late average": "Error: torch_ema: the ranks have parts of this model already; make the average first, "
    "then cut both (torch_parallel ... (? shard true))",
    # A step of 0.5 down; the average lies halfway: 0.25 above each of three weights.
    "average": "75",
    "kept": "a model, an optimizer or a tensor of which this rank has only a part; torch_state_dict and "
    "torch_save_checkpoint bring all together (made in p.lisp)",
    "kept without": "the tie to the other ranks (torch_parallel): it comes back as the model itself",
    "restored": "PyTorch Linear Layer",
    "uneven": "Error in torch_batches: 2 ranks cannot share batches of 3 evenly; take a multiple of 2, or "
    '(? share "uneven")',
    "last": "Error in torch_batches: 2 ranks cannot share the last batch of 1 evenly; leave it out by "
    '(? drop_last true), or take (? share "uneven")',
    "data": "Error in torch_batches: the ranks disagree about the data: rank 0 4 samples in batches of 2, "
    "shuffle nil, drop_last nil, rank 1 5 samples in batches of 2, shuffle nil, drop_last nil",
    # (1 2) (4) on the first, (3) (5) on the second.
    "shares": "(7 8)",
    # Beside the norm of the last gradients, which one process measures so: 0.975.
    "trained": "(true 975)",
    "in shards": "(true 975)",
    "loaded": "true",
    "resumed": "3 true",
    "one file": "Error saving checkpoint: the ranks have parts of this model: save it into a folder, a path "
    "that ends in /",
}


def run(folder: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A program as `lispe run` runs it; the two ranks and torchrun share a processor."""
    (folder / "p.lisp").write_text(program)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "lispe_kernel", "run", *words, "p.lisp"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        timeout=170,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def done(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(folder, PROGRAM, "--ranks", "2")


def test_two_ranks_end_well_and_one_of_them_prints(done: subprocess.CompletedProcess[str]) -> None:
    names = [line.partition(":")[0] for line in done.stdout.splitlines()]
    assert (done.returncode, names) == (0, list(EXPECTED)), done.stderr


@pytest.mark.parametrize("name", EXPECTED)
def test_between_two_ranks(done: subprocess.CompletedProcess[str], name: str) -> None:
    lines = dict(line.partition(":")[::2] for line in done.stdout.splitlines())
    assert lines[name].partition(", line:")[0].strip() == EXPECTED[name]


def test_two_ranks_train_the_weights_of_one(
    done: subprocess.CompletedProcess[str], folder: Path, in_folder: Path
) -> None:
    Session().evaluate(TRAINING)
    alone = load_file("whole.safetensors")
    for name in ("whole", "shards"):
        there = load_file(folder / f"{name}.safetensors")
        assert there.keys() == alone.keys()
        assert max(float((there[key] - alone[key]).abs().max()) for key in alone) <= 1e-6


@pytest.mark.parametrize("name", ["whole", "shards"])
def test_one_process_reads_and_resumes_what_two_ranks_wrote(
    done: subprocess.CompletedProcess[str], folder: Path, name: str
) -> None:
    place = f"{folder}/{name}.safetensors-folder"
    weights = load_file(f"{folder}/{name}.safetensors")
    layers = nn.Sequential(nn.Linear(2, 5), nn.Linear(5, 1))
    model = nn.ModuleDict({"layers": layers})
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    assert call("torch_resume_checkpoint", place, model, optimizer) == 3
    assert all(torch.equal(model.state_dict()[key], weights[key]) for key in weights)
    assert [state["step"].item() for state in optimizer.state.values()] == [3] * 4
    call(
        "torch_load_model", place, nn.ModuleDict({"layers": nn.Sequential(nn.Linear(2, 5), nn.Linear(5, 1))})
    )
    (entry,) = [e for e in call("torch_list_checkpoints", str(folder)) if e["path"] == place]
    assert (entry["epoch"], entry["metrics"]["loss"], entry["health"]) == (3, 0.5, "healthy")


@pytest.mark.parametrize("name", ["whole", "shards"])
def test_pytorchs_own_reader_reads_what_two_ranks_wrote(
    done: subprocess.CompletedProcess[str], folder: Path, name: str
) -> None:
    weights = load_file(f"{folder}/{name}.safetensors")
    found = {f"model.{key}": torch.zeros_like(tensor) for key, tensor in weights.items()}
    reader = HuggingFaceStorageReader(f"{folder}/{name}.safetensors-folder")
    checkpoint.load(found, storage_reader=reader, no_dist=True)
    assert all(torch.equal(found[f"model.{key}"], tensor) for key, tensor in weights.items())


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"RANK": "0"}, "RANK is set and WORLD_SIZE is not; start the program with torchrun"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "RANK is 2, and of WORLD_SIZE 2 ranks the last one is 1"),
        (
            {"RANK": "0", "WORLD_SIZE": "0"},
            "WORLD_SIZE is 0: there is at least one rank; start the program with torchrun",
        ),
        ({"RANK": "x", "WORLD_SIZE": "2"}, "RANK is 'x', not a whole number"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "MASTER_ADDR is not set; start the program with torchrun"),
    ],
)
def test_an_environment_that_contradicts_itself(environment: dict[str, str], text: str) -> None:
    with pytest.raises(LispeError) as caught:
        group.place(environment)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("rank", "taken", "text"),
    [
        (0, True, r"the port of 127\.0\.0\.1:\d+ is in use; choose another one with torchrun --master-port"),
        (0, False, r"1 of 3 ranks came within 1 seconds; WORLD_SIZE may be wrong, or a rank ended"),
        (1, False, r"nobody answered at 127\.0\.0\.1:\d+ within 1 seconds; it may be wrong, or rank 0 ended"),
    ],
    ids=["a port in use", "ranks that never come", "nobody there"],
)
def test_ranks_that_cannot_meet(monkeypatch: pytest.MonkeyPatch, rank: int, taken: bool, text: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        if not taken:
            other.close()
        place = {"RANK": str(rank), "WORLD_SIZE": "3", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        for name, value in place.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(LispeError, match=text):
            Session().evaluate("(torch_distributed (? timeout 1))")


def test_a_program_that_has_not_joined_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LispeError, match=r"has not joined them; \(torch_distributed\) does"):
        Session().evaluate("(torch_rank)")


def test_lines_of_a_rank_carry_its_number() -> None:
    out = io.StringIO()
    stream = RankStream(out, 1, silent=True, marked=False)
    stream.write("unheard\n")
    stream.let_speak()
    stream.writelines(["a", "b\nc\n", "", "d"])
    assert out.getvalue() == "[rank 1] ab\n[rank 1] c\n[rank 1] d"


A_RANK = """
import time
from lispe_kernel.running.ranks import heard
with heard():
    print(flush=True)
    time.sleep(600)
"""
TORCHRUN = f"""
import subprocess, sys
with subprocess.Popen([sys.executable, "-c", {A_RANK!r}], stdout=subprocess.PIPE) as started:
    started.stdout.readline()
    print(started.pid, flush=True)
"""


def test_a_rank_ends_with_torchrun_also_when_that_is_killed() -> None:
    place = {"RANK": "0", "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "none"}
    words = [sys.executable, "-c", TORCHRUN]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, cwd=ROOT, env={**os.environ, **place}) as torchrun:
        assert torchrun.stdout is not None
        rank = psutil.Process(int(torchrun.stdout.readline()))
        torchrun.kill()
        assert psutil.wait_procs([rank], timeout=150)[1] == []
        assert torchrun.stderr is not None
        assert torchrun.stderr.read() == b"[rank 0] Error: torchrun has ended, and this rank with it\n"
