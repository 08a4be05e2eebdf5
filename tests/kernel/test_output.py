"""Large output is batched, complete and in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.kernel_process import Running

LINES = 100_000


def test_many_lines_come_in_few_messages_and_complete(kernel: Running) -> None:
    reply = kernel.run(f"(loop (i 0 {LINES}) (println i))")
    assert reply.status == "ok"
    assert reply.stream() == "".join(f"{number}\n" for number in range(LINES))
    assert len(reply.of("stream")) < 200


def test_both_streams_keep_their_own_order(kernel: Running) -> None:
    reply = kernel.run('(loop (i 0 500) (println "out" i) (printerrln "err" i))')
    assert reply.stream() == "".join(f"out {i}\n" for i in range(500))
    assert reply.stream("stderr") == "".join(f"err {i}\n" for i in range(500))


def test_output_of_a_thread_that_outlives_its_cell_is_shown(kernel: Running, tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    kernel.run(
        "%%python\nimport os, threading, time\n"
        "def late():\n"
        f"    while not os.path.exists('{ended}'): time.sleep(0.01)\n"
        "    print('from a thread', flush=True)\n"
        "threading.Thread(target=late).start()"
    )
    ended.touch()
    shown = ""
    # Python writes the end of the line apart, and the thread that sends may come between.
    while not shown.endswith("\n"):
        shown += kernel.wait_for("stream")["text"]
    assert shown == "from a thread\n"


HALF = "\\ud83d"


def test_an_error_of_a_thread_that_outlives_its_cell_is_told_at_once_and_raised_by_wait(
    kernel: Running, tmp_path: Path
) -> None:
    ended = tmp_path / "ended"
    kernel.run(f'(dethread bad () (while (not (fileinfo "{ended}")) (sleep 1)) (car 5)) (bad)')
    ended.touch()
    said = kernel.wait_for("stream")
    assert (said["name"], said["text"].split(":")[:3]) == ("stderr", ["In the thread bad", " Error", " car"])
    assert kernel.run("(wait)").content["evalue"].startswith("Error: car: ")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("(println (chr 55357))", "�\n"),
        (f"%%python\nprint('{HALF}')", "�\n"),
        (f"%%python\nimport sys\nsys.stderr.write('{HALF}');", "�"),
        ("(println (chr 55357) (chr 56832))", "� �\n"),
        ("(println (+ (chr 55357) (chr 56832)))", "😀\n"),
    ],
)
def test_half_a_surrogate_pair_arrives_as_a_replacement(kernel: Running, cell: str, shown: str) -> None:
    reply = kernel.run(cell)
    assert reply.content["status"] == "ok"
    assert reply.stream() + reply.stream("stderr") == shown


@pytest.mark.parametrize(
    "cell", ["(throw (chr 55357))", f"%%python\nraise ValueError('{HALF}')", "(eval (chr 55357))"]
)
def test_errors_that_hold_one_arrive(kernel: Running, cell: str) -> None:
    assert kernel.run(cell).content["status"] == "error"
