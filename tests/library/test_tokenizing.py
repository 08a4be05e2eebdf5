"""Segmentation, and tokenizers with rules of one's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel import LispeError
from lispe_kernel.language.library.text.tokenizing import segment_e
from tests.library.library_calls import each_gives, text_of

RESULTS = (
    ('(segment "Pay 3,50 or 4.5e2!")', '("Pay" "3" "," "50" "or" "4.5e2" "!")'),
    ('(segment "3,50 4.5" 1)', '("3,50" "4" "." "5")'),
    ('(segment "3,50 4.5" 2)', '("3,50" "4.5")'),
    ('(segment_e "a  b")', '("a" " " " " "b")'),
    # As LispE of June 2026 answers.
    ('(segment "well-known it\'s a’b x-")', '("well-known" "it\'s" "a’b" "x-")'),
    ("(segment \"'quoted' -a a--b\")", '("\'" "quoted\'" "-" "a" "a--b")'),
    ('(segment "-2 x=-2.5e3+4 3-2 (+3)")', '("-2" "x" "=" "-2.5e3" "+4" "3" "-2" "(" "+3" ")")'),
    ('(segment "1,000,000.5 1,0000 0x1F")', '("1,000,000" "." "5" "1,000" "0" "0x1F")'),
    ('(segment "1.000,50 12 345" 1)', '("1.000" "," "50" "12 345")'),
    ('(segment "3:30pm 9h45 1:2 2nd #a $b")', '("3:30pm" "9h45" "1" ":" "2" "2nd" "#a" "$b")'),
    ('(segment "at http://a.b/c?d=1, a.b@c.d!")', '("at" "http://a.b/c?d=1" "," "a.b@c.d" "!")'),
    ('(segment "日本語x €5 5² 1a2")', '("日本語" "x" "€5" "5" "²" "1" "a2")'),
    # Where it leaves its own rule: it cuts `1 st` and `1 e5`, but not `2nd` and `1.0e5`.
    ('(segment "1st 1e5 1.0e5")', '("1st" "1e5" "1.0e5")'),
    ('(segment "👩🏽‍💻ok")', '("👩🏽‍💻" "ok")'),
    ('(segment "")', "()"),
    ('(tokenize (segmenter nil 0) "Pay 3.5, 👩🏽‍💻!")', '("Pay" "3.5" "," "👩🏽‍💻" "!")'),
    ('(tokenize (segmenter true 0) "a  b")', '("a" " " " " "b")'),
    ('(tokenize (segmenter nil 1) "it\'s -1.000,5")', '("it\'s" "-1.000" "," "5")'),
    (
        '(tokenize (tokenizer_main) "(f \\"a b\\" -1.5 \'x) ; end")',
        '("(" "f" "\\"a b\\"" "-1.5" "\'" "x" ")")',
    ),
    ('(tokenize (tokenizer) "ab 12" true)', '(("ab" "12") (4 9))'),
)

# rules, text, tokens
RULES = (
    ('\'("%d+=1" "%a+=2")', "ab1c", '("ab" "1" "c")'),
    ('\'("%d+=1")', "a1", '("a" "1")'),
    ('\'("v:[aeiou]" "%v+=1" "?-=0")', "hello", '("e" "o")'),
    ('\'("#48-57+=1" "?-=0")', "a12", '("12")'),
    ('\'("[a-c]+=1" "~[a-c]=2")', "abx", '("ab" "x")'),
    ('\'("{%d %p}+=1" "?-=0")', "a1!2b", '("1!2")'),
    ('\'("a(bc)d=1" "?-=0")', "abcdxad", '("abcd" "ad")'),
    ('\'("%o=1" "?-=0")', "a+b", '("+")'),
    ('\'("<-%a+>-=1" "?-=0")', "<tag>", '("tag")'),
)

WRONG = ("a", "=1", "(a=1", "[a=1", "{}=1", "a=x", "%", "#9999999999=1", "q:(a)")


test_result = each_gives(RESULTS)


@pytest.mark.parametrize(("rules", "text", "tokens"), RULES)
def test_rules(rules, text, tokens):
    assert text_of(f'(setq t (tokenizer)) (set_tokenizer_rules t {rules}) (tokenize t "{text}")') == tokens


@pytest.mark.parametrize("rule", WRONG)
def test_wrong_rule_is_refused(rule):
    with pytest.raises(LispeError, match="Error: wrong tokenizer rule"):
        text_of(f'(set_tokenizer_rules (tokenizer) \'("{rule}"))')


def test_operators_can_be_changed():
    rules = '(setq t (tokenizer)) (set_tokenizer_rules t \'("%o=1" "?-=0"))'
    assert text_of(f'{rules} (set_tokenizer_operators t (sets "x")) (tokenize t "a+x")') == '("x")'


def test_handles_are_independent():
    assert (
        text_of('(setq a (tokenizer)) (set_tokenizer_rules a \'("?=1")) (tokenize (tokenizer) `ab`)')
        == '("ab")'
    )


@given(st.text())
def test_tokens_with_blanks_are_the_text(text):
    assert "".join(segment_e(text)) == text
