"""`number` of a text: read in place and by the library alike, and nothing that Python alone reads."""

import pytest

from lispe_kernel import Session
from tests.language.support import outcome

TEXTS = {
    "12": "12",
    "12.5": "12.5",
    "5.": "5",
    ".5": "0",
    ".": "0",
    "": "0",
    "1.2.3": "1.2",
    "-3": "-3",
    "1e5": "100000",
    "1_000": "1",
    "0x1F": "31",
    " 12": "12",
    "nan": "0",
    "inf": "0",
    "abc": "0",
    "१५.५": "15.5",
}


@pytest.mark.parametrize(("text", "value"), TEXTS.items())
def test_a_text_is_read_as_a_double_everywhere(text: str, value: str) -> None:
    known, unknown = f'(number "{text}")', f'(defun f (x) (number x)) (f "{text}")'
    applied, mapped = f'(apply \'number (list "{text}"))', f'(@ (maplist \'number (list "{text}")) 0)'
    for form in (known, unknown, applied, mapped):
        assert outcome(Session(), form) == value


@pytest.mark.parametrize("digits", [400, 5000])
def test_more_digits_than_a_double_has_are_infinite(digits: int) -> None:
    assert outcome(Session(), f'(defun f (x) (number x)) (f "{"9" * digits}")') == "inf"
