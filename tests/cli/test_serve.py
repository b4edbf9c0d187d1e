"""The embedded server sends whole answers, however slowly they are taken."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import pytest
from waitress.adjustments import Adjustments
from waitress.server import create_server

from regapp.cli import serve

PATIENCE = 30.0
"""Seconds after which what has not come will not come."""
WHOLE = b"0123456789abcdef" * 2**19
"""More than any system keeps for a socket: 8 MB."""
Answer = Callable[[], Iterable[bytes]]


@pytest.mark.parametrize(
    ("requests", "unsent", "closing", "loop_sends"),
    [
        pytest.param(1, 5, False, False, id="the thread is sending it"),
        pytest.param(1, Adjustments.outbuf_high_watermark, False, True, id="more than a thread may keep"),
        pytest.param(1, 5, True, True, id="to be closed"),
        pytest.param(0, 5, False, True, id="the thread has gone"),
        pytest.param(0, 0, False, False, id="all is sent"),
    ],
)
def test_the_loop_leaves_alone_what_a_thread_is_sending(
    requests: int, unsent: int, closing: bool, loop_sends: bool
) -> None:
    channel = serve.BaseWSGIServer.channel_class.__new__(serve.Channel)
    channel.adj, channel.close_when_flushed = Adjustments(), False
    channel.requests, channel.total_outbufs_len, channel.will_close = [object()] * requests, unsent, closing

    assert channel.writable() is loop_sends


def test_who_reads_slowly_gets_all_of_it() -> None:
    with _serving(lambda: [WHOLE]) as port, _visitor(port) as visitor:
        got = visitor.recv(1000)
        while chunk := visitor.recv(2**20):
            got += chunk

    assert got.partition(b"\r\n\r\n")[2] == WHOLE


def test_an_answer_in_pieces_comes_while_it_is_made() -> None:
    seen = Event()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        assert seen.wait(PATIENCE)
        yield WHOLE

    with _serving(pieces) as port, _visitor(port) as visitor:
        got = b""
        while b"first" not in got:
            got += visitor.recv(1000)
        seen.set()
        while chunk := visitor.recv(2**20):
            got += chunk

    assert got.endswith(WHOLE + b"\r\n0\r\n\r\n")


@contextmanager
def _serving(answer: Answer) -> Iterator[int]:
    """Serve one answer for everything meanwhile, on the port that is given."""

    def app(_environ: object, start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return answer()

    server = create_server(app, host="127.0.0.1", port=0, threads=2, asyncore_use_poll=True)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.task_dispatcher.shutdown()
        server.close()


@contextmanager
def _visitor(port: int) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)) as visitor:
        visitor.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        yield visitor
