"""Sockets over TCP: a server with clients that have numbers, a client, texts and raw bytes between them.

`socket_write` and `socket_read` exchange whole texts (a zero byte ends each); `socket_send` and
`socket_receive` exchange bytes as they are. A socket is closed with its value at the latest.
"""

from __future__ import annotations

import os
import socket as network
from typing import Any
from weakref import finalize

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument, text_argument
from lispe_kernel.language.printer import plainly, register_kind, wrong_argument
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString

_LARGEST_PORT = 65_535
_BLOCK = 4096
_MOST_BYTES = 1 << 28
_END = b"\0"


class Connection:
    """One connection, with the bytes that came and were not yet asked for."""

    def __init__(self, channel: network.socket) -> None:
        self.channel, self.ahead = channel, b""
        finalize(self, channel.close)

    def receive(self, count: int) -> bytes:
        """At most so many bytes; none when the other side has closed."""
        if not self.ahead:
            self.ahead = self.channel.recv(max(1, min(count, _BLOCK)))
        taken, self.ahead = self.ahead[:count], self.ahead[count:]
        return taken

    def text(self) -> bytes:
        """The bytes up to the next zero byte, or to the end."""
        while _END not in self.ahead:
            more = self.channel.recv(_BLOCK)
            if not more:
                taken, self.ahead = self.ahead, b""
                return taken
            self.ahead += more
        taken, _, self.ahead = self.ahead.partition(_END)
        return taken


class Socket:
    """A server or a client. The clients of a server have the numbers 0, 1, 2 ..."""

    def __init__(self, channel: network.socket, server: bool) -> None:
        self.main, self.server = Connection(channel), server
        self.clients: dict[int, Connection] = {}

    def close(self) -> None:
        for connection in (self.main, *self.clients.values()):
            connection.channel.close()
        self.clients.clear()


register_kind(
    Socket, "socket_", plainly(lambda value: "(socket_create)" if value.server else "(socket_connect)")
)


def _unreached(name: str, place: tuple[str, int], error: OSError | UnicodeError) -> LispeError:
    # What the system says, without its number and what Python adds to it.
    number = error.errno if isinstance(error, OSError) else None
    reason = os.strerror(number) if number and number > 0 else getattr(error, "strerror", None) or str(error)
    return LispeError(f"Error: {name}: {place[0]}:{place[1]}: {reason.partition(' (while ')[0]}")


def _failed(name: str, error: OSError) -> LispeError:
    if isinstance(error, (TimeoutError, BlockingIOError)):
        return LispeError(f"Error: {name}: nothing came in time")
    return LispeError(f"Error: {name}: {error.strerror or error}")


def _socket(name: str, value: Any) -> Socket:
    if not isinstance(value, Socket):
        raise wrong_argument(name, 1, "a socket", value)
    if value.main.channel.fileno() < 0:
        raise LispeError(f"Error: {name}: the socket is closed")
    return value


def _connection(name: str, value: Any, client: Any, position: int) -> Connection:
    """The connection of a client by its number, or the socket's own for -1."""
    found, number = _socket(name, value), integer_argument(name, position, client)
    if number < 0:
        if found.server:
            raise LispeError(f"Error: {name}: a server needs the number of a client")
        return found.main
    if number not in found.clients:
        raise LispeError(f"Error: {name}: there is no client {number}")
    return found.clients[number]


def _port(name: str, position: int, value: Any) -> int:
    port = integer_argument(name, position, value)
    if not 0 <= port <= _LARGEST_PORT:
        raise wrong_argument(name, position, f"a port from 0 to {_LARGEST_PORT}", value)
    return port


def _host(name: str, position: int, value: Any) -> str:
    if not isinstance(value, str) or not value.isascii() or "\0" in value or len(value) > 255:
        raise wrong_argument(name, position, "the name of a host", value)
    return value


@function("socket_create")
def socket_create(port: Any, nbclients: Any, hostname: Any = "localhost") -> Socket:
    """A server that listens at a port (0 for any free one) for so many clients.

    Example: (block (setq s (socket_create 0 1)) (socket_close s)) => true
    Errors: for a port that is taken or not allowed.
    """
    place = (_host("socket_create", 3, hostname), _port("socket_create", 1, port))
    waiting = integer_argument("socket_create", 2, nbclients)
    if not 1 <= waiting <= _LARGEST_PORT:
        raise wrong_argument("socket_create", 2, "a number of clients above 0", nbclients)
    try:
        return Socket(network.create_server(place, backlog=waiting), server=True)
    except (OSError, UnicodeError) as error:
        raise _unreached("socket_create", place, error) from None


@function("socket_connect")
def socket_connect(hostname: Any, port: Any) -> Socket:
    """A client of the server at a host and port.

    Example: (maybe (socket_connect "localhost" 0) "no server") => no server
    Errors: when no server answers.
    """
    place = (_host("socket_connect", 1, hostname), _port("socket_connect", 2, port))
    try:
        return Socket(network.create_connection(place), server=False)
    except (OSError, UnicodeError) as error:
        raise _unreached("socket_connect", place, error) from None


