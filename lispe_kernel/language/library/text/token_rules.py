"""The rules of tokenizers: their language, its translation to Python patterns, and the rules that come along.

A rule is `body=action`. `c:body` declares what `%c` stands for. Nothing is registered here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.library.shared.character_classes import GENERAL_CLASSES, computed_class
from lispe_kernel.language.library.shared.clusters import EMOJI_CLASS, EMOJI_COMPLEMENT_CLASS

OPERATORS = frozenset("+-*/%=<>!&|^~@#$?:.,;°≠∧∨¬×÷")

_NUMBER = "%d+(.%d+)([eE]([%-%+])%d+)=9"
_DRESSED = "%e{#65039#127995-127999}*"
_EMOJIS = ("[#127462-127487][#127462-127487]=5", _DRESSED + f"(#8205{_DRESSED})" * 3 + "=5")
_PAIRS = ("===0", "<==0", ">==0", "<>=0", "!==0", ":==0", "+==0", "-==0", "*==0", "/==0")
_SIGNS = ("=", "<", ">", "!", ":", "+", "-", "*", "/", "%%", "$", ";", ",", ".", "&", "|", "^", "#")
# Programs replace the first three by their positions, and find others by a part of their text.
LANGUAGE_RULES = (
    *("#32+=#", "#9+=#", "#10+=#", "%r+=#", "%S-=#"),
    '"{[\\-"] ~%r}*"=34',
    _NUMBER,
    *_PAIRS,
    *(f"{sign}=0" for sign in _SIGNS),
    *("%a{%a%d%H}*=4", "%H=4", *_EMOJIS, "%p=3", "?=1"),
)
MAIN_RULES = (
    "%S-=#",
    ";-~%r*-=#",
    '"~["]*"=1',
    "`~[`]*`=2",
    "([%-])%d+(.%d+)([eE]([%-%+])%d+)=9",
    "[(){}%[%]']=3",
    "~[(){}%[%]'\"`; #9#10#13]+=4",
)


# What groups thousands and what marks decimals, for each `point` of `segment`.
_MARKS = {
    0: ("{[,%d%d%d]}+", "."),
    1: ("{[.%d%d%d][ %d%d%d]}+", ","),
    2: ("{[,%d%d%d][.%d%d%d][ %d%d%d]}+", ".,"),
}
_SIGN = "({%-%+})"
_MAIL = "{%a%d.%-%+}+@{%a%d.%-%+}+=4"


def segment_rules(blanks: bool, point: int, mail: bool = True) -> tuple[str, ...]:
    """The rules that cut as `segment` does, as measured on LispE of June 2026.

    point: the decimal mark, 0 a point, 1 a comma, 2 both. mail: whether to look for addresses, which costs
    each word a second look.
    """
    groups, marks = _MARKS[point]
    exponent = f"([eE]{_SIGN}%d+)"
    return (
        "%S=0" if blanks else "%S-=#",
        *("%d+{[st][nd][rd][th][er][ième][ieme]}=9", "%d(%d)(:%d%d){[am][pm]}=9", "%d(%d){:h}%d%d=9"),
        f"{_SIGN}%d+{groups}=9",
        f"{_SIGN}0x%x+(.%x+)([pP]{_SIGN}%d+)=9",
        f"{_SIGN}%d+([{marks}]%d+){exponent}=9",
        *("%#{%a%d}+=4", "${%a%d}+=4", "http(s)://{%a%d.=%#&?/%-%+%%}+=4"),
        *((_MAIL,) if mail else ()),
        *("%H{%H%d}*=4", "%a{%a%d%-'’}*=4", *_EMOJIS),
        *("{%p%o}=1", "~{%S%p%o}+=1"),
    )


class Rule(NamedTuple):
    """One rule: its pattern, whose capturing groups are recognised but not stored, and its action.

    Nothing is stored of what a rule without action takes (`=#`).
    """

    text: str
    pattern: re.Pattern[str]
    action: int | None
    # Sequences in braces of which a part is not stored.
    inner: tuple[re.Pattern[str], ...] = ()


class RuleSet:
    """Compiled rules in their order, with the characters of `%o`."""

    def __init__(self, texts: tuple[str, ...], operators: frozenset[str]) -> None:
        self.texts, self.operators = texts, operators
        self._classes: dict[str, str] = {"o": "".join(map(_escaped, sorted("".join(operators))))}
        self.rules: list[Rule] = []
        for text in texts:
            if len(text) > 2 and text[1] == ":" and text[0] not in "%#":
                self._classes[text[0]] = _Body(text, text[2:], self._classes).single()
            else:
                self.rules.append(self._rule(text))

    def _rule(self, text: str) -> Rule:
        body, equals, action = text.rpartition("=")
        # `=:34` in rules of 2026, for strings and comments over several lines, which every rule takes here.
        action = action.removeprefix(":")
        if not equals or not body or not re.fullmatch(r"#|-?\d+", action):
            raise _wrong(text, "body=action is expected, where the action is a number or #")
        reader = _Body(text, body, self._classes)
        pattern = reader.sequence("")
        try:
            inner = tuple(re.compile(part, re.S) for part in reader.inner)
            return Rule(text, re.compile(pattern, re.S), None if action == "#" else int(action), inner)
        except re.error as error:
            raise _wrong(text, str(error)) from None

    def tokens(self, text: str) -> list[tuple[str, int]]:
        """The tokens with their actions; a character that no rule takes is a token with the action -1."""
        found: list[tuple[str, int]] = []
        at = 0
        while at < len(text):
            rule, match = self._first(text, at)
            if match is None:
                found.append((text[at], -1))
                at += 1
                continue
            at = match.end()
            if rule.action is None:
                continue
            stored = _stored(match)
            for part in rule.inner:
                stored = part.sub(_stored, stored)
            if stored:
                found.append((stored, rule.action))
        return found

    def joined(self) -> re.Pattern[str]:
        """One pattern for all rules, earlier ones first; for rules that store all that they take."""
        return re.compile("|".join(f"(?:{rule.pattern.pattern})" for rule in self.rules), re.S)

    def _first(self, text: str, at: int) -> tuple[Rule, re.Match[str] | None]:
        for rule in self.rules:
            match = rule.pattern.match(text, at)
            if match is not None and match.end() > at:
                return rule, match
        return _NO_RULE, None

    def text(self) -> str:
        """Each rule and its pattern, one a line."""
        return "\n".join(f"{rule.text}\t{rule.pattern.pattern}" for rule in self.rules)


_ANY = r"[\s\S]"
# What may stand after `#`: a code point, two of them, or two letters.
_CODES = re.compile(r"[A-Za-z]-[A-Za-z]|\d+(?:-\d+)?")
_NO_RULE = Rule("", re.compile("(?!)"), -1)


def _stored(match: re.Match[str]) -> str:
    """The match without what its capturing groups took."""
    text, last = "", match.start()
    for start, end in sorted(span for span in match.regs[1:] if span[0] >= 0):
        text += match.string[last:start]
        last = max(last, end)
    return text + match.string[last : match.end()]


def _wrong(rule: str, why: str) -> LispeError:
    return LispeError(f'Error: wrong tokenizer rule: "{rule}" ({why})')


def _escaped(character: str) -> str:
    return "\\" + character if character in "\\]^-[&~|" else character


class _Body:
    """Reads the body of one rule."""

    def __init__(self, rule: str, text: str, classes: dict[str, str]) -> None:
        self.rule, self.text, self.classes, self.at = rule, text, classes, 0
        self.inner: list[str] = []

    def single(self) -> str:
        """The body of a metarule as the inside of a class."""
        inside, negated = self.characters(self.take())
        if negated or self.at != len(self.text):
            raise _wrong(self.rule, "a metarule is one character, meta-character or disjunction")
        return inside

    def take(self) -> str:
        if self.at >= len(self.text):
            raise _wrong(self.rule, "it ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def sequence(self, closing: str) -> str:
        """The pattern of the elements up to a closing bracket, or to the end."""
        pattern = ""
        while self.at < len(self.text):
            character = self.take()
            if character == closing:
                return pattern
            element = self.element(character)
            # What takes nearly everything stops at what follows it: a string at its second quote.
            wide = "[^" in element or element == _ANY
            pattern += self.suffixed(element, wide)
        if closing:
            raise _wrong(self.rule, f"a '{closing}' is missing")
        return pattern

    def element(self, character: str) -> str:
        if character == "(":
            return f"(?:{self.sequence(')')})?"
        if character == "{":
            return self.alternatives()
        return self.of_class(*self.characters(character))

    def of_class(self, inside: str, negated: bool) -> str:
        if not inside:
            return r"[^\s\S]" if negated else _ANY
        return f"[{'^' if negated else ''}{inside}]"

    def alternatives(self) -> str:
        """`{...}` as a pattern: characters, what is none of some (`~x`), sequences in square brackets."""
        inside, others = "", []
        while (character := self.take()) != "}":
            if character == "[":
                others.append(f"(?:{self.inner_sequence()})")
            elif character == "~":
                others.append(self.of_class(*self.characters(character)))
            elif character != " ":
                inside += self.one(character)
        if not inside and not others:
            raise _wrong(self.rule, "an empty disjunction")
        if inside:
            others.append(f"[{inside}]")
        return others[0] if len(others) == 1 else f"(?:{'|'.join(others)})"

    def inner_sequence(self) -> str:
        pattern = self.sequence("]")
        if pattern.startswith("(") or "](" in pattern:
            self.inner.append(pattern)
        return re.sub(r"\((\[[^]]*\])\)", r"\1", pattern)

    def suffixed(self, pattern: str, wide: bool) -> str:
        """An element with its suffixes: `*` and `+` repeat it, `-` takes it without storing it."""
        if self.text[self.at : self.at + 1] in ("*", "+"):
            pattern += self.take()
            if wide and self.text[self.at :].removeprefix("-").lstrip(")]"):
                pattern += "?"
        if self.text[self.at : self.at + 1] == "-":
            self.at += 1
            return f"({pattern})"
        return pattern

    def characters(self, character: str) -> tuple[str, bool]:
        """The inside of the class of one element, and whether it is negated."""
        if character == "~":
            inside, negated = self.characters(self.take())
            return inside, not negated
        if character == "?":
            return "", False
        if character in ("[", "{"):
            return self.disjunction("]" if character == "[" else "}"), False
        return self.one(character), False

    def disjunction(self, closing: str) -> str:
        inside = ""
        while (character := self.take()) != closing:
            if closing == "}" and character == " ":
                continue
            inside += self.ranged(character) if closing == "]" else self.one(character)
        if not inside:
            raise _wrong(self.rule, "an empty disjunction")
        return inside

    def ranged(self, character: str) -> str:
        following = self.text[self.at : self.at + 2]
        if character not in "%#" and len(following) == 2 and following[0] == "-" and following[1] not in "]%":
            self.at += 2
            return f"{_escaped(character)}-{_escaped(following[1])}"
        return self.one(character)

    def one(self, character: str) -> str:
        if character == "%":
            return self.meta(self.take())
        found = _CODES.match(self.text, self.at) if character == "#" else None
        if found is None:
            return _escaped(character)
        self.at = found.end()
        codes = [int(code) if code.isdigit() else ord(code) for code in found[0].split("-")]
        if max(codes) > 0x10FFFF:
            raise _wrong(self.rule, f"#{found[0]} is no code point")
        return "-".join(_escaped(chr(code)) for code in codes)

    def meta(self, letter: str) -> str:
        if letter == "%" and self.text[self.at :] == ".":
            # `%%.` in rules of 2022: a percent sign and any character, today `%%?`.
            self.text = self.text[:-1] + "?"
        own = self.classes.get(letter) or GENERAL_CLASSES.get(letter) or computed_class(letter)
        if own is None:
            own = {"e": EMOJI_CLASS, "E": EMOJI_COMPLEMENT_CLASS}.get(letter)
        return own if own is not None else _escaped(letter)
