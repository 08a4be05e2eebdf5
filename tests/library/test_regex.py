"""Both families of regular expressions: tables, and the discipline of LispE's own against a plain matcher."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel import LispeError
from lispe_kernel.language.library.text import ecmascript_regex, regex_language
from tests.library.library_calls import each_gives, text_of

# LispE expression, text, what rgx_findall gives
FOUND = (
    ("%a+", "ab12 éà", ["ab", "éà"]),
    ("%C%c+", "Ab aB CdE", ["Ab", "Cd"]),
    ("%x+", "xyFF0g", ["FF0"]),
    ("?+b", "aXbXb", ["aXb", "Xb"]),
    ("?+", "abc", ["abc"]),
    ("?*b", "aXbXb", ["aXb", "Xb"]),
    ("%d+%d+", "1234", ["1234"]),
    ("{ab}+", "abcba", ["ab", "ba"]),
    ("{a-c%d}+", "a1z9", ["a1", "9"]),
    ("{[ab][cd]}+", "abcdab!ab", ["abcdab", "ab"]),
    ("[ab]+", "ababa", ["abab"]),
    ("a(bc)d", "ad abcd abd", ["ad", "abcd"]),
    ("~%d+", "ab12cd", ["ab", "cd"]),
    ("~{ab}", "abc", ["c"]),
    ("~a", "aba", ["b"]),
    ("%?+", "a??", ["??"]),
    ("%%", "5%", ["%"]),
    ("\\+", "1+2", ["+"]),
    ("\\065+", "AAB", ["AA"]),
    ("\\x00e9", "é", ["é"]),
    ("^a", "aa", ["a"]),
    ("a$", "aba", ["a"]),
    ("%p+", "a!?b", ["!?"]),
    ("%s+", "a \xa0b", [" \xa0"]),
    ("a\nb", "ab", ["ab"]),
    ("%e", "a\U0001f600", ["\U0001f600"]),
    ("%H+", "ab日本", ["日本"]),
    ("%h+", "abλμ", ["λμ"]),
    ("a.b|c", "a.b|c axb", ["a.b|c"]),
)

WRONG = ("(ab", "a)", "{}", "+a", "{a", "%", "~", "(a)+", "~(a)", "~[ab]", "{z-a}", "a++", "[", "\\")

PROGRAMS = (
    ("(rgx_find (rgx `%d+`) `ab12` 3)", "2"),
    ("(rgx_find (rgx `%d`) `ab`)", ""),
    ("(rgx_find_i (rgx `%d`) `ab`)", "()"),
    ("(rgx_replace (rgx `z`) `abc` `-`)", ""),
    ("(rgx_split (rgx `,`) `,a,,b,`)", '("" "a" "" "b")'),
    ("(rgx_match (rgx `?+b`) `aXbXb`)", "true"),
    ("(rgx_findall (rgx `%d*`) `a1`)", '("1")'),
    ("(rgx `%d+`)", '(rgx "%d+")'),
    ("(prgx_findall (prgx `a|bc?`) `abcb`)", '("a" "bc" "b")'),
    ("(prgx_replace (prgx `(\\w)(\\d)`) `a1b2` `$2$1[$&]$$`)", "1a[a1]$2b[b2]$"),
    ("(prgx_find (prgx `a.c`) `a\nc abc`)", "abc"),
    ("(prgx_find (prgx `[[:alpha:]]+`) `12ab`)", "ab"),
    ("(prgx_find (prgx `b$`) `ab\n`)", ""),
    ("(prgx_split (prgx `;`) `abc`)", "()"),
    ("(prgx_match (prgx `(a)\\1`) `aa`)", "true"),
    ("(prgx_find (prgx `[^]`) `x`)", "x"),
    ("(prgx_find (prgx `\\u0041`) `A`)", "A"),
)

WRONG_ECMASCRIPT = ("(a", "a++", "(?P<n>a)", "(?<=a)b", "\\A", "[z-a]", "*", "(?i)a", "[[:nothing:]]")


@pytest.mark.parametrize(("expression", "text", "found"), FOUND)
def test_all_matches(expression, text, found):
    assert [match[0] for match in regex_language.compiled(expression).finditer(text) if match[0]] == found


@pytest.mark.parametrize("expression", WRONG)
def test_wrong_expression_is_refused(expression):
    with pytest.raises(LispeError, match="Error: Unrecognized regular expression"):
        regex_language.compiled(expression)


@pytest.mark.parametrize("expression", WRONG_ECMASCRIPT)
def test_wrong_ecmascript_is_refused(expression):
    with pytest.raises(LispeError, match="Error: Unrecognized regular expression"):
        ecmascript_regex.compiled(expression)


test_program = each_gives(PROGRAMS)


def test_the_wrong_family_is_refused():
    with pytest.raises(LispeError, match="must be an expression made by rgx"):
        text_of('(rgx_find (prgx "a") "a")')


@given(st.text())
def test_any_text_is_an_expression_or_is_refused(expression):
    with contextlib.suppress(LispeError):
        regex_language.compiled(expression).search("abc 12 é")


@given(st.text("abc^.$*+?{}[]()|\\d1-,:=!&"))
def test_any_text_is_an_ecmascript_expression_or_is_refused(expression):
    with contextlib.suppress(LispeError):
        ecmascript_regex.compiled(expression)


# Elements as (LispE's writing, one character that they match, Python's writing).
ELEMENTS = st.sampled_from([("a", "a"), ("b", "b"), ("%d", "[0-9]"), ("?", "[\\s\\S]"), ("{ab}", "[ab]")])
PARTS = st.lists(st.tuples(ELEMENTS, st.sampled_from(["", "+", "*"])), min_size=1, max_size=4)


@given(PARTS, st.text("ab1", max_size=8))
def test_a_whole_match_knows_no_laziness(parts, text):
    expression = "".join(element[0] + mark for element, mark in parts)
    python = "".join(element[1] + mark for element, mark in parts)
    found = regex_language.compiled(expression).fullmatch(text)
    assert (found is None) == (re.fullmatch(python, text) is None)


@given(
    st.sampled_from(["a", "%d", "?"]),
    st.sampled_from("+*"),
    st.sampled_from("ab1"),
    st.text("ab1", max_size=8),
)
def test_a_repetition_before_a_single_element_stops_at_the_first(element, mark, last, text):
    found = regex_language.compiled(element + mark + last).search(text)
    if found is not None:
        shorter = [found[0][:n] for n in range(1, len(found[0]))]
        assert not any(regex_language.compiled(element + mark + last).fullmatch(part) for part in shorter)


@given(st.text(), st.text("ab$&1`'", max_size=6))
def test_a_literal_replacement_of_rgx_is_literal(text, put):
    from lispe_kernel.language.library.text.regex import rgx, rgx_replace

    result = rgx_replace(rgx("a"), text, put)
    assert result == (text.replace("a", put) if "a" in text else "")
