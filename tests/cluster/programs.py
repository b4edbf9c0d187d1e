"""The processes of a cluster: started, killed, stopped and started again, always by their own ids."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench import processes
from bench.database import ROOT
from bench.server import HOST, granian, shows_page
from tests.browser.serving import wait_for

STOPS_WITHIN = 20.0
"""Seconds."""
PROC = Path("/proc")


class Program:
    """A process in a group of its own, so that all that it has started ends with it. What it says goes into its log."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command, self._environment = command, environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the id of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, again if need be."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """Kill all of it, where it stands."""
        os.killpg(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process itself."""
        os.kill(self.pid, number)

    def stop(self) -> None:
        """Tell it to end, and see to it that all of it does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOPS_WITHIN)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class WebServer(Program):
    """A granian with its worker processes, on a port that it keeps."""

    def __init__(self, name: str, app: str, port: int, threads: int, environment: dict[str, str], folder: Path) -> None:
        super().__init__(name, [sys.executable, *granian(app, port, threads)], environment, folder)
        self.port = port

    def workers(self) -> list[int]:
        """Return the ids of the processes that answer requests."""
        return processes.family(self.pid)[1:]

    def answers(self) -> bool:
        """Say whether it shows a page that needs the database."""
        return shows_page(self.port)


class Redis(Program):
    """A Redis that keeps nothing on disk."""

    def __init__(self, port: int, folder: Path) -> None:
        command = ["redis-server", "--bind", HOST, "--port", str(port), "--save", "", "--dir", str(folder)]
        super().__init__("redis", command, {"PATH": os.environ["PATH"]}, folder)
        self.url = f"redis://{HOST}:{port}/0"


def mail_worker(name: str, app: str, environment: dict[str, str], folder: Path) -> Program:
    """Return a worker that sends mails, not yet started."""
    return Program(name, [sys.executable, "-m", "flask", "--app", app, "worker"], environment, folder)


def talks_to(pid: int, port: int) -> bool:
    """Say whether a process has a connection open to this port, as Linux counts it in /proc."""
    wanted = f":{port:04X}"
    rows = [line.split() for line in (PROC / "net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(wanted) and row[3] == "01"}
    try:
        return any(os.readlink(file) in sockets for file in (PROC / str(pid) / "fd").iterdir())
    except OSError:  # a file that was closed, or a process that ended, while we looked
        return False


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until it holds. Raises: AssertionError, with its name, when that takes too long."""
    wait_for(lambda: condition() or None, what)
