"""The interactive prompt, driven through prompt_toolkit's own pipe input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from lispe_kernel import Session, display
from lispe_kernel.assist.completion import Completer
from lispe_kernel.assist.magics import AT_A_PROMPT
from lispe_kernel.repl import BANNER, Completions, Prompt
from lispe_kernel.running.background import Preload
from lispe_kernel.running.history import History

Typing = Callable[[str], tuple[int, str, str]]


@pytest.fixture
def typing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type a text into a prompt that ends with Ctrl-D; its exit status, output and error output."""

    def type_(text: str) -> tuple[int, str, str]:
        with create_pipe_input() as keys:
            keys.send_text(text + "\x04")
            prompt = Prompt(Session(), History(tmp_path / "h.sqlite"), input=keys, output=DummyOutput())
            status = prompt.loop()
        captured = capsys.readouterr()
        assert captured.out.startswith(BANNER + "\n")
        return status, captured.out.removeprefix(BANNER + "\n"), captured.err

    return type_


def test_values_are_printed_and_statements_are_silent(typing: Typing) -> None:
    assert typing("(setq x 20)\r(+ x 1)\r") == (0, "21\n", "")


def test_enter_opens_a_line_while_brackets_are_open(typing: Typing) -> None:
    assert typing("(+ 1\r2)\r")[1] == "3\n"


def test_an_error_is_shown_and_the_prompt_goes_on(typing: Typing) -> None:
    _, out, err = typing("(/ 1 0)\r(+ 1 1)\r")
    assert out == "2\n"
    assert err.startswith("Error: division by zero, line: 1 in: entry 1\n")


def test_a_malformed_line_is_an_error(typing: Typing) -> None:
    assert "do not balance" in typing(")\r")[2]


def test_torch_is_there_when_an_entry_needs_it(typing: Typing) -> None:
    assert typing("(setq t (torch_ones (list 2)))\r(type t)\r")[1].strip().endswith("tensor_")


def test_ctrl_c_drops_the_line(typing: Typing) -> None:
    assert typing("(+ 1 \x03(+ 2 2)\r")[1] == "4\n"


def test_tab_offers_what_the_kernel_would(tmp_path: Path) -> None:
    session = Session()
    session.run("(setq only-this-name 5)")
    completions = Completions(Completer(lambda: session), Preload())
    (found,) = completions.get_completions(Document("(+ only-th"), CompleteEvent())
    assert (found.text, found.start_position) == ("only-this-name", -7)


@pytest.mark.parametrize("asked", ["?println", "println?", "? println", "??println"])
def test_question_mark_helps(typing: Typing, asked: str) -> None:
    assert "(println (() values))" in typing(f"{asked}\r")[1]


def test_help_on_nothing_says_so(typing: Typing) -> None:
    assert "nothing is named 'no-such-name'" in typing("?no-such-name\r")[2]


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("%time (+ 1 2)\r", "Wall time: "),
        ("%%time\r(+ 1 2)\r\r\r", "Wall time: "),
        ("(setq mine 5)\r%who\r", "mine  "),
        ("(setq mine 5)\r%reset\r%who\r", "Nothing is defined yet."),
        ("%lsmagic\r", "%time FORM"),
        ("!echo from the shell\r", "from the shell"),
        ("%%python\rmade = 6 * 7\r\r\r(+ made 1)\r", "43"),
        ("%python 6 * 7\r", "42"),
    ],
)
def test_magics_run(typing: Typing, typed: str, printed: str) -> None:
    _, out, err = typing(typed)
    assert printed in out
    assert err == ""


def test_tab_offers_the_magics_that_can_run_here() -> None:
    found = Completer(Session, AT_A_PROMPT).matches("%", 1)[1]
    assert {match.text for match in found} == {
        f"%{name}" for name, entry in AT_A_PROMPT.items() if entry.line and name.isalpha()
    }
    assert "%matplotlib" not in {match.text for match in found}


def test_what_waits_for_the_end_is_shown_after_each_entry(typing: Typing) -> None:
    display.load()
    assert "loss 0.5 after 1 step" in typing('(track "loss" 0.5)\r')[1]


def test_the_history_of_earlier_prompts_comes_back(typing: Typing) -> None:
    typing("(+ 40 2)\r")
    assert typing("\x1b[A\r")[1] == "42\n"


def test_tab_waits_for_torch_only_where_the_text_names_it() -> None:
    loads: list[str] = []
    completions = Completions(Completer(Session), Preload(lambda: loads.append("torch")))
    for text, begun in (("(maplis", []), ("(torch_linea", ["torch"])):
        list(completions.get_completions(Document(text), CompleteEvent()))
        assert loads == begun, text
