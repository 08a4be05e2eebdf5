"""What the stages of the compiler make of a program can be read."""

import pytest

from lispe_kernel import LispeError, Session

PROGRAM = """
(defun total (l) (setq s 0) (loop x l (+= s x)) s)
(setq keep (list))
(loopcount 2 i (let ((j i)) (push keep (λ () (+= j 1)))))
(defpat signum ((< 0 n)) 'minus)
"""


@pytest.mark.parametrize(
    "part",
    [
        ";; form, line 2",
        "Assign s : boolean",
        "Constant 0 : natural",
        "def total(l):",
        "captured",
        "boxed",
        "def signum(",
        "«minus»",
    ],
)
def test_each_stage_is_shown(part: str) -> None:
    assert part in Session().explain(PROGRAM)


def test_nothing_is_run_or_defined() -> None:
    session = Session()
    session.explain("(setq x 5) (defun f () 1) (println 3)")
    for name in ("x", "(f)"):
        with pytest.raises(LispeError):
            session.evaluate(name)


def test_what_does_not_compile_is_an_error_with_its_place() -> None:
    with pytest.raises(LispeError, match="line: 1"):
        Session().explain("(setq 5 6)")


@pytest.mark.parametrize(
    ("program", "part"),
    [
        ("(setq l '(45 26))", "List((45, 26))"),
        ("(setq l '(a 26))", "(«a», 26)"),
        ("'(1 (2 b))", "List((1,  List((2, «b»))))"),
    ],
)
def test_quoted_lists_are_shown_with_their_atoms(program: str, part: str) -> None:
    """A pair of integers was taken for a mark that stands for an atom."""
    assert part in Session().explain(program)
