"""Pictures as they are drawn: proportions, colours near the ends of floats, ticks, words that do not meet."""

import json
import math
import re
from itertools import pairwise
from urllib.parse import quote

import numpy as np
import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.drawing import colours
from lispe_kernel.display.functions import compare, embedding_map, graph, heatmap, plot, weight_histograms
from lispe_kernel.display.views.timeline import Moment, Timeline
from lispe_kernel.display.views.training import Tracker
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.modules.attention import TransformerBlock
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.display.page_checks import Page, drawings, written

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = [(1000, 2000), (448, 224), (224, 448), (1, 1000), (30, 40), (225, 225), (3000, 400), (20, 30)]


def maps(html: str) -> list[dict[str, float]]:
    """Where the rasters of an output lie in their pictures."""
    facts = [json.loads(v) for _, name, v in Page(html).attributes if name == "data-scale"]
    axes = [place["axes"] for fact in facts for place in fact.get("maps", ())]
    long = [
        [(begin, size * (last - first + 1) / block) for begin, size, _, block, first, last, *_ in one]
        for one in axes
    ]
    return [{"x": x, "w": w, "y": y, "h": h} for (x, w), (y, h) in long]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_are_as_wide_as_they_are_high(shape: tuple[int, int]) -> None:
    rows, columns = shape
    for value in (torch.randn(shape), heatmap(torch.randn(shape))):
        for place in maps(bundle(value)["text/html"]):
            wanted = max(1 / 10, min(10, columns / rows))
            assert place["w"] / place["h"] == pytest.approx(wanted, rel=0.01) or place["h"] == 14
            assert max(place["w"], place["h"]) <= 448


def test_every_tick_stands_where_its_value_is() -> None:
    html = bundle(heatmap(torch.randn(300, 500)))["text/html"]
    (place,) = maps(html)
    (drawing,) = drawings(html)
    found = {e.text: e for e in drawing.iter(f"{SVG}text") if e.get("text-anchor") == "end"}
    assert float(found["200"].get("y", 0)) - 4 == pytest.approx(
        place["y"] + 200.5 / 300 * place["h"], abs=0.2
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.float16])
def test_a_causal_mask_has_two_colours(dtype: torch.dtype, recwarn: pytest.WarningsRecorder) -> None:
    mask = torch.full((300, 300), torch.finfo(dtype).min, dtype=dtype).triu(1)
    for value in (mask, mask[:20, :20]):
        shown = heatmap(value)
        assert np.isfinite(shown.rasters[0].blocks).all()
        data = bundle(shown)
        ends = written(data["text/html"])
        assert "0" in ends
        assert any(text.startswith("-") for text in ends)
    assert [str(w.message) for w in recwarn if w.category is RuntimeWarning] == []


def test_values_of_one_sign_begin_at_zero_and_the_colour_bar_says_so() -> None:
    assert heatmap(torch.rand(5, 5)).shades.low == 0
    assert heatmap(-torch.rand(5, 5)).shades.high == 0
    assert "0" in written(bundle(heatmap(torch.randn(30, 30)))["text/html"])
    # Far from zero the range itself is shown.
    assert heatmap(torch.rand(5, 5) + 100).shades.low > 99


def test_what_lies_beyond_the_colours_is_told() -> None:
    matrix = torch.rand(100, 100)
    matrix[0, 0] = 1e6
    assert any(text.startswith("≥") for text in written(bundle(heatmap(matrix))["text/html"]))
    matrix[0, 0] = math.nan
    assert "NaN" in written(bundle(heatmap(matrix))["text/html"])


def test_axes_of_epochs_and_indices_have_whole_ticks() -> None:
    moments = tuple(Moment(f"c{k}.pt", 1, 0.0, float(k), (("loss", 1 / (k + 1)),)) for k in range(3))
    for value in (plot(List([0.1, 0.2, 0.35])), Timeline("f", moments)):
        drawing = drawings(bundle(value)["text/html"])[0]
        texts = [e.text or "" for e in drawing.iter(f"{SVG}text") if e.get("text-anchor") == "middle"]
        assert {"0", "1", "2"} <= set(texts)
        assert not {"0.5", "1.5"} & set(texts)


BASES = [1e5, 1.7e9, 1234567.0, -1e6, 0.0, 1e-12, 1e300]


@pytest.mark.parametrize("base", BASES)
def test_ticks_fit_into_the_picture_and_differ(base: float) -> None:
    html = bundle(plot(List([base, base + max(abs(base) * 1e-7, 1e-13), base])))["text/html"]
    drawing = drawings(html)[0]
    ticks = [e for e in drawing.iter(f"{SVG}text") if e.get("text-anchor") == "end"]
    texts = [e.text for e in ticks]
    assert len(texts) == len(set(texts)) >= 2
    for tick in ticks:
        assert float(tick.get("x", 0)) - 6.5 * len(tick.text or "") >= 0


def test_the_name_of_an_axis_leaves_room_for_its_ticks() -> None:
    moments = tuple(Moment(f"c{k}.pt", 1, 0.0, float(k), (("loss", 1e6 + k),)) for k in range(3))
    drawing = drawings(bundle(Timeline("f", moments))["text/html"])[0]
    ticks = [e for e in drawing.iter(f"{SVG}text") if e.get("text-anchor") == "end"]
    assert min(float(t.get("x", 0)) - 6.5 * len(t.text or "") for t in ticks) >= 14


def test_a_value_alone_between_gaps_is_a_dot() -> None:
    (drawing,) = drawings(bundle(plot(List([1.0, math.nan, 2.0, math.nan] + [3.0] * 60)))["text/html"])
    (dots,) = [p.get("d") for p in drawing.iter(f"{SVG}path") if p.get("stroke-linecap") == "round"]
    assert dots.count("M") == 2


