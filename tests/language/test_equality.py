"""What `=` and `eq` say of two values, written out or in a variable: literals have a way of their own."""

from __future__ import annotations

import pytest

from lispe_kernel import Session

from .support import text_of

VALUES = ["0", "0.0", "1", "1.5", '""', '"a"', "nil", "true", "'()", "'(1)", "'a"]
# Other pairs that are equal, the left one first: a 0 on the left equals nil, a nil on the left no 0.
SAME = {("0", "0.0"), ("0.0", "0"), ("'()", "nil"), ("nil", "'()")}
EQUAL = {*SAME, ("0", "nil"), ("0.0", "nil"), ("1", "true"), ("'(1)", "'(1)")}


def holds(operator: str, a: str, b: str, session: Session) -> set[str]:
    """The answers with both written out, with either in a variable, with both in variables."""
    programs = [
        f"({operator} {a} {b})",
        f"(setq x {a}) ({operator} x {b})",
        f"(setq y {b}) ({operator} {a} y)",
        f"(defun f (x y) ({operator} x y)) (f {a} {b})",
        f"(defun f (x y) (if ({operator} x y) true nil)) (f {a} {b})",
    ]
    return {text_of(program, session) for program in programs}


@pytest.mark.parametrize("a", VALUES)
@pytest.mark.parametrize("operator", ["=", "eq", "!=", "neq"])
def test_two_values_are_equal_however_they_are_written(operator: str, a: str) -> None:
    session = Session()
    for b in VALUES:
        # Two lists with the same elements are equal, but not the same.
        alike = a == b and a != "'(1)"
        equal = alike or (a, b) in (EQUAL if operator in ("=", "!=") else SAME)
        assert holds(operator, a, b, session) == {"true" if equal == (operator in ("=", "eq")) else "nil"}, b


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("other", ['"b"', "nil", '{"k":1}', "(heap nil 1)"])
def test_what_has_no_order_has_none_beside_an_atom(operator: str, other: str) -> None:
    form = f"(maybe ({operator} 'a {other}) 'bad)"
    assert text_of(f"(list {form} (maybe ({operator} {other} 'a) 'bad) ({operator} 'a 'b))") == (
        "(bad bad nil)"
    )
