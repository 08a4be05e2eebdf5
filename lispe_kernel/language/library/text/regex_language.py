"""LispE's own regular expressions (`rgx`), translated to Python's.

The language of meta-characters is read into a small tree; each node then writes itself as a pattern. A
repetition tries what follows first when that is one character or meta-character, else it loops first.
Nothing is registered here, and nothing is matched.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.library.shared.character_classes import GENERAL_CLASSES, computed_class
from lispe_kernel.language.library.shared.clusters import EMOJI_CLASS, EMOJI_COMPLEMENT_CLASS

CLASSES: dict[str, str] = {
    **GENERAL_CLASSES,
    "e": EMOJI_CLASS,
    "E": EMOJI_COMPLEMENT_CLASS,
}
_OPENINGS = {"{": "}", "[": "]", "(": ")"}
_DEEPEST = 100


def unrecognized(expression: str, why: str) -> LispeError:
    """The error for a wrong expression."""
    return LispeError(f'Error: Unrecognized regular expression: "{expression}" ({why})')


class One(NamedTuple):
    """One character out of a class: `inside` is what stands between the brackets."""

    inside: str
    negated: bool = False

    def pattern(self, lazy: bool = False) -> str:  # noqa: ARG002 - a part like the others; one is never lazy
        if not self.inside:
            return r"[^\s\S]" if self.negated else r"[\s\S]"
        return f"[{'^' if self.negated else ''}{self.inside}]"


class Group(NamedTuple):
    """A sequence, an optional sequence or a disjunction of parts."""

    kind: str
    parts: tuple[Part, ...]
    negated: bool = False

    def pattern(self, lazy: bool) -> str:
        """`lazy`: whether one single element follows the group."""
        if self.kind != "{":
            return f"(?:{sequence(self.parts, lazy)})" + ("?" if self.kind == "(" else "")
        singles = [part.node for part in self.parts if isinstance(part.node, One)]
        simple = len(singles) == len(self.parts) and not any(
            part.mark or not one.inside or one.negated for part, one in zip(self.parts, singles, strict=True)
        )
        if simple:
            return One("".join(one.inside for one in singles), self.negated).pattern()
        choices = "|".join(part.pattern(lazy) for part in self.parts)
        return rf"(?:(?!{choices})[\s\S])" if self.negated else f"(?:{choices})"


class Part(NamedTuple):
    """A node and its repetition: "", "+" or "*"."""

    node: One | Group
    mark: str = ""

    @property
    def single(self) -> bool:
        return isinstance(self.node, One) and not self.mark

    def pattern(self, lazy: bool) -> str:
        if not self.mark:
            return self.node.pattern(lazy)
        return self.node.pattern(False) + self.mark + ("?" if lazy else "")


def sequence(parts: tuple[Part, ...], lazy: bool) -> str:
    """The patterns of parts in a row; `lazy` says whether one single element follows the last of them."""
    if not parts:
        return ""
    follows = [*(part.single for part in parts[1:]), lazy]
    return "".join(part.pattern(next_) for part, next_ in zip(parts, follows, strict=True))


def translate(expression: str) -> str:
    """The Python pattern of a LispE regular expression.

    Errors: `Error: Unrecognized regular expression: "..."` with the reason.
    """
    text = expression.replace("\n", "").replace("\r", "")
    start = text.startswith("^")
    end = text.endswith("$") and not text.endswith(("\\$", "%$"))
    reader = _Reader(expression, text[start : len(text) - end])
    parts = reader.sequence("")
    return ("\\A" if start else "") + sequence(parts, False) + ("\\Z" if end else "")


class _Reader:
    """Reads the characters of one expression into parts."""

    def __init__(self, expression: str, text: str) -> None:
        self.expression, self.text, self.at, self.depth = expression, text, 0, 0

    def fail(self, why: str) -> LispeError:
        return unrecognized(self.expression, why)

    def take(self) -> str:
        if self.at >= len(self.text):
            raise self.fail("it ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def sequence(self, closing: str) -> tuple[Part, ...]:
        """The parts up to a closing bracket, or to the end of the text when there is none to find."""
        parts: list[Part] = []
        while self.at < len(self.text):
            if closing and self.peek() == closing:
                self.at += 1
                if not parts:
                    raise self.fail("empty brackets")
                return tuple(parts)
            parts.append(self.part(ranges=bool(closing) and closing != ")"))
        if closing:
            raise self.fail(f"a '{closing}' is missing")
        return tuple(parts)

    def part(self, ranges: bool) -> Part:
        node = self.node(ranges)
        mark = self.take() if self.peek() in ("+", "*") and self.peek() else ""
        if mark and isinstance(node, Group) and node.kind == "(":
            raise self.fail("an optional sequence cannot be repeated")
        return Part(node, mark)

    def node(self, ranges: bool) -> One | Group:
        character = self.take()
        if character == "~":
            return self.negation(ranges)
        if character in _OPENINGS:
            return self.group(character)
        if character in ("+", "*"):
            raise self.fail(f"nothing stands before '{character}'")
        if character in ("}", "]", ")"):
            raise self.fail(f"a '{character}' too many")
        return self.one(character, ranges)

    def negation(self, ranges: bool) -> One | Group:
        node = self.node(ranges)
        if isinstance(node, One):
            return One(node.inside, not node.negated)
        if node.kind != "{":
            raise self.fail("only a character, a meta-character or {...} can be negated")
        return Group(node.kind, node.parts, not node.negated)

    def group(self, opening: str) -> Group:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.fail("brackets are nested too deeply")
        parts = self.sequence(_OPENINGS[opening])
        self.depth -= 1
        return Group(opening, parts)

    def one(self, character: str, ranges: bool) -> One:
        if character == "?":
            return One("")
        if character == "%":
            return self.meta(self.take())
        code = self.code() if character == "\\" else character
        following = self.text[self.at : self.at + 2]
        if ranges and len(following) == 2 and following[0] == "-" and following[1] not in "}]~%":
            self.at += 1
            last = self.take()
            last = self.code() if last == "\\" else last
            if last < code:
                raise self.fail(f"the range {code}-{last} is empty")
            return One(f"{_escaped(code)}-{_escaped(last)}")
        return One(_escaped(code))

    def meta(self, letter: str) -> One:
        inside = CLASSES.get(letter) or computed_class(letter)
        return One(inside if inside is not None else _escaped(letter))

    def code(self) -> str:
        """What stands after a backslash: three decimal digits, `x` and four hexadecimal ones, a character."""
        for form, base in ((r"\d{3}", 10), (r"x[0-9A-Fa-f]{4}", 16)):
            found = re.compile(form, re.A).match(self.text, self.at)
            if found is not None:
                self.at = found.end()
                return chr(int(found[0].lstrip("x") or "0", base))
        return self.take()


def _escaped(character: str) -> str:
    """A character between the brackets of a Python class."""
    return "\\" + character if character in "\\]^-[&~|" else character


@lru_cache(maxsize=512)
def compiled(expression: str) -> re.Pattern[str]:
    """The expression as a Python pattern object."""
    return re.compile(translate(expression), re.S)
