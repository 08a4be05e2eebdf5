"""What the engine for processes says of sockets is told in words, also where the model itself fails."""

from __future__ import annotations

from typing import Any

import pytest

from lispe_kernel import LispeError, Session

_SAID = (
    "[/__w/pytorch/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1234. "
    "This may indicate a remote crash. GLHF!"
)


def _gone(_x: Any) -> None:
    raise RuntimeError(_SAID)


def test_a_rank_that_has_ended_is_told_instead_of_the_engine_s_text() -> None:
    session = Session()
    session.evaluate("(torch_distributed)")
    session.namespace["gone"] = _gone
    with pytest.raises(LispeError) as error:
        session.evaluate("(gone 1)")
    assert error.value.text == "Error: gone: another rank has ended"
