"""Programs become notebooks and notebooks programs, cells kept."""

import nbformat
import pytest

from lispe_kernel import Session
from lispe_kernel.notebook.convert import cells_of, notebook_of, program_of

MARKED = """\
; %% [markdown]
; # A title
;
; Some text; with a semicolon.

; %%
(setq x 1)

(setq y 2)

; %% [magic]
(magic "%who")

; %%
(+ x 1)
(magic "!echo \\"x\\"") ; magic
(+ x 2)

; %%
(+ x y)
"""
PLAIN = """\
; The greeting of a program.

(defun hello (name)

    (+ "hello " name))
(setq who "you")

; said at the end
(println (hello who))
"""


def test_marked_cells_come_back_as_they_were() -> None:
    assert program_of(notebook_of(MARKED)) == MARKED


@pytest.mark.parametrize(
    "source",
    [
        "(+ 1 2)",
        "; %%\n; %% [markdown]\n(+ 1 2)",
        ";  %% two",
        "",
        "(f)\n\n\n(g)\n",
        "%time (+ 1 2)",
        "?car",
        "%%python\nx = '`\\n'\ny",
        "%%bash\nls\n",
        '(f)\n!ls "a\\tb"\n(g)',
        "%nosuch",
        '(magic "!ls")',
        "!ls\n?car",
    ],
)
def test_any_cell_survives_the_way_there_and_back(source: str) -> None:
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source), nbformat.v4.new_markdown_cell(";; *text*\n\n(x")]
    )
    back = notebook_of(program_of(made))
    assert [cell.source.rstrip("\n") for cell in back.cells] == [source.rstrip("\n"), ";; *text*\n\n(x"]


def test_an_exported_notebook_does_what_the_notebook_does(capsys: pytest.CaptureFixture[str]) -> None:
    sources = [
        "(setq n 1)",
        "%%python\nn = n + 1\nm = `n`".replace("`", ""),
        "(println n)\n!echo two\n(println m)",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    Session().evaluate(program_of(made))
    assert capsys.readouterr().out == "2\ntwo\n2\n"


def test_magics_that_were_kept_as_comments_are_still_read() -> None:
    assert cells_of("; %% [magic]\n; %who\n; x") == [("magic", "%who\nx")]


def test_a_plain_program_is_cut_into_its_paragraphs() -> None:
    assert cells_of(PLAIN) == [
        ("markdown", "The greeting of a program."),
        ("code", '(defun hello (name)\n\n    (+ "hello " name))\n(setq who "you")'),
        ("code", "; said at the end\n(println (hello who))"),
    ]


def test_a_program_that_does_not_read_is_one_cell() -> None:
    assert cells_of("(a\n\n(b") == [("code", "(a\n\n(b")]


def test_an_exported_program_runs() -> None:
    assert Session().evaluate(MARKED) == 3


def test_a_new_notebook_is_valid_and_asks_for_lispe() -> None:
    made = notebook_of(MARKED)
    nbformat.validate(made)
    assert made.metadata.kernelspec.name == "lispe"
    assert [cell.cell_type for cell in made.cells] == ["markdown", "code", "code", "code", "code"]
    assert notebook_of(MARKED) == made
