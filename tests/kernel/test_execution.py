"""Cells in a real kernel: results, streams, errors, counting, expressions, input."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.kernel_process import Running


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("(+ 1 2)", "3"),
        ('"text"', "text"),
        ("'(1 (a))", "(1 (a))"),
        ("nil", "nil"),
        ("(< 1 2)", "true"),
        ("(setq x 5)", None),
        ("(defun f (x) (* x 2))", None),
        ('(println "out")', None),
        ("", None),
        ("; only a comment", None),
        ("(setq x 6)\n(f x)", "12"),
        ("(f 1) (setq y 1)", None),
    ],
)
def test_a_cell_shows_its_last_value_unless_it_is_a_statement(
    kernel: Running, code: str, shown: str | None
) -> None:
    reply = kernel.run(code)
    assert (reply.status, reply.result) == ("ok", shown)


def test_output_and_error_output_are_streams(kernel: Running) -> None:
    reply = kernel.run('(println "hello" 1) (printerrln "oops")')
    assert reply.stream() == "hello 1\n"
    assert reply.stream("stderr") == "oops\n"


def test_output_arrives_while_the_cell_runs(kernel: Running, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    identity = kernel.begin(
        f'(println "early") (while (not (file_exists "{seen}")) (sleep 10)) (println "late")', "early\n"
    )
    seen.touch()
    assert kernel.reply_to(identity)["status"] == "ok"
    kernel.drain()


def test_output_of_c_code_and_subprocesses_is_shown(kernel: Running) -> None:
    identity = kernel.client.execute("(python \"__import__('os').system('echo from C')\")")
    assert kernel.wait_for("stream")["text"] == "from C\n"
    assert kernel.reply_to(identity)["status"] == "ok"
    kernel.drain()


def test_an_error_has_message_line_caret_and_the_chain_of_calls(kernel: Running) -> None:
    kernel.run("(defun part_of (n)\n    (/ 1 n))")
    defined = kernel.run("(setq here 1)").content["execution_count"] - 1
    reply = kernel.run("(defun whole_of (n)\n    (+ 1 (part_of n)))\n(whole_of 0)")
    cell = reply.content["execution_count"]
    assert reply.status == "error"
    assert reply.content["ename"] == "LispE error"
    assert reply.content["evalue"] == f"Error: division by zero, line: 2 in: cell {defined}"
    text = plain("\n".join(reply.content["traceback"]))
    assert text == (
        f"Error: division by zero, line: 2 in: cell {defined}\n"
        "\n"
        "  2 |     (/ 1 n))\n"
        "    |     ^^^^^^^\n"
        "\n"
        "Calls, the innermost last:\n"
        f"  cell {cell}, line 3  (whole_of 0)\n"
        f"  cell {cell}, line 2 in whole_of  (+ 1 (part_of n)))\n"
        f"  cell {defined}, line 2 in part_of  (/ 1 n))"
    )


def plain(text: str) -> str:
    import re

    return re.sub(r"\x1b\[\d+m", "", text)


def test_the_error_message_is_published_and_replied(kernel: Running) -> None:
    reply = kernel.run("(no_such_function 1)")
    (published,) = reply.of("error")
    assert published["evalue"] == reply.content["evalue"]
    assert published["traceback"] == reply.content["traceback"]


def test_python_frames_are_shown_only_on_request(kernel: Running) -> None:
    assert "Traceback" not in "\n".join(kernel.run("(/ 1 0)").content["traceback"])
    kernel.run('(traceback_mode "python")')
    try:
        assert "Traceback (most recent call last)" in "\n".join(kernel.run("(/ 1 0)").content["traceback"])
    finally:
        kernel.run('(traceback_mode "lispe")')


@pytest.mark.parametrize(
    "bad",
    ["(", ")", '"open', "(undefined 1)", "unbound", "(car)", "(defun down (n) (+ 1 (down n))) (down 0)"],
)
def test_after_any_error_the_session_goes_on(kernel: Running, bad: str) -> None:
    kernel.run("(setq kept 41)")
    assert kernel.run(bad).status == "error"
    assert kernel.run("(+ kept 1)").result == "42"


@pytest.mark.parametrize(
    "raised",
    [
        "asyncio.CancelledError()",
        "GeneratorExit",
        "KeyboardInterrupt",
        "type('Own', (BaseException,), {})('x')",
    ],
)
@pytest.mark.parametrize("before", ["", "await asyncio.sleep(0)\n"])
def test_what_is_no_exception_ends_its_cell_alone(kernel: Running, before: str, raised: str) -> None:
    assert kernel.run(f"%%python\nimport asyncio\n{before}raise {raised}").status == "error"
    assert kernel.run("(+ 1 2)").result == "3"


@pytest.mark.parametrize("told", ["raise ValueError", "raise KeyboardInterrupt", "return 5"])
def test_an_error_that_cannot_be_told_ends_its_cell_alone(kernel: Running, told: str) -> None:
    reply = kernel.run(f"%%python\nclass Own(Exception):\n    def __str__(self): {told}\nraise Own")
    assert reply.content["evalue"] == "Error: Own: Own (its message could not be read)"
    assert kernel.run("(+ 1 2)").result == "3"


def test_a_task_that_ends_the_event_loop_does_not_end_the_kernel(kernel: Running) -> None:
    # asyncio lets KeyboardInterrupt out of the loop: ipykernel's process ends here.
    task = "%%python\nimport asyncio\nasync def stop(): raise KeyboardInterrupt\n"
    assert kernel.run(f"{task}await asyncio.gather(stop())").status == "error"
    assert kernel.run(f"{task}kept = asyncio.ensure_future(stop())").status == "ok"
    assert kernel.run("(+ 1 2)").result == "3"


def test_the_kernels_own_stream_that_a_cell_closed_opens_again(kernel: Running) -> None:
    reply = kernel.run("%%python\nimport sys\nsys.stdout.close()")
    assert "shows here again" in reply.stream()
    assert kernel.run("(println 4)").stream() == "4\n"


@pytest.mark.parametrize("put", ["sys.stdout = 5", "del sys.stdout", "sys.stdout.close()"])
def test_a_stream_that_cannot_be_flushed_makes_room_for_ours(kernel: Running, put: str) -> None:
    # Every reply comes after a flush: ipykernel's comes no more.
    kernel.run(f"%%python\nimport io, sys\nif 'close' in {put!r}: sys.stdout = io.StringIO()\n{put}")
    assert kernel.run("(println 1)").stream() == "1\n"


def test_a_cell_without_streams_gets_its_reply(kernel: Running) -> None:
    kernel.run("%%python\nimport sys\nkept = sys.stdout, sys.stderr\nsys.stdout = sys.stderr = None")
    try:
        assert kernel.run("(car 5)").status == "error"
        assert kernel.run("(+ 1 2)").result == "3"
    finally:
        kernel.run("%%python\nsys.stdout, sys.stderr = kept")


def test_an_error_keeps_what_ran_before_it(kernel: Running) -> None:
    kernel.run("(setq before 1)\n(setq before 2)\n(/ 1 0)\n(setq before 3)")
    assert kernel.run("before").result == "2"


def test_silent_cells_publish_nothing_and_do_not_count(kernel: Running) -> None:
    count = kernel.run("1").content["execution_count"]
    reply = kernel.run("(+ 1 1)", silent=True)
    assert reply.of("execute_result") == []
    assert reply.of("execute_input") == []
    assert kernel.run("1").content["execution_count"] == count + 1


def test_cells_that_are_not_stored_do_not_count(kernel: Running) -> None:
    count = kernel.run("1").content["execution_count"]
    kernel.run("2", store_history=False)
    assert kernel.run("3").content["execution_count"] == count + 1


def test_user_expressions_are_bundles_or_errors(kernel: Running) -> None:
    reply = kernel.run("(setq seen 4)", user_expressions={"good": "(* seen 2)", "bad": "(/ 1 0)"})
    answers = reply.content["user_expressions"]
    assert answers["good"] == {"status": "ok", "data": {"text/plain": "8"}, "metadata": {}}
    assert answers["bad"]["status"] == "error"
    assert answers["bad"]["evalue"].startswith("Error: division by zero")


def test_after_an_error_queued_cells_are_aborted_if_asked(kernel: Running, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    first = kernel.client.execute(f'(while (not (file_exists "{sent}")) (sleep 10)) (sleep 300) (/ 1 0)')
    second = kernel.client.execute("(+ 1 1)")
    # On another way than the cell that waits, which has arrived by then.
    kernel.control("usage_request")
    sent.touch()
    assert kernel.reply_to(first)["status"] == "error"
    assert kernel.reply_to(second)["status"] == "aborted"
    kernel.drain()


def test_a_cell_that_is_sent_upon_an_error_runs(kernel: Running) -> None:
    for _ in range(100):
        assert kernel.reply_to(kernel.client.execute("(/ 1 0)"))["status"] == "error"
        assert kernel.reply_to(kernel.client.execute("1"))["status"] == "ok"
    kernel.drain()


def test_after_an_error_queued_cells_run_if_not(kernel: Running) -> None:
    first = kernel.client.execute("(/ 1 0)", stop_on_error=False)
    second = kernel.client.execute("(+ 1 1)")
    assert kernel.reply_to(first)["status"] == "error"
    assert kernel.reply_to(second)["status"] == "ok"
    kernel.drain()


def test_input_asks_the_front_end(kernel: Running) -> None:
    asked = []

    def answer(message: dict) -> None:
        asked.append(message["content"]["prompt"])
        kernel.client.input("typed")

    reply = kernel.run('(input "who? ")', allow_stdin=True, stdin_hook=answer)
    assert (asked, reply.result) == (["who? "], "typed")


def test_input_without_stdin_is_a_clear_error(kernel: Running) -> None:
    reply = kernel.run('(input "who? ")', allow_stdin=False)
    assert reply.status == "error"
    assert "this front end cannot be asked for a line" in reply.content["evalue"]


def test_exit_asks_the_front_end_to_leave_and_the_kernel_lives(kernel: Running) -> None:
    reply = kernel.run("%%python\nraise SystemExit")
    assert [payload["source"] for payload in reply.content["payload"]] == ["ask_exit"]
    assert kernel.run("(+ 1 1)").result == "2"
