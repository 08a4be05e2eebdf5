"""PNG pictures with words on them: heatmaps between labelled axes, curves with ticks.

For front ends that show only image/png, and for what replaces a widget when its kernel is gone. Pillow is
imported when the first one is drawn. The page's own charts (`pictures`, `charts`) do not come through here.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from lispe_kernel.display.drawing import charts, colours, frames, pictures
from lispe_kernel.display.drawing.colours import DIVERGING, Scale
from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.drawing.pictures import Axis, Raster
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import one_line

_PAPER, _INK, _FAINT = (255, 255, 255), (40, 40, 40), (214, 214, 214)
_LEFT, _TOP, _RIGHT, _BOTTOM = 58, 30, 84, 46
_LEAST = 320  # pixels of the longer side of a heatmap
_SMOOTH = 3  # curves are drawn this much larger and reduced, for smooth lines


def heatmap_png(
    raster: Raster,
    low: float,
    high: float,
    title: str,
    *,
    scale: Scale = DIVERGING,
    down: Axis | None = None,
    across: Axis | None = None,
) -> bytes:
    """The raster between its axes, with a title and a colour bar, as PNG bytes."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy: Pillow is imported when it is first needed

    down, across = down or Axis.counted("", raster.rows), across or Axis.counted("", raster.columns)
    pixels = _enlarged(colours.indices(raster.blocks, low, high))
    height, width = pixels.shape
    sheet = Image.new("RGB", (_LEFT + width + _RIGHT, _TOP + max(height, 60) + _BOTTOM), _PAPER)
    sheet.paste(_coloured(pixels, scale), (_LEFT, _TOP))
    pen = ImageDraw.Draw(sheet)
    _title(pen, title, sheet.width)
    for place, text in down.ticks:
        y = _TOP + (place + 0.5) / raster.rows * height
        pen.line((_LEFT - 4, y, _LEFT - 1, y), fill=_INK)
        pen.text((_LEFT - 7, y), one_line(text, 8), fill=_INK, font=_font(11), anchor="rm")
    for place, text in across.ticks:
        x = _LEFT + (place + 0.5) / raster.columns * width
        pen.line((x, _TOP + height, x, _TOP + height + 3), fill=_INK)
        pen.text((x, _TOP + height + 5), one_line(text, 8), fill=_INK, font=_font(11), anchor="ma")
    pen.text((_LEFT + width / 2, _TOP + height + 22), across.name, fill=_INK, font=_font(12), anchor="ma")
    _upright(sheet, down.name, _TOP + height // 2)
    _colour_bar(sheet, pen, scale, low, high, _LEFT + width + 16, max(height, 60))
    return _bytes(sheet)


def lines_png(
    series: Sequence[Series],
    title: str,
    x_name: str = "",
    y_name: str = "",
    width: int = 560,
    height: int = 280,
    scales: frames.Scales | None = None,
) -> bytes:
    """Curves over shared axes as PNG bytes."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy: Pillow is imported when it is first needed

    frame = frames.frame_of(series, width, height - _TOP, named=bool(y_name), scales=scales)
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    _title(pen, title, width)
    left, right = frame.across(frame.x[0]), frame.across(frame.x[1])
    for tick, text in frame.heights.places:
        y = _TOP + frame.down(tick)
        pen.line((left, y, right, y), fill=_FAINT)
        pen.text((left - 5, y), text, fill=_INK, font=_font(11), anchor="rm")
    bottom = height - frames.BOTTOM
    for tick, text in frame.places.places:
        pen.text((frame.across(tick), bottom + 4), text, fill=_INK, font=_font(11), anchor="ma")
    pen.text((left, _TOP + 10), frame.heights.above, fill=_INK, font=_font(11), anchor="lm")
    under = " ".join(filter(None, (x_name, frame.places.above)))
    pen.text((width / 2, height - 2), under, fill=_INK, font=_font(12), anchor="md")
    _upright(sheet, y_name, height // 2)
    _strokes(sheet, series, frame)
    if len(series) > 1:
        _legend(pen, series, width)
    return _bytes(sheet)


def _strokes(sheet: Any, series: Sequence[Series], frame: frames.Frame) -> None:
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy: Pillow is imported when it is first needed

    large = sheet.resize((sheet.width * _SMOOTH, sheet.height * _SMOOTH), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(large)
    for k, one in enumerate(series):
        stroke: list[tuple[float, float]] = []
        for x, y in [*charts.reduced(one.xs, one.ys), (math.nan, math.nan)]:
            if frame.holds(x, y):
                stroke.append((frame.across(x) * _SMOOTH, (_TOP + frame.down(y)) * _SMOOTH))
            elif stroke:
                pen.line(stroke, fill=charts.INK[k % len(charts.INK)], width=2 * _SMOOTH, joint="curve")
                stroke = []
    smooth = large.resize(sheet.size, Image.Resampling.BOX)
    sheet.paste(smooth)


def _legend(pen: Any, series: Sequence[Series], width: int) -> None:
    for k, one in enumerate(series[: len(charts.INK)]):
        y = _TOP + 8 + 15 * k
        pen.line((width - 150, y, width - 130, y), fill=charts.INK[k], width=3)
        pen.text((width - 124, y), one_line(one.name, 18), fill=_INK, font=_font(11), anchor="lm")


def _title(pen: Any, title: str, width: int) -> None:
    pen.text((width / 2, 8), one_line(title, max(20, width // 8)), fill=_INK, font=_font(13), anchor="ma")


def _upright(sheet: Any, text: str, middle: int) -> None:
    """A text that reads from bottom to top at the left edge."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy: Pillow is imported when it is first needed

    if not text:
        return
    label = Image.new("RGB", (220, 16), _PAPER)
    ImageDraw.Draw(label).text((110, 0), one_line(text, 34), fill=_INK, font=_font(12), anchor="ma")
    turned = label.rotate(90, expand=True)
    sheet.paste(turned.crop((0, 60, 15, 160)), (2, max(0, middle - 50)))


def _colour_bar(sheet: Any, pen: Any, scale: Scale, low: float, high: float, left: int, height: int) -> None:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    ramp = np.linspace(high, low, height)[:, None].repeat(12, 1)
    sheet.paste(_coloured(colours.indices(ramp, low, high), scale), (left, _TOP))
    for share in (0.0, 0.5, 1.0) if low < high else (0.5,):
        y = _TOP + 5 + (height - 10) * (1 - share)
        text = numbers.value(low + (high - low) * share, 3)
        pen.text((left + 16, y), text, fill=_INK, font=_font(11), anchor="lm")


def _coloured(pixels: Any, scale: Scale) -> Any:
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow is imported when it is first needed

    table = np.frombuffer(colours.palette(scale), np.uint8).reshape(-1, 3)
    return Image.fromarray(table[pixels])


def _enlarged(pixels: Any) -> Any:
    """At least `_LEAST` pixels on the longer side and 24 on the shorter, by repetition."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    grown = pictures.enlarged(pixels, _LEAST)
    for axis in (0, 1):
        if grown.shape[axis] < 24:
            grown = np.repeat(grown, math.ceil(24 / grown.shape[axis]), axis)
    return grown


def _font(size: int) -> Any:
    from PIL import ImageFont  # noqa: PLC0415 - heavy: Pillow is imported when it is first needed

    return ImageFont.load_default(size)


def _bytes(sheet: Any) -> bytes:
    """The sheet with a palette of its own: a third of the bytes, no visible loss."""
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow is imported when it is first needed

    target = io.BytesIO()
    sheet.quantize(200, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        target, "PNG", optimize=False
    )
    return target.getvalue()
