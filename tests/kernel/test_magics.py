"""Cutting a cell into LispE and magics, and what the magics and bridges do in a real kernel."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
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
        ("(atom? x)", [(None, "(atom? x)", "")]),
        ("", [(None, "", "")]),
    ],
)
def test_a_cell_is_cut_at_top_level_lines(code: str, parts: list[tuple[str | None, str, str]]) -> None:
    assert [(part.magic, part.text, part.argument) for part in parts_of(code)] == parts


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%%pyton\n1", r"unknown cell magic: '%%pyton' \(did you mean '%%python'\?\)"),
        ("(f)\n%tiem 3", r"unknown magic: '%tiem' \(did you mean '%time' or '%timeit'\?\)"),
        ("%ls", r"unknown magic: '%ls' \(here it is !ls\)"),
        ("%autopx", r"unknown magic: '%autopx' \(here it is %%ranks on the first line of each cell\)"),
        ("%history -n", r"unknown magic: '%history' \(here it is %session log, after .*\)"),
        ("%%zzz\n1", r"unknown cell magic: '%%zzz'\. %lsmagic lists"),
        ("%bash ls", r"'%%bash' is the magic of a whole cell"),
        ("%%cd\n/tmp", r"'%cd' is the magic of a line"),
    ],
)
def test_an_unknown_magic_is_called_so(code: str, said: str) -> None:
    with pytest.raises(LispeError, match=said):
        list(parts_of(code))


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


WAITING = "import asyncio\nprint('before')\n"


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (WAITING + "await asyncio.sleep(0.01, 7)", "7"),
        (WAITING + "task = asyncio.create_task(asyncio.sleep(0.01, 8))", None),
        (WAITING + "await task", "8"),
        (WAITING + "async def f():\n    yield 4\n[x async for x in f()]", "(4)"),
        (WAITING + "1 + 1;", None),
        (WAITING + "1 + 1  # ;", "2"),
        (WAITING + "1 == 2", "nil"),
    ],
)
def test_python_cells_may_wait_and_hide_their_result(kernel: Running, code: str, result: str | None) -> None:
    reply = kernel.run("%%python\n" + code)
    assert reply.result == result
    assert reply.stream() == "before\n"


def test_classes_of_python_cells_are_found_by_pickle_and_by_other_processes(kernel: Running) -> None:
    code = """%%python
import pickle, typing, multiprocessing
class P:
    other: "P"
def double(x): return x * 2
with multiprocessing.Pool(1) as pool:
    print(pool.map(double, [2]))
print(type(pickle.loads(pickle.dumps(P()))) is P, typing.get_type_hints(P)["other"] is P)"""
    assert kernel.run(code).stream() == "[4]\nTrue True\n"


CLASSES = """%%python
import inspect
from dataclasses import dataclass
class Outer:
    class Inner:
        size = 1
@dataclass
class Point:
    x: int
def make():
    class Made:
        def give(self): return 1
    return Made
