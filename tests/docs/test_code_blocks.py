"""Every block of code in the pages that people write runs, and shows what it says that it shows."""

import doctest
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from lispe_kernel import Session

ROOT = Path(__file__).resolve().parents[2]
# The examples of the pages of functions and the pairs of the page for PyTorch people are tested elsewhere.
PAGES = [
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
    if path.name not in ("functions.md", "from-pytorch.md")
]
BLOCK = re.compile(r"^```(?P<language>[a-z]+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
# What a block of Python is for, by a name it defines: what must be true when it has run.
PROVES = {
    "double": """
        from lispe_kernel import Session
        from lispe_kernel.language.functions import registry
        for code, result in registry.get("double").examples:
            assert str(Session().evaluate(code)) == result, code
    """,
    "resolve_twice": """
        from lispe_kernel import Session
        assert Session().evaluate("(setq n 0) (twice (+= n 1))") == 2
        assert Session().evaluate("(defun f (n) (twice (+= n 1))) (f 5)") == 7
    """,
    "FractionView": """
        from fractions import Fraction
        from lispe_kernel.display import bundle
        shown = bundle(Fraction(3, 4))
        assert shown["text/plain"] == "3/4"
        assert "<sup>3</sup>" in shown["text/html"]
    """,
    "FractionExplorer": """
        from lispe_kernel.display.explorers.registry import explorer_of
        from lispe_kernel.display.page.html import to_html
        made = explorer_of(Fraction(1, 3))
        assert "0.333<" in to_html(made.content())
        made.decimals.value = 5
        assert "0.33333<" in to_html(made.content())
    """,
    "shout": """
        import contextlib, io, types
        from lispe_kernel import Session
        from lispe_kernel.assist.magics import parts_of
        from lispe_kernel.running.hosts import RUNS
        host = types.SimpleNamespace(lispe=Session().run)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            for part in parts_of('%shout (+ "hel" "lo")'):
                RUNS[part.magic](part, host)
        assert printed.getvalue() == "HELLO\\n"
    """,
    "Angle": """
        from lispe_kernel import Session, to_text
        session = Session()
        session.namespace["right"] = Angle(90)
        assert to_text(session.evaluate("(list right)")) == "(90°)"
        assert to_text(session.evaluate("(type right)")) == "angle_"
    """,
}

# What its page says must be there before a block runs.
BEFORE = {
    "shout": """
        from lispe_kernel.assist.magics import MAGICS, Magic
        MAGICS["shout"] = Magic("%shout FORM: its value in capitals.")
    """
}


def blocks(language: str, *, session: bool = False) -> list[object]:
    """The blocks of a language; those that are a dialogue with Python where `session` says so."""
    return [
        pytest.param(found["code"], id=f"{path.name}:{path.read_text()[: found.start()].count(chr(10)) + 1}")
        for path in sorted(PAGES)
        for found in BLOCK.finditer(path.read_text())
        if found["language"] == language and found["code"].startswith(">>>") is session
    ]


def dialogues() -> list[object]:
    """The pages that talk with Python; a dialogue goes on from block to block."""
    return [
        pytest.param(path, id=path.name)
        for path in sorted(PAGES)
        if any(found["code"].startswith(">>>") for found in BLOCK.finditer(path.read_text()))
    ]


@pytest.mark.parametrize("code", blocks("lisp"))
def test_a_block_of_lisp_runs(code: str, in_folder: Path) -> None:
    Session(folder=str(in_folder)).evaluate(code)


@pytest.mark.parametrize("code", blocks("python"))
def test_a_block_of_python_does_what_its_page_says(code: str, tmp_path: Path) -> None:
    name = next(name for name in PROVES if re.search(rf"^(def|class) {name}\b", code, re.M))
    program = tmp_path / "block.py"
    program.write_text("\n".join(map(dedent, (BEFORE.get(name, ""), code, PROVES[name]))))
    done = subprocess.run([sys.executable, program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", blocks("python"))
def test_a_block_of_python_that_is_copied_passes_the_checks_before_a_commit(code: str) -> None:
    module = f'"""What a page shows."""\n\n{code}'
    for ask in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *ask, "--stdin-filename", "lispe_kernel/block.py", "-"]
        done = subprocess.run(command, cwd=ROOT, input=module, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", dialogues())
def test_a_dialogue_with_python_shows_what_the_page_shows(page: Path) -> None:
    text = "\n".join(
        found["code"] for found in BLOCK.finditer(page.read_text()) if found["language"] == "python"
    )
    examples = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    said: list[str] = []
    assert doctest.DocTestRunner().run(examples, out=said.append).failed == 0, "".join(said)


def test_the_pages_hold_blocks_of_each_sort() -> None:
    assert all([blocks("lisp"), blocks("python"), dialogues()])
