"""What ranks print and show, one fold a rank, ranks with the same outputs in one; drawn while they run."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.page import publish
from lispe_kernel.display.page.html import Node, element, foldable, plain
from lispe_kernel.display.page.theme import page, part
from lispe_kernel.ranks.asking import Answer, Item
from lispe_kernel.ranks.wire import CLEAR, DATA, ERROR, STREAM

# Seconds between two pictures, and how much longer the pause is than drawing took.
_PAUSE, _RATIO = 0.2, 10
# Characters of text that a rank shows; of more the middle is left out.
_MOST = 50_000
# Folds that are open from the start.
_OPEN = 4


@dataclass
class Group:
    """Ranks with the same outputs."""

    ranks: list[int]
    shown: list[Item]
    gone: str
    running: bool


def groups(answers: list[Answer]) -> list[Group]:
    """The answers of ranks, those with the same outputs together, in the order of their first ranks."""
    found: dict[str, Group] = {}
    for answer in answers:
        shown = outputs(answer.items)
        key = json.dumps([shown, answer.gone], sort_keys=True)
        group = found.setdefault(key, Group([], shown, answer.gone, False))
        group.ranks.append(answer.rank)
        group.running = group.running or not answer.ended
    return list(found.values())


def outputs(items: list[Item]) -> list[Item]:
    """What is to be seen of answers: text in one piece, updates in their places, nothing that was cleared."""
    shown: list[Item] = []
    clearing = False
    for item in items:
        kind = item.get("kind")
        if kind == CLEAR:
            clearing = bool(item["wait"])
            shown = shown if clearing else []
            continue
        if kind not in (STREAM, DATA, ERROR):
            continue
        if clearing:
            shown, clearing = [], False
        if kind == STREAM:
            _add_text(shown, item)
        elif not _updated(shown, item):
            shown.append(item)
    # An identity is not to be seen, and no two ranks have the same.
    return [{key: value for key, value in item.items() if key != "identity"} for item in shown]


def _add_text(shown: list[Item], item: Item) -> None:
    if shown and shown[-1]["kind"] == STREAM and shown[-1]["name"] == item["name"]:
        item = {**item, "text": shown.pop()["text"] + item["text"]}
    if "\r" in item["text"]:
        # A line that is written again shows what was written last.
        lines = item["text"].replace("\r\n", "\n").split("\n")
        item = {**item, "text": "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)}
    shown.append(item)


def _updated(shown: list[Item], item: Item) -> bool:
    """Put an update in the place of what it updates; says whether the item was one."""
    if not item.get("update"):
        return False
    for number, earlier in enumerate(shown):
        if earlier.get("identity") == item["identity"]:
            shown[number] = {**item, "update": False}
    return True


# -- drawn ----------------------------------------------------------------------------------------------


def names(ranks: list[int]) -> str:
    """Ranks as people name them: `rank 1`, `ranks 0-3 and 6`."""
    runs: list[list[int]] = []
    for rank in ranks:
        if runs and rank == runs[-1][-1] + 1:
            runs[-1].append(rank)
        else:
            runs.append([rank])
    texts: list[str] = []
    for run in runs:
        texts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
    last = texts.pop()
    told = f"{', '.join(texts)} and {last}" if texts else last
    return f"rank {told}" if len(ranks) == 1 else f"ranks {told}"


def text_of(found: list[Group]) -> str:
    """Groups as text."""
    return "\n".join(line for group in found for line in (_heading(group), *_lines(group)))


def _heading(group: Group) -> str:
    state = " (running)" if group.running else ""
    return f"{names(group.ranks)}{state}:" if group.shown or group.gone else f"{names(group.ranks)}{state}"


def _lines(group: Group) -> list[str]:
    found: list[str] = []
    for item in group.shown:
        found += _cut(_text(item)).removesuffix("\n").split("\n")
    if group.gone:
        found += f"ended: {group.gone}".split("\n")
    return [f"  {plain(line)}".rstrip() for line in found]


def _text(item: Item) -> str:
    if item["kind"] == STREAM:
        return str(item["text"])
    if item["kind"] == ERROR:
        return "\n".join(item["lines"])
    return str(item["data"].get("text/plain", ""))


def _cut(text: str) -> str:
    if len(text) <= _MOST:
        return text
    half = _MOST // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters are not shown ...\n{text[-half:]}"


def html_of(found: list[Group]) -> Node:
    """Groups as a page."""
    return [_fold(group, number < _OPEN) for number, group in enumerate(found)]


def _fold(group: Group, is_open: bool) -> Node:
    bad = bool(group.gone) or any(item["kind"] == ERROR for item in group.shown)
    told = ": an error" if bad and not group.gone else ": ended" if group.gone else ""
    state = " (running)" if group.running else ""
    summary = element("b", f"{names(group.ranks)}{told}{state}")
    parts = [_part(item) for item in group.shown]
    if group.gone:
        parts.append(element("pre", group.gone, class_="w"))
    return foldable(summary, parts, open_=is_open or bad)


def _part(item: Item) -> Node:
    if item["kind"] == DATA:
        drawn = part(item["data"].get("text/html") or "")
        if drawn is not None:
            return drawn
        picture = item["data"].get("image/png")
        if isinstance(picture, str) and picture.isascii():
            return element("img", src=f"data:image/png;base64,{picture.strip()}", alt=_text(item)[:200])
    return element("pre", _cut(_text(item)).removesuffix("\n"), class_="w" if item["kind"] == ERROR else None)


class Folds:
    """One output that is drawn again while ranks run. Where nothing can be replaced it comes at the end."""

    def __init__(self) -> None:
        self._identity: str | None = None
        self._next = 0.0
        # How much had come when it was drawn last.
        self._came = 0
        self._drawn = ""

    def show(self, answers: list[Answer]) -> None:
        """Draw what there is, if anything came since and the last picture is not too young."""
        now = time.monotonic()
        came = sum(len(answer.items) + answer.ended for answer in answers)
        if came != self._came and now >= self._next and publish.replaces():
            self._came = came
            self._draw(answers)
            self._next = time.monotonic() + max(_PAUSE, _RATIO * (time.monotonic() - now))

    def finish(self, answers: list[Answer]) -> None:
        """Draw all; nothing where no rank printed, showed or failed."""
        found = groups(answers)
        if self._identity is not None or any(group.shown or group.gone for group in found):
            self._draw(answers)

    def _draw(self, answers: list[Answer]) -> None:
        found = groups(answers)
        text = text_of(found)
        if not any(group.shown or group.gone for group in found) and self._identity is None:
            return
        data: dict[str, Any] = {"text/plain": text, "text/html": page(html_of(found), label="ranks")}
        key = json.dumps(data)
        if key == self._drawn:
            return
        self._drawn = key
        update = self._identity is not None
        self._identity = self._identity or publish.new_identity()
        publish.publish(data, self._identity, update)
