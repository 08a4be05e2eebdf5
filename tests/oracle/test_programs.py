"""The generator, the minimiser and the comparer work; that the compiler agrees is compare.py's to say."""

from tests.oracle.compare import verdict
from tests.oracle.minimise import smaller
from tests.oracle.programs import CELL, program
from tests.oracle.reader import read
from tests.oracle.themes import THEMES


def test_a_seed_gives_one_program():
    assert program(5) == program(5)


def test_every_theme_gives_text_that_reads():
    for theme in THEMES:
        assert read(program(1, theme))


def test_equal_values_are_the_same():
    assert verdict("(setq k 1)\n(list k (+ k 1))").word == "same"


def test_two_errors_are_the_same():
    assert verdict('(+ 1 "a")').word == "same"


def test_cells_run_in_one_session():
    found = verdict(f"(setq k 1)\n{CELL}\n(+ k 1)")
    assert (found.word, found.product.text) == ("same", "2")


def test_what_the_reference_leaves_open_is_no_evidence():
    assert verdict("(!= 1 2 3)").word == "no evidence"


def test_an_endless_program_is_no_evidence():
    assert verdict("(while true 1)").word == "no evidence"


def test_a_program_is_made_smaller_while_something_holds():
    text = "(setq k 1)\n(list k (+ k (* 2 3)) 5)"
    assert smaller(text, lambda candidate: "(* 2 3)" in candidate) == "(* 2 3)"
