"""What single kinds show: encodings, state dicts, comparisons, containers, modules, adapters, timelines."""

import math
from pathlib import Path

import pytest
import torch

from lispe_kernel.display import bundle, view_of
from lispe_kernel.display.drawing import charts, frames
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.drawing.statistics import summarise
from lispe_kernel.display.functions import attention_map, heatmap, plot
from lispe_kernel.display.page import numbers
from lispe_kernel.display.views.adapters.lora import singular_values
from lispe_kernel.display.views.compare import compare
from lispe_kernel.display.views.containers import short_text
from lispe_kernel.display.views.positional import positions_of
from lispe_kernel.display.views.state_dicts import Leaf, totals_line, tree_of
from lispe_kernel.display.views.tensors import TensorView
from lispe_kernel.display.views.timeline import timeline
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Integers
from lispe_kernel.torch_library.checkpoints.files import save_checkpoint
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.modules.rotary import RotaryEmbedding
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.display.page_checks import Page, drawings, written
from tests.display.samples import KINDS

# -- positional encodings


def test_an_encoding_says_what_it_is() -> None:
    assert bundle(PositionalEncoding(16, 20))["text/plain"] == (
        "PyTorch Positional Encoding\nsinusoidal, 20 positions x 16 dimensions"
    )


def test_an_encoding_has_true_ticks() -> None:
    words = written(bundle(PositionalEncoding(512, 1024))["text/html"])
    assert {"0", "256", "512", "768", "128", "384", "position", "dimension"} <= set(words)


def test_a_trained_table_is_no_longer_sinusoidal() -> None:
    encoding = PositionalEncoding(16, 20)
    encoding.pe.add_(torch.randn(20, 16))
    assert positions_of(encoding).kind == "learned"
    assert positions_of(RotaryEmbedding(16, 20)).kind == "rotary"


def test_wavelengths_follow_the_formula() -> None:
    waves = positions_of(PositionalEncoding(8, 50)).wavelengths()
    assert waves == pytest.approx([2 * math.pi * 10**k for k in range(4)])


def test_a_learned_wave_is_found_in_the_table() -> None:
    encoding = PositionalEncoding(4, 64)
    encoding.pe.copy_(torch.sin(2 * math.pi * torch.arange(64.0) / 16).unsqueeze(1).expand(64, 4))
    assert positions_of(encoding).wavelengths() == [16.0] * 4


def test_similarity_is_the_cosine_of_rows() -> None:
    found = positions_of(PositionalEncoding(16, 60))
    unit = torch.nn.functional.normalize(found.table, dim=1)
    assert torch.allclose(torch.from_numpy(found.similarity().blocks), unit @ unit.T, atol=1e-5)
    coarse = found.similarity(30).blocks
    assert coarse[0, 3] == pytest.approx((unit @ unit.T)[0:2, 6:8].mean().item(), abs=1e-5)


# -- state dicts


def test_a_state_dict_keeps_its_line_and_adds_totals() -> None:
    state = StateDict({"weight": torch.ones(2, 3), "bias": torch.ones(2)})
    assert (
        bundle(state)["text/plain"] == "PyTorch State Dict (2 parameters)\n2 tensors, 8 values, 32 B, float32"
    )


def test_names_become_a_tree_without_needless_branches() -> None:
    names = ["a.b.c.weight", "a.b.c.bias", "a.b.d.weight", "x.y.z", "top"]
    tree = tree_of([(name, Leaf(summarise(torch.ones(1)))) for name in names])
    assert sorted(leaf for leaf, _ in tree.leaves) == ["top", "x.y.z"]
    assert list(tree.branches) == ["a.b"]
    assert list(tree.branches["a.b"].branches) == ["c"]
    assert [leaf for leaf, _ in tree.branches["a.b"].leaves] == ["d.weight"]
    assert len(list(tree.all())) == len(names)


def test_every_tensor_of_a_state_dict_is_in_its_page() -> None:
    model = torch.nn.TransformerEncoderLayer(16, 2, 32)
    page = Page(bundle(StateDict(model.state_dict()))["text/html"])
    for name in model.state_dict():
        assert name.rpartition(".")[2] in page.words
    assert page.elements.count("tr") == len(model.state_dict()) + 1


def test_a_damaged_tensor_is_loud() -> None:
    words = Page(bundle(StateDict({"a.w": torch.tensor([math.nan, 1, math.inf])}))["text/html"]).words
    assert "a.w: 1 NaN, 1 Inf" in words


