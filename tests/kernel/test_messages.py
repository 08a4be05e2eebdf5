"""Messages as our kernel makes them, read by jupyter_client's own Session: the protocol stays theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session

from lispe_kernel.kernel.messages import Messages, for_main_shell

KEY = b"a key"


class Wire:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[list[bytes]] = []

    def send_multipart(self, frames: list[Any], **_: Any) -> None:
        self.sent.append([bytes(frame) for frame in frames])


def received(frames: list[bytes], key: bytes = KEY) -> tuple[list[bytes], dict[str, Any]]:
    reader = Session(key=key)
    idents, rest = reader.feed_identities(frames)
    return idents, reader.deserialize(rest)


def request() -> dict[str, Any]:
    frames = Session(key=KEY).serialize(Session(key=KEY).msg("execute_request", {"code": "1"}))
    return received(frames)[1]


@pytest.mark.parametrize(
    ("content", "arrives"),
    [
        (None, {}),
        ({"text": "é 😀 \u2028 \x00"}, {"text": "é 😀 \u2028 \x00"}),
        ({"text": "half \ud83d"}, {"text": "half \ufffd"}),
        ({"text": "\udc80 half"}, {"text": "\ufffd half"}),
        ({"big": "x" * 70_000}, {"big": "x" * 70_000}),
        ({"bytes": b"abc", "tuple": (1, 2.5, None)}, {"bytes": "YWJj", "tuple": [1, 2.5, None]}),
        ({"time": datetime(2024, 1, 2, tzinfo=UTC)}, {"time": "2024-01-02T00:00:00Z"}),
    ],
)
def test_any_session_reads_what_is_sent(content: Any, arrives: Any) -> None:
    wire, parent = Wire(), request()
    for ident in (b"topic", [b"one", b"two"]):
        sent = Messages(key=KEY).send(wire, "stream", content, parent, ident, metadata={"m": 1})
        idents, message = received(wire.sent.pop())
        assert idents == ([ident] if isinstance(ident, bytes) else ident)
        assert message["content"] == arrives
        assert message["parent_header"] == parent["header"]
        assert message["metadata"] == {"m": 1}
        assert message["header"] == sent["header"]
        assert set(message["header"]) == set(Session(key=KEY).msg_header("stream"))


def test_each_message_has_its_own_identity_and_its_own_request() -> None:
    wire, session = Wire(), Messages(key=KEY)
    parents = [request(), request(), {}]
    for parent in (*parents, *parents):
        session.send(wire, "status", {}, parent)
    messages = [received(frames)[1] for frames in wire.sent]
    assert len({message["msg_id"] for message in messages}) == 6
    assert [message["parent_header"] for message in messages] == 2 * [
        parent.get("header", {}) for parent in parents
    ]


def test_a_new_key_signs_and_without_one_nothing_is_signed() -> None:
    wire, session = Wire(), Messages(key=KEY)
    session.send(wire, "status")
    session.key = b"another"
    session.send(wire, "status")
    received(wire.sent[0])
    received(wire.sent[1], b"another")
    with pytest.raises(ValueError, match="Invalid Signature"):
        received(wire.sent[1])
    session.key = b""
    session.send(wire, "status")
    assert wire.sent[2][1] == b""


def test_a_forked_process_sends_nothing() -> None:
    wire, session = Wire(), Messages(key=KEY)
    session.send(wire, "status")
    session.pid += 1
    assert session.send(wire, "status") is None
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    "date",
    [
        "2026-11-26T22:39:42.123456Z",
        "2026-11-26T22:39:42+00:00",
        "2026-11-26T22:39:42.5-03:30",
        "2026-11-26",
        "no date",
        None,
        3,
    ],
)
def test_a_request_is_read_as_by_any_session(date: Any) -> None:
    content = {"code": "1", "date": date, "made": [{"date": "2026-11-26T22:39:42Z"}]}
    message = Session(key=KEY).msg("execute_request", content)
    message["header"]["date"] = date
    _, rest = Session(key=KEY).feed_identities(Session(key=KEY).serialize(message))
    assert Messages(key=KEY).deserialize(rest) == Session(key=KEY).deserialize(rest)


def frames_of(header: bytes) -> list[zmq.Frame]:
    return [zmq.Frame(part) for part in (b"who", b"<IDS|MSG>", b"signature", header, b"{}", b"{}", b"{}")]


@pytest.mark.parametrize(
    ("header", "main"),
    [
        (b'{"msg_type": "execute_request"}', True),
        (b'{"msg_type": "execute_request", "subshell_id": null}', True),
        (b'{"msg_type": "execute_request", "subshell_id": "x"}', False),
        (b'{"msg_type": "comm_msg"}', False),
        (b'{"msg_type": 1}', False),
        (b"{}", False),
        (b"[]", False),
        (b"\xff{", False),
        (b"", False),
    ],
)
def test_only_what_is_plainly_for_the_main_shell_takes_the_short_way(header: bytes, main: bool) -> None:
    assert for_main_shell(frames_of(header)) is main
    assert for_main_shell(frames_of(header)[1:]) is main
    assert not for_main_shell(frames_of(header)[:3])
    assert not for_main_shell([])
