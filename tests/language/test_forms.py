"""Every special form says all of itself: help, examples that are true, a grammar that holds."""

import re
from pathlib import Path

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.language import compiler
from lispe_kernel.language.special_forms import SpecialForm, special_forms
from lispe_kernel.language.special_forms.grammar import Part, parse
from tests.language.support import error_of

compiler.load()
FORMS = sorted(special_forms, key=lambda form: form.name)
EXAMPLES = [
    pytest.param(code, result, id=f"{form.name} {number}")
    for form in FORMS
    for number, (code, result) in enumerate(form.examples)
]
each_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


@pytest.mark.parametrize(("code", "result"), EXAMPLES)
def test_an_example_gives_what_it_states(code: str, result: str) -> None:
    assert to_text(Session().evaluate(code)) == result


@each_form
def test_a_form_has_a_meaning_and_an_example(form: SpecialForm) -> None:
    assert form.meaning
    assert form.examples
    assert any(name in code for code, _ in form.examples for name in (form.name, *form.aliases, "'", "§"))


@each_form
def test_a_grammar_is_read_as_it_is_written(form: SpecialForm) -> None:
    written = " | ".join(" ".join(map(_written, parts)) for parts in form.rule.alternatives)
    assert written == form.grammar


def _written(part: Part) -> str:
    return part.text


# -- what a form says of arguments that do not fit -----------------------------------------------------


@each_form
def test_too_few_arguments_are_an_error_that_prints_the_grammar(form: SpecialForm) -> None:
    if form.least:
        text = str(error_of(_call(form, ["a"] * (form.least - 1))))
        assert form.signature in text


@each_form
def test_too_many_arguments_are_an_error_that_prints_the_grammar(form: SpecialForm) -> None:
    if form.most is not None:
        text = str(error_of(_call(form, ["a"] * (form.most + 1))))
        assert text.startswith(f"Error: Wrong number of arguments for: '{form.name}' (use {form.signature})")


# The forms with a part that cannot be just any form, however they are read.
SHAPED = [
    form
    for form in FORMS
    if not form.when_reached
    and all(any(part.least and not part.is_plain for part in parts) for parts in form.rule.alternatives)
]


@pytest.mark.parametrize("form", SHAPED, ids=lambda form: form.name)
def test_a_part_of_the_wrong_shape_is_an_error_that_prints_the_grammar(form: SpecialForm) -> None:
    refused = 0
    for wrong in ("5", "()", "(5)", '"text"', "name"):
        for index in range(max(form.least, 1)):
            items = ["name"] * max(form.least, 1)
            items[index] = wrong
            try:
                Session().compile(_call(form, items))
            except LispeError as error:
                refused += form.signature in str(error)
    assert refused


def test_a_list_in_the_wrong_shape_is_named_by_its_place() -> None:
    expected = "Error: lloop: the first argument must be a list of variables (use (lloop (variable...) "
    assert str(error_of("(lloop x '(1 2) x)")).startswith(expected)


@pytest.mark.parametrize("text", ["(a", "a)", "[a", "a]", "(a]"])
def test_an_unbalanced_grammar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="grammar"):
        parse(text)


@pytest.mark.parametrize(
    ("grammar", "least", "most"),
    [("", 0, 0), ("a b", 2, 2), ("a [b]", 1, 2), ("a...", 1, None), ("[a...]", 0, None), ("a b | (c)", 1, 2)],
)
def test_a_grammar_says_how_many_arguments_there_are(grammar: str, least: int, most: int | None) -> None:
    assert (parse(grammar).least, parse(grammar).most) == (least, most)


def _call(form: SpecialForm, items: list[str]) -> str:
    return "(" + " ".join([form.name, *items]) + ")"


# -- what follows from the registry --------------------------------------------------------------------


def test_two_forms_of_one_name_are_refused() -> None:
    def other() -> None: ...

    with pytest.raises(ValueError, match="'while'"):
        special_forms.add(SpecialForm("until", "test", other, aliases=("while",)))  # type: ignore[arg-type]


LISTED = re.compile(r"[\[({]((?:\s*\"[^\"\n]+\",?)+)\s*[\])}]")


def test_no_other_file_lists_the_names_of_forms() -> None:
    """Three names of forms side by side in a file of the package are a second list."""
    names = {name for name, _ in special_forms.names() if name.isalpha() and len(name) > 2}
    package = Path(compiler.__file__).parents[2]
    for path in package.rglob("*.py"):
        for match in LISTED.finditer(path.read_text(encoding="utf-8")):
            listed = set(re.findall(r'"([^"\n]+)"', match[1])) & names
            assert len(listed) < 3, f"{path}: {sorted(listed)}"