def test_totals_of_nothing() -> None:
    assert totals_line([]) == "0 tensors, 0 values, 0 B"


def test_five_thousand_tensors_stay_small() -> None:
    state = StateDict({f"layers.{k // 10}.block{k % 10}.weight": torch.ones(4) for k in range(5000)})
    assert len(bundle(state)["text/html"]) < 1_500_000


def test_a_page_keeps_the_views_of_its_smallest_tensors_only() -> None:
    tensors = {f"layers.{k}.weight": torch.full((20, 20 + k), float(k)) for k in range(40)}
    large = bundle(StateDict({**tensors, "small": torch.tensor([0.25, 8.5])}))["text/html"]
    few = large.count("<td align=left><details>")
    assert 1 < few < 20
    assert f"{few} of 41 rows open here" in large
    assert "0.25</b>" in large
    assert "min </i><b>39" not in large


def test_a_tensor_that_has_no_view_keeps_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TensorView, "_spread", lambda _: 1 / 0)
    words = Page(bundle(StateDict({"weight": torch.ones(20)}))["text/html"]).words
    assert "weight" in words
    assert words.endswith("(explore ...) opens any of them")


# -- comparisons


def test_equal_tensors_are_equal() -> None:
    assert compare(torch.ones(3), torch.ones(3)).text.startswith("equal: float32 [3]")


def test_a_change_is_measured() -> None:
    made = compare(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 5.0]))
    assert made.text == "different: largest change 1, relative 0.2"
    assert made.change.cosine == pytest.approx(29 / (5 * math.sqrt(34)))


def test_the_most_changed_tensor_comes_first_and_what_is_missing_is_told() -> None:
    a = {
        "same": torch.ones(2),
        "little": torch.ones(2),
        "much": torch.ones(2),
        "gone": torch.ones(1),
        "shape": torch.ones(2),
    }
    b = {
        "same": torch.ones(2),
        "little": torch.ones(2) * 1.1,
        "much": torch.ones(2) * 3,
        "new": torch.ones(1),
        "shape": torch.ones(3),
    }
    made = compare(StateDict(a), StateDict(b))
    assert [c.name for c in made.changes] == ["much", "little", "same"]
    assert made.text == (
        "2 of 3 common tensors differ, 1 of another shape, 1 only in the first, 1 only in the second"
    )
    assert "shape: [2] and [3]" in Page(bundle(made)["text/html"]).words


@pytest.mark.parametrize(("a", "b"), [(3, 4), (torch.ones(2), 3), (List([1]), StateDict({}))])
def test_only_tensors_can_be_compared(a: object, b: object) -> None:
    with pytest.raises(LispeError, match=r"Error: compare: the (first|second) argument must be"):
        compare(a, b)


# -- containers

CONTAINERS = [
    (List(), "()"),
    (List([1, List([2, "x"])]), '(1 (2 "x"))'),
    (
        List(range(1000)),
        "(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 ... 972 more ... 996 997 998 999)",
    ),
    (
        Integers(range(500)),
        "(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 ... 472 more ... 496 497 498 499)",
    ),
    (Dictionary({"a": 1}), '{"a":1}'),
]


@pytest.mark.parametrize(("value", "text"), CONTAINERS, ids=range(len(CONTAINERS)))
def test_a_container_is_shortened_only_when_long(value: object, text: str) -> None:
    assert short_text(value) == text
    assert bundle(value)["text/plain"] == text


def test_a_list_that_holds_itself_ends() -> None:
    loop = List(["a" * 200])
    loop.append(loop)
    assert "..." in Page(bundle(loop)["text/html"]).words


def test_many_tensors_in_nested_lists_stay_readable() -> None:
    data = bundle(List([List([torch.randn(200, 200) for _ in range(10)]) for _ in range(10)]))
    assert len(data["text/html"]) < 300_000
    assert len(data["text/plain"]) < 10_000


def test_a_million_numbers_are_shown_at_once() -> None:
    data = bundle(Integers(range(1_000_000)))
    assert sum(map(len, data.values())) < 60_000


def test_equally_long_lists_are_a_table() -> None:
    page = Page(bundle(List([List(["name" * 6, k, 2.5]) for k in range(20)]))["text/html"])
    assert page.elements.count("tr") == 21


def test_a_table_of_modules_has_totals() -> None:
    words = Page(
        bundle(Dictionary({"a": torch.nn.Linear(2, 3), "b": torch.nn.Linear(3, 3)}))["text/html"]
    ).words
    assert "modules 2" in words
    assert "parameters 21" in words


# -- modules and adapters


