"""Every other message of the protocol, in a real kernel; what is malformed harms nothing."""

from __future__ import annotations

import os
import time

import pytest
import zmq
from jupyter_client.session import Session

from tests.kernel.kernel_process import TIMEOUT, Running


def test_kernel_info_says_what_front_ends_need(kernel: Running) -> None:
    content = kernel.shell("kernel_info_request")
    assert content["status"] == "ok"
    assert content["implementation"] == "lispe_kernel"
    language = content["language_info"]
    assert (language["name"], language["file_extension"]) == ("lispe", ".lisp")
    assert language["codemirror_mode"] == {"name": "commonlisp", "mime": "text/x-common-lisp"}
    assert language["pygments_lexer"] == "lispe"
    assert {"debugger", "kernel subshells"} <= set(content["supported_features"])


def test_a_subscriber_is_welcomed(kernel: Running) -> None:
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.connect(f"tcp://127.0.0.1:{kernel.manager.iopub_port}")
    socket.subscribe(b"")
    try:
        assert socket.poll(5000)
        second = Session(key=kernel.client.session.key)
        _, message = second.feed_identities(socket.recv_multipart())
        assert second.deserialize(message)["msg_type"] == "iopub_welcome"
    finally:
        socket.close(0)


def test_usage_names_the_process_and_its_memory(kernel: Running) -> None:
    content = kernel.control("usage_request")
    assert content["pid"] == kernel.manager.provisioner.process.pid
    assert content["kernel_memory"] > 10_000_000


def test_history_has_this_session_and_the_ones_before(kernel: Running, tmp_path) -> None:
    first = Running(tmp_path)
    first.run("(setq remembered 1)")
    first.client.shutdown()
    first.wait_for_end()
    first.stop()
    second = Running(tmp_path)
    try:
        second.run("(setq fresh 2)")
        tail = second.shell("history_request", hist_access_type="tail", output=False, raw=True, n=2)
        assert [entry[2] for entry in tail["history"]] == ["(setq remembered 1)", "(setq fresh 2)"]
        (session, line, _), _ = tail["history"]
        found = second.shell(
            "history_request",
            hist_access_type="range",
            output=False,
            raw=True,
            session=session,
            start=line,
            stop=line + 1,
        )
        assert found["history"] == [[session, line, "(setq remembered 1)"]]
        found = second.shell(
            "history_request", hist_access_type="search", output=False, raw=True, pattern="*resh*", n=5
        )
        assert [entry[2] for entry in found["history"]] == ["(setq fresh 2)"]
    finally:
        second.stop()


def test_a_restart_forgets_the_session_and_keeps_the_connection(tmp_path) -> None:
    running = Running(tmp_path)
    try:
        running.run("(setq gone 1)")
        running.manager.restart_kernel(now=False)
        running.client.wait_for_ready(timeout=TIMEOUT)
        assert running.run("gone").status == "error"
        assert running.run("(+ 1 1)").result == "2"
    finally:
        running.stop()


def test_shutdown_is_answered_and_ends_the_process(tmp_path) -> None:
    running = Running(tmp_path)
    running.run("1")
    assert running.control("shutdown_request", restart=False) == {"status": "ok", "restart": False}
    running.wait_for_end()
    assert not running.manager.is_alive()
    running.stop()


# -- display -------------------------------------------------------------------------------------


def test_a_display_with_an_identity_can_be_updated(kernel: Running) -> None:
    reply = kernel.run("%%python\nshown = display(1, display_id='one')\nshown.update(2)")
    (first,), (second,) = reply.of("display_data"), reply.of("update_display_data")
    assert first["transient"] == second["transient"] == {"display_id": "one"}
    assert (first["data"]["text/plain"], second["data"]["text/plain"]) == ("1", "2")


def test_lispe_displays_can_be_updated(kernel: Running) -> None:
    reply = kernel.run("(setq shown (display 1)) (update_display shown 2)")
    (first,), (second,) = reply.of("display_data"), reply.of("update_display_data")
    assert first["transient"]["display_id"] == second["transient"]["display_id"]
    assert second["data"]["text/plain"] == "2"


def test_clear_output_reaches_the_front_end(kernel: Running) -> None:
    assert kernel.run("(clear_output)").of("clear_output") == [{"wait": False}]
    assert kernel.run("(clear_output true)").of("clear_output") == [{"wait": True}]


def test_what_was_printed_before_a_display_stands_before_it(kernel: Running) -> None:
    reply = kernel.run("%%python\nprint('before')\ndisplay(1)\nprint('after')")
    kinds = [kind for kind, _ in reply.messages if kind in ("stream", "display_data")]
    assert kinds == ["stream", "display_data", "stream"]


# -- comms ---------------------------------------------------------------------------------------

