"""The server to measure: started on a free port of this machine, asked until it answers, stopped by its own id."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.database import ROOT, Installation
from config import Config

HOST = "127.0.0.1"
WORKERS = 2
THREADS = 2
"""Processes of granian, and threads of each. Two cost the least CPU; up to 4 the rates hardly differ."""
EMBEDDED_THREADS = Config({}).THREADS
STARTS_WITHIN = 60.0
STOPS_WITHIN = 20.0
"""Both in seconds."""


class ServerFailed(Exception):
    """The server did not start; the text is the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers. `ready_after`: seconds from its start to the first page."""

    port: int
    pid: int
    ready_after: float

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes."""
        return processes.cpu_seconds(processes.family(self.pid))

    def memory_mb(self) -> float:
        """Return the memory of its largest process."""
        return max(processes.resident_mb(pid) for pid in processes.family(self.pid))


@contextmanager
def serving(
    installation: Installation,
    *,
    app: str = "wsgi:app",
    threads: int = THREADS,
    port: int | None = None,
    under: Sequence[str] = (),
    first_page: str = "/",
) -> Iterator[Server]:
    """Serve the installation: embedded as `python wsgi.py` does, on PostgreSQL with granian. Raises: ServerFailed.

    `threads`: of each of granian's processes. `port`: a free one if none is given. `under`: a program that starts it.
    `first_page`: what it must show to count as started.
    """
    port = port or free_port()
    command = ["-m", app.partition(":")[0]] if installation.is_embedded else granian(app, port, threads)
    pool = EMBEDDED_THREADS if installation.is_embedded else threads
    environment = {**installation.environment, "PORT": str(port), "THREADS": str(pool)}
    log = installation.folder / f"server-{port}.log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*under, sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, so that all of it can be stopped
        )
    try:
        _wait_for_page(process, port, first_page, log)
        yield Server(port, process.pid, time.monotonic() - began)
    finally:
        _stop(process)


def granian(app: str, port: int, threads: int) -> list[str]:
    """Return what Python is to run: granian's processes, which come back when they fail."""
    # fmt: off
    return [
        "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port), "--no-ws", "--http", "1",
        "--workers", str(WORKERS), "--blocking-threads", str(threads), "--respawn-failed-workers", app,
    ]
    # fmt: on


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for_page(process: subprocess.Popen[bytes], port: int, page: str, log: Path) -> None:
    give_up = time.monotonic() + STARTS_WITHIN
    while not shows_page(port, page):
        if process.poll() is not None or time.monotonic() > give_up:
            raise ServerFailed(log.read_text(errors="replace")[-2000:])
        time.sleep(0.02)


def shows_page(port: int, page: str = "/") -> bool:
    """Say whether the server on this port shows its first page."""
    connection = http.client.HTTPConnection(HOST, port, timeout=STARTS_WITHIN)
    try:
        connection.request("GET", page)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):  # granian may start a worker anew while it is told to end
        os.killpg(process.pid, signal.SIGKILL)