def test_a_module_tells_its_size() -> None:
    assert (
        bundle(torch.nn.Linear(512, 256))["text/plain"] == "PyTorch Linear Layer\n131,328 parameters, 525 KB"
    )


def test_a_model_says_why_a_large_tensor_has_no_numbers() -> None:
    model = torch.nn.Linear(2, 3)
    assert "shape only" not in bundle(model)["text/html"]
    model.register_buffer("wide", torch.zeros(1).expand(5000, 5000))
    told = "1 tensor shows its shape only: 20,000,000 values are measured here, all of them by (explore ...)"
    assert told in bundle(model)["text/html"]


def test_a_layer_opens_to_its_tensors_and_one_without_stands_among_them() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.BatchNorm1d(3))
    model.register_buffer("scale", torch.ones(1))
    model.add_module("again", torch.nn.Sequential(model[0]))
    page = bundle(model)["text/html"]
    # Two of the first layer, five of the norm, the model's own; the shared layer has them in its first place.
    assert [page.count(f"<summary>{n}</summary>") for n in ("weight", "bias", "running_var", "scale")] == [
        2,
        2,
        1,
        1,
    ]
    assert page.count("<td colspan=8 align=left>") == 2
    assert numbers.value(model[0].weight[0, 0].item()) in page
    assert "(explore ...)" not in page


def test_of_many_tensors_the_first_have_rows_and_of_large_ones_no_value_is_read() -> None:
    words = Page(bundle(torch.nn.ModuleList(torch.nn.Linear(1, 1) for _ in range(101)))["text/html"]).words
    assert words.count("float32") == 1 + 60
    assert "... and 142 more tensors" in words
    wide = torch.nn.ModuleList([torch.nn.Embedding(5_000, 5_000), torch.nn.Linear(1, 1)])
    row = "<td>5000×5000 float32<td>25,000,000<td data-v=100000000>100 MB<td><td><td><td></tbody>"
    assert row in bundle(wide)["text/html"]


def test_a_frozen_module_tells_its_trainable_share() -> None:
    assert view_of(LoraLinear(torch.nn.Linear(64, 32), 8, 16.0)).text().endswith("27% trainable")