made = make()"""


def test_the_source_of_classes_of_python_cells_is_found(kernel: Running) -> None:
    kernel.run(CLASSES)
    for name, source in (
        ("Outer.Inner", "    class Inner:\n        size = 1\n"),
        ("Point", "@dataclass\nclass Point:\n    x: int\n"),
        ("made", "    class Made:\n        def give(self): return 1\n"),
    ):
        assert kernel.run(f"%%python\nprint(inspect.getsource({name}), end='')").stream() == source
    kernel.run("%%python\nclass Point:\n    y = 2\ndef make():\n    class Made:\n        pass")
    shown = kernel.run("%%python\nprint(inspect.getsource(Point), inspect.getsource(made), sep='', end='')")
    assert shown.stream() == "class Point:\n    y = 2\n    class Made:\n        def give(self): return 1\n"
    kernel.run("(python `class Here: pass`)")
    kernel.run("(python `def there(): pass`)")
    asked = "(python `'|'.join(map(__import__('inspect').getsource, (Here, there)))`)"
    assert kernel.run(asked).result == "class Here: pass|def there(): pass"


def test_warnings_and_errors_name_the_cell_and_no_file(kernel: Running) -> None:
    first = kernel.run("%%python\nimport warnings\nwarnings.warn('careful')")
    assert first.stream("stderr").endswith(", line 3: UserWarning: careful\n  warnings.warn('careful')\n")
    assert first.stream("stderr").startswith("cell ")
    of_torch = kernel.run("(defun deviation ()\n  (->std (torch_tensor '(1.0))))\n(deviation)").stream(
        "stderr"
    )
    assert re.match(
        r"cell \d+, line 2: UserWarning: std\(\): degrees of freedom is <= 0.*\n  \(->std ", of_torch
    )
    assert "ReduceOps" not in of_torch
    assert "ipykernel" not in "\n".join(kernel.run("%%python\n1/0").content["traceback"])


def test_stopping_a_cell_stops_the_whole_command(kernel: Running) -> None:
    own = [str(600 + each + os.getpid() / 1e7) for each in range(3)]
    identity = kernel.begin(f"!sleep {own[0]} | sleep {own[1]} & echo begun; sleep {own[2]}")
    kernel.interrupt()
    assert kernel.reply_to(identity)["ename"] == "Interrupted"
    kernel.drain()
    commands = [
        process
        for process in psutil.process_iter(["cmdline"])
        if set(process.info["cmdline"] or ()) & set(own)
    ]
    assert psutil.wait_procs(commands, timeout=60)[1] == []


def test_a_server_is_left_running_and_the_cell_ends(kernel: Running) -> None:
    said = kernel.run("!sleep 600 & echo started $!").stream()
    assert said.startswith("started ")
    # It is there to be ended.
    os.kill(int(said.split()[1]), signal.SIGKILL)


def test_files_folders_and_the_environment(kernel: Running) -> None:
    assert kernel.run("%%writefile made.txt\none\ntwo").stream() == "Writing made.txt\n"
    assert kernel.run("%%writefile -a made.txt\nthree").stream() == "Appending to made.txt\n"
    assert kernel.run("%%bash\nwc -l < made.txt\nrm made.txt").stream().strip() == "3"
    assert "ended with status 4" in kernel.run("%%sh\nexit 4").content["evalue"]
    assert kernel.run("%env LISPE_MADE=5").stream() == "env: LISPE_MADE=5\n"
    assert kernel.run("!echo $LISPE_MADE").stream() == "5\n"
    here = kernel.run("%pwd").result
    assert kernel.run('%cd /\n(magic "%pwd")').result == "/"
    assert kernel.run("%cd -").stream() == f"{here}\n"
    assert "No such file or directory: /no/such" in kernel.run("%cd /no/such").content["evalue"]


def test_capture_keeps_what_a_cell_shows(kernel: Running) -> None:
    reply = kernel.run("%%capture seen\n(println 12)\n(+ 1 2)")
    assert (reply.stream(), reply.result) == ("", None)
    assert kernel.run("(@ seen 'stdout)").result == "12\n"
    shown = kernel.run("%%python\nseen.show()")
    assert shown.stream() == "12\n"
    assert [content["data"]["text/plain"] for content in shown.of("display_data")] == ["3"]


def test_timeit_says_how_long_a_form_takes(kernel: Running) -> None:
    said = kernel.run("%timeit -n 10 -r 2 (* 3 4)").stream()
    assert re.fullmatch(
        r"\S+ (ns|µs|ms|s) ± .* per loop \(mean ± std\. dev\. of 2 runs, 10 loops each\)\n", said
    )


def test_a_program_runs_magics_and_commands(tmp_path: Path) -> None:
    program = tmp_path / "program.lisp"
    program.write_text(
        '(setq n 2)\n!echo one\n%python n = n + 1\n(println n (python "n * 2"))\n(magic "!echo two")\n'
    )
    command = [sys.executable, "-m", "lispe_kernel.cli", str(program)]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "one\n3 6\ntwo\n"


@pytest.mark.parametrize("call", ["magic", "python"])
def test_what_is_no_text_is_refused(kernel: Running, call: str) -> None:
    said = kernel.run(f"({call} '(1))").content["evalue"]
    assert said.startswith(f"Error: {call}: the first argument must be a string, not the list (1)")


def test_who_lists_and_reset_forgets(kernel: Running) -> None:
    kernel.run("%reset")
    kernel.run("(setq listed 12) (dethread begin () 1)")
    assert [line.split()[0] for line in kernel.run("%who").stream().splitlines()] == ["begin", "listed"]
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


def test_a_session_is_kept_after_each_cell_also_after_errors_and_a_reset(
    kernel: Running, tmp_path: Path
) -> None:
    kernel.run(f'(session_keep "{tmp_path}/kept")')
    for text in ("(setq kept_a 1)", "(car 1", "%reset", "(setq kept_b 2)"):
        kernel.run(text)
    log = kernel.run("%session log").stream()
    kernel.run("(session_keep nil)")
    told = [line.split(None, 2)[2].partition("  |")[0] for line in log.splitlines()[1:-1]]
    assert told == ["+ kept_a", "changed nothing", "- kept_a", "+ kept_b"]


def test_time_is_taken_of_another_magic_of_the_whole_cell(kernel: Running) -> None:
    reply = kernel.run("%%time\n\n%%python\n1 + 2")
    assert (reply.result, "Wall time" in reply.stream()) == ("3", True)
