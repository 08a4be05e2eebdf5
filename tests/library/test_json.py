"""JSON out and in: LispE's values, other programs' texts, wrong texts."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel import LispeError
from lispe_kernel.language.library.text.json_text import from_json, settled, to_json
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from tests.library.library_calls import each_gives, text_of

WRITTEN = (
    ("(json '(1 (2 `b`)))", '[1,[2,"b"]]'),
    ("(json nil)", "null"),
    ("(json '(true a))", '[true,"a"]'),
    ("(json 0.1)", "0.1"),
    ("(json 3.0)", "3"),
    ("(json (/ 1 3))", "0.3333333333333333"),
    ("(json ())", "[]"),
    ("(json (dictionary))", "{}"),
    ("(json (dictionaryi 1 `a`))", '{1:"a"}'),
    ("(json (numbers 1 2.5))", "[1,2.5]"),
    ("(json (sets `b` `a`))", '["a","b"]'),
    ("(json (rho 2 2 (iota 4)))", "[[1,2],[3,4]]"),
    ('(json "a\\"\\n\\\\")', '"a\\"\\n\\\\"'),
    ("(setq l (list 1)) (push l l) (maybe (json l) 'refused)", "refused"),
    ("(setq l (list 1)) (setq m (list l l)) (json m)", "[[1],[1]]"),
)

READ = (
    ('{"b":1, "a":[1.5, true, false, null]}', '{"b":1 "a":(1.5 true nil nil)}'),
    ('[1 2 "x"]', '(1 2 "x")'),
    ('{"a":1 "b":{"c":[]}}', '{"a":1 "b":{"c":()}}'),
    ('{1:"a" 2:"b"}', '{1:"a" 2:"b"}'),
    ('"\\u00e9\\n"', "é\n"),
    ("12345678901234567890", "12345678901234567890"),
    (" [ ] ", "()"),
)

WRONG = (
    "",
    "[",
    "[1",
    "{",
    '{"a"}',
    '{"a":}',
    "[1]]",
    "[01]",
    "[1.]",
    "nope",
    '"abc',
    '"\\x"',
    "[1,\n2,}]",
    "NaN",
)


test_written = each_gives(WRITTEN)


@pytest.mark.parametrize(("text", "printed"), READ)
def test_read(text, printed, in_folder):
    (in_folder / "x.json").write_text(text, encoding="utf-8")
    assert text_of('(json_read "x.json")') == printed


@pytest.mark.parametrize("text", WRONG)
def test_wrong_text_is_refused_with_its_line(text):
    with pytest.raises(LispeError, match=r"^Error: json_parse: unexpected .* in line \d+ of the JSON text"):
        from_json("json_parse", text)


def test_the_line_is_that_of_the_error():
    with pytest.raises(LispeError, match="in line 3"):
        from_json("json_parse", '[1,\n2,\n"a" : 3]')


@pytest.mark.parametrize("value", [math.nan, math.inf, len, 1j])
def test_what_json_lacks_is_refused(value):
    with pytest.raises(LispeError, match=r"^Error: json: JSON has no"):
        to_json(value)


VALUES = st.recursive(
    st.none() | st.just(TRUE) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4).map(List) | st.dictionaries(st.text(), inner, max_size=4).map(Dictionary)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_reads_back(value):
    assert from_json("json_parse", to_json(value)) == value


@given(VALUES)
def test_other_readers_take_what_is_written(value):
    assert settled(json.loads(to_json(value))) == value


@given(st.text('[]{}:," 1a\n\\'))
def test_any_text_is_read_or_refused(text):
    try:
        from_json("json_parse", text)
    except LispeError as error:
        if not error.text.startswith("Error: json_parse"):
            raise


def test_deep_nesting_is_read_or_refused():
    depth = 20_000
    program = f'(size (json_parse "{"[" * depth}{"]" * depth}"))'
    try:
        assert text_of(program) in ("0", "1")
    except LispeError as error:
        if "overflow" not in error.text:
            raise


def test_a_file_comes_back(in_folder):
    assert text_of('(json_write {"a":(list 1 2)} "x.json") (json_read "x.json")') == '{"a":(1 2)}'
    assert (in_folder / "x.json").read_text() == '{"a":[1,2]}'
