"""The grammar of a special form: a text as data, and what a form that does not fit it does wrong.

The notation is what errors and help show:

    word            a part; what it must be is said in WORDS, any form where the word is not there
    "words"         a string
    'word           an atom, quoted or not
    (parts)         a list of exactly these parts
    [parts]         may be left out
    part...         one or more; `[part...]` none or more
    a | b           one of two grammars
    @ defun ...     these words stand for themselves (LITERALS)

`(let ([binding...]) body...)`, `(loop variable container body...)`. Nothing here compiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import as_data, is_list
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.special_forms.words import ANYTHING, LITERALS, WORDS, Word, word_of

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")


class Part(NamedTuple):
    """One part of a grammar. `parts` is None but for a list."""

    text: str
    word: Word
    parts: Parts | None = None
    optional: bool = False
    repeated: bool = False
    # A bracket round several parts: they stand in the form itself.
    spliced: bool = False

    @property
    def least(self) -> int:
        if self.optional:
            return 0
        return sum(part.least for part in self.parts or ()) if self.spliced else 1

    @property
    def most(self) -> int | None:
        """The largest number of forms; None for any number."""
        if self.repeated:
            return None
        return _most(self.parts or ()) if self.spliced else 1

    def __str__(self) -> str:
        """What must stand there, in words."""
        if self.parts is None:
            return self.word.what
        only = self.parts[0] if len(self.parts) == 1 else None
        if only is not None and only.repeated:
            return f"a list of {only.text.strip('[].')}s"
        text = self.text[1:-1] if self.optional else self.text
        return f"a list {text.removesuffix('...')}"

    @property
    def is_plain(self) -> bool:
        """Whether any form will do."""
        return self.parts is None and (self.word is ANYTHING or self.word.data)


Parts = tuple[Part, ...]


class Misfit(NamedTuple):
    """Where a form leaves its grammar: the indices down to the place, and the part expected there."""

    path: tuple[int, ...]
    part: Part | None
    top: Part | None
    found: Any = None

    @property
    def weight(self) -> tuple[tuple[int, ...], bool, bool]:
        """How much it tells: the farthest does, a part more than "too many", a word more than a literal."""
        return self.path, self.part is not None, self.part is None or self.part.text not in LITERALS

    def span(self, form: list[Any]) -> Span | None:
        """Where the part stands that does not fit; None when there is no such part, or no place is known."""
        at: Any = form
        found = None
        for index in self.path if self.part is not None else ():
            if not is_list(at) or index >= len(at):
                break
            at, found = at[index], at.spans[index]
        return found if found is not None and found.end_line else None

    def text(self, name: str, errors: Mapping[str, str]) -> str:
        """The error, without the grammar; `errors` gives a form's own texts by the text of a part."""
        if self.part is None or self.top is None:
            return wrong_number(name)
        inner = self.part.word.error if len(self.path) > 1 else ""
        own = inner or errors.get(self.top.text) or self.part.word.error
        if own:
            return own.replace("{}", to_text(as_data(self.found)))
        index = self.path[0]
        place = _ORDINALS[index - 1] if index <= len(_ORDINALS) else f"{index}th"
        return f"Error: {name}: the {place} argument must be {self.top}"


