"""is_complete: a table of texts and answers."""

from __future__ import annotations

import pytest

from lispe_kernel.assist.completeness import check


@pytest.mark.parametrize(
    ("code", "status", "indent"),
    [
        ("(+ 1 2)", "complete", None),
        ("", "complete", None),
        ("x", "complete", None),
        ("'(a b)", "complete", None),
        ("; (", "complete", None),
        (";; ( ;; 1", "complete", None),
        ('"(("', "complete", None),
        ("(a (b (c]", "complete", None),
        ("%time (+ 1 2)", "complete", None),
        ("!ls (", "complete", None),
        ("(% 7 3)", "complete", None),
        ("(defun f (x)", "incomplete", "    "),
        ("(defun f (x)\n    (if x", "incomplete", "        "),
        ("(setq c (@", "incomplete", "    "),
        ("  (setq c (@", "incomplete", "      "),
        ("(defun f (x)\n    (g x)", "incomplete", "    "),
        ("`text", "incomplete", ""),
        (";; block", "incomplete", ""),
        ("'", "incomplete", ""),
        ("{1:2", "incomplete", "    "),
        ("%%python\nx = 1", "incomplete", ""),
        ("%%python\nx = 1\n\n", "complete", None),
        ("%%python\nif 1:\n    x = 1\n    \n    ", "complete", None),
        (")", "invalid", None),
        ("(a))", "invalid", None),
        ("(a}", "invalid", None),
        ('(println "open', "invalid", None),
        ('(println "open\n', "invalid", None),
        ("{1:2 3}", "invalid", None),
    ],
)
def test_answer(code: str, status: str, indent: str | None) -> None:
    expected = {"status": status} if indent is None else {"status": status, "indent": indent}
    assert check(code) == expected
