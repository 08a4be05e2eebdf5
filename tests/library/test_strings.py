"""String functions against tables, and against their definitions on any text."""

from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.language.library.shared import strings_core
from lispe_kernel.language.library.shared.clusters import clusters
from lispe_kernel.language.library.text import strings
from tests.library.library_calls import each_gives, each_is_refused

# program, printed text
RESULTS = (
    ('(upper "straße")', "STRAßE"),
    ('(size (lower "İ"))', "1"),
    ('(deaccentuate "Łódź ñ")', "Lodz n"),
    ('(right "abc" 9)', "abc"),
    ('(size (right "abc" 0))', "0"),
    ('(size (middle "abc" -1 2))', "0"),
    ('(replace "aaa" "" "x")', "aaa"),
    ('(replace "abcdef" "XY" 1 3)', "aXYdef"),
    ('(replace "abcdef" "!" 4 99)', "abcd!"),
    ('(split "a,,b," ",")', '("a" "b")'),
    ('(splite "a,,b," ",")', '("a" "" "b" "")'),
    ('(split "")', "()"),
    ('(type (split "a b"))', "strings_"),
    ('(startwith "abc" "")', "nil"),
    ('(endwith "" "a")', "nil"),
    ('(endwith "a" "")', "nil"),
    ('(maybe (endwith (list) "") "no")', "no"),
    ('(maybe (startwith nil "") "no")', "no"),
    ('(padding "long" "-" 2)', "long"),
    ('(padding "7" "ab" 4)', "7aba"),
    ('(padding "7" "ab" -4)', "aba7"),
    ('(fill "ab" -1)', ""),
    ('(ngrams "ab" 3)', "()"),
    ('(upper "a")', "A"),
    ("(upper 'abc)", "ABC"),
    ("(type (upper b`abc`))", "stringbyte_"),
    ("(list (+ b`a` '(1 2)) (+ b`a` (integers 1 2)))", '(("a1" "a2") ("a1" "a2"))'),
    ('(= (+ "a" (chrbyte (integers 255))) (apply \'+ (list "a" (chrbyte (integers 255)))))', "true"),
    ("(split b`a b`)", '("a" "b")'),
    ("(type (split b`a b`))", "stringbytes_"),
    ("(size (stringbyte `é`))", "2"),
    ("(= (stringbyte `é`) `é`)", "true"),
    ("(= `é` (stringbyte `é`))", "true"),
    ("(+ (stringbyte `a`) `é` 1)", "aé1"),
    ("(explode `ab`)", "(a b)"),
    ("(chr 128512)", "😀"),
    ("(punctuationp ``)", "true"),
    ("(lowerp ``)", "nil"),
    ("(digitp `12a`)", "nil"),
    ("(upperp `ÀB`)", "true"),
    ("(consonantp `bcd`)", "true"),
    ("(emojip `👨‍👩‍👧`)", "true"),
)

ERRORS = (
    ("(upper nil)", "Error: upper: the first argument must be a string, not nil"),
    ("(upper '(1))", "Error: upper: the first argument must be a string, not the list (1)"),
    ('(left "a" "b")', 'Error: left: the second argument must be an integer, not the string "b"'),
    ("(replace 12 1 2)", "Error: replace: the first argument must be a string, not the integer 12"),
    ('(replace "abc" "x" 5 6)', "Error: replace: 5 to 6 is out of range in 3 characters"),
    ('(replace "abc" "x" 2 1)', "Error: replace: 2 to 1 is out of range in 3 characters"),
    ('(ngrams "abc" 0)', "Error: ngrams: the second argument must be an integer above 0"),
    ("(chr 1114112)", "Error: chr: the first argument must be a code point"),
    ('(fill "ab" 1000000000000)', "Error: fill: a string of 2000000000000 characters is too long"),
)


test_result = each_gives(RESULTS)


test_error_names_the_function_and_the_argument = each_is_refused(ERRORS)


def plain_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_distance_is_that_of_the_table(a, b):
    assert strings.editdistance(a, b) == plain_distance(a, b)


@given(st.text(), st.text(max_size=3))
def test_pieces_joined_with_the_separator_are_the_text(text, mark):
    pieces = strings.splite(text, mark) if mark else strings.splite(text, "")
    assert mark.join(pieces) == text


@given(st.text())
def test_characters_joined_are_the_text(text):
    assert "".join(clusters(text)) == text


@given(st.text())
def test_case_never_changes_the_length(text):
    assert len(strings.upper(text)) == len(text) == len(strings.lower(text))


@given(st.text("ab"), st.text("ab", min_size=1, max_size=2))
def test_occurrences_are_where_the_part_stands(text, part):
    found = strings_core.occurrences(text, part)
    assert all(text.startswith(part, at) for at in found)
    assert len(found) == text.count(part)
