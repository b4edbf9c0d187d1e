"""Visitors who do not give up: a form is sent again, as it is, until there is an answer."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread

from bench.load import Client, Job, LoadFailed
from bench.visits import Answer, Ask, Form
from tests.races.visitors import cancel, location, look, open_form, register, standing

VISITORS = 6
KEEPS = 2
"""Registrations that a visitor keeps; with fewer places than these, whoever cancels makes room for somebody in line."""
PATIENCE = 60.0
"""Seconds after which somebody who was never answered gives up: the server is not coming back."""
PAUSE = 0.02
"""Seconds until the same is sent again."""


@dataclass(slots=True)
class Told:
    """What visitors were told. `paths`: address of a person → own page; `cancelled`: addresses; `again`: repeats."""

    paths: dict[str, str] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    again: Counter[str] = field(default_factory=Counter)
    away: int = 0
    """Answers that the records cannot be reached."""


class Visitor:
    """One who registers again and again, each time as somebody new, and then cancels who came longest ago."""

    def __init__(self, name: str, port: int, slug: str, told: Told) -> None:
        self._name, self._port, self._slug, self._told = name, port, slug, told

    def visit_until(self, stop: Callable[[], bool]) -> None:
        """Register people until told to stop; the last one is answered."""
        numbers, kept = count(), deque[str]()
        while not stop():
            form = self.open_form()
            email = f"{self._name}.{next(numbers)}@example.org"
            answer = self.ask(register(self._slug, form, email), "registering")
            assert answer.status == 303, f"registering: {answer.status}"
            self._told.paths[email] = location(answer)
            kept.append(email)
            if len(kept) > KEEPS:
                self._cancel(kept.popleft(), form)

    def open_form(self) -> Form:
        """Open the form."""
        return open_form(self._slug, self.ask)

    def ask(self, ask: Ask, what: str = "reading") -> Answer:
        """Send it until there is an answer other than that the records cannot be reached."""
        give_up = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError, LoadFailed):
                answer = send(self._port, ask)
                if answer.status != 503:
                    return answer
                self._told.away += 1
            self._told.again[what] += 1
            assert time.monotonic() < give_up, f"nobody answers {ask.kind}"
            time.sleep(PAUSE)

    def _cancel(self, email: str, form: Form) -> None:
        path = self._told.paths[email]
        self.ask(cancel(path, form), "cancelling")
        state, _ = standing(self.ask(look(path)))
        assert state == "cancelled", f"cancelled, but {state}"
        self._told.cancelled.add(email)


def send(port: int, ask: Ask) -> Answer:
    """Send a request over a connection of its own. Raises: OSError, LoadFailed if there is no whole answer."""
    return finish(begin(port, ask))


def begin(port: int, ask: Ask) -> Client:
    """Send a request, over a connection of its own, without waiting for the answer. Raises: OSError."""
    client = Client(Job(port=port, visit="", slug="", tag="", count=0))
    client.send(ask)
    return client


def finish(client: Client) -> Answer:
    """Return the answer and close the connection. Raises: OSError, LoadFailed if there is no whole answer."""
    with closing(client.socket):
        while (answer := client.receive()) is None:
            pass
        return answer


@contextmanager
def visiting(port: int, slug: str, *, visitors: int = VISITORS) -> Iterator[Told]:
    """Let visitors come meanwhile; wait afterwards until each has an answer. Raises: AssertionError of any of them."""
    told, stop = Told(), Event()
    failures: list[Exception] = []

    def visit(number: int) -> None:
        try:
            Visitor(f"visitor.{number}", port, slug, told).visit_until(stop.is_set)
        except Exception as error:  # handed to the one who waits
            failures.append(error)

    threads = [Thread(target=visit, args=(number,)) for number in range(visitors)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
