"""State dicts: the names as a tree, each tensor with its shape, size, moments and a tiny histogram.

Branches are foldable without a script; with it the tree can be searched and, sorted by a column, becomes
one flat table. Nothing is drawn from more than one look at each tensor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lispe_kernel.display.drawing import charts
from lispe_kernel.display.drawing.statistics import Statistics, summarise_all
from lispe_kernel.display.page import numbers, opened
from lispe_kernel.display.page.html import (
    Constant,
    Element,
    Node,
    breaking,
    element,
    facts,
    foldable,
    headline,
    name,
    shortened,
    warning,
)
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.display.page.trees import open_depth, rows_of_a_branch, tree
from lispe_kernel.display.views.tensors import TensorView
from lispe_kernel.language.printer import to_text

_HEADINGS = ("name", "shape and dtype", "values", "bytes", "mean", "std", "norm", "histogram")
_NUMERIC = (2, 3, 4, 5, 6)
_WHOLE = ("int", "uint", "bool")
_LOUD = 8  # damaged tensors that are named
_DEEPEST = 40  # names deeper than this are not split further


@dataclass(frozen=True)
class Leaf:
    """A tensor in the tree: what is known of it, and its view where the page keeps it."""

    known: Statistics
    view: Node = None


@dataclass
class Branch:
    """A part of the tree of names: the tensors directly in it, and the branches below."""

    prefix: str = ""
    leaves: list[tuple[str, Leaf]] = field(default_factory=list)
    branches: dict[str, Branch] = field(default_factory=dict)

    def all(self) -> Iterator[Statistics]:
        """Every tensor of this branch and of those below."""
        for _, leaf in self.leaves:
            yield leaf.known
        for branch in self.branches.values():
            yield from branch.all()


def tree_of(entries: Iterable[tuple[str, Leaf]]) -> Branch:
    """Names split at their dots. A branch with one thing in it is joined with that thing."""
    root = Branch()
    for full, tensor in entries:
        *path, leaf = full.split(".", _DEEPEST)
        at = root
        for part in path:
            at = at.branches.setdefault(part, Branch(f"{at.prefix}{part}."))
        at.leaves.append((leaf, tensor))
    return _joined(root)


def _joined(branch: Branch) -> Branch:
    joined = {}
    for part, below in branch.branches.items():
        below, label = _joined(below), part
        while not below.leaves and len(below.branches) == 1:
            (inner, only), *_ = below.branches.items()
            label, below = f"{label}.{inner}", only
        if below.branches or len(below.leaves) > 1:
            joined[label] = below
        else:
            branch.leaves += [(f"{label}.{leaf}", tensor) for leaf, tensor in below.leaves]
    branch.branches = joined
    return branch


def tensors_of(value: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    """The tensors of a mapping by name, those of nested mappings by dotted name."""
    found: list[tuple[str, Any]] = []
    for key, item in value.items():
        if hasattr(item, "layout") and hasattr(item, "numel"):
            found.append((str(key), item))
        elif isinstance(item, Mapping):
            found += [(f"{key}.{inner}", tensor) for inner, tensor in tensors_of(item)]
    return found


@dataclass(frozen=True)
class Entry:
    """A named tensor and what is known of it."""

    name: str
    tensor: Any
    known: Statistics


def measured(tensors: Iterable[tuple[str, Any]]) -> list[Entry]:
    """Named tensors with their statistics."""
    named = list(tensors)
    known = summarise_all(tensor for _, tensor in named)
    return [Entry(key, tensor, k) for (key, tensor), k in zip(named, known, strict=True)]


@renderer("lispe_kernel.torch_library.state.state_dicts.StateDict")
class StateDictView(View):
    """A mapping of names to tensors, as PyTorch saves them."""

    @cached_property
    def entries(self) -> list[Entry]:
        return measured(tensors_of(self.value))

    def text(self) -> str:
        """LispE's line, and a line of totals."""
        return f"{plain_text(to_text(self.value))}\n{totals_line([e.known for e in self.entries])}"

    def line(self) -> str:
        return plain_text(to_text(self.value))

    def html(self) -> Node:
        return [
            headline(self.line()),
            tree_page(self.entries),
        ]


def totals_line(known: list[Statistics]) -> str:
    """`3 tensors, 1,050,624 values, 4.2 MB, float32`."""
    count = sum(k.count for k in known)
    bytes_ = sum(k.bytes for k in known)
    kinds = ", ".join(sorted({k.dtype for k in known}))
    parts = [
        f"{len(known)} tensor{'s' if len(known) != 1 else ''}",
        f"{numbers.count(count)} values",
        numbers.size(bytes_),
    ]
    return ", ".join([*parts, kinds] if kinds else parts)


def tree_page(entries: Sequence[Entry]) -> Node:
    """The totals, what is wrong with any tensor, and the tree, whose smallest tensors open in their rows."""
    views = stored_views(entries)
    return [_page(entries, views), opened.told(len(views), len(entries), "(explore ...)")]


