"""Slow and rude clients: sockets that hold a server's attention and give nothing for it."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Event, Thread

HOST = "127.0.0.1"
SOCKETS = 64
IDLE = 2000
"""Connections that were used once and stay open."""
MEGABYTES = 10
PIPELINED = 100
"""Requests that one connection sends at once, without reading an answer."""
LASTS = 2.0
"""Seconds between the first page and the last, so that slow ones are slow more than once."""
LOST = 10.0
"""Seconds after which a page counts as lost."""
WITHIN = 1.0
"""Seconds within which a page must be there."""

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


class Rudeness:
    """Open connections to one server, and what is done on them."""

    def __init__(self, port: int, path: str, stack: ExitStack) -> None:
        self._port, self._stack = port, stack
        self._post = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"

    def unfinished_headers(self) -> None:
        """Begin a header and leave it at that."""
        self._all_send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Begun: ")

    def unfinished_bodies(self) -> None:
        """Announce a body, send its beginning, and leave it at that."""
        self._all_send(self._head(1000) + b"first_name=")

    def one_byte_a_second(self) -> None:
        """Send header or body byte by byte."""
        halves = self._connect(SOCKETS // 2), self._connect(SOCKETS // 2)
        for begun, connections in zip((b"GET /?", self._head(1000)), halves, strict=True):
            for connection in connections:
                connection.sendall(begun)
        self._in_background(lambda stop: _drip([*halves[0], *halves[1]], stop))

    def half_closed(self) -> None:
        """Say that nothing more comes: after a whole request, or in the middle of one."""
        for number, connection in enumerate(self._connect(SOCKETS)):
            connection.sendall(GET if number % 2 else self._head(1000))
            connection.shutdown(socket.SHUT_WR)

    def pipelined(self) -> None:
        """Ask for many pages at once and read none."""
        self._all_send(GET * PIPELINED)

    def long_bodies(self) -> None:
        """Send ten megabytes each, as fast as they are taken."""
        connections = self._connect(SOCKETS)
        head, body = self._head(MEGABYTES * 1_000_000), b"a" * MEGABYTES * 1_000_000
        for connection in connections:
            self._in_background(lambda _stop, to=connection: _pour(to, head + body))

    def idle_keep_alives(self) -> None:
        """Ask for a page each, read it, and stay connected."""
        for _ in range(IDLE // SOCKETS):
            connections = self._connect(SOCKETS)
            for connection in connections:
                connection.sendall(GET.replace(b"/", b"/healthz", 1))
            for connection in connections:
                with suppress(TimeoutError):  # a server that is still busy with what was before
                    connection.recv(65_536)

    def _head(self, length: int) -> bytes:
        return f"{self._post}Content-Length: {length}\r\n\r\n".encode()

    def _all_send(self, data: bytes) -> None:
        for connection in self._connect(SOCKETS):
            connection.sendall(data)

    def _connect(self, count: int) -> list[socket.socket]:
        connections = [socket.create_connection((HOST, self._port), timeout=10) for _ in range(count)]
        for connection in connections:
            self._stack.callback(connection.close)
        return connections

    def _in_background(self, action: Callable[[Event], None]) -> None:
        stop = Event()
        thread = Thread(target=action, args=(stop,), daemon=True)
        thread.start()
        self._stack.callback(stop.set)


def _drip(connections: list[socket.socket], stop: Event) -> None:
    while not stop.wait(1):
        for connection in connections:
            with suppress(OSError):
                connection.send(b"a")


def _pour(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        connection.settimeout(60)
        connection.sendall(data)


KINDS: dict[str, Callable[[Rudeness], None]] = {
    "unfinished headers": Rudeness.unfinished_headers,
    "unfinished bodies": Rudeness.unfinished_bodies,
    "one byte a second": Rudeness.one_byte_a_second,
    "half-closed": Rudeness.half_closed,
    "pipelined": Rudeness.pipelined,
    "10 MB bodies": Rudeness.long_bodies,
    f"{IDLE} idle keep-alives": Rudeness.idle_keep_alives,
}


def measure(port: int, path: str, kind: str, *, pages: int) -> list[float]:
    """Return the seconds that each of so many pages took while clients were rude in this way.

    They are asked for one after the other, the last one `LASTS` after the first; after one that is `LOST` no more.
    """
    with ExitStack() as connections:
        KINDS[kind](Rudeness(port, f"{path}/register", connections))
        times, pause = [page_seconds(port, path)], Event()
        while len(times) < pages and times[-1] < LOST:
            pause.wait(LASTS / pages)
            times.append(page_seconds(port, path))
    return times


def page_seconds(port: int, path: str) -> float:
    """Return how long a page takes on a connection of its own, `LOST` if it does not come."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(HOST, port, timeout=LOST)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    except TimeoutError:
        return LOST
    finally:
        connection.close()
    assert answer.status == http.HTTPStatus.OK, f"{path}: {answer.status}"
    return time.perf_counter() - began
