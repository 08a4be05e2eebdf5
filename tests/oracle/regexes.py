"""`rgx` (library 6): a naive matcher that tries the paths one by one; `prgx` by Python's own expressions.

Two things the reference leaves open: whether a repetition before a group or a disjunction, or at the end of
a group, goes on first, and in which order the parts of a disjunction are tried. Each search is made in all
these ways; where they differ it is no evidence.
"""

import re
from dataclasses import dataclass
from itertools import product

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.registry import function
from tests.oracle.values import List, TypedList, answer

HEXADECIMAL = "0123456789abcdefABCDEF"
CLEAR_SIGNS = ",.;:!?"
WRONG = OracleError("value", "Error: Unrecognized regular expression")


@dataclass(eq=False)
class Part:
    """`kind` one, any of, sequence, optional; `repeated` is "", "+" or "*"."""

    kind: str
    what: object
    repeated: str = ""
    negated: bool = False


@dataclass(eq=False)
class Expression:
    """A compiled expression."""

    parts: list
    first: bool
    last: bool


@dataclass(eq=False)
class Foreign:
    """A compiled expression of `prgx`."""

    pattern: re.Pattern


# -- reading -----------------------------------------------------------------------------------------------


def compiled(text) -> Expression:
    if not isinstance(text, str) or not text:
        raise Undetermined("an expression that is no text, or none")
    first = text.startswith("^")
    last = text.endswith("$") and not text.endswith(("%$", "\\$"))
    parts, _ = sequence(text[first : len(text) - last], 0, "")
    return Expression(parts, first, last)


def sequence(text, at, closing):
    """Parts up to the closing sign, and the place after it."""
    parts: list[Part] = []
    while at < len(text):
        if closing and text[at] == closing:
            return parts, at + 1
        part, at = one(text, at)
        if part.kind == "optional" and at < len(text) and text[at] in "+*":
            raise Undetermined("an optional part that is repeated")
        if at < len(text) and text[at] in "+*":
            part.repeated = text[at]
            at += 1
        parts.append(part)
    if closing:
        raise WRONG
    return parts, at


def one(text, at):
    """One part without its repetition."""
    sign = text[at]
    if sign == "~":
        if at + 1 >= len(text) or text[at + 1] in "[(~":
            raise Undetermined("the negation of this")
        part, at = one(text, at + 1)
        part.negated = True
        return part, at
    if sign == "%":
        if at + 1 >= len(text):
            raise Undetermined("a % at the end")
        return Part("one", ("%", text[at + 1])), at + 2
    if sign == "?":
        return Part("one", ("?", "")), at + 1
    if sign == "[":
        parts, at = sequence(text, at + 1, "]")
        return Part("sequence", parts), at
    if sign == "(":
        parts, at = sequence(text, at + 1, ")")
        return Part("optional", parts), at
    if sign == "{":
        return disjunction(text, at + 1)
    if sign in "\\^$+*]})":
        raise Undetermined("a sign that is written otherwise")
    return Part("one", ("", sign)), at + 1


def disjunction(text, at):
    parts: list[Part] = []
    while at < len(text) and text[at] != "}":
        if text[at].isalnum() and text[at + 1 : at + 2] == "-" and text[at + 2 : at + 3].isalnum():
            parts.append(Part("one", ("-", text[at] + text[at + 2])))
            at += 3
            continue
        if text[at] in "-({ ":
            raise Undetermined("this in a disjunction")
        part, at = one(text, at)
        parts.append(part)
    if at >= len(text):
        raise WRONG
    if not parts:
        raise Undetermined("an empty disjunction")
    return Part("any of", parts), at + 1


# -- matching ----------------------------------------------------------------------------------------------


