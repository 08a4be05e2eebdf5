"""What the library's tests share: programs in fresh sessions, tables of them, calls inside a session."""

import contextlib
import io
from collections.abc import Callable, Iterable

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.language import runtime


def text_of(program: str) -> str:
    """The printed text of a program's value, in a fresh session."""
    return to_text(Session().evaluate(program))


def shown(code: str) -> str:
    """What an example prints, or the text of its value."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        outcome = Session().run(code)
    return output.getvalue().removesuffix("\n") or to_text(outcome.value)


def each_gives(table: Iterable[tuple[str, str]]) -> Callable[[str, str], None]:
    """A test of every row of a table: the program's value prints as the text beside it."""

    @pytest.mark.parametrize(("program", "text"), table)
    def test(program, text):
        found = text_of(program)
        assert found == text, f"{found!r} instead of {text!r}"

    return test


def each_is_refused(table: Iterable[tuple[str, str]]) -> Callable[[str, str], None]:
    """A test of every row of a table: the program ends with an error that begins with the text beside it."""

    @pytest.mark.parametrize(("program", "message"), table)
    def test(program, message):
        with pytest.raises(LispeError) as caught:
            text_of(program)
        found = caught.value.text
        assert found.startswith(message), f"{found!r} does not begin with {message!r}"

    return test


@contextlib.contextmanager
def inside_a_session():
    """A session is evaluating: functions may be called directly."""
    token = runtime.enter(Session())
    try:
        yield
    finally:
        runtime.leave(token)
