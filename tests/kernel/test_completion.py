"""Completion: a table of texts (the cursor at `|`) and of what must and must not be offered."""

from __future__ import annotations

from pathlib import Path

import pytest

from lispe_kernel import Session
from lispe_kernel.assist.completion import TYPES, Completer

DEFINITIONS = """
(setq greeting "hello")
(setq my-long-name 5)
(setq été 1)
(setq configuration (dictionary "vocab_size" 10 "embed_dim" (dictionary "inner" 1)))
(defun area (width (height 2)) (* width height))
(defmacro unless_true (test body) (if test nil body))
"""


@pytest.fixture(scope="module")
def completer() -> Completer:
    session = Session()
    session.run(DEFINITIONS)
    return Completer(lambda: session)


def ask(completer: Completer, marked: str) -> dict:
    cursor = marked.index("|")
    return completer.complete(marked.replace("|", "", 1), cursor)


@pytest.mark.parametrize(
    ("marked", "offered"),
    [
        ("(printl|", "println"),
        ("(def|", "defun"),
        ("(set|", "setq"),
        ("(+ gree|", "greeting"),
        ("gree|", "greeting"),
        ("(area my-l|", "my-long-name"),
        ("(area lon|", "my-long-name"),
        ("(distrib|", "normal_distribution"),
        ("(println ét|", "été"),
        ("(are|", "area"),
        ("(unless_|", "unless_true"),
        ("(area 3 hei|", "(? height "),
        ("(area 3 (? he|", "height"),
        ("(defun f (local_one)\n  (+ local_|", "local_one"),
        ("(setq a 'some_atom) (eq a 'some_|", "some_atom"),
        ("%ti|", "%time"),
        ("(+ 1 2)\n%wh|", "%who"),
        ("%%pyt|", "%%python"),
        ('(@ configuration "vo|', "vocab_size"),
        ('(configuration @ "emb|', "embed_dim"),
        ('(@ configuration "embed_dim" "|', "inner"),
        ("(println |", "greeting"),
        ("(|", "area"),
    ],
)
def test_what_fits_is_offered(completer: Completer, marked: str, offered: str) -> None:
    assert offered in ask(completer, marked)["matches"]


@pytest.mark.parametrize(
    "marked",
    [
        "; a comment gree|",
        ";; a block gree|",
        '"gree|',
        "(println `gree|",
        "#! gree|",
        "(area 3 zzzz|",
        "!gree|",
        "%cd gree|",
        "%%bash\ngree|",
        "%who gree|",
    ],
)
def test_nothing_is_offered_in_comments_strings_and_where_nothing_fits(
    completer: Completer, marked: str
) -> None:
    assert ask(completer, marked)["matches"] == []


def test_names_of_the_compiler_are_offered_nowhere(completer: Completer) -> None:
    matches = ask(completer, "(setq x |")["matches"]
    assert "greeting" in matches
    assert not [text for text in matches if " " in text]


def test_after_a_closed_comment_names_are_offered_again(completer: Completer) -> None:
    assert "greeting" in ask(completer, ";; note ;; gree|")["matches"]


@pytest.mark.parametrize("before", ["", '"é😀" ', "(λ (😀) 😀) ", "'été ", "𝒳𝒴 "])
def test_cursor_positions_count_characters(completer: Completer, before: str) -> None:
    reply = ask(completer, before + "greet|")
    assert (reply["cursor_start"], reply["cursor_end"]) == (len(before), len(before) + 5)
    assert reply["matches"] == ["greeting"]


def test_only_the_word_before_the_cursor_counts(completer: Completer) -> None:
    reply = ask(completer, "(println gre|eting)")
    assert (reply["cursor_start"], reply["cursor_end"]) == (9, 12)


def test_matches_have_types_and_signatures(completer: Completer) -> None:
    (entry,) = ask(completer, "(area|")["metadata"][TYPES]
    assert entry == {
        "start": 1,
        "end": 5,
        "text": "area",
        "type": "function",
        "signature": "(area width (height 2))",
    }


def test_paths_are_completed_inside_strings(
    completer: Completer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "weights.pt").touch()
    (tmp_path / ".hidden").touch()
    monkeypatch.chdir(tmp_path)
    assert ask(completer, '(torch_load_model "|')["matches"] == ["models/"]
    reply = ask(completer, '(torch_load_model "models/w|')
    assert reply["matches"] == ["weights.pt"]
    assert reply["cursor_start"] == len('(torch_load_model "models/')
    assert ask(completer, f'(torch_load_model "{tmp_path}/mo|')["matches"] == ["models/"]
    assert ask(completer, '(torch_load_model ".h|')["matches"] == [".hidden"]
    assert ask(completer, '(torch_load_model "no/such/folder/|')["matches"] == []


def test_completion_runs_nothing(completer: Completer) -> None:
    session = Session()
    session.run("(setq calls 0) (defun touched () (setg calls (+ calls 1)) 'x)")
    quiet = Completer(lambda: session)
    for marked in ("(touched) |", "(touched |", '(@ (touched) "|', "((touched) (|"):
        ask(quiet, marked)
    assert session.evaluate("calls") == 0


@pytest.mark.parametrize("cursor", [-5, 0, 3, 10_000])
def test_any_cursor_is_survived(completer: Completer, cursor: int) -> None:
    assert completer.complete('(a))) " ` ;; ((', cursor)["status"] == "ok"


def test_after_percent_in_a_form_lispe_is_completed(completer: Completer) -> None:
    assert "greeting" in ask(completer, "(% 10 gree|")["matches"]


def test_the_methods_of_an_instance_are_offered_after_it() -> None:
    session = Session()
    session.run("(class@ Point (x (y 3)) (defun norm () (+ x y)) (defun move (k) (setqi x k)))")
    session.run("(class@ Pixel (colour) (from@ Point) (defun paint () colour)) (setq p (Pixel 1 2 'red))")
    completer = Completer(lambda: session)
    assert ask(completer, "(p (no|")["matches"] == ["norm"]
    assert ask(completer, "(p (|")["matches"] == ["move", "norm", "paint"]


@pytest.mark.parametrize(
    ("marked", "offered"),
    [
        ("%%python\ngree|", "greeting"),
        ("%%python\nprin|", "print"),
        ("%%python\nwhi|", "while"),
        ("%%python\ngreeting.upp|", "upper"),
        ("%%python\nx = greeting.spl|", "split"),
        ("%%python\nmath_module.sq|", "sqrt"),
        ("%%python\nmath_module.pi.is_|", "is_integer"),
        ("%%python\nstr.cas|", "casefold"),
    ],
)
def test_python_cells_complete_python(marked: str, offered: str) -> None:
    import math

    session = Session()
    session.run(DEFINITIONS)
    session.namespace["math_module"] = math
    assert offered in ask(Completer(lambda: session), marked)["matches"]


def test_completing_an_attribute_runs_no_property() -> None:
    class Touchy:
        @property
        def trap(self) -> int:
            raise AssertionError("a property ran")

    session = Session()
    session.namespace["touchy"] = Touchy()
    completer = Completer(lambda: session)
    assert ask(completer, "%%python\ntouchy.tr|")["matches"] == ["trap"]
    assert ask(completer, "%%python\ntouchy.trap.x|")["matches"] == []
    assert ask(completer, "%%python\nno_such.x|")["matches"] == []
