"""Pictures as they are drawn: proportions, colours near the ends of floats, ticks, words that do not meet."""

import json
import math
from urllib.parse import quote

import numpy as np
import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.drawing import colours
from lispe_kernel.display.functions import heatmap, plot
from lispe_kernel.display.views.timeline import Moment, Timeline
from lispe_kernel.language.values.lists import List
from tests.display.page_checks import Page, drawings, written

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = [(1000, 2000), (448, 224), (224, 448), (1, 1000), (30, 40), (225, 225), (3000, 400), (20, 30)]


def maps(html: str) -> list[dict[str, float]]:
    """Where the rasters of an output lie in their pictures."""
    facts = [json.loads(v) for _, name, v in Page(html).attributes if name == "data-scale"]
    axes = [place["axes"] for fact in facts for place in fact.get("maps", ())]
    return [{"x": a[0], "w": a[1], "y": d[0], "h": d[1]} for a, d in axes]


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
    drawn = {name: bundle(value)["text/html"] for name, value in (("mask", mask), ("none", mask + scores))}
    grey, loud = colours.css(colours.MASKED), colours.css(colours.NOT_A_NUMBER)
    assert (quote(grey) in drawn["mask"], quote(loud) in drawn["mask"]) == (True, False)
    assert (quote(grey) in drawn["none"], quote(loud) in drawn["none"]) == (False, True)
    assert 'colours from 0"' in drawn["mask"]
    assert loud in bundle(torch.tensor([[0.0, -torch.inf], [torch.nan, 0.0]]))["text/html"]
    assert loud not in bundle(mask[:3, :3])["text/html"]
