"""Questions about the characters of a text: letters, digits, punctuation, vowels, emojis.

Each answers true or nil and refuses what has no characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import text_argument
from lispe_kernel.language.library.shared.character_classes import is_punctuation
from lispe_kernel.language.library.shared.clusters import is_emoji
from lispe_kernel.language.values.atoms import Atom, truth

VOWELS = frozenset("aeiouy")


def is_vowel(character: str) -> bool:
    """Whether a letter is a vowel once its accents are gone."""
    return unicodedata.normalize("NFD", character)[0].lower() in VOWELS


def is_consonant(character: str) -> bool:
    """Whether a character is a letter and no vowel."""
    return character.isalpha() and not is_vowel(character)


def _all(test: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: bool(text) and all(map(test, text))


# name, alias, what the text consists of, example, test of the whole text
_PREDICATES: tuple[tuple[str, str, str, str, Callable[[str], bool]], ...] = (
    ("lowerp", "lower?", "only lower-case letters", '(lowerp "abc") => true', _all(str.islower)),
    ("upperp", "upper?", "only upper-case letters", '(upper? "AbC") => nil', _all(str.isupper)),
    ("alphap", "alpha?", "only letters", '(alphap "a1") => nil', _all(str.isalpha)),
    ("digitp", "digit?", "only digits", '(digitp "2026") => true', _all(str.isdecimal)),
    ("vowelp", "vowel?", "only vowels, accented or not", '(vowelp "aé") => true', _all(is_vowel)),
    ("consonantp", "consonant?", "only consonants", '(consonantp "xyz") => nil', _all(is_consonant)),
    ("emojip", "emoji?", "one emoji, with its modifiers", '(emojip "😀") => true', is_emoji),
)


def _predicate(name: str, test: Callable[[str], bool]) -> Callable[..., Any]:
    def ask(str_: Any) -> Atom | None:
        return truth(test(text_argument(name, 1, str_)))

    return ask


for _name, _alias, _meaning, _example, _test in _PREDICATES:
    _ask = _predicate(_name, _test)
    _ask.__doc__ = f"Whether a text is {_meaning}; nil for an empty text.\n\nExample: {_example}"
    function(_name, _alias, returns="boolean")(_ask)


@function("punctuationp", "punctuation?", returns="boolean")
def punctuationp(str_: Any) -> Atom | None:
    """Whether a text is only punctuation; true for an empty text, in which nothing else is.

    Example: (punctuationp "!?") => true
    Example: (punctuationp "a!") => nil
    """
    return truth(all(map(is_punctuation, text_argument("punctuationp", 1, str_))))
