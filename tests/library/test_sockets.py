"""Two sockets on this machine: texts, bytes, the errors of a closed or silent one."""

import threading

import pytest

from lispe_kernel import LispeError, Session, to_text
from tests.library.library_calls import each_is_refused

HOST = "127.0.0.1"


@pytest.fixture
def pair():
    """A session that is a server with one client, and the session of that client."""
    server, client = Session(), Session()
    port = server.evaluate(f'(setq s (socket_create 0 2 "{HOST}")) (socket_settimeout s 10) (socket_port s)')
    joining = threading.Thread(target=client.evaluate, args=(f'(setq c (socket_connect "{HOST}" {port}))',))
    joining.start()
    server.evaluate("(setq n (socket_wait s))")
    joining.join()
    yield server, client
    server.evaluate("(maybe (socket_close s) nil)")
    client.evaluate("(maybe (socket_close c) nil)")


def test_texts_come_whole_and_in_order(pair):
    server, client = pair
    client.evaluate('(socket_write c "first é") (socket_write c "")')
    client.evaluate('(socket_write c "last")')
    assert to_text(server.evaluate("(list (socket_read s 0) (socket_read s 0) (socket_read s 0))")) == (
        '("first é" "" "last")'
    )
    server.evaluate('(socket_write s "answer" n)')
    assert client.evaluate("(socket_read c)") == "answer"


def test_bytes_come_as_they_are(pair):
    server, client = pair
    client.evaluate('(socket_send c "abc")')
    assert to_text(server.evaluate("(list (socket_get s 0) (socket_receive s 2 0))")) == '("a" "bc")'


def test_a_closed_side_reads_as_empty(pair):
    server, client = pair
    client.evaluate("(socket_close c)")
    assert server.evaluate("(socket_read s 0)") == ""
    assert to_text(server.evaluate("(socket_receive s 5 0)")) == ""


def test_a_silent_side_is_an_error(pair):
    server, client = pair
    client.evaluate("(socket_blocking c nil)")
    with pytest.raises(LispeError, match="Error: socket_read: nothing came in time"):
        client.evaluate("(socket_read c)")
    assert server.evaluate("(socket_getpeername s 0)") == HOST


ERRORS = (
    ("(socket_read 3)", "Error: socket_read: the first argument must be a socket, not the integer 3"),
    ("(socket_create 70000 1)", "Error: socket_create: the first argument must be a port from 0 to 65535"),
    ('(socket_connect "localhost" 1)', "Error: socket_connect: localhost:1: Connection refused"),
    ("(socket_read (socket_create 0 1))", "Error: socket_read: a server needs the number of a client"),
    ("(socket_read (socket_create 0 1) 4)", "Error: socket_read: there is no client 4"),
    (
        "(setq s (socket_create 0 1)) (socket_close s) (socket_port s)",
        "Error: socket_port: the socket is closed",
    ),
    (
        "(setq s (socket_create 0 1)) (socket_settimeout s 0) (socket_wait s)",
        "Error: socket_wait: nothing came",
    ),
)


test_error_says_what_is_wrong = each_is_refused(ERRORS)
