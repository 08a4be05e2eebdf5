"""Ctrl-C: anything stops within half a second, the session stays usable, a second one harms nothing."""

from __future__ import annotations

import pytest

from tests.kernel.kernel_process import Running

# What a cell says first; one that has not begun is not there to be interrupted.
SAID = '(println "begun") '
ENDLESS = {
    "loop": SAID + "(while true (+ 1 1))",
    "recursion by tail call": SAID + "(defun spin (n) (spin (+ n 1))) (spin 0)",
    "recursion without end": SAID + "(defun fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (fib 60)",
    "sleeping": SAID + "(sleep 600000)",
    "sleeping in Python": SAID + "(python \"__import__('time').sleep(600)\")",
    "printing": '(while true (println "begun"))',
    "a shell command": "!echo begun; sleep 600",
    "a loop that catches errors": SAID + "(while true (maybe (/ 1 0) 1))",
}


@pytest.mark.parametrize("what", ENDLESS)
def test_interrupt_stops_it_within_half_a_second_of_work(kernel: Running, what: str) -> None:
    kernel.run("(setq kept 7)")
    identity = kernel.begin(ENDLESS[what])
    before = kernel.processor_time()
    kernel.interrupt()
    reply = kernel.reply_to(identity)
    worked = kernel.processor_time() - before
    assert reply["status"] == "error"
    assert reply["ename"] == "Interrupted"
    assert worked < 0.5
    kernel.drain()
    assert kernel.run("kept").result == "7"


TORCH = SAID + "(setq a (torch_zeros (list 200 200))) (while true (setq a (torch_matmul a a)))"


def test_a_torch_loop_stops(kernel: Running) -> None:
    kernel.run("(torch_zeros (list 1))")
    identity = kernel.begin(TORCH)
    kernel.interrupt()
    assert kernel.reply_to(identity)["ename"] == "Interrupted"
    kernel.drain()


def test_an_interrupted_save_leaves_a_whole_file_and_no_litter(kernel: Running) -> None:
    kernel.run('(setq big (torch_linear 1500 1500)) (torch_save_model big "big.pt")')
    for _ in range(3):
        identity = kernel.begin(SAID + '(while true (torch_save_model big "big.pt"))')
        kernel.interrupt()
        assert kernel.reply_to(identity)["ename"] == "Interrupted"
        kernel.drain()
        assert kernel.run('(torch_load_model "big.pt" big)').status == "ok"
    assert (
        kernel.run("(python \"[n for n in __import__('os').listdir() if 'big' in n]\")").result
        == '("big.pt")'
    )


CALLBACK = """%%python
import ipywidgets
slider = ipywidgets.IntSlider()
def forever(change):
    print('begun')
    while True:
        pass
slider.observe(forever, 'value')
slider.model_id"""


def test_a_widget_callback_stops(kernel: Running) -> None:
    model = kernel.run(CALLBACK).result
    update = {"method": "update", "state": {"value": 8}, "buffer_paths": []}
    message = kernel.client.session.msg("comm_msg", {"comm_id": model, "data": update})
    kernel.client.shell_channel.send(message)
    assert kernel.wait_for("stream")["text"] == "begun\n"
    kernel.interrupt()
    assert kernel.wait_for("error")["ename"] == "Interrupted"
    kernel.drain()
    assert kernel.run("(+ 1 1)").result == "2"


def test_interrupts_in_a_burst_never_kill_the_kernel(kernel: Running) -> None:
    identity = kernel.begin(ENDLESS["loop"])
    for _ in range(20):
        kernel.interrupt()
    assert kernel.reply_to(identity)["ename"] == "Interrupted"
    for _ in range(5):
        kernel.interrupt()
    kernel.drain()
    assert kernel.manager.is_alive()
    assert kernel.run("(+ 1 1)").result == "2"


def test_the_interrupt_message_works_as_the_signal_does(kernel: Running) -> None:
    identity = kernel.begin(ENDLESS["loop"])
    assert kernel.control("interrupt_request")["status"] == "ok"
    assert kernel.reply_to(identity)["ename"] == "Interrupted"
    kernel.drain()
