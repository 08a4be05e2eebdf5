"""Histograms of weights over epochs: counts by numpy, shared bins, what is no number, files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lispe_kernel.display import bundle
from lispe_kernel.display.functions import timeline, weight_histograms
from lispe_kernel.language.errors import LispeError
from lispe_kernel.session import Session
from lispe_kernel.torch_library.checkpoints.files import save_checkpoint
from tests.display.page_checks import drawings

FAR = torch.cat([torch.linspace(-1, 1, 500), torch.tensor([1e6])])


@pytest.mark.parametrize(
    "values",
    [
        [torch.linspace(-1, 1, 700), torch.linspace(-3, 2, 900)],
        [FAR, torch.linspace(0, 1, 9, dtype=torch.float64)],
        [torch.arange(-9, 30), torch.arange(5, dtype=torch.int8)],
        [torch.tensor([True, False, True])],
        [torch.zeros(40), torch.full((40,), 0.25)],
        [torch.randn(300, generator=torch.Generator().manual_seed(1)).bfloat16()],
        [torch.tensor([1e308, -1.5e308, 3.0], dtype=torch.float64)],
        [torch.tensor([3e-320, -5e-322, 0.0], dtype=torch.float64)],
        [1e5 + 1e-10 * torch.arange(30, dtype=torch.float64)],
        [torch.tensor([2**62, 2**62 + 1])],
        [torch.zeros(6)],
    ],
)
def test_counts_are_those_of_numpy(values: list[torch.Tensor]) -> None:
    made = weight_histograms([{"w": value} for value in values])
    bins = made.histograms[0].bins
    assert bins is not None
    for value, found in zip(values, made.histograms[0].moments, strict=True):
        plain = value.double().numpy()
        edges = np.array(bins.edges)
        kept = plain.clip(edges[0], edges[-1])
        assert found is not None
        assert found.counts == tuple(np.histogram(kept, bins=edges)[0].tolist())
        assert found.beyond == int((kept != plain).sum())
        assert (found.minimum, found.maximum) == (plain.min(), plain.max())


def test_whole_numbers_have_a_bin_each() -> None:
    made = weight_histograms([{"w": torch.tensor([3, 5, 5])}])
    bins = made.histograms[0].bins
    assert bins is not None
    assert bins.edges == [2.5, 3.5, 4.5, 5.5]


@pytest.mark.parametrize(
    ("tensor", "told"),
    [
        (torch.arange(40) % 2 == 0, "histogram of 40 values from 0 to 1"),
        (torch.arange(70) % 7 - 3, "histogram of 70 values from -3 to 3"),
        (torch.arange(70.0) / 2, "histogram of 70 values from 0 to 34.5"),
    ],
)
def test_the_ends_of_whole_numbers_are_numbers_that_occur(tensor: torch.Tensor, told: str) -> None:
    assert told in bundle(tensor)["text/html"]


def test_one_value_alone_stands_in_the_middle_of_bins_that_people_can_read() -> None:
    for value, ends in ((0.0, (-0.5, 0.5)), (2.0, (1.0, 3.0))):
        bins = weight_histograms([{"w": torch.full((6,), value)}]).histograms[0].bins
        assert bins is not None
        assert (bins.edges[0], bins.edges[-1]) == ends


def test_one_moment_is_bars_few_are_curves_and_many_are_ridges() -> None:
    for count, told in ((1, "values of w"), (3, "values of w at 3 states"), (6, "one behind the other")):
        page = bundle(weight_histograms([{"w": torch.randn(60)} for _ in range(count)]))["text/html"]
        assert told in page
        assert ("by state" in page) == (count > 1)
    # A pointer is told of every bar.
    shown = bundle(weight_histograms([{"w": torch.tensor([1, 1, 2, 5])}]))["text/html"]
    assert "0.5 to 1.5: 2" in shown
    assert "4.5 to 5.5: 1" in shown


def test_what_is_no_number_is_loud_and_names_cannot_write_markup() -> None:
    bad = torch.tensor([1.0, float("nan"), float("inf")])
    states = [{"<b>w</b>": torch.ones(3)}, {"<b>w</b>": bad, "late": torch.zeros(0)}]
    found = bundle(weight_histograms(states))
    assert "! <b>w</b>: 1 NaN and 1 infinite of 3, first at state 1" in found["text/plain"]
    assert "late: no finite values" in found["text/plain"]
    assert "<b>w</b>" not in found["text/html"]
    assert "role=alert" in found["text/html"]


def save(folder: Path, epoch: int, scale: float) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(scale)
    save_checkpoint(model, torch.optim.SGD(model.parameters(), lr=0.1), epoch, str(folder / f"c_{epoch}.pt"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for epoch, scale in ((2, 1.0), (4, 2.0), (10, 3.0)):
        save(tmp_path, epoch, scale)
    return tmp_path


def test_a_folder_a_timeline_and_files_give_the_same(folder: Path) -> None:
    files = [str(folder / f"c_{k}.pt") for k in (2, 4, 10)]
    texts = [weight_histograms(v).text for v in (str(folder), timeline(str(folder)), files)]
    assert set(texts) == {"weights of 4 tensors at 3 epochs, 2 to 10"}
    session = Session()
    session.namespace["folder"] = str(folder)
    found: Any = session.evaluate('(@ (weight_histograms folder "0" (? bins 3)) "0.weight" "counts")')
    assert [list(row) for row in found] == [[6, 0, 0], [0, 6, 0], [0, 0, 6]]


def test_one_model_alone_is_a_list_of_one(folder: Path) -> None:
    model = nn.Linear(2, 2)
    for one in (model, model.state_dict(), str(folder / "c_2.pt")):
        assert len(weight_histograms(one).labels) == 1


def test_one_tensor_is_drawn_large_with_curves(folder: Path) -> None:
    shown = bundle(weight_histograms(str(folder), "1.bias"))["text/html"]
    assert len(drawings(shown)) == 2
    assert "values of 1.bias at 3 epochs" in shown


def test_a_damaged_checkpoint_of_a_folder_is_said_and_left_out(folder: Path) -> None:
    data = bytearray((folder / "c_4.pt").read_bytes())
    (folder / "c_4.pt").write_bytes(data[: len(data) // 2])
    found = bundle(weight_histograms(str(folder)))["text/plain"]
    assert "at 2 epochs, 2 to 10" in found
    assert "! c_4.pt: " in found


@pytest.mark.parametrize(
    ("value", "layer", "bins", "message"),
    [
        ({"w": 3}, None, None, "a folder of checkpoints"),
        (3, None, None, "a folder of checkpoints, a timeline, or a list of files"),
        ([], None, None, "no weights to look at"),
        ([{}], None, None, "a folder of checkpoints"),
        ([{"w": torch.ones(2)}], "x", None, "there is no tensor or layer x; there are: w"),
        ([{"w": torch.ones(2)}], None, 500, "at most 200 bins"),
        ([{"w": torch.ones(2)}], None, 0, "a positive integer"),
        (["no-such.pt"], None, None, "no-such.pt"),
        ("no-such-folder", None, None, "there is no such folder"),
    ],
)
def test_what_is_wrong_is_said(value: Any, layer: Any, bins: Any, message: str) -> None:
    with pytest.raises(LispeError, match=message):
        weight_histograms(value, layer, bins)
