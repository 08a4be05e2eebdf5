"""Colours: the kind of each piece of text, and that no text is lost or leaves an error token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String, Token

from lispe_kernel.assist.lexer import LispeLexer


def kinds(code: str) -> dict[str, object]:
    return {text: kind for kind, text in LispeLexer().get_tokens(code) if text.strip()}


@pytest.mark.parametrize(
    ("code", "piece", "kind"),
    [
        ("; line\n1", "; line", Comment.Single),
        (";; over\nlines ;; 1", ";; over\nlines ;;", Comment.Multiline),
        ("#! script\n", "#! script", Comment.Hashbang),
        ('"a \\" b"', '"a \\" b"', String.Double),
        ("`raw\ntext`", "`raw\ntext`", String.Backtick),
        ("(defun f (x) x)", "defun", Keyword.Declaration),
        ("(setq x 1)", "setq", Keyword),
        ("(λ (x) x)", "λ", Keyword),
        ("(\\ (x) x)", "\\", Keyword),
        ("(println 1)", "println", Name.Builtin),
        ("(mine 1)", "mine", Name.Function),
        ("(f mine)", "mine", Name.Variable),
        ("(f été)", "été", Name.Variable),
        ("(f 'atom)", "atom", String.Symbol),
        ("nil", "nil", Keyword.Constant),
        ("true", "true", Keyword.Constant),
        ("12", "12", Number.Integer),
        ("-2.5e-3", "-2.5e-3", Number.Float),
        ("0xFF", "0xFF", Number.Hex),
        ("0b101", "0b101", Number.Bin),
        ("1,-2i", "1,-2i", Number),
        ("(+ 1 2)", "+", Operator),
        ("(⍳ 3)", "⍳", Operator),
        ("(° x)", "°", Operator),
        ("(f)", "(", Punctuation),
    ],
)
def test_piece_has_its_colour(code: str, piece: str, kind: object) -> None:
    assert kinds(code)[piece] is kind


@given(st.text(alphabet="()[]{}'\"`;#!,.: \n\\aλ+-1x⍳é", max_size=60))
def test_every_text_is_coloured_whole_and_without_errors(code: str) -> None:
    found = list(LispeLexer(stripnl=False, ensurenl=False).get_tokens(code))
    assert "".join(text for _, text in found) == code
    assert all(kind is not Error and kind in Token for kind, _ in found)


def test_pygments_finds_the_lexer_by_its_entry_point() -> None:
    from importlib.metadata import distributions

    installed = any(
        entry.group == "pygments.lexers" and entry.name == "lispe"
        for distribution in distributions()
        for entry in distribution.entry_points
    )
    # In a bare checkout nothing is installed; the wheel's own test covers the entry point there.
    if installed:
        assert isinstance(get_lexer_by_name("lispe"), LispeLexer)
