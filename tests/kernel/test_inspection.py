"""Help: which name is meant, what its page says, and that nothing is run or left unescaped."""

from __future__ import annotations

import pytest

from lispe_kernel import Session
from lispe_kernel.assist.inspection import Inspector


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    made.run(
        '(defun area (width (height 2))\n    "The area of a <b>rectangle</b>."\n    (* width height))',
        "cell 3",
        "f3",
    )
    made.run('(setq xs (list 1 2 3)) (setq bad "<script>alert(1)</script>")')
    made.run("(defmacro unless_true (test body) (if test nil body))")
    return made


@pytest.fixture(scope="module")
def inspector(session: Session) -> Inspector:
    return Inspector(lambda: session)


def text(inspector: Inspector, marked: str) -> str:
    cursor = marked.index("|")
    reply = inspector.inspect(marked.replace("|", "", 1), cursor)
    assert reply["status"] == "ok"
    return reply["data"].get("text/plain", "") if reply["found"] else ""


@pytest.mark.parametrize(
    ("marked", "heading"),
    [
        ("(print|ln 1)", "(println (() values))"),
        ("|println", "(println (() values))"),
        ("(println| 1)", "(println (() values))"),
        ("(println 1 |)", "(println (() values))"),
        ('(println "a str|ing")', "(println (() values))"),
        ("(se|tq a 1)", "(setq variable value)"),
        ("(println (area 2| 3))", "(area width (height 2))"),
        ("?print|ln", "(println (() values))"),
        ("(println x|s)", "xs"),
        ("(lambda| (x) x)", "(λ"),
        ("(unless_tr|ue x y)", "(unless_true test body)    [your macro]"),
        ("(println 1)\n%ti|me (area 1)", "%time FORM, %%time    [magic]"),
        ("?%ti|me", "%time FORM, %%time    [magic]"),
        ("%time (ar|ea 1)", "(area width (height 2))"),
        ("%%time\n(ar|ea 1)", "(area width (height 2))"),
        ("%%python\nma|x(1, 2)", "max    [function of Python's]"),
        ("%%python\nmax(len([|", "len(obj, /)    [function of Python's]"),
        ("%%python\nxs.appe|nd", "xs.append(object, /)"),
        ("%%time\n%%python\nare|a", "(area width (height 2))"),
    ],
)
def test_the_word_at_the_cursor_or_the_call_around_it_is_explained(
    inspector: Inspector, marked: str, heading: str
) -> None:
    assert text(inspector, marked).startswith(heading)


@pytest.mark.parametrize(
    "marked", ["|", "; prin|tln", "(unknown_thing| 1)", "12|", "!l|s", "%cd l|s", "%%bash\nl|s"]
)
def test_where_nothing_is_known_nothing_is_found(inspector: Inspector, marked: str) -> None:
    assert text(inspector, marked) == ""


def test_a_function_of_the_user_shows_cell_docstring_and_source(inspector: Inspector) -> None:
    page = text(inspector, "(are|a 1)")
    assert "The area of a <b>rectangle</b>." in page
    assert "Defined in: cell 3, line 1" in page
    assert "(* width height))" in page


def test_a_library_function_shows_its_example(inspector: Inspector) -> None:
    assert 'Example: (println 1 "a" \'("a")) => 1 a ("a")' in text(inspector, "printl|n")


def test_a_variable_shows_its_value_and_size(inspector: Inspector) -> None:
    page = text(inspector, "x|s")
    assert "(1 2 3)" in page
    assert "Size: 3" in page


def test_html_is_escaped(inspector: Inspector) -> None:
    for name in ("area", "bad"):
        html = inspector.about(name)["text/html"]
        assert "<script>" not in html
        assert "<b>rectangle" not in html


def test_long_values_are_shortened(session: Session, inspector: Inspector) -> None:
    session.run("(setq long (iota 5000))") if session.function_named("iota") else session.run(
        "(setq long (list)) (loopcount 5000 (push long 1))"
    )
    assert len(inspector.about("long")["text/plain"]) < 1000


def test_a_pattern_function_shows_all_its_clauses(session: Session, inspector: Inspector) -> None:
    session.run("(defpat fact (0) 1)\n(defpat fact (n) (* n (fact (- n 1))))", "cell 9", "f9")
    page = inspector.about("fact")["text/plain"]
    assert page.startswith("(fact 0) or (fact n)")
    assert "Defined in: cell 9, line 1" in page
    assert page.endswith("(defpat fact (0) 1)\n(defpat fact (n) (* n (fact (- n 1))))")


def test_a_class_shows_its_fields_parent_and_methods(session: Session, inspector: Inspector) -> None:
    session.run("(class@ Pt (x (y 3)) (defun norm () (+ x y))) (class@ Px (c) (from@ Pt) (defun paint () c))")
    page = inspector.about("Px")["text/plain"]
    assert page.startswith("(Px ")
    assert "Extends: Pt" in page
    assert "Extends" not in inspector.about("Pt")["text/plain"]
    assert "Methods: norm paint" in page
