"""What the library's tests share: programs in fresh sessions, and direct calls with a session around."""

import contextlib

from lispe_kernel import Session, to_text
from lispe_kernel.language import runtime


def text_of(program: str) -> str:
    """The printed text of a program's value, in a fresh session."""
    return to_text(Session().evaluate(program))


@contextlib.contextmanager
def inside_a_session():
    """A session is evaluating: functions may be called directly."""
    token = runtime.enter(Session())
    try:
        yield
    finally:
        runtime.leave(token)