@function("socket_wait")
def socket_wait(sock: Any) -> int:
    """Wait for a client of a server; the number of the client.

    Example: (type 'socket_wait) => atom_
    Errors: for a socket that is no server, and when no client came in time.
    """
    server = _socket("socket_wait", sock)
    if not server.server:
        raise wrong_argument("socket_wait", 1, "a server", sock)
    try:
        channel, _ = server.main.channel.accept()
    except OSError as error:
        raise _failed("socket_wait", error) from None
    number = max(server.clients, default=-1) + 1
    server.clients[number] = Connection(channel)
    return number


@function("socket_read", returns="text")
def socket_read(sock: Any, client: Any = -1) -> str:
    """The next text that the other side wrote, "" when it has closed.

    Example: (type 'socket_read) => atom_
    Errors: for a closed socket, and when nothing came in time.
    """
    connection = _connection("socket_read", sock, client, 2)
    try:
        return connection.text().decode("utf-8", "replace")
    except OSError as error:
        raise _failed("socket_read", error) from None


def _send(name: str, connection: Connection, data: bytes) -> Atom:
    try:
        connection.channel.sendall(data)
    except OSError as error:
        raise _failed(name, error) from None
    return TRUE


@function("socket_write")
def socket_write(sock: Any, str_: Any, client: Any = -1) -> Atom:
    """Write a text to the other side, which reads it with `socket_read`.

    Example: (type 'socket_write) => atom_
    Errors: for a closed socket.
    """
    text = ByteString.of(text_argument("socket_write", 2, str_))
    return _send("socket_write", _connection("socket_write", sock, client, 3), text.raw() + _END)


@function("socket_send")
def socket_send(sock: Any, str_: Any, client: Any = -1) -> Atom:
    """Send the bytes of a text as they are.

    Example: (type 'socket_send) => atom_
    Errors: for a closed socket.
    """
    data = ByteString.of(str_ if isinstance(str_, str) else text_argument("socket_send", 2, str_))
    return _send("socket_send", _connection("socket_send", sock, client, 3), data.raw())


@function("socket_receive")
def socket_receive(sock: Any, nb: Any, client: Any = -1) -> ByteString:
    """At most so many bytes that the other side sent, as a byte string; "" when it has closed.

    Example: (type 'socket_receive) => atom_
    Errors: for a closed socket, and when nothing came in time.
    """
    count = integer_argument("socket_receive", 2, nb)
    if not 0 < count <= _MOST_BYTES:
        raise wrong_argument("socket_receive", 2, "a number of bytes above 0", nb)
    connection = _connection("socket_receive", sock, client, 3)
    try:
        return ByteString(connection.receive(count))
    except OSError as error:
        raise _failed("socket_receive", error) from None


@function("socket_get")
def socket_get(sock: Any, client: Any = -1) -> ByteString:
    """The next byte that the other side sent, as a byte string.

    Example: (type 'socket_get) => atom_
    Errors: for a closed socket, and when nothing came in time.
    """
    connection = _connection("socket_get", sock, client, 2)
    try:
        return ByteString(connection.receive(1))
    except OSError as error:
        raise _failed("socket_get", error) from None


@function("socket_close")
def socket_close(sock: Any, client: Any = -1) -> Atom:
    """Close a socket, or the connection of one client.

    Example: (socket_close (socket_create 0 1)) => true
    Errors: for a socket that is already closed.
    """
    found, number = _socket("socket_close", sock), integer_argument("socket_close", 2, client)
    if number < 0:
        found.close()
        return TRUE
    _connection("socket_close", sock, client, 2).channel.close()
    del found.clients[number]
    return TRUE


@function("socket_blocking")
def socket_blocking(sock: Any, flag: Any) -> Atom:
    """Whether reading waits for the other side (true) or fails at once when nothing is there (nil).

    Example: (socket_blocking (socket_create 0 1) true) => true
    """
    found = _socket("socket_blocking", sock)
    for connection in (found.main, *found.clients.values()):
        connection.channel.setblocking(bool(flag))
    return TRUE


@function("socket_settimeout")
def socket_settimeout(sock: Any, tm: Any) -> Atom:
    """How many seconds reading and waiting last at most; a negative number means for ever.

    Example: (socket_settimeout (socket_create 0 1) 5) => true
    """
    found = _socket("socket_settimeout", sock)
    if not isinstance(tm, (int, float)) or not tm < 1e9:
        raise wrong_argument("socket_settimeout", 2, "a number of seconds", tm)
    for connection in (found.main, *found.clients.values()):
        connection.channel.settimeout(float(tm) if tm >= 0 else None)
    return TRUE


@function("socket_gethostname", returns="text")
def socket_gethostname(sock: Any) -> str:
    """The name of the machine that a socket belongs to.

    Example: (> (size (socket_gethostname (socket_create 0 1))) 0) => true
    """
    _socket("socket_gethostname", sock)
    return network.gethostname()


@function("socket_port", returns="number")
def socket_port(sock: Any) -> int:
    """The port at which a socket stands on this machine.

    Example: (> (socket_port (socket_create 0 1)) 0) => true
    """
    return int(_socket("socket_port", sock).main.channel.getsockname()[1])


@function("socket_getpeername", returns="text")
def socket_getpeername(sock: Any, client: Any = -1) -> str:
    """The address of the other side.

    Example: (type 'socket_getpeername) => atom_
    """
    connection = _connection("socket_getpeername", sock, client, 2)
    try:
        return str(connection.channel.getpeername()[0])
    except OSError as error:
        raise _failed("socket_getpeername", error) from None
