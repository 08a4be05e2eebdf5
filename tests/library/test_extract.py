"""The index language of extract and setrange."""

from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.language.library.text.extract import extract
from lispe_kernel.language.values.lists import List
from tests.library.library_calls import each_gives, each_is_refused

RESULTS = (
    ('(extract "k=v;w=x;" "=" ";")', "v"),
    ('(extract "k=v;w=x;" -"=" -)', "x;"),
    ('(extract "k=v;w=x;" "=" -";")', "v;w=x"),
    ('(extract "k=v;w=x;" "=" -+";")', "v;w=x;"),
    ('(extract "=a=b" +"=" "=")', "=a"),
    # LispE's documents and its build of June 2026: the length counts what follows the anchor.
    ('(extract "key=value" +"=" 3)', "=val"),
    ('(extract "a/b/c.txt" -+"/" 1)', "/c"),
    ('(extract "abc" -1)', "c"),
    ('(extract "abc" "z" 0)', ""),
    ('(extract "abc" 1 99)', "bc"),
    ('(extract "abc" -9 2)', ""),
    ("(extract '(a b c) -2 0)", "(b c)"),
    ("(extract '(a b c) 7)", "()"),
    ("(extract '(a b c) 1)", "b"),
    ("(type (extract (integers 1 2 3) 1 0))", "integers_"),
    ("(type (extract (strings 1 2 3) 1 0))", "strings_"),
    ('(extract \'("a" "b" "c" "d") +"b" +"c")', '("b" "c")'),
    ("(extract b`abc` 1 0)", "bc"),
    ('(setrange "abc" 0 1 "XY")', "XYbc"),
    ('(setrange "abc" 9 10 "XY")', "abc"),
    ('(setrange "abc" "z" 0 "XY")', ""),
    ('(setrange "k=v;" "=" ";" "new")', "k=new;"),
    ("(setrange (list 1 2 3) 1 9)", "(1 9 3)"),
    ("(setrange (list 1 2 3) 0 2 '())", "(3)"),
    ("(setrange (integers 1 2 3) 0 2 '(7 8 9))", "(7 8 9 3)"),
    ("(setq l (list 1 2 3)) (setrange l 0 9) l", "(9 2 3)"),
)

ERRORS = (
    ('(extract "abc" nil)', "Error: extract: the second argument must be an integer or a string, not nil"),
    (
        '(extract "abc" + 1)',
        "Error: extract: the third argument must be a string after '+', not the integer 1",
    ),
    ("(extract 12 1)", "Error: extract: the first argument must be a string or a list, not the integer 12"),
    ('(extract "abc" 1 2 3)', "Error: extract: one or two bounds are expected, not 3"),
    ('(extract "abc" -)', "Error: extract: a string is expected after '-'"),
    ("(setrange (integers 1 2) 0 1 '((1)))", "Error: "),
)


test_result = each_gives(RESULTS)


test_error_says_what_was_expected = each_is_refused(ERRORS)


@given(st.text(max_size=6), st.integers(-8, 8), st.integers(-8, 8))
def test_integer_bounds_are_a_slice_of_python(text, first, last):
    start = first + len(text) if first < 0 else first
    end = last + len(text) if last <= 0 else last
    expected = text[start : max(start, end)] if start >= 0 else ""
    assert extract(text, first, last) == expected
    assert "".join(extract(List(text), first, last)) == expected