def test_singular_values_are_those_of_the_delta() -> None:
    layer = LoraLinear(torch.nn.Linear(12, 9), 3, 6.0)
    torch.nn.init.normal_(layer.lora_B.weight)
    expected = torch.linalg.svdvals(layer.delta().detach().double())[:3]
    assert singular_values(layer) == pytest.approx(expected.tolist(), rel=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_adapter_that_is_not_finite_says_so_instead_of_being_drawn(value: float) -> None:
    layer = LoraLinear(torch.nn.Linear(12, 9), 3, 6.0)
    torch.nn.init.constant_(layer.lora_A.weight, value)
    assert "A or B holds NaN or infinity" in bundle(layer)["text/html"]
    assert "not finite" in bundle(torch.nn.ModuleDict({"fc": layer}))["text/html"]


# -- heatmaps and plots

REFUSED = [
    (lambda: heatmap(3), "heatmap: the first argument must be a tensor, a matrix"),
    (lambda: heatmap(List([List([1, 2]), List([1])])), "heatmap: the first argument"),
    (lambda: heatmap(torch.ones(2, 2), List(["a"])), "heatmap: 1 labels for 2 places"),
    (lambda: heatmap(torch.ones(0, 2)), "no values to draw"),
    (lambda: plot(List([1, 2]), List([1])), "plot: 2 xs but 1 ys"),
    (lambda: plot(List(["a"])), "plot: the first argument must be numbers"),
    (lambda: timeline("/no/such/folder"), "no such folder"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_cannot_be_drawn_is_refused_with_a_reason(call: object, text: str) -> None:
    with pytest.raises(LispeError, match=text):
        call()  # type: ignore[operator]


DRAWN = [
    (heatmap(List([List([1, 2]), List([3, 4])])), "heatmap of 2 x 2 values"),
    (heatmap(Integers([1, 2, 3])), "heatmap of 1 x 3 values"),
    (heatmap(torch.ones(2, 3), Integers([7, 8]), torch.tensor([4, 5, 6])), "heatmap of 2 x 3 values"),
    (attention_map(torch.ones(2, 2, 2), Integers([7, 8])), "attention weights of 2 x 2 x 2 values"),
    (plot(List([1, 2, 3])), "plot of 3 points"),
    (plot(torch.randn(2, 5)), "plot of 2 curves, 5 points"),
    (plot(Integers([1, 2]), torch.tensor([1.0, 2.0]), "loss"), "plot loss of 2 points"),
    (plot(List()), "plot of 0 points"),
]


@pytest.mark.parametrize(("made", "text"), DRAWN, ids=[text for _, text in DRAWN])
def test_pictures_are_values_with_a_text(made: object, text: str) -> None:
    data = bundle(made)
    assert data["text/plain"] == text
    assert "could not be drawn" not in data["text/html"]
    assert "image/png" in data


def test_a_long_curve_keeps_its_spike() -> None:
    ys = [0.0] * 100_000
    ys[54_321] = 9.0
    points = charts.reduced(range(100_000), ys)
    assert len(points) <= 400
    assert (54_321, 9.0) in points


def test_a_gap_in_a_curve_stays_a_gap() -> None:
    (drawing,) = drawings(bundle(plot(List([1.0, math.nan, 3.0, 4.0])))["text/html"])
    curve = next(p.get("d") for p in drawing.iter() if p.get("stroke-width") == "1.6")
    assert curve.count("M") == 2


def test_values_over_many_decades_get_a_logarithmic_scale() -> None:
    frame = frames.frame_of([Series("s", [0, 1, 2], [1e-6, 1e-3, 1.0])], 400, 200)
    assert frame.log
    assert not frames.frame_of([Series("s", range(1, 5000), range(1, 5000))], 400, 200).log
    assert frame.down(1e-3) == pytest.approx((frame.down(1e-6) + frame.down(1.0)) / 2)


# -- timelines


@pytest.fixture
def run(tmp_path: Path) -> Path:
    model = torch.nn.Linear(4, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in (0, 1, 2, 10):
        metrics = Dictionary({"loss": 1.0 / (epoch + 1)})
        save_checkpoint(model, optimizer, epoch, str(tmp_path / f"c_{epoch}.pt"), metrics)
        if epoch < 2:
            with torch.no_grad():
                model.weight.mul_(2)
                model.bias.mul_(2)
    return tmp_path


def test_a_timeline_is_ordered_by_epoch_and_tells_its_metrics(run: Path) -> None:
    made = timeline(str(run))
    assert [m.epoch for m in made.moments] == [0, 1, 2, 10]
    assert made.text == "timeline of 4 checkpoints, epochs 0 to 10, loss 1 -> 0.09091"


def test_drift_is_the_relative_distance_of_the_weights(run: Path) -> None:
    assert [m.drift for m in timeline(str(run)).moments] == [None, pytest.approx(1), pytest.approx(1), 0]


@pytest.mark.parametrize("harm", ["truncate", "flip", "empty"])
def test_a_damaged_file_is_marked_at_its_place(run: Path, harm: str) -> None:
    path = run / "c_1.pt"
    data = bytearray(path.read_bytes())
    at = data.find(torch.load(path, weights_only=True)["model"]["weight"].numpy().tobytes())
    data[at] ^= 64
    path.write_bytes({"truncate": data[:500], "flip": bytes(data), "empty": b""}[harm])
    made = timeline(str(run))
    assert [bool(m.damage) for m in made.moments] == [False, True, False, False]
    assert made.text.endswith("1 damaged!")
    assert "c_1.pt: " in Page(bundle(made)["text/html"]).words


def test_an_integer_beyond_all_floats_does_not_break_a_timeline(tmp_path: Path) -> None:
    model = torch.nn.Linear(2, 2)
    for epoch, loss in enumerate([10**400, -(10**400), 1]):
        path = str(tmp_path / f"c_{epoch}.pt")
        save_checkpoint(model, torch.optim.SGD(model.parameters(), 0.1), epoch, path, {"loss": loss})
    made = timeline(str(tmp_path))
    assert [dict(moment.metrics)["loss"] for moment in made.moments] == [math.inf, -math.inf, 1]
    assert "loss by epoch" in bundle(made)["text/html"]


def test_a_listing_is_drawn_as_a_timeline(run: Path) -> None:
    from lispe_kernel.torch_library.checkpoints.folders import list_checkpoints

    data = bundle(list_checkpoints(str(run)))
    assert data["text/plain"].splitlines()[0] == "c_0.pt: epoch 0, loss 1"
    assert "healthy" in Page(data["text/html"]).words


def test_a_checkpoint_tells_epoch_and_metrics(tmp_path: Path) -> None:
    words = Page(bundle(KINDS["checkpoint"]("loss", tmp_path))["text/html"]).words
    assert "epoch 1" in words
    assert "loss 0.5" in words
