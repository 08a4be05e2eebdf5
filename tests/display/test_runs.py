"""Runs of trainings: event files and tables read and written, damage said, curves smoothed."""

import math
from pathlib import Path

import pytest

from lispe_kernel.display import bundle
from lispe_kernel.display.functions import plot, read_runs, tracked, write_runs
from lispe_kernel.display.runs import events, framing
from lispe_kernel.display.runs.curves import Measured
from lispe_kernel.display.views.plots import PlotView
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.session import Session
from tests.display.page_checks import drawings

# What PyTorch's SummaryWriter wrote: loss 0.5 at step 1 and NaN at step 2, and a text.
WRITTEN = bytes.fromhex(
    "4800000000000000fe92489d0911e4612ef7c1da411a0d627261696e2e4576656e743a32522e0a2c74656e736f72626f6172642e"
    "73756d6d6172792e7772697465722e6576656e745f66696c655f777269746572945e15de1a00000000000000129bd82d09000000"
    "000000594010012a0d0a0b0a046c6f7373150000003ff225f0d11a00000000000000129bd82d09000000000060594010022a0d0a"
    "0b0a046c6f7373150000c07ff48e826736000000000000004f578cef090000000000001c4010012a290a270a0e6e2f746578745f"
    "73756d6d617279420b08071204120208014201784a080a060a04746578740510e78a"
)
# An event of TensorBoard's newer kind: a tensor of one integer, -3, at step 4.
TENSOR = bytes.fromhex(
    "09000000000000f83f10042a240a220a016d421008091200520afdffffffffffffffff014a0b0a090a077363616c617273"
)


def test_checksums_are_those_of_the_standard() -> None:
    # RFC 3720, appendix B.4, and the usual check value.
    pieces = [bytes(32), b"\xff" * 32, bytes(range(32)), b"123456789"]
    assert framing.crc32c(pieces) == [0x8A9136AA, 0x62A8AB43, 0x46DD794E, 0xE3069283]
    # A long piece goes another way: a piece and its checksum behind it have a checksum of their own kind.
    long = bytes(range(256)) * 100 + b"end"
    (total,) = framing.crc32c([long])
    assert framing.crc32c([long + total.to_bytes(4, "little")]) == [0x48674BC7]


def test_an_event_file_of_pytorch() -> None:
    curves: dict[str, Measured] = {}
    assert events.read(WRITTEN, curves, {}) == []
    assert curves["loss"].steps == [1.0, 2.0]
    assert curves["loss"].times == [100.0, 101.5]
    assert curves["loss"].values[0] == 0.5
    assert math.isnan(curves["loss"].values[1])


def test_a_scalar_that_is_a_tensor() -> None:
    curves: dict[str, Measured] = {}
    assert events.read(framing.framed([TENSOR]), curves, {}) == []
    assert curves["m"] == Measured([4.0], [-3.0], [1.5])


