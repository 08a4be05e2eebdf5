"""Maps of tables of rows, against numpy's singular values and plain arithmetic."""

import math
import re
import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.drawing import scatter
from lispe_kernel.display.functions import embedding_map
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.tensors import projections
from lispe_kernel.torch_library.tokens.tokenizers import SimpleTokenizer
from tests.display.page_checks import Page, drawings, faults, written


def stretched(rows: int, width: int) -> torch.Tensor:
    made = torch.Generator().manual_seed(5)
    return torch.randn(rows, width, generator=made) * torch.linspace(3, 0.1, width) + 7


@pytest.mark.parametrize(("rows", "width"), [(40, 6), (6, 40), (3, 3), (2, 1), (100, 3)])
@pytest.mark.parametrize("whole", [1 << 21, 0])
def test_principal_axes_are_those_of_numpy(
    rows: int, width: int, whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projections, "_WHOLE", whole)
    monkeypatch.setattr(projections, "_BLOCK", 2)
    table = stretched(rows, width)
    found = projections.principal(table, 3)
    array = table.double().numpy()
    centred = array - array.mean(0)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    shares = lengths**2 / (lengths**2).sum()
    for k in range(min(3, rows - 1, width)):
        sign = np.sign(axes[k][np.abs(axes[k]).argmax()])
        assert np.allclose(found.axes[k], sign * axes[k], atol=1e-8)
        assert np.allclose(found.scores[:, k], sign * (centred @ axes[k]), atol=1e-7)
        assert found.shares[k] == pytest.approx(shares[k], abs=1e-12)
    assert len(found.shares) == 3
    assert found.scores.shape == (rows, 3)


def test_rows_that_are_all_the_same_have_no_axes() -> None:
    found = projections.principal(torch.full((5, 4), 2.5), 2)
    assert found.shares == [0.0, 0.0]
    assert torch.equal(found.scores, torch.zeros(5, 2, dtype=torch.float64))


@pytest.mark.parametrize("whole", [10**6, 0], ids=["by its values", "by its products"])
def test_what_rounding_leaves_is_no_axis(monkeypatch: pytest.MonkeyPatch, whole: int) -> None:
    monkeypatch.setattr(projections, "_WHOLE", whole)
    line = torch.outer(torch.arange(60.0).double(), stretched(1, 4)[0].double()) + 0.1
    assert projections.principal(line, 3).shares == [pytest.approx(1), 0, 0]
    assert projections.principal(torch.full((70, 3), 0.1, dtype=torch.float64), 2).shares == [0, 0]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_nearest_rows_are_those_of_plain_arithmetic(metric: str) -> None:
    table = stretched(50, 5) - 7
    table[9] = 0
    rows = table.tolist()

    def measure(a: list[float], b: list[float]) -> float:
        if metric == "euclidean":
            return math.dist(a, b)
        lengths = math.hypot(*a) * math.hypot(*b)
        return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0

    for row in (0, 9, 49):
        others = [k for k in range(50) if k != row]
        order = sorted(
            others, key=lambda k: measure(rows[row], rows[k]) * (1 if metric == "euclidean" else -1)
        )
        found = projections.nearest_rows(table, row, 7, metric)
        assert [pair[0] for pair in found] == order[:7]
        assert [pair[1] for pair in found] == pytest.approx([measure(rows[row], rows[k]) for k in order[:7]])
    assert projections.nearest_rows(table, table[3], 1, metric)[0][0] == 3


def test_a_map_shows_each_row_at_its_place_with_its_name() -> None:
    made = embedding_map(
        torch.tensor([[0.0, 0.0], [2.0, 2.0], [4.0, 4.0], [4.0, 0.0]]), List(["a", "b", "c", "d"])
    )
    shown = bundle(made)
    # Squares 11 and 11, products 5: the axes hold 16 and 6 of 22.
    assert shown["text/plain"].endswith(
        "4 rows of 2 numbers, principal axes with 72.7%, 27.3% of the variance"
    )
    assert faults(shown["text/html"]) == []
    flat, _ = drawings(shown["text/html"])
    dots = next(part.get("d") or "" for part in flat.iter() if part.get("stroke-linecap"))
    places = np.array(re.findall(r"M([\d.]+),([\d.]+)h0", dots), float)
    x = made.flat[:, 0].numpy()
    # Places are in proportion to the scores.
    assert np.corrcoef(places[:, 0], x)[0, 1] == pytest.approx(1, abs=1e-5)
    assert np.corrcoef(places[:, 1], made.flat[:, 1].numpy())[0, 1] == pytest.approx(-1, abs=1e-5)
    assert {"a", "b", "c", "d"} <= set(written(shown["text/html"]))
    assert "c 1.000" in Page(shown["text/html"]).words


