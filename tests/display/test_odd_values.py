"""Values at the edge of what a researcher draws: the picture says what there is, and nothing more."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.functions import attention_map, compare, plot
from lispe_kernel.display.views.training import Tracker
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.state.state_dicts import StateDict
from lispe_kernel.torch_library.training.schedulers import lr_scheduler
from tests.display import browser
from tests.display.page_checks import Page, drawings, written

NAN = math.nan


def tracked(values: list[float], steps: list[int] | None = None) -> Tracker:
    made = Tracker()
    for k, value in enumerate(values):
        made.add("loss", value, None if steps is None else float(steps[k]), None)
    made.running = False
    return made


def schedule() -> Any:
    optimizer = torch.optim.SGD([torch.ones(1)], lr=0.1)
    return lr_scheduler(optimizer, "cosine", Dictionary({"initial_lr": 0.001}))


# What is drawn -> the numbers and words in its picture, in their order.
PICTURES: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "a run of NaN has steps and no heights": (
        lambda: tracked([NAN] * 3),
        ["0", "1", "2", "step", "loss", "✕", "✕", "loss: NaN or infinite first at step 0"],
    ),
    "a run of zeros has no other height": (
        lambda: tracked([0.0] * 3),
        ["0", "0", "1", "2", "step", "loss"],
    ),
    "a constant stands at its value": (lambda: plot(List([0.25] * 3)), ["0.25", "0", "1", "2"]),
    "no points, no axes": (lambda: plot(List([])), []),
    "nothing finite, no zero among the colours": (
        lambda: torch.full((3, 40), NAN),
        ["0", "1", "2", "0", "10", "20", "30", "NaN"],
    ),
    "infinities are not called NaN": (
        lambda: torch.tensor([[math.inf, -math.inf] * 20, [1.0, 2.0] * 20]).half(),
        ["1", "2", "0", "1", "0", "10", "20", "30", "1", "2", "infinite"],
    ),
    "values beyond the bars are in the last, which says so": (
        lambda: torch.eye(50),
        ["0", "≥ 0.72", *(["0", "10", "20", "30", "40"] * 2), "0", "1"],
    ),
    "a batch of heads": (
        lambda: attention_map(torch.rand(2, 1, 1, 1)),
        ["0", "0", "batch 0", "query", "key", "0", "0", "batch 1", "query", "key", "0", "0.758"],
    ),
    "a token of blanks shows them": (
        lambda: attention_map(torch.ones(1, 2, 2), List(["\n", " a"])),
        ["⏎", "a", "⏎", "a", "query", "key", "0", "1"],
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_what_there_is(name: str) -> None:
    make, words = PICTURES[name]
    torch.manual_seed(1)
    assert written(bundle(make())["text/html"]) == words


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: plot(List([1.0, NAN, math.inf])), "2 of 3 values are NaN or Inf"),
        (lambda: plot(Dictionary({"a": List([1, 2]), "b": List([1])})), "plot of 2 curves, up to 2 points"),
        (lambda: 1.7e9 + 60 * torch.arange(20, dtype=torch.float64), "min 1700000000 · max 1700001140"),
        (lambda: 1.7e9 + 60 * torch.arange(3, dtype=torch.float64), "170000000017000000601700000120"),
        (lambda: compare(torch.tensor([2**53]), torch.tensor([2**53 + 1])), "value 9007199254740993"),
        (schedule, "until its first step the optimizer has 0.1"),
    ],
)
def test_the_words_beside_a_picture(make: Callable[[], Any], told: str) -> None:
    assert told in Page(bundle(make())["text/html"]).words


def test_steps_that_begin_again_are_not_joined() -> None:
    (drawing,) = drawings(bundle(tracked([4, 3, 2, 1], [0, 1, 0, 1]))["text/html"])
    (curve,) = [part.get("d", "") for part in drawing.iter() if part.get("stroke") == "#2f7fd1"]
    assert curve.count("M") == 2


def test_a_column_is_a_curve_as_a_row_is() -> None:
    for shape in ((1, 200), (200, 1)):
        assert "curve of the 200 values of a vector" in bundle(torch.randn(shape))["text/html"]


def test_counters_and_buffers_are_no_part_of_a_norm() -> None:
    norm = torch.nn.BatchNorm1d(4)
    norm.num_batches_tracked += 10_000
    assert "norm 2" in Page(bundle(norm)["text/html"]).words
    kept = StateDict({"weight": torch.ones(4), "steps": torch.tensor(10_000)})
    assert "norm 2" in Page(bundle(kept)["text/html"]).words
    assert "norm 5" in Page(bundle(StateDict({"ids": torch.tensor([3, 4])}))["text/html"]).words


def test_long_names_break_at_their_joints() -> None:
    shown = bundle(StateDict({"num_batches_tracked": torch.ones(2)}))["text/html"]
    assert "num_<wbr>batches_<wbr>tracked" in shown


def test_a_tree_without_its_style_leaves_room_for_names() -> None:
    shown = bundle(StateDict({name: torch.ones(2) for name in ("a.b", "a.c", "d")}))["text/html"]
    assert 'style="min-width:740px"' in shown
    assert "min-width:0!important" in shown
    layers = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    assert "<td colspan=8 align=left><b>" in bundle(layers)["text/html"]


def test_headings_of_many_columns_break_and_words_of_state_do_not(chromium: str) -> None:
    layers = {f"layer{k}": LoraLinear(torch.nn.Linear(8, 8), 2, 4.0) for k in range(3)}
    script = """
    var table = document.querySelector("table[aria-label='LoRA adapters']"), state = document.createRange();
    state.selectNodeContents(table.rows[1].cells[9]);
    document.body.dataset.read = [table.offsetWidth <= 560, state.getClientRects().length].join(" ");
    """
    shown = bundle(torch.nn.ModuleDict(layers))["text/html"]
    dom = browser.document(chromium, browser.page([shown], width=560, script=script))
    assert 'data-read="true 1"' in dom
