"""What happens while a cell runs: displays that are replaced, curves that follow a loop, explorers."""

import re
import sys
from html import unescape
from typing import Any

import numpy as np
import pytest
import torch

from lispe_kernel.display.explorers.registry import explorer_of
from lispe_kernel.display.page import publish
from lispe_kernel.display.page.html import to_html
from lispe_kernel.display.page.progress import OutputReporter
from lispe_kernel.display.views import training
from lispe_kernel.language.errors import LispeError
from lispe_kernel.session import Session
from lispe_kernel.torch_library.modules.alibi import Alibi
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.modules.rotary import RotaryEmbedding
from lispe_kernel.torch_library.support import progress
from tests.display import samples
from tests.display.page_checks import Page, faults

WIDGET = "application/vnd.jupyter.widget-view+json"


class Screen:
    """A publisher that keeps what it was given."""

    def __init__(self) -> None:
        self.shown: list[tuple[dict[str, Any], str | None, bool]] = []
        self.metadata: list[dict[str, Any]] = []

    def data(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any],
        identity: str | None = None,
        update: bool = False,
    ) -> None:
        self.shown.append((data, identity, update))
        self.metadata.append(metadata)

    @property
    def texts(self) -> list[str]:
        return [data["text/plain"] for data, _, _ in self.shown]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    made = Screen()
    monkeypatch.setattr(publish.screen, "publisher", made)
    return made


def run(source: str) -> Any:
    samples.display.load()
    session = Session()
    try:
        return session.evaluate(source)
    finally:
        publish.finish(session)


# -- display


def test_a_display_is_replaced_under_its_identity(screen: Screen) -> None:
    run('(setq h (display "first")) (update_display h "second")')
    assert screen.texts == ["first", "second"]
    (_, first, before), (_, second, after) = screen.shown
    assert first == second
    assert (before, after) == (False, True)


def test_the_identity_is_nowhere_in_the_output(screen: Screen) -> None:
    run("(display (torch_ones '(3 3)))")
    data, identity, _ = screen.shown[0]
    assert identity
    assert not any(identity in part for part in data.values())


def test_updating_what_is_no_display_is_an_error(screen: Screen) -> None:
    with pytest.raises(LispeError, match="update_display: the first argument must be what display returned"):
        run("(update_display 3 4)")


def test_a_terminal_shows_the_text_once(capsys: pytest.CaptureFixture[str]) -> None:
    run('(setq h (display "same")) (update_display h "same") (update_display h "other")')
    assert capsys.readouterr().out == "same\nother\n"


# -- track


def test_a_loop_has_one_output_whose_last_state_stays(screen: Screen) -> None:
    run('(loop (i 0 500) (track "loss" (/ 1.0 (+ i 1)) i 500))')
    assert len({identity for _, identity, _ in screen.shown}) == 1
    assert screen.texts[-1] == "loss 0.002 after 500 steps (first 1, least 0.002)"
    assert len(screen.shown) < 30
    assert faults(screen.shown[-1][0]["text/html"]) == []


def test_the_last_state_has_no_clock_in_it(screen: Screen) -> None:
    run('(loop (i 0 20) (track "loss" i nil 20))')
    words = Page(screen.shown[-1][0]["text/html"]).words
    assert "20 of 20 steps (100%)" in words
    assert "second" not in words
    assert "left" not in words


def test_a_running_loop_tells_rate_and_time_left(screen: Screen) -> None:
    tracker = training.Tracker()
    tracker.started -= 10
    tracker.add("loss", 1.0, None, 4)
    words = Page(screen.shown[-1][0]["text/html"]).words
    assert "1 of 4 steps (25%)" in words
    # On a busy machine a moment more has gone by.
    assert re.search(r"0\.(1|09\d*) a second, about 3\d s left", words)


def test_updates_come_at_most_ten_times_a_second(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10_000_000))
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock) / 1000)
    tracker = training.Tracker()
    for step in range(1000):
        tracker.add("loss", float(step), None, None)
    seconds = (next(clock) - 1) / 1000
    assert len(screen.shown) <= seconds * 10 + 1


def test_each_run_starts_anew(screen: Screen) -> None:
    run('(track "a" 1)')
    run('(track "b" 2)')
    texts = list(dict.fromkeys(screen.texts))
    assert texts == ["a 1 after 1 step (first 1, least 1)", "b 2 after 1 step (first 2, least 2)"]


def test_the_curves_of_two_sessions_do_not_mix(screen: Screen) -> None:
    first, second = Session(), Session()
    first.evaluate('(track "loss" 1)')
    second.evaluate('(track "loss" 2)')
    publish.finish(first)
    assert screen.texts[-1] == "loss 1 after 1 step (first 1, least 1)"
    first.evaluate('(track "loss" 3)')
    second.evaluate('(track "loss" 4)')
    publish.finish(second)
    assert screen.texts[-1] == "loss 4 after 2 steps (first 2, least 2)"
    publish.finish(first)
    assert screen.texts[-1] == "loss 3 after 1 step (first 3, least 3)"


