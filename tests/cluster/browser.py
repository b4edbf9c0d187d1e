"""A visitor's browser that knows two servers: when one gives no answer, or says 503, it asks the other the same."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from threading import Lock

from bench.load import Client, Job, LoadFailed
from bench.visits import Answer, Ask, Form
from tests.races.visitors import open_form

AGAIN = 0.2
"""Seconds until somebody tries again. Less than the page asks for: the more tries, the harder the test."""
PATIENCE = 60.0
"""Seconds of trying after which a visitor has been left without an answer."""
RETRY = 503


class LeftAlone(Exception):
    """A visitor tried and tried, and was never answered."""


class Tally:
    """Counts what happened, from all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.counted: Counter[str] = Counter()

    def note(self, what: str) -> None:
        """Count one more."""
        with self._lock:
            self.counted[what] += 1

    def __getitem__(self, what: str) -> int:
        return self.counted[what]


class Browser:
    """One visitor's. `tally` counts the answers, "POST 303" for one, and what came instead of answers.

    `unanswered`: requests that may have arrived, or may yet arrive, though no answer came.
    """

    def __init__(self, ports: Sequence[int], tally: Tally, choice: random.Random) -> None:
        self._ports, self.tally, self._choice = ports, tally, choice
        self.unanswered = 0

    def open_form(self, slug: str) -> Form:
        """Open the form of an event."""
        return open_form(slug, self.ask)

    def ask(self, ask: Ask) -> Answer:
        """Ask until there is an answer other than 503, each time the other server. Raises: LeftAlone."""
        give_up = time.monotonic() + PATIENCE
        first = self._choice.randrange(len(self._ports))
        for tried in range(first, first + 10_000):
            answer = self.ask_once(ask, port=self._ports[tried % len(self._ports)])
            if answer is not None and answer.status != RETRY:
                return answer
            if time.monotonic() > give_up:
                break
            time.sleep(AGAIN)
        raise LeftAlone(f"no answer to {ask.kind} in {PATIENCE:.0f} s")

    def ask_once(self, ask: Ask, *, port: int) -> Answer | None:
        """Ask one server; return its answer, None if none came."""
        try:
            client = Client(Job(port=port, visit="", slug="", tag="", count=0))
        except OSError:
            self.tally.note("not connected")
            return None
        with closing(client.socket):
            try:
                client.send(ask)
                while (answer := client.receive()) is None:
                    pass
            except TimeoutError:
                self.unanswered += 1
                self.tally.note("silence")
                return None
            except (OSError, LoadFailed):
                self.unanswered += 1
                self.tally.note("connection lost")
                return None
        self.tally.note(f"{ask.kind} {answer.status}")
        return answer

    def send_and_leave(self, ask: Ask) -> None:
        """Send a request and go away before its answer comes."""
        with suppress(OSError):
            client = Client(Job(port=self._choice.choice(self._ports), visit="", slug="", tag="", count=0))
            with closing(client.socket):
                client.send(ask)
                self.unanswered += 1
                self.tally.note("left before the answer")
