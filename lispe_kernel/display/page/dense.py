"""Style and script of an output made small: only what its page can use, without blanks, with short names.

The sources stay as people write them. What is renamed in a script are the names that it declares itself;
properties, texts and names of the browser stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, product
from string import ascii_letters

_NAME = r"[A-Za-z_$][\w$]*"
# Texts and patterns, which nothing here changes.
_QUOTED = re.compile(r"""("[^"\n]*"|'[^'\n]*'|/(?![ /*])[^/\n]+/(?=[,.)g]))""")
_DECLARED = (
    re.compile(rf"\b(?:let|var) ({_NAME}(?:, {_NAME})*)"),
    re.compile(r"\b(?:let|var) \[([^\]]*)\]"),
    re.compile(rf", ({_NAME}) = "),
    re.compile(rf", ({_NAME}),$", re.M),
    re.compile(r", \[([\w$, ]*)\] = "),
    re.compile(rf"\bfunction ({_NAME})"),
)
# Names in brackets take parts of what is given.
_PARAMETERS = re.compile(rf"\bfunction *(?:{_NAME})?\(([^()]*)\)|\(([\w$, .=\[\]]*)\) =>|({_NAME}) =>")
_RESERVED = frozenset(("as", "do", "if", "in", "is", "of"))
# What begins at two blanks is known in the whole script.
_SHARED = re.compile(rf"^  (?:function|let|var) ({_NAME})", re.M)
_BLOCKS = re.compile(r"^(?=  [^\s}])", re.M)
# A name that is no property; what follows three points is one that is spread.
_USED = re.compile(rf"(?<![\w$.]){_NAME}|(?<=\.\.\.){_NAME}")
_KEY = re.compile(rf"[{{,]\s*({_NAME})\s*:")


def rules(style: str) -> tuple[str, ...]:
    """The rules of a style, each without blanks; one with rules in it is one of them."""
    text = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", style, flags=re.S))
    dense = re.sub(r" ?([{};,>]) ?|(?<=:) | (?=#)", r"\1", text).replace(";}", "}").strip()
    return tuple(_pieces(dense))


def _pieces(style: str) -> Iterator[str]:
    """What stands beside each other, each up to the end of its outermost brackets."""
    begin = depth = 0
    for place, sign in enumerate(style, 1):
        depth += (sign == "{") - (sign == "}")
        if sign == "}" and not depth:
            yield style[begin:place]
            begin = place


def needed(rule: str, tags: frozenset[str], classes: frozenset[str]) -> str:
    """What of a rule an output with these elements and classes may need: all, a part of it, or nothing.

    The attributes that rules ask for (`data-tree`) are among the elements.
    """
    head, _, body = rule.partition("{")
    if head.startswith("@"):
        inner = "".join(needed(one, tags, classes) for one in rules(body[:-1]))
        return f"{head}{{{inner}}}" if inner else ""
    kept = [
        one
        for one in _selectors(head)
        if any(_may_apply(plain, tags, classes) for plain in _alternatives(one))
    ]
    return f"{','.join(kept)}{{{body}" if kept else ""


# What every rule begins with.
_BEGINNING = ".lsp.lsp"
_INNER = re.compile(r":([\w-]+)\(([^()]*)\)")


def nested(chosen: Iterable[str]) -> str:
    """Rules with what they begin with written once, around all of them."""
    inner = []
    for rule in chosen:
        head, _, body = rule.partition("{")
        # The rule of the output itself has others after it.
        own = body.removesuffix("}") + ";" * (not body.endswith("}}"))
        inner.append(own if head == _BEGINNING else rule.replace(f"{_BEGINNING} ", ""))
    return f"{_BEGINNING}{{{''.join(inner)}}}"


def _selectors(head: str) -> list[str]:
    """What stands between the commas that are in no brackets."""
    found, depth = [""], 0
    for sign in head:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            found.append("")
        else:
            found[-1] += sign
    return found


