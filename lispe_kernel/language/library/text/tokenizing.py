"""Texts cut into tokens: `segment`, and tokenizers whose rules a program may write.

A rule is `body=action`; at each place the first rule whose body matches gives the token. No rule runs code.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument, text_argument
from lispe_kernel.language.library.shared.strings_core import pieces_like
from lispe_kernel.language.library.text.token_rules import (
    LANGUAGE_RULES,
    MAIN_RULES,
    OPERATORS,
    RuleSet,
    segment_rules,
)
from lispe_kernel.language.printer import plainly, register_kind, to_text, wrong_argument
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.sets import StringSet
from lispe_kernel.language.values.typed.lists import Integers

POINTS = (0, 1, 2)


@lru_cache(maxsize=16)
def _segments(point: int, mail: bool) -> re.Pattern[str]:
    return RuleSet(segment_rules(True, point, mail), OPERATORS).joined()


def _segment(name: str, value: Any, point: Any, blanks: bool) -> List:
    text, mark = text_argument(name, 1, value), _point(name, 2, point)
    found = _segments(mark, "@" in text).findall(text)
    return pieces_like(value, found if blanks else [token for token in found if not token.isspace()])


def _point(name: str, position: int, value: Any) -> int:
    point = integer_argument(name, position, value)
    if point not in POINTS:
        raise wrong_argument(name, position, "0 (a point), 1 (a comma) or 2 (both)", value)
    return point


@function("segment")
def segment(str_: Any, point: Any = 0) -> List:
    """The words, numbers and signs of a text as `strings`; blanks disappear.

    A word keeps its hyphens and apostrophes, a number its sign; a time, an ordinal, a tag, a web or mail
    address is one token.

    point: the decimal mark inside numbers, 0 for a point, 1 for a comma, 2 for both.

    Example: (segment "It costs 3.5, no?") => ("It" "costs" "3.5" "," "no" "?")
    Example: (segment "well-known: x=-2") => ("well-known" ":" "x" "=" "-2")
    """
    return _segment("segment", str_, point, blanks=False)


@function("segment_e")
def segment_e(str_: Any, point: Any = 0) -> List:
    """As `segment`, with each blank as a token of its own.

    Example: (segment_e "a b") => ("a" " " "b")
    """
    return _segment("segment_e", str_, point, blanks=True)


class Tokenizer:
    """A handle on rules: their texts, the operators that `%o` stands for, and both compiled."""

    def __init__(self, rules: tuple[str, ...], operators: frozenset[str] = OPERATORS) -> None:
        self.compiled = RuleSet(rules, operators)

    @property
    def rules(self) -> tuple[str, ...]:
        return self.compiled.texts

    @property
    def operators(self) -> frozenset[str]:
        return self.compiled.operators


register_kind(Tokenizer, "tokenizer_", plainly(lambda value: f"(tokenizer of {len(value.rules)} rules)"))


def _handle(name: str, value: Any) -> Tokenizer:
    if not isinstance(value, Tokenizer):
        raise wrong_argument(name, 1, "a tokenizer", value)
    return value


@function("tokenizer", "tokenizer_rules")
def tokenizer() -> Tokenizer:
    """A new tokenizer with the rules of ordinary text: blanks, numbers, words, signs.

    Example: (tokenize (tokenizer) "ab 12!") => ("ab" "12" "!")
    """
    return Tokenizer(LANGUAGE_RULES)


@function("tokenizer_main")
def tokenizer_main() -> Tokenizer:
    """A tokenizer with the rules of LispE's own text.

    Example: (tokenize (tokenizer_main) "(+ x 12)") => ("(" "+" "x" "12" ")")
    """
    return Tokenizer(MAIN_RULES)


@function("segmenter")
def segmenter(keepblanks: Any, point: Any) -> Tokenizer:
    """A tokenizer that cuts as `segment` does, or as `segment_e` when blanks are kept.

    Example: (tokenize (segmenter nil 0) "a 2.5") => ("a" "2.5")
    """
    return Tokenizer(segment_rules(bool(keepblanks), _point("segmenter", 2, point)))


@function("tokenize", "tokenize_rules")
def tokenize(h: Any, str_: Any = None, types: Any = None) -> List:
    """The tokens of a text by the rules of a tokenizer; with a true `types`, also the action of each token.

    A text alone is cut as by `segment`, which had this name in older revisions.

    Example: (tokenize (tokenizer) "ab 12") => ("ab" "12")
    Example: (tokenize "ab 12") => ("ab" "12")
    """
    if str_ is None and not isinstance(h, Tokenizer):
        return segment(text_argument("tokenize", 1, h))
    found = _handle("tokenize", h).compiled.tokens(text_argument("tokenize", 2, str_))
    texts = Strings(text for text, _ in found)
    return List([texts, Integers([action for _, action in found])]) if types else texts


@function("get_tokenizer_rules")
def get_tokenizer_rules(h: Any) -> Strings:
    """The rules of a tokenizer as `strings`.

    Example: (in (get_tokenizer_rules (tokenizer)) "%a{%a%d%H}*=4") => true
    """
    return Strings(_handle("get_tokenizer_rules", h).rules)


@function("set_tokenizer_rules")
def set_tokenizer_rules(h: Any, lst: Any) -> Atom:
    """Give a tokenizer other rules.

    Example: (block (setq t (tokenizer)) (set_tokenizer_rules t '("%d+=1")) (tokenize t "12")) => ("12")
    Errors: for a rule that cannot be read.
    """
    handle = _handle("set_tokenizer_rules", h)
    if not isinstance(lst, list):
        raise wrong_argument("set_tokenizer_rules", 2, "a list of rules", lst)
    rules = tuple(text_argument("set_tokenizer_rules", 2, rule) for rule in lst)
    handle.compiled = RuleSet(rules, handle.operators)
    return TRUE


@function("get_tokenizer_operators")
def get_tokenizer_operators(h: Any) -> Any:
    """The set of characters that `%o` stands for.

    Example: (in (get_tokenizer_operators (tokenizer)) "+") => true
    """
    return StringSet(sorted(_handle("get_tokenizer_operators", h).operators))


@function("set_tokenizer_operators")
def set_tokenizer_operators(h: Any, a_sets: Any) -> Atom:
    """Give a tokenizer another set of characters for `%o`.

    Example: (set_tokenizer_operators (tokenizer) (sets "@" "+")) => true
    Errors: for anything but a `sets`.
    """
    handle = _handle("set_tokenizer_operators", h)
    if not isinstance(a_sets, StringSet):
        raise wrong_argument("set_tokenizer_operators", 2, "a set of strings (sets)", a_sets)
    handle.compiled = RuleSet(handle.rules, frozenset(map(to_text, a_sets)))
    return TRUE


@function("tokenizer_display", returns="text")
def tokenizer_display(h: Any) -> str:
    """The rules of a tokenizer with the patterns they stand for, one a line.

    Example: (startwith (tokenizer_display (tokenizer_main)) "%S-=#") => true
    """
    return _handle("tokenizer_display", h).compiled.text()
