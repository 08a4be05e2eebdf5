"""Outputs in a real Chromium: what the script adds, that nothing is wider than its cell, how they look."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.functions import compare, embedding_map, graph, plot, weight_histograms
from lispe_kernel.display.page import html, theme, trees
from lispe_kernel.display.views.state_dicts import asking_page, measured
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.inside.attention import Attention
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.display import browser
from tests.display.samples import KINDS, LONG

SIZE = (940, 2300)


def outputs() -> list[str]:
    """The main outputs, the same on every machine."""
    torch.manual_seed(4)
    ramp = torch.outer(torch.linspace(-1, 1, 60), torch.linspace(-2, 3, 80))
    names = {
        f"layers.{k}.{part}": torch.full((4, 4), float(k)) for k in range(3) for part in ("weight", "bias")
    }
    values = [PositionalEncoding(64, 128), ramp, torch.arange(6.0).reshape(2, 3) - 2, StateDict(names)]
    return [bundle(value)["text/html"] for value in values]


def state() -> str:
    tensors = {"b.small": torch.ones(2), "a.large": torch.ones(100), "a.middle": torch.ones(10)}
    return bundle(StateDict(tensors))["text/html"]


@pytest.fixture
def _few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of the samples count as those that are sorted and searched."""
    for place in (html, trees):
        monkeypatch.setattr(place, "FEW_ROWS", 1)
        monkeypatch.setattr(place, "SEEN_ROWS", 1)


def facts(page: str, name: str) -> str:
    """What the page's script was told in its first attribute of this name: it takes it away."""
    found = re.search(rf" data-{name}=([\"'])(.*?)\1", page)
    assert found
    return unescape(found[2])


def marked(dom: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', dom)
    assert found, f"the page's script did not get to data-{name}"
    return found[1]


@pytest.mark.usefixtures("_few_rows")
def test_a_heading_sorts_the_whole_tree_and_the_tree_comes_back(chromium: str) -> None:
    script = """
    var heading = document.querySelectorAll(".u th")[2], seen = [];
    function names(rows) { return Array.from(rows).filter(row => !row.parentNode.closest("td"))
      .map(row => row.querySelector("summary").textContent).join(" "); }
    [1, 2, 3].forEach(() => { heading.click();
      seen.push(heading.ariaSort + ": " + names(document.querySelector(".u tbody").rows)); });
    seen.push(names(document.querySelectorAll(".u tbody tr")));
    document.body.setAttribute("data-read", seen.join("|"));
    """
    dom = browser.document(chromium, browser.page([state()], script=script))
    falling, rising = "a.large a.middle b.small", "b.small a.middle a.large"
    home = "null: |b.small large middle"
    assert marked(dom, "read") == f"descending: {falling}|ascending: {rising}|{home}"


@pytest.mark.usefixtures("_few_rows")
def test_a_line_that_is_one_cell_is_sorted_and_found(chromium: str) -> None:
    layers = (torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 3))
    shown = bundle(torch.nn.Sequential(torch.nn.Sequential(*layers)))["text/html"]
    script = """
    document.querySelectorAll(".u th")[2].click();
    var seen = [document.querySelector(".u tbody").rows.length], field = document.querySelector("input");
    field.value = "0.1 relu"; field.dispatchEvent(new Event("input", {bubbles: true}));
    seen.push(document.querySelectorAll(".u tbody tr:not([hidden], td tr)").length);
    document.body.setAttribute("data-read", seen.join(" "));
    """
    dom = browser.document(chromium, browser.page([shown], script=script))
    assert marked(dom, "read") == "5 1"


@pytest.mark.usefixtures("_few_rows")
def test_headings_are_reached_by_keyboard(chromium: str) -> None:
    script = """
    var heading = document.querySelectorAll(".u th")[2];
    heading.focus(); var event = new KeyboardEvent("keydown", {key: "Enter", bubbles: true});
    document.activeElement.dispatchEvent(event);
    document.body.setAttribute("data-sorted", heading.getAttribute("aria-sort"));
    """
    assert (
        marked(browser.document(chromium, browser.page([state()], script=script)), "sorted") == "descending"
    )


