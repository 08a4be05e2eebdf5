"""`(save_figure value path)`: a value's pictures as one figure in a file, drawn by matplotlib.

What a journal asks for: true lines and letters where the format has them, letters as TrueType outlines inside
the file and never as type 3, nothing see-through, a size in inches, no date, so that the same value gives the
same file. The file is written whole or not at all.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lispe_kernel.display.drawing import svg
from lispe_kernel.display.page.registry import plain_text, view_of
from lispe_kernel.display.papers import artists
from lispe_kernel.display.papers.artists import Pen, Unknown
from lispe_kernel.display.papers.panels import Panel, Sheet, panels_of, sheet_of
from lispe_kernel.display.papers.tables import tables_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, number_text
from lispe_kernel.torch_library.files import atomic
from lispe_kernel.torch_library.support import arguments

_NAME = "save_figure"
_SHOWN = {"pictures": "pictures", "tables": "tables", "all": "all"}
_PIXELS = 96.0  # of the page to an inch
_DPI = 300.0
_MARGIN = 4.0
_LARGEST = 100.0  # inches
_FONT = "DejaVu Sans"  # comes with matplotlib, so a figure is the same on every machine
_LOOKS: Any = {
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "lispe",
    "text.usetex": False,
    "lines.scale_dashes": False,
    "path.simplify": False,
    "axes.unicode_minus": False,
}
# What each format would write of the day and of the program's version.
_UNDATED: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}


def save_figure(value: Any, path: Any, options: Any = None) -> str:
    """Draw a value's pictures into a file; the answer says where they are and how large they became."""
    target = arguments.path(_NAME, 2, path)
    ending = Path(target).suffix.lower().removeprefix(".")
    if ending not in _UNDATED:
        shown = f".{plain_text(ending)}" if ending else "a name without an ending"
        raise LispeError(f"Error: {_NAME}: a figure is written as .pdf, .svg or .png, not as {shown}")
    given = arguments.options(_NAME, 3, options, ("width", "dpi", "panel", "show"))
    dpi = _positive("dpi", given.get("dpi", _DPI), 2400)
    if "dpi" in given and ending != "png":
        raise LispeError(f"Error: {_NAME}: dpi is for .png; the lines of a .{ending} have no resolution")
    show = arguments.option_choice(_NAME, given, "show", _SHOWN, None)
    width = _positive("width", given["width"], _LARGEST) if "width" in given else None
    if _is_figure(value):
        if "panel" in given or "show" in given:
            raise LispeError(f"Error: {_NAME}: a figure of matplotlib has no panels to choose from")
        data, inches = _of_figure(value, ending, dpi, width)
    else:
        sheet = sheet_of(_chosen(panels_in(value, show), given.get("panel")))
        data, inches = _drawn(sheet, ending, dpi, width)
    try:
        atomic.write_bytes(target, data)
    except atomic.CannotWrite as error:
        raise LispeError(f"Error: {_NAME}: {error}") from error
    return f"Saved {plain_text(os.fspath(path))}: {inches[0]:.3g} x {inches[1]:.3g} inches"


def panels_in(value: Any, show: str | None = None) -> list[Panel]:
    """The pictures that a value shows, its tables, or all of both; unasked its pictures, else its tables.

    Errors: for a value that shows none of them, by its kind.
    """
    with svg.on_paper():
        page = view_of(value).html()
        pictures = panels_of(page) if show != "tables" else []
    tables = tables_of(page) if show in ("tables", "all") or not (pictures or show) else []
    if not pictures and not tables:
        wanted = show if show in ("pictures", "tables") else "pictures or tables"
        others = "tables" if show == "pictures" and tables_of(page) else ""
        instead = f'its tables: {{"show":"{others}"}}' if others else "only its text"
        raise LispeError(f"Error: {_NAME}: {describe(value)} shows no {wanted}, {instead}")
    return [*pictures, *tables]