def test_a_loop_that_fails_keeps_what_it_had(screen: Screen) -> None:
    with pytest.raises(LispeError):
        run('(track "a" 1) (track "a" 2) (car 3 4 5)')
    with pytest.raises(LispeError):
        run('(loop (i 0 3) (track "a" i) (check_nothing_of_this_name))')
    assert all(text.startswith("a ") for text in screen.texts)


def test_a_tensor_of_one_number_can_be_tracked_and_nan_is_loud(screen: Screen) -> None:
    training.track("loss", torch.tensor([float("nan")]))
    # Outside of every session an output is the process's; any session's cell ends it.
    publish.finish(Session())
    assert screen.texts[-1].endswith("1 NaN or Inf!")


@pytest.mark.parametrize("code", ["(track 3 4)", '(track "a" "b")', '(track "a" 1 1 0)'])
def test_what_cannot_be_tracked_is_refused(code: str, screen: Screen) -> None:
    with pytest.raises(LispeError, match="Error: track:"):
        run(code)


def test_a_curve_of_a_million_steps_stays_small() -> None:
    curve = training.Curve("loss")
    for step in range(100_000):
        curve.add(float(step), None)
    assert len(curve.xs) <= 4000
    assert curve.count == 100_000
    assert curve.ys[0] < curve.ys[-1] <= 99_999


# -- progress of files