@pytest.mark.usefixtures("_few_rows")
def test_searching_leaves_rows_that_hold_the_text_under_the_headings(chromium: str) -> None:
    script = """
    var field = document.querySelector("input[type=search]"), seen = [];
    function search(text) {
      field.value = text; field.dispatchEvent(new Event("input", {bubbles: true}));
      var branches = [...document.querySelectorAll(".u > details")].filter(part => part.checkVisibility());
      var rows = [...document.querySelectorAll("tbody tr:not([hidden], td tr)")];
      seen.push(rows.map(row => row.querySelector("summary").textContent).join(" ") + ": " + branches.length);
    }
    search("A.M"); document.querySelectorAll(".u th")[2].click(); search("a."); search("");
    document.querySelectorAll(".u th")[2].click(); document.querySelectorAll(".u th")[2].click(); search("");
    document.body.dataset.read = seen.join("|");
    """
    dom = browser.document(chromium, browser.page([state()], script=script))
    sorted_ = "a.large a.middle: 0|a.large a.middle b.small: 0"
    assert marked(dom, "read") == f"a.middle: 0|{sorted_}|b.small large middle: 1"


@pytest.mark.usefixtures("_few_rows")
def test_a_row_opens_its_tensor_by_mouse_and_in_the_sorted_table(chromium: str) -> None:
    script = """
    function folds() { return Array.from(document.querySelectorAll("td > details"))
      .filter(function (fold) { return fold.offsetParent; }); }
    function told() { return folds().map(function (fold) { return fold.open; }).join(" "); }
    var first = folds()[0], row = first.closest("tr"), seen = [told()];
    row.cells[1].click(); seen.push(told());
    first.querySelector("td").click(); seen.push(told());
    first.querySelector("summary").focus(); seen.push(document.activeElement.tagName);
    // A row of a branch is inside of another fold.
    [1, 2].forEach(function () { folds()[1].closest("tr").cells[1].click(); seen.push(told()); });
    document.querySelectorAll(".u th")[2].click();
    folds()[1].closest("tr").cells[3].click(); seen.push(told());
    document.body.setAttribute("data-read", seen.join("|"));
    """
    dom = browser.document(chromium, browser.page([state()], script=script))
    in_branch, falling = "true true false|true false false", "false true true"
    told = f"false false false|true false false|true false false|SUMMARY|{in_branch}|{falling}"
    assert marked(dom, "read") == told


def test_the_value_under_the_pointer_is_read_from_the_picture(chromium: str) -> None:
    matrix = torch.zeros(20, 20)
    matrix[10, 5] = 1.0
    matrix[0, 0] = -1.0
    script = """
    var parts = [[5.5 / 20, 10.5 / 20], [5.25 / 20, 10.25 / 20], [0.999, 0.999]];
    window.addEventListener("load", () => {
    document.querySelectorAll("img[tabindex]").forEach((image, k) => {
    var box = image.getBoundingClientRect(), map = told[k].maps[0].axes
      .map(([from, size, , block, first, last]) => [from, size * (last - first + 1) / block]);
    var before = document.body.scrollHeight;
    image.dispatchEvent(new MouseEvent("mousemove", {clientX: box.left + map[0][0] + map[0][1] * parts[k][0],
      clientY: box.top + map[1][0] + map[1][1] * parts[k][1]}));
    document.body.setAttribute("data-read" + k, document.querySelector("output:not([hidden])").textContent);
    image.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
    document.body.setAttribute("data-right" + k, document.querySelector("output:not([hidden])").textContent);
    document.body.setAttribute("data-moved" + k, "by " + (document.body.scrollHeight - before));
    image.dispatchEvent(new MouseEvent("mouseout")); }); });
    """
    large = torch.zeros(40, 40)
    large[20:22, 10:12] = 1.0
    large[0, 0] = -1.0
    uneven = torch.zeros(401, 401)
    uneven[400] = 1.0
    pages = [
        bundle(value)["text/html"]
        for value in (matrix, large.repeat_interleave(10, 0).repeat_interleave(10, 1), uneven)
    ]
    told = f"var told = [{','.join(facts(page, 'scale') for page in pages)}];"
    dom = browser.document(chromium, browser.page(pages, script=told + script))
    assert marked(dom, "read0") == "row 10, column 5: 1"
    assert marked(dom, "right0") == "row 10, column 6: 0"
    # Of a large one the colours are read.
    assert marked(dom, "read1").startswith("row 204\u2013205, column 104\u2013105")
    assert "\u2248 1.00" in marked(dom, "read1")
    # The last pixel covers one row and one column alone.
    assert marked(dom, "read2") == "row 400, column 400: \u2248 1.00"
    assert (marked(dom, "moved0"), marked(dom, "moved1")) == ("by 0", "by 0")