def without_unused(style: str) -> str:
    """A style without the container that nothing in it asks for its width."""
    return style if re.search("@container|cqw", style) else style.replace("container-type:inline-size;", "")


def _alternatives(selector: str) -> list[str]:
    """Selectors between commas, without what they ask of an element's state and place; our attributes stay.

    What an element must have in it (`:has`) must be in the output as well.
    """
    # The innermost brackets first.
    while selector != (selector := _INNER.sub(_kept, selector)):
        pass
    return re.sub(r":[\w-]+|\[(?!data-)[^\]]*\]", "", selector).split(",")


def _kept(brackets: re.Match[str]) -> str:
    return f" {brackets[2]}" if brackets[1] == "has" else ""


def _may_apply(selector: str, tags: frozenset[str], classes: frozenset[str]) -> bool:
    words = set(re.findall(r"\.([\w-]+)", selector)) - {"lsp"}
    names = set(re.findall(r"(?<![\w.-])[a-z][a-z0-9-]*", selector))
    return words <= classes and names <= tags


def script(source: str) -> str:
    """A script without comments, indentation, line ends and blanks around signs, its own names short."""
    lines = re.sub(r"^\s*//.*\n", "", source, flags=re.M)
    shared = _short_names(_SHARED.findall(lines), _code(lines), ())
    return "".join(_joined(_block(block, shared) for block in _BLOCKS.split(lines))).strip()


def _joined(blocks: Iterable[str]) -> Iterator[str]:
    """What is declared one after the other, declared at once; each declaration is a block of its own."""
    for declares, run in groupby(filter(None, blocks), key=lambda block: block.startswith("let ")):
        if declares:
            yield f"let {','.join(block.removeprefix('let ').removesuffix(';') for block in run)};"
        else:
            yield from run


def _block(source: str, shared: dict[str, str]) -> str:
    """What stands between two lines that begin at the edge; names inside of it are short for it alone."""
    pieces = _QUOTED.split(" ".join(line.strip() for line in source.splitlines()))
    code = " ".join(pieces[::2])
    declared = " ".join(found for pattern in _DECLARED for found in pattern.findall(code))
    own = set(re.findall(_NAME, declared))
    for parameters in _PARAMETERS.findall(code):
        own.update(re.findall(_NAME, " ".join(parameters)))
    own -= {*_KEY.findall(code), *shared}
    short = shared | _short_names(own, code, (shared[name] for name in _used(code) if name in shared))
    pieces[::2] = [_dense(piece, short) for piece in pieces[::2]]
    # In a notebook's file each double quote takes two letters.
    pieces[1::2] = [re.sub(r'\A"([^\'"]*)"\Z', r"'\1'", piece) for piece in pieces[1::2]]
    return "".join(pieces)


def _code(source: str) -> str:
    return " ".join(_QUOTED.split(source)[::2])


def _dense(code: str, short: dict[str, str]) -> str:
    code = re.sub(r" *([{}()\[\];,:=<>?&|*+!%]) *", r"\1", re.sub(" +", " ", code)).replace(";}", "}")
    code = re.sub(r"(?<![-/]) ?([-/])(?: (?![-/])|(?==))", r"\1", code)
    return _USED.sub(lambda found: short.get(found[0], found[0]), code)


def _used(code: str) -> list[str]:
    """The names in a code, as often as they stand there; properties are none."""
    return _USED.findall(code)


def _short_names(own: Iterable[str], code: str, taken: Iterable[str]) -> dict[str, str]:
    """A short name for each of a code's own, the shortest for the most frequent."""
    counts = Counter(_used(code))
    renamed = set(own)
    refused = {*taken, *_RESERVED, *(counts.keys() - renamed)}
    fresh = (name for name in _names() if name not in refused)
    return dict(zip(sorted(renamed, key=lambda name: (-counts[name], name)), fresh, strict=False))


def _names() -> Iterator[str]:
    yield from ascii_letters
    yield from ("".join(pair) for pair in product(ascii_letters, repeat=2))
