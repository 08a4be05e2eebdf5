"""The reader: what each kind of token is read as, what is refused, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.language.errors import ReaderError
from lispe_kernel.language.forms import as_data
from lispe_kernel.language.printer import show
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.lists import List


def shown(text: str) -> str:
    return " ".join(show(as_data(form)) for form in read(Source(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 -3 +4 1.5 2.5e-3 2e-4", "12 -3 4 1.5 0.0025 0.0002"),
        ("0xFF -0x1F 0b1101 0x1.8p3", "255 -31 13 12"),
        ("1,2i 1,i 1,-i", "1,2i 1,i 1,-i"),
        ('"a\\"b" "\\x41" `c:\\n`', '"a\\"b" "x41" "c:\\\\n"'),
        ("a-b x+1 key@ atom? set@@", "a-b x+1 key@ atom? set@@"),
        ("(a-5) (- 5) (-5)", "(a-5) (- 5) (-5)"),
        ("$name #name %123 $", "$name #name %123 $"),
        ("été 变量 λ", "été 变量 λ"),
        ("'x ''y '(a b)", "'x ''y '(a b)"),
        ("[a b] [c [d]]", "(a b) (c (d))"),
        ("(a (b (c]", "(a (b (c)))"),
        ('{"a":1 "b":x}', '(dictionary "a" 1 "b" x)'),
        ("{1:2} {1.5:2} {} {1 2}", "(dictionaryi 1 2) (dictionaryn 1.5 2) (dictionary) (seti 1 2)"),
        ("a ; comment (\nb ;; block ) ( ;; c", "a b c"),
        ("#! script\na", "a"),
        ("';", "';"),
        ("nil _ false fail_", "nil nil nil nil"),
        ("(f . g . h x)", "(f . g . h x)"),
    ],
)
def test_text_is_read_as_these_forms(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "error", "incomplete"),
    [
        ("(a", "Error: parentheses do not balance", True),
        ("[a", "Error: brackets do not balance", True),
        ('{"a":1', "Error: braces do not balance", True),
        ("a)", "Error: parentheses do not balance", False),
        ("[c (d]", "Error: brackets do not balance", False),
        ("(a}", "Error: braces do not balance", False),
        ("a]", "Error: brackets do not balance", False),
        ('"abc', "Error: missing end of string", False),
        ("`abc", "Error: missing end of string", True),
        ("`(a ,b)", "Error: missing end of string (a ` opens a long string", True),
        ("'", "Error: Wrong number of arguments for 'quote'", True),
        ("(')", "Error: Wrong number of arguments for 'quote'", False),
        ("{1:2 3}", "Error: dictionary has a different number of key/value", False),
        ("{1::2}", "Error: wrong key/value separator in a dictionary", False),
        ("3abc", "Error: malformed number: '3abc'", False),
        ("0b12", "Error: malformed number: '0b12'", False),
        ("(+ 1 .5)", "Error: malformed number: '.5' (write 0.5)", False),
        ("-.5", "Error: malformed number: '-.5' (write -0.5)", False),
        ("(* 2. 3)", "Error: malformed number: '2.' (write 2.0)", False),
        ("1.2.3", "Error: malformed number: '1.2.'", False),
        (";; never closed", "Error: the comment", True),
    ],
)
def test_malformed_text_is_refused_with_its_reason(text: str, error: str, incomplete: bool) -> None:
    with pytest.raises(ReaderError) as caught:
        read(Source(text))
    assert caught.value.text.startswith(error)
    assert caught.value.incomplete is incomplete


def test_an_error_points_at_the_bracket_that_is_never_closed() -> None:
    with pytest.raises(ReaderError) as caught:
        read(Source("(a)\n  (b (c)\n"))
    assert caught.value.excerpt() == "2 |   (b (c)\n  |   ^"


def test_a_form_knows_where_it_stands() -> None:
    (form,) = read(Source("\n  (a (b\n c))"))
    assert tuple(form.span) == (2, 2, 3, 4)
    assert [tuple(s) for s in form.spans] == [(2, 3, 2, 4), (2, 5, 3, 3)]


def test_a_span_is_the_same_whatever_was_asked_for_before() -> None:
    text = "ab\n\ncd (e\nf) g"
    places = [(start, end) for end in range(len(text) + 1) for start in range(end + 1)]
    source = Source(text)
    for start, end in [*places, *reversed(places)]:
        assert source.span(start, end) == (*source.position(start), *source.position(end))


def test_nesting_has_no_limit() -> None:
    depth = 100_000
    (form,) = read(Source("(" * depth + ")" * depth))
    for _ in range(depth - 1):
        (form,) = form
    assert form == []


names = st.from_regex(r"[a-zα-ω_][a-z0-9?@+*-]{0,6}", fullmatch=True).filter(
    lambda n: n not in ("_", "nil", "false", "fail_", "quote", "b")
)
scalars = st.one_of(
    st.integers(),
    st.text(alphabet=st.characters(blacklist_characters="\n\r", blacklist_categories=("Cs",))),
    names.map(Atom),
    st.none(),
)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4).map(List), max_leaves=20)


@given(trees)
def test_what_is_printed_is_read_as_the_same_form(tree: object) -> None:
    (form,) = read(Source(show(tree)))
    assert as_data(form) == tree


@given(st.text(alphabet="()[]{}'\"`;:.,\\ abλ12-+@$\n", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(Source(text))
        place = (1, 0)
    except ReaderError as error:
        place = error.span and error.span[:2]
    assert place