def test_a_bin_is_read_by_keyboard(chromium: str) -> None:
    script = """
    window.addEventListener("load", function () { var image = document.querySelector("img[tabindex]");
    ["ArrowRight", "ArrowRight", "ArrowDown"].forEach(
      (key) => image.dispatchEvent(new KeyboardEvent("keydown", {key: key})));
    document.body.setAttribute("data-read", document.querySelector("output:not([hidden])").textContent); });
    """
    states = [{"w": torch.tensor([1, 2])}, {"w": torch.tensor([1, 1, 2])}]
    shown = bundle(weight_histograms(states))["text/html"]
    dom = browser.document(chromium, browser.page([shown], script=script))
    assert marked(dom, "read") == "0.5 to 1.5, state 1: 2"


def test_the_points_of_a_curve_are_read_by_keyboard(chromium: str) -> None:
    script = """
    window.addEventListener("load", function () { var image = document.querySelector("img[tabindex]");
    [1, 2].forEach(() => image.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"})));
    document.body.setAttribute("data-read", document.querySelector("output:not([hidden])").textContent); });
    """
    shown = bundle(plot([1.0, 0.1234567, 3.0], None, "loss"))["text/html"]
    assert (
        marked(browser.document(chromium, browser.page([shown], script=script)), "read")
        == "loss: 1, 0.1234567"
    )


def test_a_head_is_chosen_by_mouse_and_by_keyboard(chromium: str) -> None:
    weights = torch.eye(4).repeat(3, 1, 1)
    shown = bundle(Attention(("layer 0", "layer 1"), (weights, weights), None))["text/html"]
    script = """
    window.addEventListener("load", function () {
    var grid = document.querySelector("img"), sheet = document.querySelector("figure i"), seen = [];
    var [across, down] = told.maps[0].axes, box = grid.getBoundingClientRect();
    function say() { seen.push(document.querySelectorAll("figcaption")[1].textContent.split(":")[0] + " " +
      (sheet.checkVisibility() ? sheet.style.backgroundPosition : "itself")); }
    // The values of the large picture, which are the first head's, are told where it is seen itself.
    function large() { let box = sheet.previousSibling.getBoundingClientRect();
      return document.elementFromPoint(box.left + 40, box.top + 40)?.tagName + sheet.previousSibling.inert; }
    seen.push(large());
    function press(key) { ["keydown", "keyup"].forEach(kind =>
      grid.dispatchEvent(new KeyboardEvent(kind, {key: key}))); say(); }
    var at = {clientX: box.left + across[0] + 2.4 * across[1], clientY: box.top + down[0] + 1.4 * down[1]};
    ["mousemove", "click"].forEach(kind => grid.dispatchEvent(new MouseEvent(kind, at))); say();
    seen.unshift(large());
    press("ArrowLeft");
    ["ArrowLeft", "ArrowUp"].forEach(press);
    document.body.dataset.read = seen.join("|"); });
    """
    told = f"var told = {facts(shown, 'scale')};"
    dom = browser.document(chromium, browser.page([shown], script=told + script))
    hidden, itself, *chosen = marked(dom, "read").split("|")
    assert (hidden, itself) == ("Itrue", "IMGfalse")
    # The grid's picture lies over the large one as far to the left and up as the head is in it.
    assert [head.split(" -")[0] for head in chosen[:3]] == [f"layer 1, head {k}" for k in (2, 1, 0)]
    assert chosen[3] == "layer 0, head 0 itself"
    lefts, tops = zip(*(head.split(" -")[1:] for head in chosen[:3]), strict=True)
    # The first one of a line begins where the large one does.
    across, _ = json.loads(facts(shown, "scale"))["maps"][0]["axes"]
    _, fit = map(float, facts(shown, "heads").split(","))
    assert float(lefts[2].removesuffix("px")) == pytest.approx(across[0] * fit, abs=0.1)
    assert len(set(lefts)) == 3
    assert len(set(tops)) == 1


