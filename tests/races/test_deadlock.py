"""Everything at once, on one event, in many threads: nobody waits for somebody who waits for them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from regapp.clock import utcnow
from regapp.db import db, snapshot, transaction
from regapp.errors import IllegalMove
from regapp.models import Registration
from regapp.services import books, capacity, registrations, seats, waitlist
from regapp.services.drafts import Applicant, Draft
from regapp.services.events import EventFacts, get
from regapp.services.registrations import Outcome
from tests.factories import attempt, make_applicant, make_event

pytestmark = [pytest.mark.race, pytest.mark.rule("R1"), pytest.mark.rule("R2")]

THREADS = {"postgresql": 16, "sqlite": 4}
"""As an embedded server has. SQLite lets writers try again and again, so that one of many may have no luck for long."""
STEPS = 240
PEOPLE = 12
"""So few that several threads always want the same address."""
PLACES = 6
ROUNDS = 10
"""How often the control tries: on a busy machine two threads do not meet each time."""
PAUSE = 0.02
"""Seconds between claim and guard, in the negative control."""

Step = Callable[[EventFacts], object]


def register(event: EventFacts, applicant: Applicant, *, locked: bool) -> None:
    attempt(get(event.id), applicant, now=utcnow(), locked=locked)


def cancel(event: EventFacts, choice: random.Random) -> None:
    with transaction():
        registrations.cancel(_somebody(event, choice), actor="attendee", now=utcnow())


def change(event: EventFacts, choice: random.Random) -> None:
    details = make_applicant(organisation=f"Cluster {choice.random()}").details
    with suppress(IllegalMove), transaction():  # it may have been cancelled
        registrations.change_details(_somebody(event, choice), details, actor="attendee", now=utcnow())


def resize(event: EventFacts, size: int) -> None:
    with transaction():
        capacity.resize(event.id, size, actor="operator", now=utcnow())


def settle(event: EventFacts) -> None:
    with transaction():
        waitlist.settle(event.id, now=utcnow())


def _somebody(event: EventFacts, choice: random.Random) -> int:
    """Choose one of those who have registered so far; the first steps made sure that there is one."""
    found = db.session.scalars(
        select(Registration.id).where(Registration.event_id == event.id).order_by(Registration.id)
    )
    return choice.choice(found.all()[-PEOPLE:])


def plan(seed: int) -> Iterator[Step]:
    """Yield steps: forms, new and sent before, with few addresses; and all that people and operators do meanwhile."""
    choice = random.Random(seed)
    forms = [make_applicant(email=f"{number % PEOPLE}@example.org") for number in range(2 * PEOPLE)]
    for _ in range(STEPS):
        kind, own = choice.random(), random.Random(choice.random())
        if kind < 0.25:
            yield partial(register, applicant=choice.choice(forms), locked=False)
        elif kind < 0.5:
            again = make_applicant(email=choice.choice(forms).email)
            yield partial(register, applicant=again, locked=choice.random() < 0.5)
        elif kind < 0.75:
            yield partial(cancel, choice=own)
        elif kind < 0.85:
            yield partial(change, choice=own)
        elif kind < 0.95:
            yield partial(resize, size=choice.randint(PLACES - 3, PLACES + 6))
        else:
            yield settle


def run(app: Flask, steps: list[Step], event: EventFacts) -> None:
    """Take all steps, in as many threads as there are; raise what any of them raised."""

    def take(step: Step) -> None:
        with app.app_context():
            step(event)

    with ThreadPoolExecutor(app.config["THREADS"]) as threads:
        for taken in [threads.submit(take, step) for step in steps]:
            taken.result()


def test_all_kinds_of_changes_at_once_never_deadlock(build_app: Callable[..., Flask], database: str) -> None:
    app = build_app(THREADS=str(THREADS[database]))
    with app.app_context():
        event = make_event(size=PLACES)
        register(event, make_applicant(), locked=False)

        run(app, list(plan(seed=1)), event)

        with snapshot() as connection:
            assert books.verify(connection, now=utcnow()).differences == []


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_lock_before_the_claim_would_deadlock(
    build_app: Callable[..., Flask], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder of the lock waits for a claim, whose owner waits for the lock. SQLite has no two writers."""
    register_after_claim, take_at_once = registrations.register, seats.take

    def register_after_lock(draft: Draft) -> Outcome:
        seats.lock(draft.event.id)
        return register_after_claim(draft)

    def take_slowly(event: EventFacts, people: int, **rest: Any) -> bool:
        time.sleep(PAUSE)
        return take_at_once(event, people, **rest)

    monkeypatch.setattr(registrations, "register", register_after_lock)
    monkeypatch.setattr(seats, "take", take_slowly)
    app = build_app(THREADS=str(THREADS[database]))
    with app.app_context(), pytest.raises(OperationalError, match="deadlock detected"):
        for _round in range(ROUNDS):
            form = make_applicant()
            steps: list[Step] = [
                partial(register, applicant=replace(form, submission=f"{number:032x}"), locked=bool(number % 2))
                for number in range(THREADS[database])
            ]
            run(app, steps, make_event())