def fits(what, c) -> bool:
    """Whether a character is what a sign stands for."""
    sign, which = what
    if sign == "?":
        return True
    if sign == "-":
        return which[0] <= c <= which[1]
    if sign == "":
        return c == which
    if not c.isascii() and which not in "aCc":
        raise Undetermined("which signs of other alphabets are meant")
    if which == "p":
        if c not in CLEAR_SIGNS and not c.isalnum() and not c.isspace():
            raise Undetermined("which signs are punctuation")
        return c in CLEAR_SIGNS
    known = {
        "a": c.isalpha() or c == "_", "c": c.isalpha() and c.islower(), "C": c.isalpha() and c.isupper(),
        "d": c.isdigit(), "x": c in HEXADECIMAL, "s": c in " \t", "r": c in "\r\n",
    }  # fmt: skip
    if which in known:
        return known[which]
    if which.isalnum():
        raise Undetermined(f"%{which}")
    return c == which


class Matcher:
    """Goes through the ways in which parts match, one after the other. `greedy`, `turned`: what is open."""

    def __init__(self, text, greedy, turned):
        self.text, self.greedy, self.turned = text, greedy, turned

    def ends(self, parts, at, top=True):
        """The places where the parts may end when they begin at `at`, in the order tried."""
        if not parts:
            yield at
            return
        part, rest = parts[0], parts[1:]
        if part.repeated:
            yield from self.repeated(part, rest, at, top, part.repeated == "*")
            return
        for middle in self.once(part, at):
            yield from self.ends(rest, middle, top)

    def repeated(self, part, rest, at, top, may_stop):
        """A repetition: whether it goes on or what follows is tried first."""
        following = rest[0] if rest else None
        lazy = following is not None and following.kind == "one" and not following.repeated
        open_ = not top if following is None else following.kind != "one"
        if open_:
            lazy = not self.greedy

        def stop():
            if may_stop:
                yield from self.ends(rest, at, top)

        def go_on():
            for middle in self.once(part, at):
                if middle > at:
                    yield from self.repeated(part, rest, middle, top, True)

        for way in (stop, go_on) if lazy else (go_on, stop):
            yield from way()

    def once(self, part, at):
        if part.kind == "sequence":
            yield from self.ends(part.what, at, False)
        elif part.kind == "optional":
            inside, outside = self.ends(part.what, at, False), iter([at])
            for way in (inside, outside) if self.greedy else (outside, inside):
                yield from way
        elif part.kind == "any of":
            yield from self.any_of(part, at)
        elif at < len(self.text) and fits(part.what, self.text[at]) != part.negated:
            yield at + 1

    def any_of(self, part, at):
        if part.negated:
            if any(inner.kind != "one" for inner in part.what):
                raise Undetermined("the negation of a sequence")
            if at < len(self.text) and not any(True for inner in part.what for _ in self.once(inner, at)):
                yield at + 1
            return
        for inner in reversed(part.what) if self.turned else part.what:
            yield from self.once(inner, at)


def whole(expression: Expression, text) -> bool:
    """Whether the whole text matches in some way."""
    return any(end == len(text) for end in Matcher(text, True, False).ends(expression.parts, 0))


def found_from(expression: Expression, text, at):
    """The bounds of the first match from a place on, None where there is none."""
    ways = {found_so(expression, text, at, *way) for way in product((True, False), repeat=2)}
    if len(ways) > 1:
        raise Undetermined("the path that a search takes")
    return ways.pop()


def found_so(expression, text, at, greedy, turned):
    matcher = Matcher(text, greedy, turned)
    for start in range(at, len(text)):
        if expression.first and start:
            break
        for end in matcher.ends(expression.parts, start):
            if expression.last and end < len(text):
                continue
            return start, end
    return None


def all_found(expression, text, at=0):
    """The bounds of all matches, one after the other."""
    made = []
    while (found := first_found(expression, text, at)) is not None:
        start, at = found
        if at == start:
            raise Undetermined("a match of nothing")
        if made and isinstance(expression, Expression) and expression.first:
            break
        made.append((start, at))
    return made


