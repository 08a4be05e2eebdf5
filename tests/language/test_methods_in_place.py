"""Library functions that compile to a method of Python's list or text mean what the functions mean."""

import pytest

from lispe_kernel import Session
from lispe_kernel.language.compiler.inline.classes import QUESTIONS
from lispe_kernel.language.compiler.inline.methods import _FREE, _RESERVED
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.positions import inherit_making

# Values of the kinds that decide which way a call goes.
VALUES = ('"abcab"', '"b"', '""', '"É"', "(list 3 1)", "(cdr (list 1 2 3))", "2", "-1", "2.5")


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


def outcome(session: Session, text: str) -> str:
    try:
        return str(session.evaluate(f"(string {text})"))
    except Exception as error:
        return str(error).split(", line")[0]


@pytest.mark.parametrize(("name", "row"), [*_RESERVED.items(), *_FREE.items()])
def test_a_call_in_place_gives_what_the_function_gives(session: Session, name: str, row: object) -> None:
    count = len(row.classes)  # type: ignore[attr-defined]
    names = " ".join("abc"[:count])
    session.evaluate(f"(defun go ({names}) (list ({name} {names}) {names}))")
    session.evaluate(f"(defun truth ({names}) (if ({name} {names}) 1 0))")
    session.evaluate(f"(defun called ({names}) (list (apply '{name} (list {names})) {names}))")
    for at in range(len(VALUES)):
        arguments = " ".join(VALUES[(at * step) % len(VALUES)] for step in (1, 3, 4)[:count])
        found = outcome(session, f"(go {arguments})")
        assert found == outcome(session, f"(called {arguments})"), arguments
        if not found.startswith("Error"):
            asked = outcome(session, f"(truth {arguments})")
            assert asked == outcome(session, f"(if (car (called {arguments})) 1 0)"), arguments


# Values of every class, a literal of each kind among them.
ANY = (
    *VALUES,
    *("-2.5", "(complex 1 2)", "'q", "nil", "true", "()", "'(1)", "(integers)", "(numbers 1)", "(cdr '(1))"),
    *("(llist 1)", "(set 1)", '(dictionary "a" 1)', "(dictionaryi 1 2)", '(strings "a")', "(rho 2 2 '(1))"),
    *("(λ (x) x)", "(tensor_create '(1.0))", "(tensor_mean (tensor_create '(1.0)))"),
)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_for_a_class_has_the_answer_of_the_function(session: Session, name: str) -> None:
    session.evaluate(f"(defun asked (x) (list ({name} x) (if ({name} x) 1 0)))")
    for value in ANY:
        answer = outcome(session, f"(apply '{name} (list {value}))")
        both = f"({answer} {0 if answer == 'nil' else 1})"
        assert outcome(session, f"(asked {value})") == both, value
        assert outcome(session, f"((λ () (list ({name} {value}) (if ({name} {value}) 1 0))))") == both, value


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_variable_with_the_name_of_a_question_is_called(name: str) -> None:
    session = Session()
    session.evaluate(f"(defun f (x) (list ({name} x) (if ({name} x) 1 0)))")
    session.evaluate(f"(setq {name} (λ (x) 'mine))")
    assert outcome(session, "(f 5)") == "(mine 1)"


# Calls that are written as statements or expressions of their own, with the values of their variables.
OTHERS = {
    "(swap x 0 y)": "(apply 'swap (list x 0 y))",
    "(pop x y)": "(apply 'pop (list x y))",
    "(@@ x y 2)": "(apply '@@ (list x y 2))",
    "(@@ x 1 y)": "(apply '@@ (list x 1 y))",
    "(@ (ord x) 0)": "(apply '@ (list (apply 'ord (list x)) 0))",
    "(car (ord x))": "(apply 'car (list (apply 'ord (list x))))",
    "(integer x)": "(apply 'integer (list x))",
    "(sum x)": "(apply 'sum (list x))",
    "(max x)": "(apply 'max (list x))",
    "(in x y)": "(apply 'in (list x y))",
    "(keyi@ x y)": "(apply 'keyi@ (list x y))",
    "(keyn@ x y)": "(apply 'keyn@ (list x y))",
    '(in \'("a" "7") y)': '(apply \'in (list \'("a" "7") y))',
    "(in '(3 7) y)": "(apply 'in (list '(3 7) y))",
    "(in (list x 2) y)": "(apply 'in (list (list x 2) y))",
    "(nullp x)": "(apply 'nullp (list x))",
    "(eq x y)": "(apply 'eq (list x y))",
    '(= x "")': '(apply \'= (list x ""))',
    "(set@@ x y 2 (list 8 9))": "(apply 'set@@ (list x y 2 (list 8 9)))",
    "(set@@ x 0 y x)": "(apply 'set@@ (list x 0 y x))",
}
GIVEN = (
    *ANY,
    '"7"',
    '"0x1F"',
    '"a"',
    "(list 1 2.5)",
    "(list 1.5 (list 2))",
    '(list "a" 2)',
    "(integers 3 4 5)",
    "'a",
    "(dictionaryi 7 1)",
    "(dictionaryn 7.0 1 2.5 3)",
)


@pytest.mark.parametrize("form", OTHERS)
def test_a_form_in_place_gives_what_the_function_gives(session: Session, form: str) -> None:
    session.evaluate(f"(defun go (x y) (setq z {form}) (list z x y))")
    session.evaluate(f"(defun called (x y) (setq z {OTHERS[form]}) (list z x y))")
    for value in GIVEN:
        if form.startswith("(set@@") and '"' in value:
            continue  # a variable that holds a text receives the new one
        for other in ("0", "-1", "1.0", '"a"') if " y" in form else ("0",):
            found, expected = (outcome(session, f"({name} {value} {other})") for name in ("go", "called"))
            assert found == expected or {found[:6], expected[:6]} == {"Error:"}, (value, other)


@pytest.mark.parametrize("name", ["fabs", "last", "upper", "sqrt", "startwith"])
def test_a_function_that_is_defined_anew_is_called_where_the_old_one_was(name: str) -> None:
    session = Session()
    names = "(a b)" if name == "startwith" else "(a)"
    given = '"ab" "a"' if name == "startwith" else "1.0"
    session.evaluate(f"(defun f {names} ({name} {names[1:-1]}))")
    session.evaluate(f"(defun {name} {names} 'mine)")
    assert outcome(session, f"(f {given})") == "mine"


def test_a_variable_of_the_name_is_called_in_its_function() -> None:
    session = Session()
    assert session.evaluate("(defun f (x) (setq upper (λ (y) (+ y 1))) (upper x)) (f 2)") == 3


@pytest.mark.parametrize("cls", [List, Strings, Dictionary])
def test_a_class_over_list_or_dict_is_made_as_it_was(cls: type) -> None:
    made = cls()
    assert type(made) is cls
    assert not made
    with pytest.raises(TypeError):
        cls(1, 2)


def test_a_class_that_begins_its_values_itself_keeps_its_way() -> None:
    @inherit_making
    class Doubled(List):
        __slots__ = ()

        def __init__(self, items: object) -> None:
            super().__init__([items, items])

    assert Doubled(1) == [1, 1]
