"""Layers over epochs: sizes and drift by hand, the chosen checkpoint marked; files compared by paths."""

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from lispe_kernel.display import bundle
from lispe_kernel.display.functions import compare, timeline
from lispe_kernel.display.page.theme import page
from lispe_kernel.display.views.timeline import figures
from lispe_kernel.display.views.trainings.layers import layer_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.session import Session
from lispe_kernel.torch_library.checkpoints.files import save_checkpoint
from tests.display.page_checks import drawings


def save(folder: Path, epoch: int, scale: float) -> str:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight.fill_(scale)
        model[0].bias.fill_(2 * scale)
        model[1].weight.fill_(1.0)
        model[1].bias.fill_(1.0)
    path = folder / f"c_{epoch}.pt"
    save_checkpoint(model, torch.optim.SGD(model.parameters(), lr=0.1), epoch, str(path))
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for epoch, scale in enumerate((1.0, 1.5, 1.5)):
        save(tmp_path, epoch, scale)
    return tmp_path


def test_sizes_and_drift_of_each_layer(folder: Path) -> None:
    found = [dict(moment.layers) for moment in timeline(str(folder)).moments]
    # Six weights of 1 and two of 2; then half as large again.
    assert [sizes["0"].root_mean_square for sizes in found[:2]] == pytest.approx(
        [math.sqrt(14 / 8), 1.5 * math.sqrt(14 / 8)]
    )
    assert [sizes["0"].drift for sizes in found] == [None, pytest.approx(0.5), 0.0]
    assert [sizes["1"].drift for sizes in found] == [None, 0.0, 0.0]
    page = bundle(timeline(str(folder)))["text/html"]
    assert "size of the weights by layer and epoch, colours from 0 to" in page
    assert "drift of the weights by layer and epoch" in page


def test_a_line_marks_the_chosen_checkpoint(folder: Path) -> None:
    made = timeline(str(folder))
    drawn = drawings(bundle(made)["text/html"])
    marked = drawings(page(figures(made, made.moments[1])))
    lines = [p.get("d") for d in marked for p in d.iter() if p.get("stroke-dasharray") == "4 3"]
    assert len(lines) == len(marked)
    assert not [p for d in drawn for p in d.iter() if p.get("stroke-dasharray") == "4 3"]


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("h.3.attn.weight", "h.3"),
        ("model.embed.weight", "model.embed"),
        ("weight", "weight"),
        ("0.weight", "0"),
    ],
)
def test_the_layer_of_a_tensor(name: str, layer: str) -> None:
    assert layer_of(name) == layer


def test_files_are_compared_by_their_paths(folder: Path) -> None:
    session = Session()
    session.namespace["folder"] = str(folder)
    found = session.evaluate('(compare (+ folder "/c_0.pt") (+ folder "/c_1.pt"))')
    assert found.text == "2 of 4 common tensors differ"
    assert found.changes[0].relative == pytest.approx(0.5)
    with pytest.raises(LispeError, match="there is no such file"):
        session.call(lambda: compare(str(folder / "none.pt"), str(folder / "c_1.pt")))
