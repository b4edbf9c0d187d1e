"""Where races happen: servers of several threads or processes on the test's database, and what is left afterwards."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from bench.database import ROOT, Installation
from bench.server import serving
from bench.visits import Answer
from regapp.db import db, snapshot
from regapp.models import OutboxMail, Registration
from regapp.rules.states import State
from regapp.services.events import EventFacts
from tests.races.visitors import Crowd

AS_SHIPPED = "wsgi:app"
UNGUARDED = "tests.races.unguarded:app"
"""Guard and lock of the seats are switched off."""
UNCLAIMED = "tests.races.unclaimed:app"
"""Address and form are looked up instead of claimed."""
THREADS = 4
"""Of each of the two processes on PostgreSQL; more than the bench uses, since here the crush is wanted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a race left behind. `answers` and `pages`: as asked; people: their addresses.

    `confirmed` by age of the registration, `waiting` in the order of the queue. `mails`: message → how many;
    `repeated`: those that said the same to the same person again. `differences`: complaints of `seats verify`.
    """

    answers: Sequence[Answer]
    confirmed: list[str]
    waiting: list[str]
    registrations: int
    mails: Counter[str]
    repeated: int
    differences: list[str]
    pages: Sequence[Answer] = field(default_factory=list)

    @property
    def statuses(self) -> Counter[int]:
        """Return how often each status was answered."""
        return Counter(answer.status for answer in self.answers)


class Stage:
    """One database, the servers on it, and an application of our own to look into it."""

    def __init__(self, app: Flask, settings: dict[str, str], folder: Path) -> None:
        self.app = app
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "WORKER": "off",  # it sends mails, which nobody here waits for
            **settings,
        }
        self._installation = Installation(folder, environment)

    @contextmanager
    def open(self, app: str = AS_SHIPPED) -> Iterator[Crowd]:
        """Serve an application, and let the crowd in."""
        with serving(self._installation, app=app, threads=THREADS) as server:
            yield Crowd(server.port)

    def command(self, *words: str) -> tuple[int, str]:
        """Run `flask --app wsgi …`; return its exit code and what it says."""
        done = self.app.test_cli_runner().invoke(args=words)
        return done.exit_code, f"{done.output}{done.exception or ''}"

    def look(self, event: EventFacts, answers: Sequence[Answer], pages: Sequence[Answer] = ()) -> Outcome:
        """Return what is stored about an event, and what `seats verify` says."""
        with snapshot():
            people = db.session.execute(
                select(Registration.email, Registration.state, Registration.queue_no)
                .where(Registration.event_id == event.id)
                .order_by(Registration.queue_no, Registration.id)
            ).all()
            mails = select(OutboxMail.registration_id, OutboxMail.message).where(OutboxMail.event_id == event.id)
            told = Counter((row.registration_id, row.message) for row in db.session.execute(mails))
        exit_code, said = self.command("seats", "verify", "--patience", "0")
        assert exit_code == int("DIFFERENCE" in said), said
        return Outcome(
            answers=answers,
            confirmed=[person.email for person in people if person.state == State.CONFIRMED],
            waiting=[person.email for person in people if person.state == State.WAITLISTED],
            registrations=len(people),
            mails=Counter(message for _, message in told.elements()),
            repeated=told.total() - len(told),
            differences=[line for line in said.splitlines() if line.startswith(f"DIFFERENCE in {event.slug}:")],
            pages=pages,
        )


def check_sound(outcome: Outcome) -> None:
    """Check what holds after every race: no answer is a failure, nobody is told twice, and the books agree."""
    assert not [status for status in outcome.statuses if status >= 500], f"answers: {outcome.statuses}"
    assert outcome.repeated == 0, f"{outcome.repeated} mails too many"
    assert outcome.differences == [], "the books differ"
