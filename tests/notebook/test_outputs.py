"""What two runs of a cell say differently, and how that is told."""

from lispe_kernel.display.page.html import clock, element, to_html
from lispe_kernel.display.page.publish import PASSING
from lispe_kernel.notebook.outputs import differences, with_cell_numbers
from tests.notebook.notebooks import stream, text


def test_equal_outputs_do_not_differ() -> None:
    assert differences([text("3"), stream("a")], [text("3"), stream("a")]) == []


def test_the_pieces_of_a_stream_are_one_text() -> None:
    assert differences([stream("one two")], [stream("one "), stream("two")]) == []


def test_a_stream_is_what_a_screen_shows_of_it() -> None:
    assert differences([stream("2\n")], [stream("1\r"), stream("2\n")]) == []
    assert differences([stream("2\n")], [stream("1\n2\n")]) != []


def test_the_order_of_different_kinds_and_of_keys_does_not_count() -> None:
    table = {"output_type": "display_data", "data": {"application/json": {"a": [1], "b": 2}}}
    again = {"output_type": "display_data", "data": {"application/json": {"b": 2, "a": [1]}}}
    assert differences([text("3"), table], [again, text("3")]) == []
    assert differences([text("3"), text("4")], [text("4"), text("3")]) != []


def test_pictures_and_widget_models_are_not_compared() -> None:
    first, second = text("3"), text("3")
    first.data["image/png"], second.data["image/png"] = "AAAA", "BBBB"
    second.data["application/vnd.jupyter.widget-view+json"] = {"model_id": "1"}
    assert differences([first], [second]) == []


def test_what_is_there_or_not_by_the_clock_is_not_compared() -> None:
    progress = {"output_type": "display_data", "data": {"text/plain": "saved"}, "metadata": {PASSING: True}}
    assert differences([progress, text("3")], [text("3")]) == []
    assert differences([text("3")], [progress, text("3")]) == []


def test_html_is_compared() -> None:
    (found,) = differences([text("<b>1</b>", "text/html")], [text("<b>2</b>", "text/html")])
    assert found.lines() == ["text/html:", "  -1", "  +2"]


def test_a_missing_output_is_told() -> None:
    (found,) = differences([text("3"), stream("a")], [stream("a")])
    assert found.lines() == ["outputs:", "  -text/plain: 3"]


def test_a_changed_line_is_shown_with_both_readings() -> None:
    (found,) = differences([stream("a\nb\nc\n")], [stream("a\nB\nc\n")])
    assert found.lines() == ["stdout:", "  -b", "  +B"]


def test_numbers_agree_only_within_the_tolerance() -> None:
    assert differences([text("0.5")], [text("0.50001")]) != []
    assert differences([text("0.5")], [text("0.50001")], tolerance=1e-4) == []


def test_a_long_difference_is_cut() -> None:
    (found,) = differences([stream("")], [stream("".join(f"{n}\n" for n in range(100)))])
    assert found.lines()[-1] == "  ... 60 more lines"


def test_the_running_number_of_a_cell_does_not_count() -> None:
    assert with_cell_numbers("line: 2 in: cell 1", "line: 2 in: cell 12") == "line: 2 in: cell 12"
    assert with_cell_numbers("line: 3 in: cell 1", "line: 2 in: cell 12") == "line: 3 in: cell 12"
    assert with_cell_numbers("cell 1", "cell 2") == "cell 1"


def test_what_the_clock_said_does_not_count_and_what_stands_beside_it_does() -> None:
    def page(time: str, parameters: int) -> list[dict[str, object]]:
        html = to_html(element("p", clock(time), clock(time, "td", data_v=time), element("td", parameters)))
        return [{"output_type": "display_data", "data": {"text/html": html}}]

    assert differences(page("2.95 ms", 8), page("310 µs", 8)) == []
    assert [found.kind for found in differences(page("2.95 ms", 8), page("310 µs", 9))] == ["text/html"]
