"""Jupyter's own test suite for kernels, with every sample filled in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import jupyter_kernel_test

from tests.kernel.kernel_process import Running


class LispeKernelTests(jupyter_kernel_test.KernelTests):
    language_name = "lispe"
    file_extension = ".lisp"
    code_hello_world = '(println "hello, world")'
    code_stderr = '(printerrln "an error line")'
    code_page_something = "?println"
    code_generate_error = "(/ 1 0)"
    code_clear_output = "(clear_output)"
    code_inspect_sample = "println"
    code_history_pattern = "(+ 1 2 3?"
    supported_history_operations = ("tail", "range", "search")
    completion_samples = [  # noqa: RUF012 - the base class declares it so
        {"text": "(printl", "matches": {"println"}},
        {"text": "%%pyth", "matches": {"%%python"}},
    ]
    complete_code_samples = ["(+ 1 2)", '(println "a")', "x", "; comment", "", "'(1 (2))", "(a]"]  # noqa: RUF012
    incomplete_code_samples = ["(+ 1", "(defun f (x)", "`long", ";; block", "{1:2", "'"]  # noqa: RUF012
    invalid_code_samples = [")", "(a))", '(println "open', "(a}", "{1:2 3}"]  # noqa: RUF012
    code_execute_result = [  # noqa: RUF012
        {"code": "(+ 1 2 3)", "result": "6"},
        {"code": "(+ 1 2 3 4)", "result": "10"},
        {"code": '"a text"', "result": "a text"},
        {"code": "(+ 1 2 3)", "result": "6"},
    ]
    code_display_data = [  # noqa: RUF012
        {"code": "%%python\ndisplay(3)", "mime": "text/plain"},
    ]

    def execute_helper(self, code: str, *options: Any, **named: Any) -> Any:
        """As the suite does, but on a busy machine a message may follow later than after its 0.1 s."""
        channel = self.kc.iopub_channel
        patient = mock.patch.object(channel, "get_msg", lambda timeout, get=channel.get_msg: get(timeout=60))
        with patient:
            return super().execute_helper(code, *options, **named)

    @classmethod
    def setUpClass(cls) -> None:
        cls.running = Running(Path(tempfile.mkdtemp()))
        cls.km, cls.kc = cls.running.manager, cls.running.client

    @classmethod
    def tearDownClass(cls) -> None:
        cls.running.stop()


del jupyter_kernel_test
