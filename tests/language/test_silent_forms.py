"""Which values a notebook shows: not those of assignments, definitions and printing, wherever they stand."""

from __future__ import annotations

import contextlib
import io

import pytest

from lispe_kernel import Session

SILENT = [
    "(setq a 1)",
    "(defun f () 1)",
    "(defmacro m (x) x)",
    "(class@ C (x) (defun get () x))",
    "(println 1)",
    "(block 3 (setq a 1))",
    "(let ((a 1)) (println a))",
    "(if true (setq a 1) (setq a 2))",
    "(if true (setq a 1))",
    "(loop i '(1 2) (setq a i))",
    "(check true (setq a 1))",
    "",
    "; nothing",
]
SHOWN = [
    "1",
    "nil",
    "(+ 1 2)",
    "(block (setq a 1) 3)",
    "(let ((a 1)) a)",
    "(if true (setq a 1) 2)",
    "(if true 2 (setq a 1))",
    "(setq a 1) a",
    "(defun f () (setq a 1)) (f)",
    "(defmacro m (x) x) (m (setq a 1))",
    "(block)",
    "(return 5)",
]


@pytest.mark.parametrize(("source", "silent"), [*((s, True) for s in SILENT), *((s, False) for s in SHOWN)])
def test_a_value_is_shown_unless_a_silent_form_gives_it(source: str, silent: bool) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        assert Session().run(source).silent is silent
