"""Values find their view, and an answer is never lost when a view fails."""

import subprocess
import sys

import pytest

from lispe_kernel.display import bundle
from lispe_kernel.display.explorers.registry import explorer_of
from lispe_kernel.display.page import registry
from lispe_kernel.display.page.registry import View, renderer
from tests.display.samples import List


class Thing:
    """A kind of value of this test."""

    def __repr__(self) -> str:
        return "a thing <b>"


class Part(Thing):
    """A kind below it."""


@pytest.fixture(autouse=True)
def own_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.views, "_entries", dict(registry.views))


PLAIN = [
    (3, "3"),
    ("a text", "a text"),
    (None, "nil"),
    (2.5, "2.5"),
    (List([1, "a", None]), '(1 "a" nil)'),
    (True, "true"),
]


@pytest.mark.parametrize(("value", "text"), PLAIN, ids=[text for _, text in PLAIN])
def test_a_kind_without_a_view_shows_what_lispe_prints(value: object, text: str) -> None:
    assert bundle(value) == {"text/plain": text}


def test_a_view_is_found_by_name_without_its_class_being_known() -> None:
    @renderer(f"{Thing.__module__}.Thing")
    class ThingView(View):
        def text(self) -> str:
            return "seen"

    assert bundle(Thing()) == {"text/plain": "seen"}
    assert bundle(Part()) == {"text/plain": "seen"}


def test_the_nearest_class_decides() -> None:
    for cls in (Thing, Part):
        renderer(cls)(type("Made", (View,), {"text": lambda self, cls=cls: cls.__name__}))
    assert bundle(Part())["text/plain"] == "Part"
    assert bundle(Thing())["text/plain"] == "Thing"


@pytest.mark.parametrize("broken", ["__init__", "text", "html", "png", "line"])
def test_a_failing_view_loses_no_answer(broken: str, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no <ink> left")

    renderer(Thing)(type("Broken", (View,), {"html": lambda self: "page", broken: fail}))
    data = bundle(Thing())
    assert data["text/plain"] == "a thing <b>"
    assert "a thing &lt;b&gt;" in data["text/html"] or broken == "png"
    assert "RuntimeError" in caplog.text
    if broken != "png":
        assert "no &lt;ink&gt; left" in data["text/html"]


def test_a_value_that_cannot_even_be_printed_shows_its_kind() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise ValueError("mute")

    assert bundle(Mute())["text/plain"] == "<Mute>"


def test_no_address_of_a_python_object_is_shown() -> None:
    assert "0x" not in bundle(object())["text/plain"]


def test_a_kind_without_an_explorer_says_so() -> None:
    with pytest.raises(Exception, match=r"Error: explore: there is no explorer for the integer 3"):
        explorer_of(3)


HEAVY = ("torch", "matplotlib", "PIL", "ipywidgets", "IPython", "numpy")


def test_loading_the_floor_imports_nothing_heavy() -> None:
    code = "import sys, lispe_kernel.display as d; d.load(); print({*sys.argv} & {*sys.modules})"
    command = [sys.executable, "-c", code, *HEAVY]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.strip() == "set()"
