"""Figures for papers: what is in the files, that every picture can be drawn, what is refused and how."""

import io
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from lispe_kernel.display import bundle
from lispe_kernel.display.drawing import colours
from lispe_kernel.display.functions import (
    compare,
    embedding_map,
    heatmap,
    plot,
    save_figure,
    weight_histograms,
)
from lispe_kernel.display.page.registry import view_of
from lispe_kernel.display.papers import artists
from lispe_kernel.display.papers.artists import words_of
from lispe_kernel.display.papers.panels import Panel, line_width, panels_of, sheet_of
from lispe_kernel.display.papers.saving import panels_in
from lispe_kernel.display.papers.tables import tables_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Integers
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.display.samples import KINDS

# What is only words and tables, at least in its short form.
WITHOUT = {
    *("state dict", "dictionary", "list", "instance", "table", "strings matrix", "module", "trace"),
    *("lora", "lora model", "optimizer", "tokenizer", "state comparison", "checkpoint", "storage"),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_picture_and_every_table_can_be_drawn_for_paper(kind: str, tmp_path: Path) -> None:
    page = view_of(KINDS[kind]("a $b$ < c_d", tmp_path)).html()
    pictures, tables = panels_of(page), tables_of(page)
    assert bool(pictures) is (kind not in WITHOUT)
    axes = Figure().add_axes((0, 0, 1, 1))
    for panel in (*pictures, *tables):
        artists.draw(panel.drawing, artists.Pen(axes, 1.0))
    assert tables or kind in ("heatmap", "attention")
    said = {word for panel in tables for text in artists.words_of(panel.drawing) for word in text.split()}
    assert not said & {"None", "False"}


def test_a_long_caption_goes_on_in_the_next_line() -> None:
    (panel,) = panels_in(weight_histograms([{"a": torch.eye(40), "b": torch.ones(9)}] * 2))
    lines = panel.lines()
    assert len(panel.caption) > 80
    assert " ".join(line for _, line in lines) == panel.caption
    sheet = sheet_of([panel])
    assert sheet.width >= max(line_width(line) for _, line in lines)
    assert sheet.height > panel.height + lines[-1][0]


def test_a_table_on_paper_has_the_rows_that_are_seen() -> None:
    state = StateDict({"a.weight": torch.ones(2, 3), "a.bias": torch.zeros(2), "b": torch.full((4,), 0.5)})
    (panel,) = panels_in(state)
    words = [word for word in artists.words_of(panel.drawing) if word]
    assert words[:1] == ["PyTorch State Dict (3 parameters)"]
    for row in (
        ["b", "4 float32", "4", "16 B", "0.5", "0", "1"],
        ["weight", "2×3 float32", "6", "24 B", "1"],
    ):
        assert words[words.index(row[0]) :][: len(row)] == row
    assert panels_in(compare(state, state), "tables")
    (many,) = panels_in(StateDict({f"t{k}": torch.ones(1) for k in range(80)}))
    assert "and 20 more rows" in list(artists.words_of(many.drawing))


def test_a_pdf_has_its_letters_as_letters_and_no_day(tmp_path: Path) -> None:
    files = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    shown = plot(List([1, 4, 9]), None, "a $5 curve")
    told = [save_figure(shown, str(file)) for file in files]
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert b"/Type3" not in first
    assert b"/FontFile2" in first
    assert b"/Date" not in first.replace(b"/CreationDate", b"/Date")
    assert told[0].endswith(": 5.92 x 2.79 inches")
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", first)
    assert box
    assert [round(float(n) / 72, 2) for n in box.groups()] == [5.92, 2.79]


def test_a_png_has_the_colour_of_each_value_and_the_size_that_was_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "map.png"
    values = torch.tensor([[-2.0, 0.0, 1.0], [2.0, float("nan"), -1.0]])
    assert "2 x " in save_figure(heatmap(values), str(file), Dictionary({"width": 2, "dpi": 400}))
    picture = np.asarray(Image.open(file).convert("RGB"))
    assert picture.shape[1] == 800
    panel = panels_of(view_of(heatmap(values)).html())[0]
    window = next(part for part in panel.drawing.iter() if part.tag.endswith("}image") and part.get("x"))
    x, y, width, height = (float(window.get(name) or 0) for name in ("x", "y", "width", "height"))
    zoom = 800 / (panel.width + 8)
    palette = np.frombuffer(colours.palette(colours.DIVERGING), np.uint8).reshape(-1, 3)
    expected = palette[colours.indices(values.numpy(), -2.0, 2.0)]
    for (row, column), _ in np.ndenumerate(values.numpy()):
        down, across = 4 + y + (row + 0.5) / 2 * height, 4 + x + (column + 0.5) / 3 * width
        assert np.array_equal(picture[round(down * zoom), round(across * zoom)], expected[row, column])


def test_a_curve_passes_through_the_places_of_its_values(tmp_path: Path) -> None:
    file = tmp_path / "curve.svg"
    save_figure(plot(List([0, 3, 1])), str(file))
    root = ElementTree.fromstring(file.read_text())
    lines = [part.get("d") or "" for part in root.iter("{http://www.w3.org/2000/svg}path")]
    curve = next(line for line in lines if line.count("L") == 2 and "Q" not in line)
    (x0, y0), (x1, y1), (x2, y2) = np.array(re.findall(r"-?[\d.]+", curve), float).reshape(-1, 2)
    assert x1 - x0 == pytest.approx(x2 - x1, rel=1e-3)
    # Higher values lie higher: 3 units up, 2 down.
    assert (y0 - y1) / (y2 - y1) == pytest.approx(3 / 2, rel=5e-3)


def test_a_figure_of_matplotlib_is_taken_as_it_is(tmp_path: Path) -> None:
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot([1, 2, 3])
    assert save_figure(figure, str(tmp_path / "f.pdf")).endswith("4 x 2 inches")
    assert save_figure(figure, str(tmp_path / "f.svg"), Dictionary({"width": 3})).endswith("3 x 1.5 inches")
    assert tuple(figure.get_size_inches()) == (4, 2)
    assert b"/Type3" not in (tmp_path / "f.pdf").read_bytes()


def test_what_is_for_a_screen_alone_or_folded_away_is_on_no_paper() -> None:
    def words_in(value: object, show: str) -> str:
        return " ".join(
            word for panel in panels_in(value, show) for word in (*words_of(panel.drawing), panel.caption)
        )

    table = embedding_map(torch.eye(4))
    assert "drag it" in bundle(table)["text/html"]
    assert "drag it" not in words_in(table, "pictures")
    many = {f"w{k}": torch.randn(40, 40) for k in range(20)}
    assert "opens any of them" in bundle(StateDict(many))["text/html"]
    assert "opens any of them" not in words_in(StateDict(many), "tables")
    numbers = Integers(range(60))
    assert "<summary>values</summary>" in bundle(numbers)["text/html"]
    assert words_in(numbers, "tables").split()[-1] == "29.5"


def test_a_small_tensor_gives_its_values_and_few_columns_are_not_cut() -> None:
    for value in (torch.tensor([[0.25, 1.5]]), compare(torch.tensor([0.25] * 20), torch.rand(20))):
        (panel,) = panels_in(value, "tables")
        assert "0.25" in " ".join(words_of(panel.drawing))
        assert not any("…" in word for word in words_of(panel.drawing))


def test_axes_have_names_on_paper_that_a_page_leaves_to_its_words() -> None:
    def words(panels: list[Panel]) -> list[str]:
        return ["|".join(filter(None, panel.drawing.itertext())) for panel in panels]

    noise = torch.linspace(-2, 2, 900).reshape(30, 30)
    spread, shades = words(panels_in(noise))
    assert "|values" in spread
    assert "count, up to 19" in spread
    assert "|row|column|" in shades
    assert not {"row", "column", "values"} & set("|".join(words(panels_of(view_of(noise).html()))).split("|"))
    assert "|magnitudes" in words(panels_in(noise * 1j))[0]
    changed = words(panels_in(compare(noise, 2 * noise)))
    assert "|second - first" in changed[0]


def test_one_panel_of_several(tmp_path: Path) -> None:
    encoder = PositionalEncoding(8, 16)
    panels = panels_of(view_of(encoder).html())
    assert len(panels) == 4
    sheet = sheet_of(panels)
    assert sheet.panels[0][:2] == (0, 0)
    boxes = [(x, y, x + p.width, y + p.height) for x, y, p in sheet.panels]
    apart = [
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1] for a in boxes for b in boxes if a != b
    ]
    assert all(apart)
    only = save_figure(encoder, str(tmp_path / "one.svg"), Dictionary({"panel": 3}))
    assert only.endswith(f"{(panels[2].width + 8) / 96:.3g} x {(panels[2].height + 8) / 96:.3g} inches")


