"""Real ranks under a real kernel: started, asked, interrupted, killed, and gone with the kernel.

One kernel and one pair of ranks serve all: starting them is what costs. The order of the tests matters.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from lispe_kernel.display.page.publish import PASSING
from tests.kernel.kernel_process import Running

TIMEOUT = 150
Messages = list[tuple[str, dict[str, Any]]]


class Notebook:
    """A kernel whose cells may take long."""

    def __init__(self, running: Running) -> None:
        self.running = running

    def cell(self, code: str, when_shown: Callable[[], None] | None = None) -> tuple[dict[str, Any], str]:
        """The reply, and the last text of each output; `when_shown` is called once both have printed."""
        texts: dict[Any, str] = {}
        called: list[bool] = []

        def hook(message: dict[str, Any]) -> None:
            content = message["content"]
            if "data" not in content or PASSING in content["metadata"]:
                return
            identity = content.get("transient", {}).get("display_id", len(texts))
            texts[identity] = content["data"]["text/plain"]
            if when_shown is not None and not called and texts[identity].startswith("ranks 0 and 1"):
                called.append(True)
                when_shown()

        # What comes at once after an error must not be aborted as one that waited behind it.
        reply = self.running.client.execute_interactive(
            code, output_hook=hook, timeout=TIMEOUT, stop_on_error=False
        )
        return reply["content"], "\n".join(texts.values())

    def processes(self) -> list[psutil.Process]:
        """All that the kernel started."""
        return psutil.Process(self.running.manager.provisioner.pid).children(recursive=True)

    def forge(self) -> psutil.Process:
        """What the ranks are copies of."""
        return next(process for process in self.processes() if "forge" in process.cmdline())


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    running = Running(tmp_path_factory.mktemp("ranks"))
    made = Notebook(running)
    reply, text = made.cell("(ranks 2)")
    assert (reply["status"], text) == ("ok", "2 ranks")
    yield made
    running.stop()


def test_equal_answers_stand_once_and_the_ranks_know_each_other(notebook: Notebook) -> None:
    code = "%%ranks\n(torch_all_reduce (+ 1 (torch_rank)))"
    assert notebook.cell(code)[1] == "ranks 0 and 1:\n  3"


def test_ranks_are_processes_of_their_own_with_random_numbers_of_their_own(notebook: Notebook) -> None:
    code = (
        "%%ranks\n%%python\nimport os, random, numpy, torch\n"
        "me = (os.getpid(), random.random(), float(numpy.random.rand()), float(torch.rand(1)), {})\n"
    )
    notebook.cell(code.format("os.getsid(0) == os.getpid(), torch.get_num_threads()"))
    one, other = (notebook.cell(f"(from_rank {rank} 'me)")[1].strip("()").split() for rank in (0, 1))
    assert [a == b for a, b in zip(one, other, strict=True)] == [False, False, False, False, True, True]
    assert one[4:] == ["true", "1"]


def test_outputs_keep_their_order_and_come_with_what_functions_use(notebook: Notebook) -> None:
    notebook.cell("(setq factor 10) (defun scaled (x) (* factor x))")
    code = '%%ranks\n(println "rank" (torch_rank))\n(display (scaled (torch_rank)))\n(+ 1 1)'
    assert notebook.cell(code)[1] == "rank 0:\n  rank 0\n  0\n  2\nrank 1:\n  rank 1\n  10\n  2"


def test_what_python_code_shows_stands_where_it_was_shown(notebook: Notebook) -> None:
    code = "%%ranks 1\n%%python\nfrom IPython.display import display\nprint(1)\ndisplay(2)\nprint(3)"
    assert notebook.cell(code)[1] == "rank 1:\n  1\n  2\n  3"


def test_a_tensor_is_fetched_from_the_rank_that_has_it(notebook: Notebook) -> None:
    notebook.cell("%%ranks 1\n(setq found (torch_tensor (integers 0 1 2 3)))")
    assert notebook.cell("(tensor_to_list (from_rank 1 'found))")[1] == "(0 1 2 3)"
    assert "rank 0: found has no value there" in notebook.cell("(from_rank 0 'found)")[0]["evalue"]


def test_a_cell_runs_on_the_last_rank_and_here_with_its_time(notebook: Notebook) -> None:
    reply, text = notebook.cell('%%time\n%%ranks -1 --local\n(println "at" (torch_world_size)) (setq n 7)')
    assert (reply["status"], text) == ("ok", "rank 1:\n  at 2")
    assert notebook.cell("n")[1] == "7"


def test_an_error_is_one_of_the_rank_that_has_it(notebook: Notebook) -> None:
    reply, text = notebook.cell("%%ranks\n(if (= (torch_rank) 1) (throw `bad`) 5)")
    assert "rank 1" in reply["evalue"]
    assert "bad" in reply["evalue"]
    assert text.startswith("rank 0:\n  5\nrank 1:\n")


def test_a_variable_that_only_the_notebook_has_is_offered_to_the_ranks(notebook: Notebook) -> None:
    notebook.cell("(setq only-here 5)")
    reply, _ = notebook.cell("%%ranks\n(+ only-here 1)")
    assert reply["evalue"].endswith("(to_ranks 'only-here) gives the ranks the notebook's value of only-here")
    assert "to_ranks" not in notebook.cell("%%ranks\n(+ nowhere 1)")[0]["evalue"]
    notebook.cell("(to_ranks 'only-here)")
    assert notebook.cell("%%ranks\n(+ only-here 1)")[1] == "ranks 0 and 1:\n  6"


def test_an_interrupt_reaches_all_also_one_that_waits_for_another(notebook: Notebook) -> None:
    code = '%%ranks\n(println "begun")\n(if (= (torch_rank) 0) (sleep 600000) (torch_barrier))'
    reply, text = notebook.cell(code, notebook.running.interrupt)
    assert reply["ename"] == "Interrupted"
    assert text == "ranks 0 and 1:\n  begun\n  Interrupted"
    # They meet again before the next cell.
    reply, text = notebook.cell("%%ranks\n(torch_all_reduce 2)")
    assert (reply["status"], text) == ("ok", "ranks 0 and 1:\n  4"), reply


def test_a_rank_that_was_killed_is_named_and_the_notebook_lives_on(notebook: Notebook) -> None:
    code = '%%ranks\n(println "begun")\n(if (= (torch_rank) 0) (torch_barrier) (sleep 600000))'
    found = notebook.cell("%%ranks 1\n%%python\nimport os; me = os.getpid()")
    number = int(notebook.cell("(from_rank 1 'me)")[1])
    assert found[0]["status"] == "ok"
    reply, text = notebook.cell(code, lambda: os.kill(number, signal.SIGKILL))
    assert "rank 1: it was ended by SIGKILL" in reply["evalue"]
    assert "(ranks 2) starts them anew" in reply["evalue"]
    assert "rank 0:\n  begun\n  Error in torch_barrier: another rank has ended" in text
    assert notebook.cell("(ranks)")[1] == "2 ranks, 1 of them gone: 1"
    assert notebook.cell("%%ranks 0\n(+ 1 1)")[1] == "rank 0:\n  2"


def test_a_rank_that_hangs_ends_in_an_error_and_the_notebook_lives_on(notebook: Notebook) -> None:
    notebook.cell("%%ranks 0\n%%python\nimport os; me = os.getpid()")
    number = int(notebook.cell("(from_rank 0 'me)")[1])
    # It hears nothing any more, as one that is deep in a library which never comes back.
    os.kill(number, signal.SIGSTOP)
    reply, text = notebook.cell("%%ranks 0 --timeout 0.5\n(+ 1 1)")
    assert "rank 0: it did not end within 0.5 seconds, and was ended" in reply["evalue"]
    assert text == "rank 0:\n  ended: it did not end within 0.5 seconds, and was ended"
    assert notebook.cell("(ranks)")[1] == "2 ranks, 2 of them gone: 0 1"
    assert notebook.cell("(+ 1 1)")[1] == "2"


def test_ranks_end_with_what_they_are_copies_of_and_others_come(notebook: Notebook) -> None:
    notebook.cell("(ranks 2)")
    forge = notebook.forge()
    ranks = forge.children()
    forge.kill()
    psutil.wait_procs(ranks, timeout=TIMEOUT)
    reply, _ = notebook.cell("%%ranks\n(+ 1 1)")
    assert "%%ranks: ranks 0 and 1: it was ended by SIGKILL" in reply["evalue"]
    assert notebook.cell("(ranks 2)")[1] == "2 ranks"
    assert notebook.cell("%%ranks\n(torch_all_reduce 2)")[1] == "ranks 0 and 1:\n  4"


def test_nothing_is_left_when_the_kernel_is_killed(notebook: Notebook) -> None:
    left = notebook.processes()
    # The controller and what it started.
    assert len(left) >= 2
    os.kill(notebook.running.manager.provisioner.pid, signal.SIGKILL)
    assert psutil.wait_procs(left, timeout=TIMEOUT)[1] == []
