"""Messages on their way between objects and bytes: jupyter_client's own, made with less work.

Every cell is answered with five messages, and making them took longer than evaluating a small cell. What goes
over the wire stays the same, but that half a surrogate pair, which UTF-8 cannot hold, stops no message.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import zmq.asyncio
from jupyter_client.jsonutil import json_default
from jupyter_client.session import DELIM, DONE, Session, extract_header, json_packer, json_unpacker
from traitlets import All, observe

from lispe_kernel.running.surrogates import mended

Pack = Callable[[Any], bytes]


def _plain(value: Any) -> Any:
    """What JSON has no kind for; the time that a message is made comes first, since each has one."""
    if type(value) is datetime and value.tzinfo is UTC:
        return value.isoformat().replace("+00:00", "Z")
    return json_default(value)


_OF_A_HEADER = {"msg_id", "msg_type", "session", "date"}
_ENCODER = json.JSONEncoder(default=_plain, ensure_ascii=False, allow_nan=False)


def pack(message: Any) -> bytes:
    """A part of a message as JSON in UTF-8; a character that UTF-8 cannot hold becomes U+FFFD."""
    if message == {}:
        return b"{}"
    try:
        return _ENCODER.encode(message).encode()
    except (TypeError, ValueError):
        # jupyter_client cleans what is no JSON, and warns.
        return json_packer(mended(message))


def unpack(data: bytes | str) -> Any:
    """A part of a message from JSON; a header's date is read here, before dateutil takes longer over it."""
    found = json_unpacker(data)
    if type(found) is dict and found.keys() >= _OF_A_HEADER:
        with contextlib.suppress(TypeError, ValueError):
            moment = datetime.fromisoformat(found["date"])
            if moment.tzinfo is not None:
                found["date"] = moment
    return found


def _whole(packer: Pack) -> Pack:
    """Another packer, with which no character stops a message."""

    def packed(message: Any) -> bytes:
        try:
            return packer(message)
        except UnicodeEncodeError:
            return packer(mended(message))

    return packed


def for_main_shell(frames: list[Any]) -> bool:
    """Whether a request is plainly for the main shell, which will check its signature and its form.

    Of what names a subshell or a comm, and of what cannot be read here, this says nothing: False.
    """
    at = next((place for place, frame in enumerate(frames) if frame.bytes == DELIM), len(frames))
    try:
        header = json.loads(frames[at + 2].bytes)
        return header.get("subshell_id") is None and not header["msg_type"].startswith("comm_")
    except (AttributeError, LookupError, ValueError):
        return False


class _Settings(NamedTuple):
    """What every message needs of the session's traits."""

    ordinary: bool
    process: int
    header: dict[str, Any]
    metadata: dict[str, Any]
    pack: Pack
    signer: hmac.HMAC | None
    copied: int


class Messages(Session):
    """A Session whose ordinary messages, without buffers, take a short way."""

    _settings: _Settings | None = None
    # The header of the request that was answered last, and its bytes: all messages of a cell carry it.
    _request: tuple[Any, bytes] = (None, b"")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pack = pack if self.packer == "json" else _whole(self.pack)
        if self.unpacker == "json":
            self.unpack = unpack

    @observe(All)
    def _forget_settings(self, _change: Any) -> None:
        self._settings = None

    def _read_settings(self) -> _Settings:
        header = self.msg_header("")
        self._settings = _Settings(
            not (self.debug or self.adapt_version),
            self.pid,
            {name: header[name] for name in ("username", "session", "version")},
            self.metadata,
            self.pack,
            hmac.new(self.key, digestmod=self.digest_mod) if self.key else None,
            self.copy_threshold,
        )
        return self._settings

    def sign(self, msg_list: list[bytes]) -> bytes:
        settings = self._settings or self._read_settings()
        if settings.signer is None:
            return super().sign(msg_list)
        # A copy of what the key made: OpenSSL looks its algorithm up for each new one.
        signer = settings.signer.copy()
        for part in msg_list:
            signer.update(part)
        return signer.hexdigest().encode()

    def send(
        self,
        stream: Any,
        msg_or_type: Any,
        content: dict[str, Any] | None = None,
        parent: dict[str, Any] | None = None,
        ident: bytes | list[bytes] | None = None,
        buffers: Any = None,
        track: bool = False,
        header: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        settings = self._settings or self._read_settings()
        if (
            buffers
            or header is not None
            or not isinstance(content, dict | None)
            or not settings.ordinary
            or not isinstance(msg_or_type, str)
            or not hasattr(stream, "send_multipart")
            or isinstance(stream, zmq.asyncio.Socket)
            or os.getpid() != settings.process
        ):
            return super().send(stream, msg_or_type, content, parent, ident, buffers, track, header, metadata)
        message = self._message(settings, msg_or_type, content, parent, metadata)
        parts = self._parts(settings, message)
        before = ident if isinstance(ident, list) else [] if ident is None else [ident]
        frames = [*before, DELIM, self.sign(parts), *parts]
        stream.send_multipart(frames, copy=max(map(len, parts)) < settings.copied)
        message["tracker"] = DONE
        return message

    def _message(
        self,
        settings: _Settings,
        kind: str,
        content: dict[str, Any] | None,
        parent: dict[str, Any] | None,
        metadata: dict[str, Any] | None,
    ) -> dict[str, Any]:
        number = self.message_count
        self.message_count = number + 1
        identity = f"{settings.header['session']}_{os.getpid()}_{number}"
        return {
            "header": {
                "msg_id": identity,
                "msg_type": kind,
                "date": datetime.now(UTC),
                **settings.header,
            },
            "msg_id": identity,
            "msg_type": kind,
            "parent_header": extract_header(parent) if parent else {},
            "content": {} if content is None else content,
            "metadata": {**settings.metadata, **(metadata or {})},
        }

    def _parts(self, settings: _Settings, message: dict[str, Any]) -> list[bytes]:
        packed = settings.pack
        parent = message["parent_header"]
        known, request = self._request
        if parent is not known:
            request = packed(parent)
            self._request = (parent, request)
        return [packed(message["header"]), request, packed(message["metadata"]), packed(message["content"])]