def test_a_curve_of_nan_alone_is_a_picture_without_a_line() -> None:
    (drawing,) = drawings(bundle(plot(List([math.nan, math.nan])))["text/html"])
    assert [p for p in drawing.iter(f"{SVG}path") if p.get("stroke-width") == "1.6"] == []


def test_a_mask_is_no_alarm_in_its_picture_and_zeros_alone_have_no_scale() -> None:
    mask, scores = torch.full((20, 20), -torch.inf).triu(1), torch.randn(20, 20)
    values = (("mask", mask), ("scores", mask + scores), ("none", mask.roll(1, 1) + scores))
    drawn = {name: bundle(value)["text/html"] for name, value in values}
    grey, loud = colours.css(colours.MASKED), colours.css(colours.NOT_A_NUMBER)
    assert (quote(grey) in drawn["mask"], quote(loud) in drawn["mask"]) == (True, False)
    assert (quote(grey) in drawn["scores"], quote(loud) in drawn["scores"]) == (True, False)
    assert (quote(grey) in drawn["none"], quote(loud) in drawn["none"]) == (False, True)
    assert 'colours from 0"' in drawn["mask"]
    assert loud in bundle(torch.tensor([[0.0, -torch.inf], [torch.nan, 0.0]]))["text/html"]
    assert loud not in bundle(mask[:3, :3])["text/html"]


AVERAGED = (
    torch.randn(500, 500),
    torch.randn(3, 200, 200),
    heatmap(torch.randn(500, 500)),
    torch.nn.Embedding(3000, 8),
    PositionalEncoding(2000, 20),
    compare(torch.randn(500, 500), torch.randn(500, 500)),
)


@pytest.mark.parametrize("value", AVERAGED, ids=lambda value: type(value).__name__)
def test_colours_that_are_means_are_said_to_be_means(value: object) -> None:
    assert "a pixel is the mean of" in bundle(value)["text/html"]


def tracked(**curves: list[float]) -> Tracker:
    made = Tracker()
    for name, values in curves.items():
        for value in values:
            made.add(name, value, None, None)
    return made


def test_the_first_step_that_is_not_finite_is_marked_on_each_curve() -> None:
    nan = math.nan
    for curves, steps in (({"a": [nan] * 9}, [0]), ({"a": [1, nan, 2], "b": [1, 2, nan]}, [1, 2])):
        texts = written(bundle(tracked(**curves))["text/html"])
        for name, step in zip(curves, steps, strict=True):
            assert f"{name}: NaN or infinite first at step {step}" in texts
    # As long as the run was, though nothing has a height.
    assert "8" in written(bundle(tracked(a=[nan] * 9))["text/html"])


def test_a_curve_that_lies_on_another_has_gaps() -> None:
    low, high = [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 1.0]
    for curves, gaps in (((low, low), 2), ((low, high), 2), ((low, high[::-1]), 0)):
        (picture,) = drawings(bundle(plot(List(map(List, curves))))["text/html"])
        assert sum("stroke-dasharray" in part.attrib for part in picture.iter()) == gaps


def test_many_damaged_tensors_are_one_loud_line() -> None:
    shown = bundle(StateDict({f"t{k}": torch.tensor([math.nan]) for k in range(12)}))["text/html"]
    before = shown.partition("<table")[0]
    assert before.count("role=alert") == 1
    assert "12 of 12 tensors hold NaN or Inf: " in before
    assert " and 4 more" in before


def test_words_beside_arrows_lie_on_none() -> None:
    value = graph(TransformerBlock(16, 2, 32), torch.ones(1, 6, 16))
    (picture,) = drawings(bundle(value)["text/html"])
    lines = [
        list(
            zip(
                *(map(float, re.findall(r"[-\d.]+", part.attrib["d"])[axis::2]) for axis in (0, 1)),
                strict=True,
            )
        )
        for part in picture.iter()
        if part.tag == f"{SVG}path" and "opacity" in part.attrib
    ]
    words = [
        part for part in picture.iter() if part.tag == f"{SVG}text" and "font-size" in part.get("style", "")
    ]
    assert len(lines) == 11
    for word in words:
        left, base = float(word.attrib["x"]), float(word.attrib["y"])
        for line in lines:
            for (x, top), (last, bottom) in pairwise(line):
                for k in range(101):
                    y = top + (bottom - top) * k / 100
                    assert not (base - 8 < y < base and left < x + (last - x) * k / 100 < left + 30)


def test_a_name_of_a_layer_ends_with_no_dot_and_a_block_is_called_as_itself() -> None:
    state = StateDict({"a.b": torch.ones(1), "a.c.d": torch.ones(1)})
    assert {"a", "a.c"} <= set(written(bundle(graph(state))["text/html"]))


def test_ridges_have_an_edge_only_where_they_are_high() -> None:
    states = [{"w": torch.tensor([0.0] * 9 + [k])} for k in range(1, 9)]
    for picture in drawings(bundle(weight_histograms(states))["text/html"]):
        edges = [part.attrib["d"] for part in picture.iter() if part.get("stroke") == "#fff"]
        assert all("z" not in edge for edge in edges)


def test_what_turns_is_told_by_the_script_that_turns_it() -> None:
    assert "<figcaption hidden=hidden>drag it" in bundle(embedding_map(torch.eye(3)))["text/html"]


def test_a_page_that_prints_without_grounds_keeps_the_colour_under_a_white_number() -> None:
    html = bundle(torch.tensor([[-1.0, 1.0, 0.1]]))["text/html"]
    for style in re.findall(r'style="?(background:[^">]*)', html):
        assert style.startswith("background:#")
        assert "!important;" in style
