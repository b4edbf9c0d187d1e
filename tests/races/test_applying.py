"""An organizer looks ahead and applies while newcomers come and others cancel: exactly what was shown, or nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.clock import utcnow
from regapp.db import db, snapshot, transaction
from regapp.errors import IllegalMove
from regapp.models import History, Registration
from regapp.rules.states import LIVING
from regapp.services import books, capacity, registrations
from regapp.services.capacity import Outlook, Resized
from regapp.services.events import EventFacts, get
from regapp.services.records import Action
from tests.factories import attempt, make_applicant, make_event

pytestmark = [pytest.mark.race, pytest.mark.rule("R2"), pytest.mark.rule("R4")]

NEWCOMERS = 80
THREADS = {"postgresql": 8, "sqlite": 3}
SIZES = (5, 12, 8, 20, 3, 15, 25)


def come_or_go(app: Flask, event: EventFacts, choice: random.Random) -> None:
    with app.app_context():
        attempt(get(event.id), make_applicant(), now=utcnow(), locked=choice.random() < 0.3)
        if choice.random() < 0.3:
            living = select(Registration.id).where(
                Registration.event_id == event.id, Registration.state.in_(LIVING)
            )  # fmt: skip
            with suppress(IllegalMove), transaction():
                registrations.cancel(choice.choice(db.session.scalars(living).all()), actor="attendee", now=utcnow())


def try_to_apply(event: EventFacts, size: int) -> tuple[Outlook, Resized | Outlook, datetime]:
    with snapshot():
        shown = capacity.preview(event.id, size, now=utcnow())
    now = utcnow()
    with transaction():
        return shown, capacity.apply(event.id, size, seal=shown.seal, actor="account:1", now=now), now


def written(event: EventFacts, now: datetime) -> tuple[list[str], list[str]]:
    """Return the sizes set and the people promoted by the transaction of this instant."""
    lines = db.session.execute(
        select(History.action, Registration.code)
        .outerjoin(Registration, Registration.id == History.registration_id)
        .where(History.event_id == event.id, History.at == now)
        .order_by(History.id)
    ).all()
    sizes = [line.action for line in lines if line.action == Action.RESIZED]
    return sizes, [line.code for line in lines if line.action == Action.PROMOTED]


def test_exactly_what_was_shown_or_nothing(build_app: Callable[..., Flask], database: str) -> None:
    app = build_app(THREADS=str(THREADS[database] + 1))
    with app.app_context():
        event = make_event(size=5)
        applied = refused = 0
        with ThreadPoolExecutor(THREADS[database]) as threads:
            busy: list[Future[None]] = [
                threads.submit(come_or_go, app, event, random.Random(number)) for number in range(NEWCOMERS)
            ]
            while not all(future.done() for future in busy):
                size = SIZES[(applied + refused) % len(SIZES)]
                shown, done, now = try_to_apply(event, size)
                sizes, promoted = written(event, now)
                if isinstance(done, Outlook):
                    refused += 1
                    assert (sizes, promoted) == ([], []), "refused, and changed all the same"
                else:
                    applied += 1
                    assert promoted == [person.code for person in shown.seated], "other people than were shown"
                    assert (done.taken, done.after) == (shown.after.taken, size)
            for future in busy:
                future.result()
        assert refused, "nothing moved between look and apply: no race"
        assert isinstance(try_to_apply(event, 30)[1], Resized)
        with snapshot() as connection:
            assert books.verify(connection, now=utcnow()).differences == []