def first_found(expression, text, at):
    if isinstance(expression, Expression):
        return found_from(expression, text, at)
    found = expression.pattern.search(text, at)
    return found and found.span()


# -- functions ---------------------------------------------------------------------------------------------


def foreign(text) -> Foreign:
    """An expression whose meaning is the same in ECMAScript and in Python."""
    if not isinstance(text, str) or not re.fullmatch(r"(?:[\w ,;:=\[\]()|+*?.-]|\[\^|\\[dws.+*?])+", text):
        raise Undetermined("an expression of ECMAScript")
    try:
        return Foreign(re.compile(text, re.ASCII))
    except re.error:
        raise Undetermined("a wrong expression of ECMAScript") from None


FAMILIES = {"rgx": (compiled, Expression), "prgx": (foreign, Foreign)}


def matches(expression, text) -> bool:
    if isinstance(expression, Foreign):
        return expression.pattern.fullmatch(text) is not None
    return whole(expression, text)


def searched(values):
    """The expression, the text and the place where a search begins."""
    if not isinstance(values[1], str):
        raise Undetermined("a search in something that is no text")
    at = values[2] if len(values) > 2 else 0
    if type(at) is not int or not 0 <= at <= len(values[1]):
        raise Undetermined("a search from an unusual place")
    return values[0], values[1], at


def bounds_of(values):
    """The bounds of the first match."""
    bounds = first_found(*searched(values))
    if bounds and bounds[0] == bounds[1]:
        raise Undetermined("a match of nothing")
    return bounds


def several(values):
    """The bounds of all matches; `prgx` ignores the place."""
    expression, text, at = searched(values)
    return all_found(expression, text, 0 if isinstance(expression, Foreign) else at)


def find(values):
    bounds = bounds_of(values)
    return values[1][slice(*bounds)] if bounds else ""


def replace(values):
    expression, text, _ = searched(values[:2])
    foreign_ = isinstance(expression, Foreign)
    if not isinstance(values[2], str) or (foreign_ and "$" in values[2]):
        raise Undetermined("a replacement that is no text, or names groups")
    found = all_found(expression, text)
    if not found:
        return text if foreign_ else ""
    made, at = "", 0
    for start, end in found:
        made, at = made + text[at:start] + values[2], end
    return made + text[at:]


def split(values):
    expression, text, _ = searched(values)
    found = all_found(expression, text)
    if not found and isinstance(expression, Foreign):
        raise Undetermined("prgx_split without a match")
    pieces, at = [], 0
    for start, end in found:
        pieces.append(text[at:start])
        at = end
    if not found:
        return List()
    return TypedList("strings", [*pieces, text[at:]] if text[at:] else pieces)


# What a function is called after its prefix, with the number of its arguments.
OF_BOTH = {
    "match": (2, 2, lambda values: answer(matches(*searched(values)[:2]))),
    "find": (2, 3, find),
    "find_i": (2, 3, lambda values: TypedList("integers", bounds_of(values) or ())),
    "findall": (2, 3, lambda values: TypedList("strings", [values[1][a:b] for a, b in several(values)])),
    "findall_i": (2, 3, lambda values: TypedList("integers", [i for both in several(values) for i in both])),
    "replace": (3, 3, replace),
    "split": (2, 2, split),
}


def _function(prefix, name, least, most, run):
    @function(f"{prefix}_{name}", least=least, most=most)
    def checked(interpreter, values):
        if not isinstance(values[0], FAMILIES[prefix][1]):
            raise OracleError("type", "Error: a regular expression expected")
        return run(values)


def _family(prefix):
    @function(prefix, least=1, most=2)
    def make(interpreter, values):
        made = FAMILIES[prefix][0](values[0])
        if len(values) == 1:
            return made
        if not isinstance(values[1], str):
            raise Undetermined("a search in something that is no text")
        return answer(matches(made, values[1]))

    for name, (least, most, run) in OF_BOTH.items():
        _function(prefix, name, least, most, run)


_family("rgx")
_family("prgx")