def test_a_block_of_a_graph_opens_by_mouse_and_by_keyboard(chromium: str) -> None:
    block = [torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU()) for _ in range(3)]
    shown = bundle(graph(torch.nn.Sequential(*block), torch.ones(1, 4)))["text/html"]
    script = """
    window.addEventListener("load", function () {
    var image = document.querySelector("figure img"), branch = document.querySelector("details");
    var box = image.getBoundingClientRect();
    var seen = [branch.open];
    function click(x, y) {
      image.dispatchEvent(new MouseEvent("click", {clientX: box.left + x, clientY: box.top + y}));
      seen.push(branch.open); }
    click(1, 1);
    click(spot[0] + 4, spot[1] + 4);
    branch.open = false;
    ["ArrowRight", "ArrowRight", "Enter"].forEach((key) => ["keydown", "keyup"].forEach((kind) =>
      image.dispatchEvent(new KeyboardEvent(kind, {key: key}))));
    seen.push(branch.open, document.activeElement.tagName);
    document.body.setAttribute("data-read", seen.join(" ")); });
    """
    told = f"var [spot] = {facts(shown, 'opens')};"
    dom = browser.document(chromium, browser.page([shown], script=told + script))
    assert marked(dom, "read") == "false false true true SUMMARY"


def test_words_of_a_table_are_as_large_as_others_in_a_page_without_doctype(chromium: str) -> None:
    script = """document.body.dataset.read = ["p", "td"]
      .map(tag => getComputedStyle(document.querySelector(".lsp " + tag)).fontSize).join(" ");"""
    html = browser.page([state()], script=script).removeprefix("<!doctype html>")
    assert marked(browser.document(chromium, html), "read") == "12px 12px"


def test_nothing_is_wider_than_its_cell(chromium: str, tmp_path: Path) -> None:
    shown = []
    for number, kind in enumerate(KINDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        shown.append(bundle(KINDS[kind](LONG, folder))["text/html"])
    script = """
    var wide = [];
    document.querySelectorAll(".cell").forEach(function (cell, k) {
      if (cell.scrollWidth > 420) wide.push(k); });
    document.body.setAttribute("data-wide", "[" + wide.join(" ") + "]");
    """
    dom = browser.document(chromium, browser.page(shown, width=420, script=script))
    wide = [list(KINDS)[int(k)] for k in marked(dom, "wide").strip("[]").split()]
    assert wide == []


@pytest.mark.parametrize("theme", browser.THEMES)
def test_outputs_look_as_they_did(theme: str, chromium: str, tmp_path: Path) -> None:
    file = tmp_path / "now.png"
    browser.picture(chromium, browser.page(outputs(), theme), file, *SIZE)
    browser.looks_as_before(file, theme)


def test_graphs_and_weights_look_as_they_did(chromium: str, tmp_path: Path) -> None:
    torch.manual_seed(4)
    inner = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU())
    model = torch.nn.Sequential(inner, torch.nn.Linear(3, 2))
    ramp = torch.linspace(-1, 1, 400)
    states = [{"wide.weight": k * ramp**3, "bias": k + ramp[:9]} for k in (1, 2, 3, 4)]
    values = [graph(model, torch.ones(2, 3)), weight_histograms(states), weight_histograms(states, "bias")]
    file = tmp_path / "now.png"
    shown = [bundle(value)["text/html"] for value in values]
    browser.picture(chromium, browser.page(shown), file, 940, 1200)
    browser.looks_as_before(file, "graphs")