class Grammar:
    """A grammar: its alternatives as parts, and the smallest and largest number of arguments."""

    def __init__(self, alternatives: tuple[Parts, ...]) -> None:
        self.alternatives = alternatives
        self.least = min(sum(part.least for part in parts) for parts in alternatives)
        sizes = [_most(parts) for parts in alternatives]
        self.most = None if None in sizes else max(size for size in sizes if size is not None)
        self._data = tuple(place for parts in alternatives for place in _data(parts))
        self._lists = tuple(place for parts in alternatives for place in _lists(parts))
        # Where names stand that the form sets, and those that it binds: (index, whether in a list there).
        self.assigned = frozenset(at for parts in alternatives for at in _named(parts, _is_assigned))
        self.bound = frozenset(at for parts in alternatives for at in _named(parts, _is_bound))

    @property
    def begins_with_variable(self) -> bool | None:
        """Whether the first part is a variable and the others any forms; False when all are any forms.

        None when a part is neither: values cannot stand in the place of such parts.
        """
        for first, *others in filter(None, self.alternatives):
            if all(part.is_plain for part in others) and (first.is_plain or first.word.assigned):
                return not first.is_plain
        return None

    def accepts(self, count: int) -> bool:
        """Whether a form may have so many arguments."""
        return count >= self.least and (self.most is None or count <= self.most)

    def misfit(self, form: list[Any]) -> Misfit | None:
        """What a form (its head included) does wrong, where the alternative ends that goes farthest."""
        if any(_fit(parts, form, 1) for parts in self.alternatives):
            return None
        found = [_walk(parts, form[1:], (1,)) for parts in self.alternatives]
        failed = [end for end in found if isinstance(end, Misfit)]
        return max(failed, key=lambda end: end.path) if len(failed) == len(found) else None

    def data_at(self, index: int) -> str:
        """Whether no code stands at an index of a form: `whole`, `first` (of the list there), or nothing."""
        for start, repeated, whole in self._data:
            if index == start or (repeated and index > start):
                return "whole" if whole else "first"
        return ""

    def is_list_at(self, index: int) -> bool:
        """Whether a list at an index of a form is no call: its elements stand there each for itself."""
        return any(index == start or (repeated and index > start) for start, repeated in self._lists)


def _is_assigned(part: Part) -> bool:
    return part.word.assigned


def _is_bound(part: Part) -> bool:
    return part.word.bound


def _named(parts: Parts, is_name: Callable[[Part], bool]) -> Iterator[tuple[int, bool]]:
    for index, part in enumerate(parts, 1):
        if is_name(part):
            yield index, False
        if any(map(is_name, part.parts or ())):
            yield index, not part.spliced


def _lists(parts: Parts) -> Iterator[tuple[int, bool]]:
    """Places of lists that are no calls: (index in the form, all indices from there on)."""
    for index, part in enumerate(parts, 1):
        if part.parts is not None and not part.spliced:
            yield index, part.repeated


def _data(parts: Parts) -> Iterator[tuple[int, bool, bool]]:
    """Places of data: (index in the form, all indices from there on, the whole part or its first element)."""
    for index, part in enumerate(parts, 1):
        inner = part.parts or ()
        is_whole = part.word.data or (bool(inner) and all(p.word.data for p in inner))
        if is_whole or (inner and inner[0].word.data):
            yield index, part.repeated, is_whole


# -- matching -----------------------------------------------------------------------------------------


def _fit(parts: Parts, items: list[Any], at: int) -> bool:
    """Whether the items from a place on are surely what the parts say; `_walk` judges where this does not."""
    for part in parts:
        if part.repeated:
            enough = part.optional or at < len(items)
            return enough and part is parts[-1] and all(_fits(part, item) for item in items[at:])
        if part.optional or at >= len(items) or not _fits(part, items[at]):
            return False
        at += 1
    return at == len(items)


def _fits(part: Part, item: Any) -> bool:
    if part.parts is None:
        return part.word is ANYTHING or part.word.fits(item)
    return is_list(item) and _fit(part.parts, item, 0)


def _walk(parts: Parts, items: list[Any], at: tuple[int, ...]) -> Misfit | None:
    """None when the items are what the parts say, else how far they are."""
    if not parts:
        return Misfit(at, None, None) if items else None
    if all(part.is_plain for part in parts):
        most = _most(parts)
        short, long = len(items) < sum(part.least for part in parts), most is not None and len(items) > most
        return Misfit((*at[:-1], at[-1] + len(items)), None, None) if short or long else None
    part, others = parts[0], parts[1:]
    failed: list[Misfit] = []
    if not part.optional or (items and len(items) > sum(p.least for p in others)):
        end = _taken(part, others, items, at)
        if end is None:
            return None
        failed.append(end)
    if part.optional:
        end = _walk(others, items, at)
        if end is None:
            return None
        failed.append(end)
    # Of two that came as far, the later part is what is wanted there.
    farthest: Misfit = max(reversed(failed), key=attrgetter("weight"))
    return farthest


