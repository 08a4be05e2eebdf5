"""Numbers agree within the tolerance; one character elsewhere, and the texts differ."""

import pytest

from lispe_kernel import Session
from lispe_kernel.display import bundle
from lispe_kernel.notebook.tolerance import agree, aligned_html, aligned_text

CELL = '<td style="background:{colour}">{number}'
DRAWING = '<svg aria-label="to {number}"><path d="M0 {y}"/><text x="{y}">{number}</text></svg>'


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [(1.0, 1.00009, True), (1.0, 1.0002, False), (0.0, 1e-13, True), (0.0, 1e-6, False), (-1.0, 1.0, False)],
)
def test_a_tolerance_is_relative(first: float, second: float, same: bool) -> None:
    assert agree(first, second, 1e-4) is same


@pytest.mark.parametrize(
    ("new", "stored"),
    [
        ("loss 0.50001", "loss 0.5"),
        ("(1.00001 -2e-05)", "(1 -2.00001e-05)"),
        ("a\n 0.99999  3\nb", "a\n 1  3\nb"),
        ("  0.30000", " -0.30001".replace("-", " ")),
        ("tensor 20000001", "tensor 20000002"),
    ],
)
def test_a_text_whose_numbers_agree_reads_as_the_stored_one(new: str, stored: str) -> None:
    assert aligned_text(new, stored, 1e-4) == stored


@pytest.mark.parametrize(
    ("new", "stored"),
    [
        ("loss 0.6", "loss 0.5"),
        ("Loss 0.5", "loss 0.5"),
        ("loss nan", "loss 0.5"),
        ("1 2", "1 2 3"),
        ("1\n2", "1"),
        ("fc1.weight", "fc2.weight"),
        ("epoch 3", "epoch 4"),
    ],
)
def test_anything_else_stays_different(new: str, stored: str) -> None:
    assert aligned_text(new, stored, 1e-4) != stored


def test_of_a_line_only_the_numbers_that_differ_are_left() -> None:
    assert aligned_text("a 1.00001 b 7", "a 1 b 8", 1e-4) == "a 1 b 7"


def test_numbers_in_tables_agree_with_the_colours_that_they_give() -> None:
    new, stored = (CELL.format(colour=c, number=n) for c, n in (("#aabbcc", "0.50001"), ("#aabbcd", "0.5")))
    assert aligned_html(new, stored, 1e-4) == stored


def test_a_drawing_follows_its_numbers() -> None:
    new, stored = (DRAWING.format(number=n, y=y) for n, y in (("2.00001", 3.1), ("2", 3.2)))
    assert aligned_html(new, stored, 1e-4) == stored
    assert aligned_html(DRAWING.format(number=2.1, y=3.2), stored, 1e-4) != stored


@pytest.mark.parametrize(
    ("new", "stored"),
    [
        ("<td>0.6", "<td>0.5"),
        ("<th>0.5", "<td>0.5"),
        ('<td class="a">1', '<td class="b">1'),
        ("<td>1<td>2", "<td>1"),
    ],
)
def test_other_html_stays_different(new: str, stored: str) -> None:
    assert aligned_html(new, stored, 1e-4) != stored


@pytest.mark.parametrize(("last", "same"), [(0.5, True), (0.50001, True), (0.7, False)])
def test_numbers_inside_a_picture_are_compared(last: float, same: bool) -> None:
    stored, new = (bundle(Session().run(f"(plot '(1.0 0.8 {n}))").value)["text/html"] for n in (0.5, last))
    assert "data:image/svg+xml" in stored
    assert (aligned_html(new, stored, 1e-4) == stored) is same
