"""Errors as lines: caret, chain, Python frames, and torch's shapes in the words of the program."""

from __future__ import annotations

import pytest

from lispe_kernel import LispeError, Session
from lispe_kernel.running.report import SHOWN_FRAMES, report


def lines(source: str) -> list[str]:
    with pytest.raises(LispeError) as caught:
        Session().run(source, "cell 1")
    return report(caught.value, colours=False).lines


def test_an_error_at_top_level_has_no_chain() -> None:
    assert lines("(setq a 1)\n(car 1 2)") == [
        "Error: Wrong number of arguments for: 'car' (use (car container)), line: 2 in: cell 1",
        "",
        "  2 | (car 1 2)",
        "    | ^^^^^^^^^",
    ]


def test_the_caret_stands_under_the_form_whatever_stands_before_it() -> None:
    *_, line, caret = lines('(println "é😀")\t(nothing_here)')
    assert line == '  1 | (println "é😀")\t(nothing_here)'
    assert caret.index("^") - len("    | ") == line.index("nothing_here") - len("  1 | ")
    assert "\t" in caret


def test_a_long_chain_is_shortened_in_the_middle() -> None:
    shown = lines("(defun down (n) (+ 1 (down (- n 1))))\n(down 5)")
    calls = shown[shown.index("Calls, the innermost last:") + 1 :]
    assert len(calls) == SHOWN_FRAMES + 1
    hidden = int(calls[SHOWN_FRAMES // 2].split()[1])
    assert hidden > 10_000, "the calls that were left out are counted, not those that were kept"


def test_any_exception_can_be_reported() -> None:
    told = report(ValueError(""), colours=False)
    assert (told.name, told.message) == ("ValueError", "Error: ValueError")
    assert report(KeyboardInterrupt()).name == "Interrupted"


SHAPES = "(setq a (torch_zeros (list 3 4)))\n(setq b (torch_zeros (list 3 5)))\n"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("(+ a b)", ["Error: +:", "a: float32 [3,4]", "b: float32 [3,5]"]),
        ("(torch_matmul a b)", ["torch_matmul", "float32 [3,4]", "float32 [3,5]"]),
        ("(defun both (x y) (* x y)) (both a b)", ["Error: *:", "x: float32 [3,4]", "y: float32 [3,5]"]),
    ],
)
def test_shape_errors_name_the_operation_and_both_shapes(form: str, said: list[str]) -> None:
    message = lines(SHAPES + form)[0]
    assert all(part in message for part in said), message
    assert message.endswith(", line: 3 in: cell 1")