def stored_views(entries: Sequence[Entry]) -> dict[int, Constant]:
    """The views that the page keeps, by the places of their tensors."""
    sizes = [e.known.count if e.known.is_readable else 0 for e in entries]
    return opened.stored(
        sizes,
        lambda k: TensorView.foreseen(entries[k].known),
        lambda k: TensorView.of(entries[k].tensor, entries[k].known).stored(),
    )


def asking_page(entries: Sequence[Entry]) -> Node:
    """The same, whose rows ask the kernel for their views."""
    return element("div", _page(entries, {k: opened.Asked(k) for k in range(len(entries))}), data_asks=True)


def _page(entries: Sequence[Entry], views: Mapping[int, Node]) -> Node:
    root = tree_of((e.name, Leaf(e.known, views.get(k))) for k, e in enumerate(entries))
    return [
        facts(_totals([e.known for e in entries])),
        alarms_of(entries),
        tree_of_tensors(_branch(root, _open_depth(root)), "search names", len(entries), opens=bool(views)),
    ]


def tree_of_tensors(branches: Node, find: str, rows: int, layers: int = 0, *, opens: bool) -> Element:
    """Branches with rows of tensors in them, under the headings of these rows."""
    lines = rows + layers
    return tree(_HEADINGS, branches, numeric=_NUMERIC, find=find, lines=lines, rows=rows, opens=opens)


def alarms_of(entries: Sequence[Entry]) -> Node:
    """The tensors with NaN or infinities in one loud line."""
    damaged = [e for e in entries if e.known.damage]
    if not damaged:
        return None
    many = f"{len(damaged)} of {len(entries)} tensors hold NaN or Inf: " if len(damaged) > 1 else ""
    shown = [[", " if k else many, name(e.name), ": ", _told(e.known)] for k, e in enumerate(damaged[:_LOUD])]
    rest = len(damaged) - _LOUD
    return warning([shown, f" and {rest} more" if rest > 0 else ""])


def _told(known: Statistics) -> str:
    return ", ".join(f"{number} {what}" for what, number in known.damage)


def _totals(known: list[Statistics]) -> list[tuple[str, Node]]:
    return [
        ("tensors", numbers.count(len(known))),
        ("values", numbers.count(sum(k.count for k in known))),
        ("size", numbers.size(sum(k.bytes for k in known))),
        ("dtype", ", ".join(sorted({k.dtype for k in known}))),
        norm_of(known),
    ]


def norm_of(known: list[Statistics]) -> tuple[str, str]:
    """The norm of all values together. What is not finite has none, and is named.

    Whole numbers beside others are counters, of batches say, and no part of it.
    """
    known = [k for k in known if not k.dtype.startswith(_WHOLE)] or known
    strange = any(k.nans or k.infinities for k in known)
    name = "norm of the finite values" if strange else "norm"
    lengths = [k.norm for k in known if k.norm is not None]
    if not lengths:
        return name, "none is finite" if strange else ""
    return name, numbers.value(math.hypot(*lengths))


def _open_depth(root: Branch) -> int:
    return open_depth(root, lambda at: len(at.leaves) + len(at.branches), lambda at: at.branches.values())


def _branch(branch: Branch, depth: int) -> Node:
    table = None
    if branch.leaves:
        rows = [row(label, leaf) for label, leaf in branch.leaves]
        label = f"tensors of {branch.prefix.rstrip('.') or 'the state dict'}"
        table = rows_of_a_branch(rows, label, branch.prefix)
    below = [
        foldable(_branch_line(label, inner), _branch(inner, depth - 1), open_=depth > 0)
        for label, inner in branch.branches.items()
    ]
    return [table, below]


def _branch_line(label: str, branch: Branch) -> list[Node]:
    known = list(branch.all())
    return [element("b", name(label)), " ", element("span", totals_line(known), class_="q")]


def row(label: str, leaf: Leaf) -> Element:
    """The line of a tensor in a tree."""
    known = leaf.known
    computed = [known.mean, known.deviation, known.norm]
    shown = ["" if n is None else numbers.value(n, 3) for n in computed]
    bad = element("strong", " NaN/Inf") if known.damage else None
    return element(
        "tr",
        # A cell isolates the writing direction of its text by itself.
        element(
            "td",
            opened.named([breaking(shortened(label)), bad], leaf.view),
            align="left" if leaf.view else None,
        ),
        element(
            "td",
            _shape(known),
            " ",
            known.dtype,
            _unread(known),
        ),
        element("td", numbers.count(known.count)),
        element("td", numbers.size(known.bytes), data_v=known.bytes if known.bytes >= 1000 else None),
        [element("td", text) for text in shown],
        charts.spark_cell(known),
    )


def _shape(known: Statistics) -> str:
    return known.ragged or "×".join(map(str, known.shape)) or "scalar"


def _unread(known: Statistics) -> Node:
    """Why a tensor has no numbers, where it has none."""
    return None if known.is_readable else element("div", ", ".join(known.notes), class_="q")