def _chosen(panels: list[Panel], which: Any) -> list[Panel]:
    if which is None:
        return panels
    place = arguments.whole(which)
    if place is None or not 1 <= place <= len(panels):
        raise arguments.instead(
            f"Error: {_NAME}: panel must be a number from 1 to {len(panels)}, as many as there are", which
        )
    return [panels[place - 1]]


def _positive(name: str, value: Any, most: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 < value <= most:
        return float(value)
    text = f"Error: {_NAME}: {name} must be a number above 0 and at most {number_text(float(most))}"
    raise arguments.instead(text, value)


def _is_figure(value: Any) -> bool:
    return any(c.__module__ == "matplotlib.figure" and c.__name__ == "Figure" for c in type(value).__mro__)


def _drawn(sheet: Sheet, ending: str, dpi: float, width: float | None) -> tuple[bytes, tuple[float, float]]:
    import matplotlib as mpl  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

    wide, high = sheet.width + 2 * _MARGIN, sheet.height + 2 * _MARGIN
    scale = 1.0 if width is None else width * _PIXELS / wide
    inches = wide / _PIXELS * scale, high / _PIXELS * scale
    if max(inches) > _LARGEST:
        raise LispeError(f"Error: {_NAME}: the figure would be {max(inches):.0f} inches long; choose a panel")
    letters = {c for _, _, p in sheet.panels for text in _texts(p) for c in text if not c.isspace()}
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOKS)
        mpl.rcParams["font.family"] = _fonts(letters)
        figure = Figure(figsize=inches)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-_MARGIN, wide - _MARGIN), ylim=(high - _MARGIN, -_MARGIN))
        axes.axis("off")
        for x, y, panel in sheet.panels:
            try:
                artists.draw(panel.drawing, Pen(axes, scale, x, y))
            except Unknown as error:
                what = f"{panel.label[:60]} holds {error}"
                raise LispeError(f"Error: {_NAME}: this picture cannot be drawn for paper: {what}") from error
            for down, line in panel.lines():
                axes.text(x, y + panel.height + down, line, fontsize=7.9 * scale, parse_math=False)
        return _written(figure, ending, dpi), inches


def _texts(panel: Panel) -> Iterable[str]:
    return (*artists.words_of(panel.drawing), panel.caption)


def _of_figure(figure: Any, ending: str, dpi: float, width: float | None) -> Any:
    """A figure that Python code made, as it is, but for the size that was asked for."""
    import matplotlib as mpl  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

    before = tuple(float(n) for n in figure.get_size_inches())
    inches = before if width is None else (width, width * before[1] / before[0])
    with mpl.rc_context({"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "lispe"}):
        try:
            figure.set_size_inches(inches)
            return _written(figure, ending, dpi), inches
        finally:
            figure.set_size_inches(before)


def _written(figure: Any, ending: str, dpi: float) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=ending, dpi=dpi, metadata=_UNDATED[ending])
    data = file.getvalue()
    if ending == "pdf" and b"/Type3" in data:
        raise LispeError(f"Error: {_NAME}: a font of this figure can only be written as type 3")
    return data


def _fonts(letters: set[str]) -> list[str]:
    """The font of every figure, and others of this machine for letters that it does not have.

    Errors: for letters that no font here has.
    """
    from matplotlib import font_manager  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

    names, missing = [_FONT], letters - _letters_in(font_manager.findfont(_FONT))
    # The font of last resort has a sign for every letter, and that of none.
    listed = {(entry.name, entry.fname) for entry in font_manager.fontManager.ttflist}
    others = sorted(pair for pair in listed if not pair[0].startswith("Last Resort"))
    for name, path in others if missing else ():
        found = missing & _letters_in(path)
        if found:
            names.append(name)
            missing -= found
    if missing:
        shown = plain_text("".join(sorted(missing)[:20]))
        raise LispeError(f"Error: {_NAME}: no font on this machine has the letters {shown}")
    return names


def _letters_in(path: str) -> set[str]:
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - heavy: matplotlib is imported when a figure is saved

    try:
        return set(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError):
        return set()
