"""The parts of a page: escaping in one place, and nothing that reaches outside."""

import json

import pytest
import torch

from lispe_kernel.display.drawing.statistics import summarise
from lispe_kernel.display.page import dense, opened
from lispe_kernel.display.page.html import (
    Constant,
    element,
    foldable,
    name,
    one_line,
    plain,
    shortened,
    table,
    to_html,
    to_xml,
)
from lispe_kernel.display.page.theme import page
from lispe_kernel.display.views.tensors import TensorView
from tests.display.page_checks import Page

WRITTEN = [
    (element("p", "a<b & 'c' \"d\""), "<p>a&lt;b &amp; &#39;c&#39; &quot;d&quot;</p>"),
    (element("td", 3, title='x"y'), '<td title="x&quot;y">3'),
    (
        element("p", None, [element("b", "x"), 1.5], class_="q", hidden=True, title=None),
        "<p class=q hidden><b>x</b>1.5</p>",
    ),
    (element("div", Constant("<i>ours</i>"), aria_label="l"), "<div aria-label=l><i>ours</i></div>"),
    (foldable("s", "c", open_=True), "<details open><summary>s</summary>c</details>"),
    (element("svg", element("path", d="M0 0")), '<svg><path d="M0 0"></path></svg>'),
]


@pytest.mark.parametrize(("node", "html"), WRITTEN)
def test_a_node_is_written_as_html(node: object, html: str) -> None:
    assert to_html(node) == html


REFUSED = [
    {"onclick": "alert(1)"},
    {"onerror": "x"},
    {"src": "https://example.org/a.png"},
    {"src": "data:text/html,<script>"},
    {"href": "javascript:alert(1)"},
    {"srcdoc": "x"},
    {"formaction": "x"},
    {"x y": "z"},
    {'x"': "z"},
]


@pytest.mark.parametrize("attributes", REFUSED, ids=str)
def test_an_attribute_that_runs_or_fetches_is_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="output"):
        element("p", **attributes)


def test_a_tag_name_cannot_carry_markup() -> None:
    with pytest.raises(ValueError, match="element name"):
        element("p><script")


HARMLESS = [
    ("plain text\n\twith lines", "plain text\n\twith lines"),
    ("\x1b[31mred", "␛[31mred"),
    ("a\u202eb", "a⟨U+202E⟩b"),
    ("\x7f", "␡"),
    ("\ud800", "⟨U+D800⟩"),
    ("naïve 日本 🙂", "naïve 日本 🙂"),
    ("a\xa0b", "a\xa0b"),
]