def test_long_work_is_one_output_that_updates(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    before = progress.set_reporter(OutputReporter)
    try:
        monkeypatch.setattr(progress, "PATIENCE", -1.0)
        monkeypatch.setattr(progress, "_PAUSE", -1.0)
        with progress.progress("saving <big>.pt", 200) as advance:
            advance(50)
            advance(150)
    finally:
        progress.set_reporter(before)
    assert screen.texts == ["saving <big>.pt: 25%", "saving <big>.pt: 100%", "saving <big>.pt: done"]
    assert len({identity for _, identity, _ in screen.shown}) == 1
    # Whether it is shown depends on the machine: no comparison counts it.
    assert all(publish.PASSING in metadata for metadata in screen.metadata)


# -- explorers


EXPLORED = {
    "matrix": lambda: (torch.randn(20, 30), None),
    "volume": lambda: (torch.randn(2, 3, 20, 30), None),
    "vector": lambda: (torch.randn(50), None),
    "scalar": lambda: (torch.tensor(2.0), None),
    "complex": lambda: (torch.randn(5, 5, dtype=torch.complex64), None),
    "sparse": lambda: (torch.eye(5).to_sparse(), None),
    "two tensors": lambda: (torch.randn(4, 5, 6), torch.randn(4, 5, 6)),
    "encoding": lambda: (PositionalEncoding(16, 20), None),
    "rotary": lambda: (RotaryEmbedding(16, 20), None),
    "ALiBi": lambda: (Alibi(4, 20), None),
    "two encodings": lambda: (PositionalEncoding(16, 20), RotaryEmbedding(16, 30)),
    "embedding": lambda: (torch.nn.Embedding(20, 6), None),
    "module": lambda: (torch.nn.Linear(3, 4), None),
    "two modules": lambda: (torch.nn.Linear(3, 4), torch.nn.Linear(3, 4)),
    "state dict": lambda: (samples.StateDict(samples.tensors("a")), samples.StateDict(samples.tensors("a"))),
}


def turned(control: Any) -> None:
    """Move a control to its other end."""
    if isinstance(getattr(control, "value", None), tuple):
        control.value = (control.max - 1, control.max)
    elif hasattr(control, "max"):
        control.value = control.max
    elif getattr(control, "options", None):
        control.index = len(control.options) - 1


@pytest.mark.parametrize("kind", EXPLORED)
def test_every_control_of_an_explorer_leads_to_a_picture(kind: str, screen: Screen) -> None:
    from lispe_kernel.display.functions import explore

    made = explore(*EXPLORED[kind]())
    assert WIDGET in screen.shown[1][0]
    for control in made.controls:
        turned(control)
        page = made.area.outputs[0]["data"]["text/html"]
        assert "could not be drawn" not in page
        assert faults(page) == []
    publish.freeze_all()


@pytest.mark.parametrize("kind", ["matrix", "vector", "encoding", "rotary", "embedding"])
def test_a_stretch_whose_ends_meet_at_the_end_of_an_axis_shows_the_last_place(kind: str) -> None:
    made = explorer_of(*EXPLORED[kind]())
    for control in (c for c in made.controls if isinstance(c.value, tuple)):
        pages = []
        for first in (control.max - 1, control.max):
            control.value = (first, control.max)
            pages.append(str(to_html(made.content())))
        assert pages[0] == pages[1]


def test_positions_are_compared_by_their_sines_and_their_cosines() -> None:
    made = explorer_of(PositionalEncoding(6, 20))
    made.first.value, made.second.value = 3, 5
    # Made with NumPy from the paper's formula: position 5, rates 1, 10000 ** (-1/3), 10000 ** (-2/3).
    cosines = np.cos(5 * 10000.0 ** -(np.arange(3) / 3))
    page = unescape(to_html(made.content())).replace("\\n", "\n")
    told = page.partition('["position 5, cosines: ","')[2].partition('"]')[0]
    found = [line.split(",")[2:] for line in told.splitlines()]
    assert [int(place) for place, _ in found] == [1, 3, 5]
    assert [float(value) for _, value in found] == pytest.approx(cosines, abs=1e-6)


def test_an_encoding_alone_is_told_as_one() -> None:
    assert explorer_of(Alibi(1, 5)).title == "explorer of 1 encoding over 5 positions: ALiBi 1 head"
    with pytest.raises(LispeError, match="Error: explore: the second argument must be an encoding"):
        explorer_of(Alibi(1, 5), 5)


def answered(made: Any, asked: str) -> str:
    """What the rows of an explorer answer when they are asked."""
    _, field, answers = made.below
    field.value = asked
    return "".join(output["data"]["text/html"] for output in answers.outputs)


def test_a_row_of_an_explorer_opens_its_tensor_as_it_is_now(screen: Screen) -> None:
    from lispe_kernel.display.functions import explore

    layer = torch.nn.Linear(2, 2)
    made = explore(layer)
    page = made.below[0].outputs[0]["data"]["text/html"]
    assert faults(page) == []
    assert page.count("<details data-k=") == 2
    torch.nn.init.constant_(layer.bias, 7.5)
    first = answered(made, "1")
    assert faults(first) == []
    assert "data-answers=1" in first
    assert "7.5" in Page(first).words
    # What was asked for meanwhile is answered together, and what no row has is nothing.
    assert [answered(made, "1 0 1").count(f"data-answers={k}>") for k in (0, 1)] == [1, 0]
    assert answered(made, "1 0 1 77 -1 x") == answered(made, "1 0 1 77 -1")
    publish.freeze_all()


def test_a_row_of_a_difference_opens_both_tensors(screen: Screen) -> None:
    from lispe_kernel.display.functions import explore

    first = {"same": torch.ones(2), "other": torch.ones(3, 4)}
    made = explore(samples.StateDict(first), samples.StateDict({**first, "other": torch.full((3, 4), 3.0)}))
    page = Page(answered(made, "0"))
    assert "different: largest change 2" in page.words
    assert answered(made, "1") == answered(made, "0")
    publish.freeze_all()


def test_a_widget_becomes_its_picture_when_the_kernel_ends(screen: Screen) -> None:
    from lispe_kernel.display.functions import explore

    explore(torch.randn(4, 4))
    (_, still, _), (live, widget, _) = screen.shown
    assert WIDGET in live
    publish.freeze_all()
    last = {identity: (data, update) for data, identity, update in screen.shown}
    assert all(update and WIDGET not in data for data, update in last.values())
    assert faults(last[still][0]["text/html"]) == []
    assert last[widget][0] == {"text/plain": ""}
    publish.freeze_all()
    assert len(screen.shown) == 4


def test_the_notebook_always_holds_the_present_picture(screen: Screen) -> None:
    from lispe_kernel.display.functions import explore

    made = explore(torch.arange(600.0).reshape(20, 30))
    before = screen.shown[0][0]["text/html"]
    made.rows.value = (3, 5)
    data, identity, update = screen.shown[-1]
    assert (identity, update) == (screen.shown[0][1], True)
    assert data["text/html"] != before
    assert WIDGET not in data
    publish.freeze_all()


def test_freezing_needs_no_widgets_when_none_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "lispe_kernel.display.explorers.base", raising=False)
    publish.freeze_all()


def test_a_timeline_loads_a_checkpoint_into_a_model(screen: Screen, tmp_path: Any) -> None:
    from lispe_kernel.display.functions import explore
    from lispe_kernel.display.views.timeline import timeline

    folder = samples._folder("loss", tmp_path)
    model = torch.nn.Linear(2, 2)
    made = explore(timeline(str(folder)), model)
    made.at.value = 0
    assert made.load() == "c0.pt is loaded into the model"
    saved = torch.load(folder / "c0.pt", weights_only=True)["model"]["weight"]
    assert torch.equal(model.weight.detach(), saved)
    made.beside.value = 2
    assert "common tensors" in Page(made.area.outputs[0]["data"]["text/html"]).words
    publish.freeze_all()


@pytest.mark.parametrize("value", [torch.zeros(0), torch.empty(3, device="meta")], ids=["empty", "meta"])
def test_a_tensor_without_values_cannot_be_explored(value: torch.Tensor, screen: Screen) -> None:
    from lispe_kernel.display.functions import explore

    with pytest.raises(LispeError, match="Error: explore: the tensor has no values"):
        explore(value)
