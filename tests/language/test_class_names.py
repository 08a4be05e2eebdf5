"""One name that is a field of one class and a method of another: the instance decides."""

import pytest

from lispe_kernel import Session
from tests.language.support import outcome

CLASSES = """
(class@ Num (n) (defun all (l) (+ n l)) (defun times (k) (* n k)))
(class@ Bell (all) (defun own () all))
(setq num (Num 10)) (setq bell (Bell (Num 7)))
(defun call (o v) (o (all v)))
"""


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("(num (all 1))", "11"),
        ("(call num 2)", "12"),
        ("(num (all (times 2)))", "30"),
        ("(bell (own))", '(Num "n":7)'),
        ("(bell (all (times 3)))", "21"),
        ("(maybe (bell (all 3)) 'refused)", "refused"),
    ],
)
def test_the_instance_decides(form: str, value: str) -> None:
    assert outcome(Session(), CLASSES + form) == value