def _taken(part: Part, others: Parts, items: list[Any], at: tuple[int, ...]) -> Misfit | None:
    """As `_walk`, with the part taken."""
    if part.spliced:
        return _walk((*(part.parts or ()), *others), items, at)
    if not items:
        return Misfit(at, None, None)
    wrong = _wrong(part, items[0], at)
    if wrong is not None:
        return wrong
    after = (*at[:-1], at[-1] + 1)
    if not part.repeated:
        return _walk(others, items[1:], after)
    if not others:
        places = ((*at[:-1], at[-1] + index) for index in range(len(items)))
        return next(
            filter(None, (_wrong(part, item, at) for item, at in zip(items, places, strict=True))), None
        )
    # As many as there are, but for what the others need.
    again = Part(part.text, part.word, part.parts, optional=True, repeated=True)
    return _walk((again, *others), items[1:], after)


def _wrong(part: Part, item: Any, at: tuple[int, ...]) -> Misfit | None:
    if part.parts is None:
        return None if part.word.fits(item) else Misfit(at, part, part, item)
    if not is_list(item):
        return Misfit(at, part, part, item)
    inner: Misfit | None = _walk(part.parts, list(item), (*at, 0))
    if inner is None:
        return None
    return Misfit(inner.path, inner.part or part, part, item if inner.part is None else inner.found)


# -- reading the notation -----------------------------------------------------------------------------

# Compiled when a first form is met: a session that compiles nothing starts without it.
_TOKEN = r'"[^"]*"|\.\.\.|[()\[\]|]|(?:(?!\.\.\.)[^\s()\[\]|"])+'


def parse(text: str) -> Grammar:
    """The grammar that a text writes. Raises ValueError for a text that is none."""
    tokens = re.findall(_TOKEN, text)
    alternatives: list[Parts] = []
    while True:
        parts = _parts(tokens, "")
        alternatives.append(parts)
        if not tokens:
            break
        if tokens.pop(0) != "|":
            raise ValueError(f"unbalanced grammar: {text}")
    return Grammar(tuple(alternatives))


def _most(parts: Parts) -> int | None:
    sizes = [part.most for part in parts]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _parts(tokens: list[str], closing: str) -> Parts:
    found: list[Part] = []
    while tokens and tokens[0] not in (")", "]", "|"):
        found.append(_part(tokens))
    if closing and (not tokens or tokens.pop(0) != closing):
        raise ValueError(f"a grammar lacks its {closing}")
    return tuple(found)


def _part(tokens: list[str]) -> Part:
    token = tokens.pop(0)
    if token == "(":
        parts = _parts(tokens, ")")
        text = "(" + " ".join(part.text for part in parts) + ")"
        return _repeated(Part(text, ANYTHING, parts), tokens)
    if token == "[":
        parts = _parts(tokens, "]")
        text = "[" + " ".join(part.text for part in parts) + "]"
        if len(parts) == 1:
            only = parts[0]
            return Part(text, only.word, only.parts, optional=True, repeated=only.repeated)
        return Part(text, ANYTHING, parts, optional=True, spliced=True)
    return _repeated(Part(token, word_of(token)), tokens)


def _repeated(part: Part, tokens: list[str]) -> Part:
    if not tokens or tokens[0] != "...":
        return part
    tokens.pop(0)
    return Part(f"{part.text}...", part.word, part.parts, repeated=True)


__all__ = ["LITERALS", "WORDS", "Grammar", "Misfit", "Part", "Word", "parse"]