def test_each_damaged_bit_is_noticed_and_nothing_wrong_is_read() -> None:
    for place in range(0, len(WRITTEN) * 8, 23):
        broken = bytearray(WRITTEN)
        broken[place // 8] ^= 1 << place % 8
        curves: dict[str, Measured] = {}
        notes = events.read(bytes(broken), curves, {})
        found = curves.get("loss", Measured())
        kept = list(zip(found.steps, map(str, found.values), strict=True))
        assert set(kept) <= {(1.0, "0.5"), (2.0, "nan")}
        assert notes or len(kept) == 2
    for length in range(0, len(WRITTEN), 5):
        events.read(WRITTEN[:length], {}, {})


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    values = [0.1, math.inf, -0.0, 1e-300]
    runs = Dictionary({name: Dictionary({"loss/é": List(values)}) for name in ("a", "b/c")})
    write_runs(runs, str(tmp_path / "runs.csv"))
    table = read_runs(str(tmp_path / "runs.csv"))
    assert repr(table.runs["b/c"]["loss/é"].values) == repr(values)
    assert write_runs(table, str(tmp_path / "logs")) == f"Saved {tmp_path}/logs: 8 values of 2 runs"
    back = read_runs(str(tmp_path / "logs"), 0.5)
    assert list(back.runs) == ["a", "b/c"]
    # Event files hold numbers of four bytes.
    assert back.runs["a"]["loss/é"].values == [0.10000000149011612, math.inf, 0.0, 0.0]
    assert "faint: the values themselves" in bundle(back)["text/html"]
    assert "NaN or infinite first at step 1" in bundle(back)["text/html"]


def test_tables_of_loggers(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("epoch;loss;valid loss;note\n0;1.5;;x\n1;nan;0.5;y\n")
    found = read_runs(str(file))
    assert found.runs["."]["valid loss"].steps == [1.0]
    assert found.notes == ["columns that do not hold numbers alone: note (row 2: x)"]
    file.write_text("Wall time,Step,Value\n100.5,3,0.25\n")
    assert read_runs(str(file)).runs["."]["Value"] == Measured([3.0], [0.25], [100.5])


# A table as people have it -> its curves.
TABLES = [
    ("step;a\n1;0,5\n2;-1,25e3\n", {"a": [0.5, -1250.0]}),
    ('"x; y; z",step\n2,1\n', {"x; y; z": [2.0]}),
    ("step,a,b\n1,NA,-\n2,n/a,3\n3,4,null\n", {"a": [4.0], "b": [3.0]}),
    ("step,a\n1,0.5,\n2,0.25,,\n", {"a": [0.5, 0.25]}),
    ("step,a,a\n1,2,3\n", {"a": [2.0], "a 3": [3.0]}),
]


@pytest.mark.parametrize(("text", "curves"), TABLES)
def test_tables_as_people_have_them(tmp_path: Path, text: str, curves: dict[str, list[float]]) -> None:
    (tmp_path / "log.csv").write_text(text)
    found = read_runs(str(tmp_path / "log.csv"))
    assert {name: measured.values for name, measured in found.runs["."].items()} == curves


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("1,2\n3,4\n", "its first line must name the columns"),
        ("a,b\n1,2,3\n", "row 2 has 3 fields for 2 columns"),
        ("a\nx\n", r"do not hold numbers alone: a \(row 2: x\)"),
        ("a,step\n1\n", r"a \(row 2: step ''\)"),
        ("step\n1\n", "no column of it holds numbers"),
        ('a\n"1', "unexpected end of data"),
        ("name,step,value\nloss,one,2\n", "row 2: step and value must be numbers"),
        ("\x00,a\n1,2\n\ud800", "not written in UTF-8"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "log.csv").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(LispeError, match=message):
        read_runs(str(tmp_path / "log.csv"))


def test_a_run_that_began_again_writes_over_what_it_had() -> None:
    def scalar(step: int) -> bytes:
        return events._record(step, 0.0, "loss", float(step))

    begins = bytes.fromhex("10023a020801")  # session start at step 2
    curves: dict[str, Measured] = {}
    events.read(framing.framed([scalar(1), scalar(2), scalar(3), begins, scalar(2)]), curves, {})
    assert curves["loss"].values == [1.0, 2.0]


def test_what_was_tracked_can_be_kept(tmp_path: Path) -> None:
    session = Session()
    session.evaluate('(loop i (list 3 2 1) (track "loss" i))')
    with pytest.raises(LispeError, match="whole steps"):
        write_runs(session.evaluate('(track "x" 1 0.5) (tracked)'), str(tmp_path / "logs"))
    assert session.evaluate("(tracked)").runs["."]["loss"].values == [3.0, 2.0, 1.0]
    with pytest.raises(LispeError, match="nothing was tracked yet"):
        Session().call(tracked)


def test_smoothing_is_an_exponential_mean_without_pull_to_zero() -> None:
    made = plot(Dictionary({"a": List([1.0, 2.0, math.nan, 4.0]), "b": List([5.0] * 4)}), smoothing=0.5)
    # (0.5 * 1 + 1 * 2) / 1.5 and (0.25 * 1 + 0.5 * 2 + 1 * 4) / 1.75
    assert made.series[0].ys[:2] == pytest.approx([1.0, 5 / 3])
    assert made.series[0].ys[3] == pytest.approx(3.0)
    assert made.series[1].ys == [5.0] * 4
    assert [s.name for s in made.series] == ["a", "b"]
    (drawing,) = drawings(bundle(made)["text/html"])
    assert len([part for part in drawing.iter() if part.get("opacity") == ".35"]) == 2


def test_logarithmic_axes_place_tenfolds_evenly_and_name_what_they_cannot_hold() -> None:
    made = plot(List([1, 10, 100]), List([1.0, 0.0, 100.0]), log="xy", x_title="tokens")
    page = bundle(made)["text/html"]
    assert "1 point has no place on a logarithmic axis: it is not positive" in page
    (drawing,) = drawings(page)
    ticks = {p.text: float(p.get("x")) for p in drawing.iter() if p.text and p.get("text-anchor") == "middle"}
    assert ticks["10"] - ticks["1"] == pytest.approx(ticks["100"] - ticks["10"], abs=0.2)
    assert "tokens" in ticks
    assert PlotView(made).png()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"smoothing": 1}, "from 0 to below 1"),
        ({"log": "z"}, "logarithmic axes"),
        ({"x_title": 3}, "a title"),
    ],
)
def test_looks_that_are_none(given, message) -> None:
    with pytest.raises(LispeError, match=message):
        plot(List([1, 2]), **given)
