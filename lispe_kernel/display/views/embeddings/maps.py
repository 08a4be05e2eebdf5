"""`(embedding_map table labels)`: the rows of a table as points, in two dimensions and in three.

By principal axes, or by UMAP where umap-learn is installed. Of many rows some are drawn, evenly chosen; the
axes are always those of all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lispe_kernel.display.drawing import scatter
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import Element, Node, element, facts, headline, name, one_line, warning
from lispe_kernel.display.page.registry import View, plain_text, renderer
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text, wrong_argument
from lispe_kernel.torch_library.tokens.pieces import piece_of

_NAME = "embedding_map"
_DRAWN = 2000  # points of the plane
_TURNED = 600  # points in space
_LISTED = 12  # rows whose nearest rows are listed
_NEAR = 5
_LOUD = 8  # rows without a place that are named
_METHODS = {"pca": "pca", "umap": "umap"}


@dataclass(frozen=True)
class EmbeddingMap:
    """Rows of a table as points, with the names of those that are drawn."""

    method: str
    rows: int
    width: int
    flat: Any  # [rows, 2]
    deep: Any  # [rows, 3]
    shares: tuple[float, ...]
    labels: tuple[str, ...] | None
    kept: tuple[int, ...] | range  # the rows of the table that have a place
    left_out: tuple[int, ...]  # those that hold NaN or infinity
    near: tuple[tuple[int, tuple[tuple[int, float], ...]], ...]

    @property
    def text(self) -> str:
        told = f"map of {numbers.count(self.rows)} rows of {self.width} numbers"
        if self.method == "umap":
            return f"{told} by UMAP"
        shares = ", ".join(f"{100 * share:.3g}%" for share in self.shares)
        return f"{told}, principal axes with {shares} of the variance"

    def label(self, row: int) -> str:
        """What a row that has a place is called, by its number among them."""
        return self.name(self.kept[row])

    def name(self, row: int) -> str:
        """What a row of the table is called."""
        return self.labels[row] if self.labels is not None else f"row {row}"


register_kind(EmbeddingMap, "embedding_map_", lambda value, _: plain_text(value.text))


def embedding_map(value: Any, labels: Any, method: Any) -> EmbeddingMap:
    """The map of a table; see `(embedding_map ...)` in functions.py."""
    from lispe_kernel.torch_library.support import arguments  # noqa: PLC0415 - PyTorch is imported when it is first needed
    from lispe_kernel.torch_library.tensors import projections  # noqa: PLC0415 - PyTorch is imported when it is first needed

    whole = projections.table_of(_NAME, value)
    left_out = tuple(projections.strange_rows(whole))
    strange = frozenset(left_out)
    kept = [row for row in range(len(whole)) if row not in strange] if strange else range(len(whole))
    if len(kept) < 2:
        told = f"{len(left_out)} of {len(whole)} rows hold NaN or infinity, and " if left_out else ""
        raise LispeError(f"Error: {_NAME}: {told}a single row has no place among others")
    found = whole[kept] if left_out else whole
    chosen = arguments.choice(_NAME, 3, method, _METHODS)
    names = _labels(labels, len(whole))
    shares: list[float] = []
    if chosen == "umap":
        flat, deep = (_umap(found, count) for count in (2, 3))
    else:
        made = projections.principal(found, 3)
        flat, deep, shares = made.scores[:, :2], made.scores, made.shares[: min(3, *found.shape)]
    listed = min(_LISTED, len(found))
    near = []
    for row, (rows, cosines) in enumerate(
        projections.nearest_to_each(found, found[:listed], _NEAR + 1, "cosine")
    ):
        pairs = [pair for pair in zip(rows, cosines, strict=True) if pair[0] != row]
        near.append((row, tuple(pairs[:_NEAR])))
    return EmbeddingMap(
        method=chosen,
        rows=len(found),
        width=found.shape[1],
        flat=flat,
        deep=deep,
        shares=tuple(shares),
        labels=names,
        kept=kept if isinstance(kept, range) else tuple(kept),
        left_out=left_out,
        near=tuple(near),
    )


def _umap(table: Any, count: int) -> Any:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    try:
        from umap import UMAP  # noqa: PLC0415 - heavy: imported where somebody asks for it, and only there
    except ImportError as error:
        raise LispeError(
            f"Error: {_NAME}: umap-learn is not installed; pip install 'lispe-kernel[umap]', or use \"pca\""
        ) from error
    # With a seed the same table gives the same map.
    made = UMAP(n_components=count, random_state=0, n_jobs=1).fit_transform(table.float().numpy())
    return torch.as_tensor(made).double()


def _labels(labels: Any, rows: int) -> tuple[str, ...] | None:
    if labels is None:
        return None
    if hasattr(labels, "decode") and hasattr(labels, "size"):
        return tuple(one_line(piece_of(labels, row), 40) for row in range(rows))
    if not isinstance(labels, list | tuple) and not hasattr(labels, "array"):
        raise wrong_argument(_NAME, 2, "a list of labels or a tokenizer", labels)
    found = tuple(one_line(to_text(label), 40) for label in labels)
    if len(found) != rows:
        raise LispeError(f"Error: {_NAME}: {len(found)} labels for {rows} rows")
    return found


@renderer(EmbeddingMap)
class EmbeddingMapView(View):
    """Points in the plane, in space, and the nearest rows of the first ones."""

    value: EmbeddingMap

    def html(self) -> Node:
        made = self.value
        drawn = self._chosen(_DRAWN)
        few = len(drawn) < made.rows
        return [
            headline(made.text),
            self._left_out(),
            facts(
                [("drawn", f"{len(drawn)} of {numbers.count(made.rows)} rows, evenly chosen" if few else "")]
            ),
            element("div", self._plane(drawn), self._space(self._chosen(_TURNED))),
            self._near(),
        ]

    def _left_out(self) -> Node:
        """The rows without a place, in a loud line."""
        made, many = self.value, len(self.value.left_out)
        if not many:
            return None
        names = ", ".join(map(made.name, made.left_out[:_LOUD])) + (" ..." if many > _LOUD else "")
        hold = "row holds" if many == 1 else "rows hold"
        are = "is" if many == 1 else "are"
        return warning(f"{numbers.count(many)} {hold} NaN or infinity and {are} left out: {names}")

    def _chosen(self, most: int) -> list[int]:
        """Rows that are drawn, evenly chosen."""
        step = math.ceil(self.value.rows / most)
        return list(range(0, self.value.rows, step))

    @cached_property
    def _axes(self) -> tuple[str, str, str]:
        word = "axis" if self.value.method == "pca" else "UMAP"
        return (f"{word} 1", f"{word} 2", f"{word} 3")

    def _plane(self, rows: list[int]) -> Node:
        made = self.value
        xs, ys = made.flat[rows, 0].tolist(), made.flat[rows, 1].tolist()
        label = f"{len(rows)} rows as points in two dimensions"
        return scatter.plane(xs, ys, [made.label(r) for r in rows], label, self._axes[:2])

    def _space(self, rows: list[int]) -> Node:
        made = self.value
        label = f"{len(rows)} rows as points in three dimensions"
        return scatter.space(made.deep[rows].tolist(), [made.label(r) for r in rows], label, self._axes)

    def _near(self) -> list[Element]:
        """A line a row: words in a line, which no table needs."""
        made = self.value
        lines = [
            (row, ", ".join(f"{made.label(other)} {cosine:.3f}" for other, cosine in near))
            for row, near in made.near
        ]
        return [
            element("p", "nearest rows, by their cosine:"),
            *(element("p", element("b", name(made.label(row))), " ", told) for row, told in lines),
        ]