def test_many_rows_are_drawn_in_part_and_it_is_said() -> None:
    shown = bundle(embedding_map(stretched(5000, 8)))["text/html"]
    assert "1667 of 5,000 rows, evenly chosen" in Page(shown).words
    assert len(shown) < 80_000


def test_all_that_is_drawn_tells_its_name_and_few_tell_their_numbers() -> None:
    for rows, told in ((400, "row 399: "), (401, 'row 400"')):
        shown = bundle(embedding_map(stretched(rows, 8)))["text/html"]
        facts = Page(shown).attributes
        points = next(value for _, name, value in facts if name == "data-scale" and "points" in value)
        assert points.count("row ") == rows
        assert told in points


def test_names_come_from_a_tokenizer() -> None:
    tokenizer = SimpleTokenizer()
    table = torch.nn.Embedding(tokenizer.size(), 4)
    assert embedding_map(table, tokenizer).labels == tuple(tokenizer.tokens)


def test_space_is_seen_from_a_side() -> None:
    deep, across, down = scatter._seen((0, 100, 0))
    assert across == 0
    assert (deep, down) == pytest.approx((100 * math.sin(scatter._TILT), -100 * math.cos(scatter._TILT)))


def test_umap_is_used_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class UMAP:
        def __init__(self, n_components: int, random_state: int, n_jobs: int) -> None:
            # With a seed UMAP warns of any other number of jobs.
            assert (random_state, n_jobs) == (0, 1)
            self.count = n_components

        def fit_transform(self, table: np.ndarray) -> np.ndarray:
            return np.arange(len(table) * self.count, dtype="float32").reshape(len(table), self.count)

    module = ModuleType("umap")
    module.UMAP = UMAP  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "umap", module)
    made = embedding_map(torch.eye(4), None, "umap")
    assert made.text == "map of 4 rows of 4 numbers by UMAP"
    assert made.flat[1].tolist() == [2, 3]
    assert made.deep[1].tolist() == [3, 4, 5]
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(LispeError, match="umap-learn is not installed; pip install 'lispe-kernel\\[umap\\]'"):
        embedding_map(torch.eye(4), None, "umap")


def test_rows_of_no_numbers_are_left_out_and_named() -> None:
    table = torch.eye(5)
    table[1] = float("nan")
    table[3, 0] = float("inf")
    made = embedding_map(table, List(["a", "b", "c", "d", "e"]))
    shown = bundle(made)["text/html"]
    assert made.text.startswith("map of 3 rows of 5 numbers")
    assert "2 rows hold NaN or infinity and are left out: b, d" in Page(shown).words
    assert {"a", "c", "e"} <= set(written(shown))
    assert not {"b", "d"} & set(written(shown))


@pytest.mark.parametrize(
    ("table", "labels", "method", "text"),
    [
        (3, None, "pca", "the first argument must be a table of rows"),
        (torch.ones(3), None, "pca", "a table of rows"),
        (torch.ones(1, 3), None, "pca", "a single row"),
        (torch.ones(0, 3), None, "pca", "the table has no values"),
        (torch.tensor([[1.0], [float("nan")]]), None, "pca", "1 of 2 rows hold NaN or infinity"),
        (torch.eye(3), List(["a"]), "pca", "1 labels for 3 rows"),
        (torch.eye(3), 7, "pca", "a list of labels or a tokenizer"),
        (torch.eye(3), None, "tsne", "pca"),
    ],
)
def test_what_is_no_table_is_named(table: object, labels: object, method: str, text: str) -> None:
    with pytest.raises(LispeError, match=text) as error:
        embedding_map(table, labels, method)
    assert str(error.value).startswith("Error: embedding_map: ")
