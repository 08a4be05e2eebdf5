"""Running LispE in tests: the value's text, the printed output, the error; more examples for a property."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest
from hypothesis import settings

from lispe_kernel import LispeError, Session, to_text


def text_of(source: str, session: Session | None = None) -> str:
    """The text of the value of a program."""
    return to_text((session or Session()).evaluate(source))


def output_of(source: str, session: Session | None = None) -> str:
    """What a program prints."""
    with redirect_stdout(io.StringIO()) as printed:
        (session or Session()).evaluate(source)
    return printed.getvalue()


def error_of(source: str, session: Session | None = None) -> LispeError:
    """The error that a program ends with."""
    with pytest.raises(LispeError) as caught:
        (session or Session()).evaluate(source)
    return caught.value


def times(factor: int) -> settings:
    """So many times the examples that the profile asks for: for a property with much to vary."""
    return settings(max_examples=factor * settings().max_examples)


def placed(error: LispeError) -> str:
    """An error as its place."""
    return f"error in line {error.span.line if error.span else None}"


def worded(error: LispeError) -> str:
    """An error as its words, without the place."""
    return str(error).split(", line")[0]


def outcome(session: Session, source: str, told: Callable[[LispeError], str] = placed) -> str:
    """The text of the value, or what is told of the error."""
    try:
        return to_text(session.evaluate(source))
    except LispeError as error:
        return told(error)
