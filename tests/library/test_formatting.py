"""Numbers in formats and bases, and balanced blocks."""

from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.language.library.text.formatting import convert_in_base, getstruct
from tests.library.library_calls import each_gives, each_is_refused

RESULTS = (
    ('(sprintf 3 "%5.1f|")', "  3.0|"),
    ('(sprintf 3.9 "%d")', "3"),
    ('(sprintf 255 "%#x %%")', "0xff %"),
    ('(sprintf 8 "%#o")', "010"),
    ('(sprintf -1 "%x")', "ffffffffffffffff"),
    ('(sprintf -1 "%u")', "18446744073709551615"),
    ('(sprintf 7 "%-4d|")', "7   |"),
    ('(sprintf 7 "%+03ld")', "+07"),
    ('(sprintf 955 "%c")', "λ"),
    ('(sprintf 1 "none")', "none"),
    ('(stringf 1e10 "%g")', "1e+10"),
    ('(format "%1 %2" "a")', "a %2"),
    ('(format "%1 %2" "a" nil)', "a %2"),
    ('(format "%1" \'(1 "a"))', '(1 "a")'),
    ("(convert_in_base -10 2)", "-1010"),
    ('(convert_in_base "-1010" 2 true)', "-10"),
    ('(getstruct "a {b \\"}\\" c} d" "{" "}")', '("{b \\"}\\" c}" 2 11)'),
    ('(getstruct "(a)(b)" "(" ")" 1)', '("(b)" 3 6)'),
    ('(getstruct "((a)" "(" ")")', "nil"),
)

ERRORS = (
    ('(sprintf "a" "%d")', 'Error: sprintf: the first argument must be a number, not the string "a"'),
    ('(sprintf 1 "%d %d")', 'Error: sprintf: the format the string "%d %d" asks for 2 numbers'),
    ('(stringf 1 "%")', 'Error: stringf: the string "%" is no format of one number'),
    ('(stringf 1 "%n")', "Error: stringf: unknown conversion '%n' in a format"),
    ('(stringf 1 "%s")', "Error: stringf: unknown conversion '%s' in a format"),
    ('(stringf 1 "%999999999d")', "Error: stringf: a width or a precision above 100000"),
    ('(stringf (exp 1000) "%d")', "Error: stringf: the first argument must be an integer"),
    ("(convert_in_base 1 65)", "Error: convert_in_base: the second argument must be a base from 2 to 64"),
    ('(convert_in_base "12" 2 true)', "Error: convert_in_base: '2' is no digit in base 2"),
)


test_result = each_gives(RESULTS)


test_error_says_what_was_expected = each_is_refused(ERRORS)


@given(st.integers().filter(bool), st.integers(2, 64))
def test_a_number_comes_back_from_its_base(number, base):
    assert convert_in_base(convert_in_base(number, base), base, True) == number


@given(st.text("()a", max_size=20))
def test_a_block_is_balanced_and_stands_at_its_bounds(text):
    found = getstruct(text, "(", ")")
    if found is not None:
        block, begin, end = found
        assert text[begin:end] == block
        assert block.count("(") == block.count(")") > 0
        assert "(" not in text[:begin]
