"""Visitors in a process of their own: `python -m bench.load` reads a job and prints what it saw, both as JSON.

Talks to this machine only, over sockets that stay open, with one loop for all clients: so it costs little of the
processors that it shares with the server. It ends after a number of visits or a time, whichever comes first.
"""

from __future__ import annotations

import ipaddress
import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from bench.visits import VISITS, Answer, Ask, Form, Site, Visit

CLIENTS = 16
MOST_VISITS = 100_000
LONGEST = 300.0
"""Seconds that a job may take, whatever it asks for."""
SILENCE = 30.0
"""Seconds without any answer after which the server counts as stuck."""
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class LoadFailed(Exception):
    """The load could not be given, or the answers were wrong."""


@dataclass(frozen=True, slots=True)
class Job:
    """Which visit to make, how often and for how long. `seconds`: no new visit begins after them."""

    port: int
    visit: str
    slug: str
    tag: str
    count: int
    seconds: float = LONGEST
    clients: int = CLIENTS
    host: str = "127.0.0.1"
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Seen:
    """What came back. `times`: milliseconds per kind of request; `wrong`: answers that were not as expected."""

    visits: int = 0
    seconds: float = 0.0
    times: dict[str, list[float]] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Return the visits that ended well, per second."""
        return self.visits / self.seconds


def run(job: Job) -> Seen:
    """Do the job in a process of its own. Raises: LoadFailed, also if any answer was wrong."""
    command = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(
        command, input=json.dumps(asdict(job)), capture_output=True, text=True, timeout=LONGEST + 2 * SILENCE
    )
    if done.returncode:
        raise LoadFailed(done.stderr.strip().rpartition("\n")[2])
    said = json.loads(done.stdout)
    seen = Seen(**{**said, "forms": [Form(**form) for form in said["forms"]]})
    if seen.wrong:
        raise LoadFailed(f"wrong answers: {seen.wrong}")
    return seen


class Client:
    """One open connection, and the visit that it is on."""

    def __init__(self, job: Job) -> None:
        self.socket = socket.create_connection((job.host, job.port), timeout=SILENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.visit: Visit
        self.asked: Ask
        self.sent_at = 0.0
        self._buffer = b""

    def begin(self, visit: Visit) -> None:
        """Start a visit."""
        self.visit = visit
        self.send(next(visit))

    def send(self, ask: Ask) -> None:
        """Send a request; the answer comes when the socket is readable."""
        self.asked, self.sent_at = ask, time.perf_counter()
        self.socket.sendall(ask.data)

    def receive(self) -> Answer | None:
        """Read what has come; return the answer once it is whole. Raises: LoadFailed."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise LoadFailed("the server closed a connection")
        self._buffer += chunk
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator or len(body) < _body_length(head):
            return None
        self._buffer = b""
        return Answer(int(head[9:12]), head, body)


def _body_length(head: bytes) -> int:
    found = _LENGTH.search(head)
    if found is None:
        raise LoadFailed("an answer has no Content-Length")
    return int(found.group(1))


def drive(job: Job) -> Seen:
    """Make the visits, `clients` at a time. Raises: LoadFailed."""
    if not ipaddress.ip_address(job.host).is_loopback:
        raise LoadFailed("this load is for this machine only")
    site = Site(job.host, job.slug, job.tag, job.forms, job.links)
    seen = Seen()
    began = time.perf_counter()
    visits = _visits(job, site, until=began + min(job.seconds, LONGEST))
    _serve_clients(job, visits, seen)
    seen.seconds = time.perf_counter() - began
    seen.forms, seen.links = site.kept_forms, site.kept_links
    return seen


def _visits(job: Job, site: Site, *, until: float) -> Iterator[Visit]:
    make = VISITS[job.visit]
    for number in range(min(job.count, MOST_VISITS)):
        if time.perf_counter() > until:
            return
        yield make(site, number)


def _serve_clients(job: Job, visits: Iterator[Visit], seen: Seen) -> None:
    with selectors.DefaultSelector() as selector:
        for _, visit in zip(range(job.clients), visits, strict=False):
            client = Client(job)
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.begin(visit)
        while selector.get_map():
            ready = selector.select(timeout=SILENCE)
            if not ready:
                raise LoadFailed("the server does not answer any more")
            for key, _ in ready:
                if not _go_on(key.data, visits, seen):
                    selector.unregister(key.fileobj)
                    key.data.socket.close()


def _go_on(client: Client, visits: Iterator[Visit], seen: Seen) -> bool:
    """Take what has come and ask the next; say whether this client has anything left to do."""
    answer = client.receive()
    if answer is None:
        return True
    if _is_wrong(client, answer, seen):
        client.visit.close()
    else:
        try:
            client.send(client.visit.send(answer))
        except StopIteration:
            seen.visits += 1
        else:
            return True
    visit = next(visits, None)
    if visit is not None:
        client.begin(visit)
    return visit is not None


def _is_wrong(client: Client, answer: Answer, seen: Seen) -> bool:
    """Note how long it took, and whether it is what the visitor needs to go on."""
    asked = client.asked
    seen.times.setdefault(asked.kind, []).append(round((time.perf_counter() - client.sent_at) * 1000, 3))
    if answer.status == asked.status and asked.contains in answer.body:
        return False
    what = f"{asked.kind} {answer.status}"
    seen.wrong = dict(Counter(seen.wrong) + Counter([what]))
    return True


def main() -> None:
    """Read a job, do it, print what was seen."""
    given = json.load(sys.stdin)
    job = Job(**{**given, "forms": [Form(**form) for form in given["forms"]]})
    try:
        json.dump(asdict(drive(job)), sys.stdout)
    except (LoadFailed, OSError) as error:
        raise SystemExit(f"{error}") from error


if __name__ == "__main__":
    main()