@pytest.mark.parametrize(("text", "shown"), HARMLESS)
def test_invisible_characters_become_visible(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_text_is_cut_in_the_middle() -> None:
    cut = shortened("a" * 100 + "b" * 100, 31)
    assert len(cut) == 31
    assert cut.startswith("aaaa")
    assert cut.endswith("bbbb")


def test_one_line_has_no_line_ends() -> None:
    assert one_line(" a\n b\r\nc ") == "a b␍ c"


def test_a_table_names_itself_and_aligns_numbers() -> None:
    html = to_html(table(("n", "v"), [("a", "1")], label="values", numeric=(1,)))
    assert "aria-label=values" in html
    assert "<td class=n align=right>1" in html


def test_columns_without_anything_in_them_may_be_left_out() -> None:
    rows = [["a", "", "1", None], ["b", "", "2", ""]]
    html = to_html(table(["name", "x", "number", "y"], rows, label="t", numeric=(2,), sparse=(1, 2, 3)))
    assert Page(html).words == "namenumbera1b2"
    assert "<td class=n align=right>2" in html


def test_values_that_html_takes_bare_have_no_quotes_and_xml_has_them() -> None:
    part = element("td", "x", title="a-b.c_1", class_="two words", align="a=b", lang="é")
    assert to_html(part) == '<td title=a-b.c_1 class="two words" align="a=b" lang="é">x'
    assert 'title="a-b.c_1"' in to_xml(part)


def test_a_script_loses_names_and_blanks_but_no_text_and_no_property() -> None:
    source = """
    // a remark
    function first(value, other) {
      var long = value.long / 2, pattern = /^\\s*long value/.test("long, value");
      return other ? { once: true } : [long - 1, 'a "long" value', value.other, pattern];
    }
    """
    assert dense.script(source) == (
        "function e(a,c){var b=a.long/2,d=/^\\s*long value/.test('long, value');"
        "return c?{once:true}:[b-1,'a \"long\" value',a.other,d]}"
    )


def test_a_page_carries_the_script_for_what_it_shows_alone() -> None:
    curve, raster, place = (
        page(element("img", data_scale=json.dumps(facts)))
        for facts in ({"points": []}, {"maps": [{"v": "1"}]}, {"maps": [{}], "bar": []})
    )
    for text, parts in ((curve, (False, False)), (raster, (True, False)), (place, (True, True))):
        assert "'scale'" in text[text.index("<script>") :]
        assert (".maps.find(" in text, "toPrecision" in text) == parts
    assert "<script>" not in page(element("p", '"maps":'))
    # A label with a quote of its own hides nothing.
    assert ".maps.find(" in page(
        element("img", data_scale=json.dumps({"maps": [{"c": ["don't"], "v": "1"}]}))
    )


def test_json_stands_in_single_quotes_and_nothing_ends_them() -> None:
    told = {"a": "x' onload=alert(1) <b> & \u202e", "b": "plain"}
    for facts in (told, {"b": told["b"]}):
        found = Page(to_html(element("img", alt="x", data_scale=json.dumps(facts)))).attributes
        assert [name for _, name, _ in found] == ["alt", "data-scale"]
        assert json.loads(found[1][2]) == facts
    assert 'data-scale=\'{"b": "plain"}\'' in to_html(element("img", data_scale=json.dumps({"b": "plain"})))


def test_every_row_of_a_small_model_opens_and_of_a_large_one_the_smallest() -> None:
    def opened_of(sizes: list[int], letters: int) -> list[int]:
        # As many bytes are foreseen; that a drawn view has none of them changes nothing.
        return sorted(opened.stored(sizes, lambda _: letters, lambda _: ""))

    assert opened_of([128, 16, 64, 4, 8000, 1], 3900) == [0, 1, 2, 3, 4, 5]
    assert opened_of([1_000_000, 512, 512, 4096, 512], 5000) == [1]
    assert opened_of([1_000_000, 4, 4, 512, 512], 5000) == [1, 2]
    assert len(opened_of([2] * 90, 100)) == 40
    assert opened_of([0, (1 << 20) + 1, 5], 10) == [2]


def test_the_bytes_of_views_are_foreseen_from_shapes() -> None:
    shapes = [(1,), (8,), (512,), (4, 4), (8, 8), (16, 16), (20, 20), (64, 64), (512, 512), (8, 1, 5, 5)]
    for shape in shapes:
        noise = torch.randn(*shape)
        known = summarise(noise)
        taken = len(to_html(TensorView.of(noise, known).stored()))
        assert 0.5 < taken / TensorView.foreseen(known) < 1.5, shape


def test_a_style_holds_what_its_output_can_use() -> None:
    source = """
    .lsp { color: red; }  /* all */
    .lsp table.z td:nth-child(2), .lsp .q { top: 0; }
    .lsp ul > li { top: 1px; }
    .lsp tr:has(> td > details) > td:not(:has(> p)) { top: 4px; }
    .lsp tr:has(> td > .z) > td:not(:has(> p)) { top: 5px; }
    @media (max-width: 9px) { .lsp .z { top: 2px; } .lsp ul { top: 3px; } }
    """
    tags, classes = frozenset({"table", "tr", "td"}), frozenset({"z"})
    kept = "".join(dense.needed(rule, tags, classes) for rule in dense.rules(source))
    assert kept == (
        ".lsp{color:red}.lsp table.z td:nth-child(2){top:0}"
        ".lsp tr:has(>td>.z)>td:not(:has(>p)){top:5px}@media (max-width:9px){.lsp .z{top:2px}}"
    )


def test_what_rules_begin_with_is_written_once() -> None:
    rules = [".lsp.lsp{top:0}", ".lsp.lsp :is(b,i),.lsp.lsp p{top:2}", "@x{.lsp.lsp b{}}"]
    assert dense.nested(rules) == ".lsp.lsp{top:0;:is(b,i),p{top:2}@x{b{}}}"


def test_a_column_of_names_keeps_their_words_beside_long_texts_and_headings_break_at_hyphens() -> None:
    shown = to_html(table(("field", "mult-adds"), [(name("a name"), "x" * 90)], label="", numeric=(1,)))
    assert '<th scope=col style="min-width:3.5em">field' in shown
    assert '<th scope=col class=n style="white-space:normal">mult-adds' in shown


def test_a_warning_keeps_its_ground_where_a_page_prints_without() -> None:
    assert ".w{color:#fff;background:#a3103c!important" in page(element("p", "x", class_="w"))


def test_a_histogram_of_signs_stays_in_one_line() -> None:
    assert ".n,.s{text-align:right;white-space:nowrap}" in page(
        element("td", element("b", class_="s"), class_="n")
    )
