"""What is printed where the host program has no stream, a closed one, or one that lacks a character."""

import io
import sys

import pytest

from lispe_kernel import LispeError, Session


def test_nothing_is_written_where_the_host_has_no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert Session().evaluate('(println "a") (printerrln "b") 5') == 5


@pytest.mark.parametrize(
    ("encoding", "written"), [("ascii", b"\\xe9\\ud83d\n"), ("utf-8", b"\xc3\xa9\\ud83d\n")]
)
def test_a_character_that_the_stream_lacks_is_written_as_its_escape(
    monkeypatch: pytest.MonkeyPatch, encoding: str, written: bytes
) -> None:
    into = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(into, encoding=encoding, newline="\n"))
    Session().evaluate('(println (+ "é" (json_parse "\\"\\\\ud83d\\"")))')
    sys.stdout.flush()
    assert into.getvalue() == written


def test_a_closed_stream_is_said_in_the_words_of_lispe(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    with pytest.raises(LispeError, match="the stream that takes what is printed is closed"):
        Session().evaluate('(println "a")')
