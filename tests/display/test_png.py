"""Our PNG files: every pixel as given, the same bytes each time, read back by an independent reader."""

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from lispe_kernel.display.drawing import colours, labelled, pictures, png
from lispe_kernel.display.drawing.colours import DIVERGING, NOT_A_NUMBER, SEQUENTIAL
from lispe_kernel.display.drawing.frames import Series


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (200, 7)], ids=str)
def test_pixels_come_back(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 97, shape).astype(np.uint8)
    table = np.frombuffer(colours.palette(DIVERGING), np.uint8).reshape(-1, 3)
    assert (opened(png.encode(pixels, colours.palette(DIVERGING))) == table[pixels]).all()


def test_zero_is_the_middle_of_the_diverging_scale_and_nan_is_loud() -> None:
    values = np.array([[-1.0, 0.0, 1.0, np.nan, np.inf]])
    found = opened(png.encode(colours.indices(values, -1, 1), colours.palette(DIVERGING)))[0]
    assert tuple(found[0]) == DIVERGING.stops[0]
    assert np.abs(found[1].astype(int) - DIVERGING.stops[2]).max() < 8
    assert tuple(found[2]) == DIVERGING.stops[-1]
    assert tuple(found[3]) == tuple(found[4]) == NOT_A_NUMBER


@pytest.mark.parametrize("scale", [DIVERGING, SEQUENTIAL], ids=lambda scale: scale.name)
def test_a_scale_can_be_read_without_colour_vision(scale: colours.Scale) -> None:
    def lightness(at: float) -> float:
        r, g, b = scale.colour(at)
        return 0.3 * r + 0.59 * g + 0.11 * b

    half = [lightness(k / 20) for k in range(21)]
    rising = half if scale is SEQUENTIAL else half[:11]
    assert all(a < b for a, b in pairwise(rising))
    if scale is DIVERGING:
        assert all(a > b for a, b in pairwise(half[10:]))


@pytest.mark.parametrize("scale", [DIVERGING, SEQUENTIAL], ids=lambda scale: scale.name)
def test_text_on_a_colour_can_be_read(scale: colours.Scale) -> None:
    for k in range(21):
        paint = scale.colour(k / 20)
        dark = colours.text_on(paint) == "#000"
        channel = [(c / 255) ** 2.2 for c in paint]
        light = 0.2126 * channel[0] + 0.7152 * channel[1] + 0.0722 * channel[2]
        contrast = (light + 0.05) / 0.05 if dark else 1.05 / (light + 0.05)
        assert contrast >= 4.5


def test_a_labelled_picture_holds_the_values_between_its_axes() -> None:
    raster = pictures.reduce_matrix(np.eye(8))
    sheet = opened(labelled.heatmap_png(raster, -1, 1, "a title"))
    assert sheet.shape[0] > 320
    assert (np.abs(sheet.astype(int) - DIVERGING.stops[-1]).max(-1) < 12).sum() >= 8 * 40 * 40 * 0.9


def test_pictures_are_the_same_bytes_each_time() -> None:
    raster = pictures.reduce_matrix(np.random.default_rng(2).normal(size=(30, 30)))
    assert labelled.heatmap_png(raster, -1, 1, "t") == labelled.heatmap_png(raster, -1, 1, "t")
    series = [Series("a", [0, 1, 2], [1, 3, 2])]
    assert labelled.lines_png(series, "t") == labelled.lines_png(series, "t")