@pytest.mark.parametrize(
    ("value", "path", "options", "text"),
    [
        (3, "a.pdf", None, "the integer 3 shows no pictures or tables, only its text"),
        (torch.nn.Linear(2, 2), "a.pdf", {"show": "pictures"}, 'shows no pictures, its tables: {"show"'),
        (torch.eye(20), "a.pdf", {"show": "words"}, "show"),
        (torch.eye(20), "a.gif", None, "a figure is written as .pdf, .svg or .png, not as .gif"),
        (torch.eye(20), "a", None, "not as a name without an ending"),
        (torch.eye(20), "nowhere/a.pdf", None, "nowhere"),
        (torch.eye(20), "a.pdf", {"dpi": 100}, "dpi is for .png; the lines of a .pdf have no resolution"),
        (torch.eye(20), "a.pdf", {"width": 0}, "width must be a number above 0 and at most 100"),
        (torch.eye(20), "a.pdf", {"panel": 9}, "panel must be a number from 1 to 2, as many as there are"),
        (torch.eye(20), "a.pdf", {"size": 9}, "size"),
        (torch.eye(20), 5, None, "the second argument must be a path"),
        (heatmap(torch.eye(2), List(["\U00012000", "b"])), "a.pdf", None, "no font on this machine has"),
        (Figure(), "a.pdf", {"panel": 1}, "a figure of matplotlib has no panels"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("in_folder")
def test_what_cannot_be_saved_is_said(
    value: object, path: object, options: dict[str, int] | None, text: str
) -> None:
    with pytest.raises(LispeError) as error:
        save_figure(value, path, None if options is None else Dictionary(options))  # type: ignore[arg-type]
    assert str(error.value).startswith("Error: save_figure: ")
    assert text in str(error.value)
    assert os.listdir() == []


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"before")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(LispeError, match="save_figure"):
        save_figure(plot(List([1, 2])), str(file))
    assert file.read_bytes() == b"before"


def test_a_part_that_is_not_known_is_refused_by_name() -> None:
    for svg in (
        "<circle/>",
        '<path d="M0,0C1,1 2,2 3,3"/>',
        '<g transform="scale(2)"/>',
        '<image href="x.png"/>',
    ):
        root = ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{svg}</svg>')
        with pytest.raises(artists.Unknown):
            artists.draw(root, artists.Pen(Figure().add_axes((0, 0, 1, 1)), 1.0))


def test_a_figure_of_python_with_a_type_3_font_is_refused(tmp_path: Path) -> None:
    class Old(Figure):
        def savefig(self, file: io.BytesIO, **_: object) -> None:  # type: ignore[override]
            file.write(b"%PDF /Subtype /Type3")

    with pytest.raises(LispeError, match="type 3"):
        save_figure(Old(), str(tmp_path / "f.pdf"))
