"""Running LispE in tests: the value's text, the printed output, the error."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest

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
