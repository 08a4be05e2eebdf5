"""A file with something decorated is all that a new function, form or view needs; a Session knows it."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

FILES = {
    "sounds/words/greetings.py": '''
        from lispe_kernel.language.functions import function

        @function("greet")
        def greet(name):
            """A greeting for a name.

            Example: (greet "you") => hello you
            """
            return f"hello {name}"
    ''',
    "sounds/forms.py": '''
        from lispe_kernel.language.compiler.tree import Constant, If
        from lispe_kernel.language.special_forms import special

        @special("unless", "test body...", result=(-1,))
        def resolve_unless(r, form):
            """Evaluate the body when the test is false.

            Example: (unless nil 1) => 1
            """
            return If(r.place, r.node(form[1]), Constant(r.place, None), r.sequence(form, 2))
    ''',
    "sounds/bells.py": '''
        from lispe_kernel.display.page.registry import View, renderer

        class Bell:
            pass

        @renderer(Bell)
        class BellView(View):
            """A bell."""

            def text(self):
                return "a bell"
    ''',
}
ASKED = """
from lispe_kernel import Session
from lispe_kernel.assist.completion import Completer
from lispe_kernel.assist.inspection import Inspector
from lispe_kernel.display.page.registry import bundle
from lispe_kernel.language.discovery import import_all
from scripts.write_functions import PLACES, pages

import_all("sounds")
from sounds.bells import Bell

session = Session()
print(session.evaluate('(unless nil (greet "you"))'))
print(bundle(Bell())["text/plain"])
print(Completer(lambda: session).complete("(gree", 5)["matches"])
print(Completer(lambda: session).complete("(unl", 4)["matches"])
for name in ("greet", "unless"):
    print(Inspector(lambda: session).about(name)["text/plain"].splitlines()[0])
PLACES["sounds"] = ("sounds", "Sounds")
written = "".join(pages().values())
print("## `greet`" in written, "## `unless`" in written)
"""
ANSWERED = """
hello you
a bell
['greet']
['unless']
(greet name)    [function of sounds words greetings]
(unless test body...)    [special form]
True True
"""


def answers(program: str, *folders: Path) -> str:
    """What a program prints in a Python of its own."""
    path = os.pathsep.join(map(str, folders))
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_is_enough_for_a_function_a_form_and_a_view(root: Path, tmp_path: Path) -> None:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(textwrap.dedent(text))
    (tmp_path / "sounds" / "__init__.py").touch()
    assert answers(ASKED, root, tmp_path).strip() == ANSWERED.strip()


HEAVY = ("torch", "PIL", "ipywidgets", "IPython", "lispe_kernel.display", "lispe_kernel.running.bridges")


def test_a_session_is_made_without_its_libraries(root: Path) -> None:
    program = f"""
import sys
from lispe_kernel import Session
Session().evaluate("(+ 1 2)")
print(*[name for name in {HEAVY!r} if name in sys.modules])
"""
    assert answers(program, root).strip() == ""


@pytest.mark.parametrize("name", ["track", "heatmap", "display", "input", "python", "traceback_mode"])
def test_a_session_made_in_python_knows_what_a_cell_knows(name: str, root: Path) -> None:
    program = f"""
import sys
from lispe_kernel import Session, to_text
print(to_text(Session().evaluate("(list (type '{name}) (type {name}))")))
print(*[name for name in ("torch", "PIL", "ipywidgets", "IPython") if name in sys.modules])
"""
    assert answers(program, root).split() == ["(atom_", "function_)"]


@pytest.mark.parametrize(
    ("first", "second", "refused"), [("a.b.one", "a.b.two", True), ("a.b.one", "a.c.two", False)]
)
def test_one_library_gives_a_name_once(first: str, second: str, refused: bool) -> None:
    from lispe_kernel.language.functions import Function, Registry

    def made(module: str) -> Function:
        def call() -> None: ...

        call.__module__ = module
        return Function("twin", call)

    registry = Registry()
    registry.add(made(first))
    registry.add(made(first))
    if refused:
        with pytest.raises(ValueError, match="two functions are called 'twin'"):
            registry.add(made(second))
    else:
        registry.add(made(second))
