"""Every kind of value: its output stands alone, is the same each time, and no user's text becomes markup."""

from pathlib import Path

import pytest
import torch

from lispe_kernel.display import bundle
from tests.display.page_checks import Page, faults
from tests.display.samples import ANSI, HOSTILE, KINDS, RTL, SCRIPT

FAILED = "could not be drawn"


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_stands_alone(kind: str, tmp_path: Path) -> None:
    data = bundle(KINDS[kind]("name", tmp_path))
    assert FAILED not in data.get("text/html", "")
    assert faults(data["text/html"]) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(kind: str, text: str, tmp_path: Path) -> None:
    data = bundle(KINDS[kind](text, tmp_path))
    page = data["text/html"]
    assert FAILED not in page
    assert faults(page) == []
    assert "script" not in Page(page).elements[1:-1]
    for shown in (data["text/plain"], page):
        assert not any(c in shown for c in "\x1b\x00\x07\u202e\u2066\u200f")
        shown.encode("utf-8")


@pytest.mark.parametrize("kind", ["state dict", "dictionary", "module", "tracker", "tokenizer", "checkpoint"])
def test_a_script_as_a_name_is_read_as_its_letters(kind: str, tmp_path: Path) -> None:
    page = Page(bundle(KINDS[kind](SCRIPT, tmp_path))["text/html"])
    assert SCRIPT in page.words


def test_what_cannot_be_seen_is_made_visible(tmp_path: Path) -> None:
    words = Page(bundle(KINDS["dictionary"](ANSI + RTL, tmp_path))["text/html"]).words
    assert "␛[31mred" in words
    assert "⟨U+202E⟩" in words


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("checkpoint", "timeline", "trace")])
def test_an_output_is_the_same_each_time(kind: str, tmp_path: Path) -> None:
    import torch

    outputs = []
    for _ in range(2):
        torch.manual_seed(7)
        value = KINDS[kind]("name", tmp_path)
        if kind == "tracker":
            value.running = False
        outputs.append(bundle(value))
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_is_short_and_plain(kind: str, tmp_path: Path) -> None:
    text = bundle(KINDS[kind]("name", tmp_path))["text/plain"]
    assert 0 < len(text) < 4000
    assert "0x" not in text


def test_a_picture_of_a_page_is_not_drawn_again_in_a_row() -> None:
    table = Page(bundle(torch.nn.Embedding(30, 8))["text/html"])
    assert table.elements.count("img") == 2
    assert "details" not in table.elements
    assert "min" in table.words


def test_an_optimizer_has_a_table_of_what_its_groups_differ_in() -> None:
    first, second = (torch.ones(3, requires_grad=True) for _ in range(2))
    one = Page(bundle(torch.optim.SGD([first], lr=0.1, momentum=0.9))["text/html"])
    assert ("lr 0.1 · momentum 0.9" in one.words, "table" in one.elements) == (True, False)
    groups = [{"params": [first], "weight_decay": 0.5}, {"params": [second]}]
    two = Page(bundle(torch.optim.SGD(groups, lr=0.1))["text/html"])
    assert "grouptensorsvaluesweight_decay" in two.words
    assert "lr 0.1" in two.words