def test_rows_of_layers_bars_and_ridges_look_as_they_did(chromium: str, tmp_path: Path) -> None:
    layer = torch.nn.Linear(12, 40)
    ramp = torch.linspace(-1, 1, 480)
    layer.load_state_dict({"weight": ramp.reshape(40, 12), "bias": ramp[:40] ** 3})
    model = torch.nn.Sequential(layer, torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Identity(), layer))
    states = [{"a.weight": k * ramp**3, "a.bias": k + ramp[:9]} for k in range(1, 9)]
    values = [model, weight_histograms(states[:1]), weight_histograms(states, "a.weight")]
    file = tmp_path / "now.png"
    # The first row is open, as a click leaves it.
    script = """document.querySelector("td > details").open = true;"""
    shown = [bundle(value)["text/html"] for value in values]
    browser.picture(chromium, browser.page(shown, script=script), file, 940, 1300)
    browser.looks_as_before(file, "layers")


def test_the_answer_of_the_kernel_stands_in_the_row_that_asked(chromium: str) -> None:
    entries = measured([("a", torch.ones(2)), ("b", torch.ones(3))])
    asks, answers = theme.page(asking_page(entries)), theme.page(html.element("div", "here", data_answers=1))
    live = f"<div class=widget-vbox>{asks}<p class=lsp-asked><input></p><p id=answers></p></div>"
    script = f"""
    var field = document.querySelector(".lsp-asked input"), seen = [];
    document.querySelectorAll("td > details")[1].open = true;
    field.oninput = () => {{
      document.querySelector("#answers").append(document.createRange().createContextualFragment({answers!r}));
      document.body.dataset.read = field.value + ": " + [...document.querySelectorAll("td > details > div")]
        .map(part => part.textContent).join(); }};
    """
    dom = browser.document(chromium, browser.page([live], script=script.replace("</script>", "<\\/script>")))
    assert marked(dom, "read") == "1: asking the kernel …,here"


def test_points_in_space_turn_by_keyboard(chromium: str) -> None:
    script = """
    window.addEventListener("load", () => { var picture = document.querySelector("img[draggable]"), seen = [];
    ["Right", "Down", "Left", "Up"].forEach((way) => {
      picture.dispatchEvent(new KeyboardEvent("keydown", {key: "Arrow" + way})); seen.push(picture.src); });
    picture.onload = () => document.body.dataset.read =
      [new Set(seen).size, seen[3].split("stroke-width").length, picture.naturalWidth].join("|"); });
    """
    shown = bundle(embedding_map(torch.eye(4), List(["a<b", "b", "c", "d"])))["text/html"]
    dom = browser.document(chromium, browser.page([shown], script=script))
    assert marked(dom, "read") == "4|5|440"


@pytest.mark.usefixtures("_few_rows")
def test_columns_sort_by_what_their_cells_say(chromium: str) -> None:
    script = """
    var table = document.querySelector("[aria-label=changes]");
    var headings = table.querySelectorAll("th"), seen = [];
    function names() { return [...table.querySelectorAll("tbody tr:not(td tr)")]
      .map(row => row.querySelector("summary").textContent).join(" "); }
    function sort(column) { headings[column].click(); seen.push(names()); }
    [0, 0, 1, 4, 2].forEach(sort);
    document.body.dataset.read = seen.join("|");
    """
    shapes = {"10.b": (3,), "2.b": (9,), "2.a": (2, 4), "1.c": (10,)}
    before = {name: torch.ones(shape) for name, shape in shapes.items()}
    after = {name: tensor + k for k, (name, tensor) in enumerate(before.items(), 1)}
    shown = bundle(compare(StateDict(before), StateDict(after)))["text/html"]
    dom = browser.document(chromium, browser.page([shown], script=script))
    by_name, by_shape, by_change = "1.c 2.a 2.b 10.b", "2.a 10.b 2.b 1.c", "10.b 2.b 2.a 1.c"
    # Names in their natural order and back, shapes, the largest change first, bars.
    assert marked(dom, "read").split("|") == [by_name, by_change, by_shape, by_name, by_change]
