"""Source text is laid out by its brackets; strings and comments are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.language.library.text.indenting import indent

LAYOUTS = (
    ("(defun f (x)\n(+ x\n1))", True, "(defun f (x)\n   (+ x\n      1))"),
    ('(a ")("\n; (((\nb)', True, '(a ")("\n   ; (((\n   b)'),
    ("(a\n)\nb", True, "(a\n)\nb"),
    ("f() {\nif (x) {\ny;\n}\n}", None, "f() {\n    if (x) {\n        y;\n    }\n}"),
    ("a\n\n  b", None, "a\n\nb"),
    (")))\na", True, ")))\na"),
    ("", True, ""),
)


@pytest.mark.parametrize(("text", "lisp", "layout"), LAYOUTS)
def test_layout(text, lisp, layout):
    assert indent(text, lisp) == layout


@given(st.text("(){}[] \na;/'"), st.sampled_from([True, None]))
def test_only_blanks_change_and_a_second_time_changes_nothing(text, lisp):
    once = indent(text, lisp)
    assert once.split() == text.split()
    assert indent(once, lisp) == once
