"""Storage arithmetic, and the progress of long saves and loads."""

import io

import pytest
import torch
from torch import nn

from lispe_kernel.language.printer import to_text
from lispe_kernel.torch_library.support import progress
from tests.torch_library.torch_calls import call, error_of


def test_the_guides_figures():
    report = call("torch_storage_report", 7_000_000_000, 8_000_000)
    assert to_text(report) == (
        "model: 7,000,000,000 parameters, 28 GB in float32\n"
        "adapters: 8,000,000 parameters, 32 MB (0.11% of the model)\n"
        "saved per task: 99.89%"
    )


def test_a_lora_layers_share_is_what_the_reference_says():
    report = call("torch_storage_report", call("torch_lora_linear", 4096, 4096, 16, 32))
    assert report["parameters"] == 16_781_312
    assert report["bytes"] == 67_125_248
    assert report["adapter_parameters"] == 131_072
    assert report["adapter_bytes"] == 524_288
    assert report["adapter_share"] == pytest.approx(0.0078, abs=1e-4)


def test_tied_weights_count_once():
    tied = nn.ModuleList([nn.Linear(10, 10, bias=False), nn.Linear(10, 10, bias=False)])
    tied[1].weight = tied[0].weight
    report = call("torch_storage_report", tied)
    assert (report["parameters"], report["bytes"]) == (100, 400)
    assert to_text(report) == "model: 100 parameters, 400 bytes in float32"


def test_another_dtype_and_mixed_ones():
    assert call("torch_storage_report", 8_000_000_000, None, "bfloat16")["bytes"] == 16_000_000_000
    mixed = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2).half()])
    assert to_text(call("torch_storage_report", mixed)) == "model: 12 parameters, 36 bytes"


def test_a_module_is_counted_in_another_dtype_without_being_converted():
    layer = nn.Linear(2, 2)
    layer.register_buffer("count", torch.zeros(1, dtype=torch.int64))
    assert call("torch_storage_report", layer, None, "bfloat16")["bytes"] == 6 * 2 + 8
    assert to_text(call("torch_storage_report", nn.Linear(2, 2), None, "float64")) == (
        "model: 6 parameters, 48 bytes in float64"
    )


def test_a_model_without_memory_is_counted_too():
    layers = nn.ModuleList(nn.Linear(1000, 1000, device="meta") for _ in range(3))
    assert call("torch_storage_report", layers)["bytes"] == 3 * 1_001_000 * 4


def test_no_adapters_are_none():
    assert to_text(call("torch_storage_report", 1000, 0)) == "model: 1,000 parameters, 4 KB in float32"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("many",), "a module, a table of modules or a number of parameters"),
        ((5, None, "float31"), "one of float32"),
        ((0,), "a positive integer"),
    ],
)
def test_a_wrong_argument_is_told(arguments, text):
    assert text in error_of("torch_storage_report", *arguments)


# -- progress


class Recorder:
    """Remembers what a display would be shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, int, int]] = []
        self.closed = False

    def show(self, label: str, done: int, total: int) -> None:
        self.shown.append((label, done, total))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def recorder(monkeypatch):
    found = Recorder()
    before = progress.set_reporter(lambda: found)
    yield found
    progress.set_reporter(before)


def test_short_work_shows_nothing(recorder, in_folder):
    call("torch_save_model", nn.Linear(10, 10), "l.pt")
    assert recorder.shown == []
    assert not recorder.closed


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_long_saves_and_loads_report_bytes_up_to_their_total(suffix, recorder, in_folder, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(progress, "_PAUSE", 0)
    layer = nn.Linear(100, 100)
    call("torch_save_model", layer, f"l{suffix}")
    call("torch_load_model", f"l{suffix}", layer)
    for label in (f"saving l{suffix}", f"loading l{suffix}"):
        shown = [(done, total) for name, done, total in recorder.shown if name == label]
        assert shown == sorted(shown)
        assert shown[-1][0] >= shown[-1][1] > 0
    assert recorder.closed


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_line_that_is_wiped(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with progress.progress("saving m.pt", 2_000_000) as advance:
        advance(1_000_000)
    first, last = terminal.getvalue().split("\r")[1:3]
    assert first == "saving m.pt  [##########          ]  50%  1 MB of 2 MB"
    assert last.strip() == ""
    assert "\n" not in terminal.getvalue()


def test_elsewhere_nothing_is_written(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with progress.progress("saving", 10) as advance:
        advance(10)
    assert stream.getvalue() == ""


def test_progress_ends_when_the_work_fails(recorder, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0)

    def work():
        with progress.progress("saving", 10) as advance:
            advance(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert recorder.closed
    assert torch.is_tensor(torch.ones(1))


def test_a_checkpoint_reports_what_it_saves_loads_and_resumes(recorder, in_folder, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(progress, "_PAUSE", 0)
    layer = nn.Linear(100, 100)
    optimizer = call("torch_optimizer", layer, 0.1, "adam")
    layer(torch.ones(1, 100)).sum().backward()
    optimizer.step()
    call("torch_save_checkpoint", layer, optimizer, 1, "c.pt")
    call("torch_load_checkpoint", "c.pt")
    loaded = [(done, total) for name, done, total in recorder.shown if name == "loading c.pt"]
    call("torch_resume_checkpoint", "c.pt", layer, optimizer)
    resumed = [(done, total) for name, done, total in recorder.shown if name == "loading c.pt"][len(loaded) :]
    for shown in (loaded, resumed):
        assert shown == sorted(shown)
        # Random states are read without a word; they are small.
        assert shown[-1][0] > 0.8 * shown[-1][1] > 3 * 100 * 100 * 4 * 0.8
