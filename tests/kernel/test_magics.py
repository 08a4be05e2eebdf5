"""Cutting a cell into LispE and magics, and what the magics and bridges do in a real kernel."""

from __future__ import annotations

import pytest

from lispe_kernel import LispeError, Session
from lispe_kernel.assist.magics import parts_of
from lispe_kernel.running import bridges
from tests.kernel.kernel_process import Running


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("(+ 1 2)", [(None, "(+ 1 2)", "")]),
        ("%time (+ 1 2)", [("time", "", "(+ 1 2)")]),
        ("%%time\n(a)\n(b)", [("time", "(a)\n(b)", "")]),
        ("%%python\nx = 1", [("python", "x = 1", "")]),
        ("!ls -l", [("!", "", "ls -l")]),
        ("?println", [("?", "", "println")]),
        ("println?", [("?", "", "println")]),
        ("(a)\n!ls\n(b)", [(None, "(a)", ""), ("!", "", "ls"), (None, "\n\n(b)", "")]),
        ("(f\n!ls\n)", [(None, "(f\n!ls\n)", "")]),
        ("`text\n!ls\n`", [(None, "`text\n!ls\n`", "")]),
        ("(% 5\n%time\n3)", [(None, "(% 5\n%time\n3)", "")]),
        ("%12", [(None, "%12", "")]),
        ("%unknown x", [(None, "%unknown x", "")]),
        ("(atom? x)", [(None, "(atom? x)", "")]),
        ("", [(None, "", "")]),
    ],
)
def test_a_cell_is_cut_at_top_level_lines(code: str, parts: list[tuple[str | None, str, str]]) -> None:
    assert [(part.magic, part.text, part.argument) for part in parts_of(code)] == parts


def test_an_unknown_cell_magic_names_the_known_ones() -> None:
    with pytest.raises(LispeError, match=r"unknown cell magic: '%%ruby'.*%%python"):
        list(parts_of("%%ruby\n1"))


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.mark.parametrize(
    ("python", "lispe", "value"),
    [
        ("x = True", "x", "true"),
        ("x = False", "x", "nil"),
        ("x = [1, [2, True]]", "x", "(1 (2 true))"),
        ("x = (1, 2)", "x", "(1 2)"),
        ("x = {'a': [1]}", "x", '{"a":(1)}'),
        ("def f(a, b=2):\n    return a * b", "(f 5)", "10"),
        ("def f():\n    global made\n    made = 7\nf()", "made", "7"),
        ("y = x0 + 1", "y", "42"),
    ],
)
def test_what_python_assigns_lispe_has(session: Session, python: str, lispe: str, value: str) -> None:
    from lispe_kernel import to_text

    session.run("(setq x0 41)")
    bridges.run_python(python, session, "<test>")
    assert to_text(session.evaluate(lispe)) == value


def test_python_functions_see_later_changes_of_lispe_variables(session: Session) -> None:
    bridges.run_python("def f():\n    return [len(str(v)) for v in (seen,)]", session, "<test>")
    session.run("(setq seen 1234)")
    assert session.evaluate("(f)") == [4]


def test_python_keeps_its_own_builtins(session: Session) -> None:
    code = "def f(xs):\n    return [max(len(x), 1) for x in map(list, xs)]"
    bridges.run_python(code, session, "<test>")
    assert list(session.evaluate('(f (list "abc" "d"))')) == [3, 1]


def test_python_can_delete_a_variable(session: Session) -> None:
    session.run("(setq gone 1)")
    bridges.run_python("del gone", session, "<test>")
    with pytest.raises(LispeError, match="Unbound atom: 'gone'"):
        session.evaluate("gone")


def test_the_python_function_evaluates_in_the_session(session: Session) -> None:
    session.run("(setq n 4)")
    assert session.evaluate('(python "n * 2")') == 8
    with pytest.raises(LispeError, match="division by zero"):
        session.evaluate('(python "1 / 0")')


# -- in the kernel ---------------------------------------------------------------------------------


def test_python_cells_show_their_last_value_and_share_variables(kernel: Running) -> None:
    kernel.run("(setq base 20)")
    assert kernel.run("%%python\nbase + 1").result == "21"
    assert kernel.run("%%python\nbase = base + 5").result is None
    assert kernel.run("base").result == "25"


def test_an_error_in_a_python_cell_shows_its_lines_and_not_ours(kernel: Running) -> None:
    reply = kernel.run("%%python\ndef f():\n    return 1 / 0\nf()")
    text = "\n".join(reply.content["traceback"])
    assert "return 1 / 0" in text
    assert "line 3, in f" in text
    assert "bridges.py" not in text


def test_tensors_cross_without_a_copy(kernel: Running) -> None:
    kernel.run("%%python\nimport torch\nt = torch.zeros(3)")
    kernel.run("(setq u t)")
    kernel.run("%%python\nu[0] = 5")
    assert kernel.run('(python "t[0].item()")').result == "5"


def test_matplotlib_figures_of_python_cells_are_shown(kernel: Running) -> None:
    reply = kernel.run("%%python\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nNone")
    assert any("image/png" in content["data"] for content in reply.of("display_data"))


def test_time_shows_the_result_and_the_time(kernel: Running) -> None:
    for code in ("%time (+ 1 2)", "%%time\n(+ 1 2)"):
        reply = kernel.run(code)
        assert reply.result == "3"
        assert "Wall time:" in reply.stream()


def test_shell_commands_stream_their_output(kernel: Running) -> None:
    assert kernel.run("!echo one; echo two >&2").stream() == "one\ntwo\n"
    kernel.run("!exit 3")
    assert kernel.run("_exit_code").result == "3"


def test_who_lists_and_reset_forgets(kernel: Running) -> None:
    kernel.run("(setq listed 12)")
    assert "listed" in kernel.run("%who").stream()
    kernel.run("%reset")
    assert kernel.run("%who").stream() == "Nothing is defined yet.\n"
    assert kernel.run("listed").status == "error"
    assert kernel.run("(+ 1 1)").result == "2"


def test_load_ext_loads_or_says_why_not(kernel: Running) -> None:
    assert kernel.run("%load_ext ipywidgets").status == "ok"
    assert "no module can be imported" in kernel.run("%load_ext no_such_module_here").content["evalue"]
    assert "has no load_ipython_extension" in kernel.run("%load_ext json").content["evalue"]
    assert "needs more of IPython" in kernel.run("%load_ext IPython.extensions.autoreload").content["evalue"]


def test_matplotlib_inline_is_what_happens_anyway(kernel: Running) -> None:
    assert kernel.run("%matplotlib inline").status == "ok"
    assert "shown inline" in kernel.run("%matplotlib qt").content["evalue"]


def test_lsmagic_names_every_magic(kernel: Running) -> None:
    listed = kernel.run("%lsmagic").stream()
    assert all(
        name in listed for name in ("%%python", "%time", "%who", "%reset", "%load_ext", "!COMMAND", "?NAME")
    )


def test_question_mark_opens_the_pager(kernel: Running) -> None:
    (page,) = kernel.run("?println").content["payload"]
    assert page["source"] == "page"
    assert "println" in page["data"]["text/plain"]
    assert "nothing is named" in kernel.run("?no_such_name").content["evalue"]


def test_errors_after_a_magic_keep_their_line(kernel: Running) -> None:
    assert ", line: 3 in: cell" in kernel.run("!true\n(+ 1 1)\n(/ 1 0)").content["evalue"]