WIDGET = """%%python
import ipywidgets
slider = ipywidgets.IntSlider(value=3)
seen = []
slider.observe(lambda change: seen.append(change['new']), 'value')
slider"""


def test_a_widget_is_shown_and_a_front_end_can_move_it(kernel: Running) -> None:
    reply = kernel.run(WIDGET)
    view = "application/vnd.jupyter.widget-view+json"
    model = reply.of("execute_result")[0]["data"][view]["model_id"]
    assert model in kernel.shell("comm_info_request", target_name="jupyter.widget")["comms"]
    message = kernel.client.session.msg(
        "comm_msg",
        {"comm_id": model, "data": {"method": "update", "state": {"value": 8}, "buffer_paths": []}},
    )
    kernel.client.shell_channel.send(message)
    assert kernel.run("seen").result == "(8)"


def test_a_comm_for_an_unknown_target_is_closed(kernel: Running) -> None:
    kernel.drain()
    message = kernel.client.session.msg(
        "comm_open", {"comm_id": "nobody", "target_name": "no such target", "data": {}}
    )
    kernel.client.shell_channel.send(message)
    assert kernel.wait_for("comm_close")["comm_id"] == "nobody"


# -- subshells -----------------------------------------------------------------------------------


def test_a_subshell_answers_while_a_cell_runs(kernel: Running) -> None:
    created = kernel.control("create_subshell_request")
    assert created["status"] == "ok"
    assert kernel.control("list_subshell_request")["subshell_id"] == [created["subshell_id"]]
    kernel.run("%%python\nimport threading\ngate = threading.Event()")
    # Ends only after the subshell's cell, which opens the gate.
    busy = kernel.begin("%%python\nprint('begun')\nassert gate.wait(600)")
    message = kernel.client.session.msg(
        "execute_request",
        {"code": '(python "gate.set()") (+ 20 1)', "silent": False, "user_expressions": {"v": "21"}},
    )
    message["header"]["subshell_id"] = created["subshell_id"]
    kernel.client.shell_channel.send(message)
    replies = {}
    while len(replies) < 2:
        reply = kernel.client.get_shell_msg(timeout=TIMEOUT)
        replies[reply["parent_header"].get("msg_id")] = reply["content"]["status"]
    assert [replies[message["header"]["msg_id"]], replies[busy]] == ["ok", "ok"]
    kernel.control("delete_subshell_request", subshell_id=created["subshell_id"])
    kernel.drain()


# -- what is wrong harms nothing -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("no_such_request", {}),
        ("execute_request", {}),
        ("execute_request", {"code": 3, "stop_on_error": False}),
        ("complete_request", {}),
        ("complete_request", {"code": "(pri", "cursor_pos": 10_000}),
        ("complete_request", {"code": "(pri", "cursor_pos": -3}),
        ("inspect_request", {"code": None, "cursor_pos": None}),
        ("history_request", {"hist_access_type": "unheard of", "output": False, "raw": True}),
        ("history_request", {"hist_access_type": "tail", "output": False, "raw": True, "n": "many"}),
        ("is_complete_request", {"code": ["not", "text"]}),
        ("comm_msg", {"comm_id": "nobody", "data": {}}),
    ],
)
def test_malformed_requests_do_not_hurt(kernel: Running, kind: str, content: dict) -> None:
    message = kernel.client.session.msg(kind, content)
    kernel.client.shell_channel.send(message)
    assert kernel.run("(+ 1 1)").result == "2"


def test_a_bad_signature_is_ignored(kernel: Running) -> None:
    session = kernel.client.session
    kept = session.key
    try:
        session.key = b"not the key"
        kernel.client.shell_channel.send(session.msg("execute_request", {"code": "(setq hacked 1)"}))
    finally:
        session.key = kept
    kernel.client.shell_channel.socket.send_multipart([b"<IDS|MSG>", b"", b"{", b"{", b"{", b"{"])
    kernel.client.shell_channel.socket.send_multipart([b"nonsense"])
    assert kernel.run("(+ 1 1)").result == "2"
    assert kernel.run("hacked").status == "error"


def test_deep_recursion_through_lists_is_an_error_or_a_value_and_not_the_end(kernel: Running) -> None:
    kernel.run("(setq deep (list)) (loopcount 50000 (setq deep (list deep)))")
    kernel.run("(string deep)")
    kernel.run("(= deep deep)")
    assert kernel.manager.is_alive()
    assert kernel.run("(+ 1 1)").result == "2"


def test_the_interrupt_of_an_idle_kernel_does_nothing(kernel: Running) -> None:
    os.kill(kernel.manager.provisioner.process.pid, 2)
    time.sleep(0.2)
    assert kernel.run("(+ 1 1)").result == "2"
