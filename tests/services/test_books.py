"""The books agree with what was done, and show what was tampered with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update

from regapp.db import db, snapshot, transaction
from regapp.models import Event, History, Party, Quota, Registration
from regapp.rules.states import State
from regapp.services import books, capacity, registrations
from regapp.services.events import EventFacts
from tests.factories import make_event, make_registration

Tamper = Callable[[int], Any]


def verify(now: datetime) -> books.Report:
    """Verify as the command does."""
    with snapshot() as connection:
        return books.verify(connection, now=now)


def test_an_empty_database_has_empty_books(app: Flask, now: datetime) -> None:
    assert verify(now) == books.Report([], [])


def test_the_books_agree_after_registering_waiting_cancelling_and_resizing(app: Flask, now: datetime) -> None:
    event = make_event(slug="conference", size=2)
    other = make_event(slug="other", size=None)
    own = [make_registration(event, now=now) for _ in range(5)]
    make_registration(other, now=now)
    with transaction():
        registrations.cancel(own[0].id, actor="attendee", now=now)
        capacity.resize(event.id, 1, actor="operator", now=now)
        registrations.cancel(own[4].id, actor="attendee", now=now)

    report = verify(now)

    assert report.differences == []
    assert report.books == [
        books.Book("conference", size=1, taken=2, taken_counted=2, waiting=1, waiting_counted=1),
        books.Book("other", size=None, taken=1, taken_counted=1, waiting=0, waiting_counted=0),
    ]


def in_event(model: type[Any], event_id: int, **values: Any) -> Any:
    """Return a statement that changes all rows of the event."""
    return update(model).where(model.event_id == event_id).values(**values)


TAMPERED: dict[str, tuple[Callable[[int], Any], str]] = {
    "taken counts one more": (lambda e: in_event(Quota, e, taken=3), "3 seats stored as taken, 2 counted"),
    "taken counts one less": (lambda e: in_event(Quota, e, taken=1), "1 seats stored as taken, 2 counted"),
    "waiting counts one more": (lambda e: in_event(Quota, e, waiting=3), "3 people stored as waiting, 2 counted"),
    "seats are held for nobody": (lambda e: in_event(Quota, e, held=1), "1 seats stored as held, 0 counted"),
    "the last number was set back": (
        lambda e: in_event(Quota, e, last_seq=1),
        "1 stored as the last queue number, 2 found",
    ),
    "the size was lowered behind our back": (
        lambda e: in_event(Quota, e, size=1),
        "2 seats given of 1, though no size was lowered and nobody overbooked knowingly",
    ),
    "a state was changed": (
        lambda e: update(Registration).where(Registration.code == "CODE-1").values(state=State.CANCELLED),
        "state differs from the last line of the history: CODE-1",
    ),
    "a history line was changed": (
        lambda e: update(History).where(History.registration_id == 1).values(after=State.CANCELLED),
        "state differs from the last line of the history: CODE-1",
    ),
    "a history was deleted": (
        lambda e: delete(History).where(History.registration_id == 3),
        "state differs from the last line of the history: CODE-3",
    ),
    "a history line does not fit the one before": (
        lambda e: update(History).where(History.registration_id == 2).values(before=State.PENDING),
        "history with a gap: a line does not begin where the one before ended: CODE-2",
    ),
    "somebody with a seat has a number": (
        lambda e: update(Registration).where(Registration.code == "CODE-1").values(queue_no=1),
        "a number in the queue without waiting, or the reverse: CODE-1",
    ),
    "somebody who waits has no number": (
        lambda e: update(Registration).where(Registration.code == "CODE-3").values(queue_no=None),
        "a number in the queue without waiting, or the reverse: CODE-3",
    ),
    "a party has another number": (
        lambda e: update(Party).where(Party.queue_no == 2).values(queue_no=7),
        "party and registration differ in their queue numbers: CODE-4",
    ),
    "a number was given twice": (
        lambda e: update(Party).where(Party.queue_no == 2).values(queue_no=1),
        "queue number given twice: CODE-3, CODE-4",
    ),
    "a living address was freed": (
        lambda e: update(Party).where(Party.id == 1).values(contact_key=None),
        "an address kept or freed against the state: party 1",
    ),
}


@pytest.mark.parametrize("tampered", TAMPERED)
def test_tampering_shows(app: Flask, now: datetime, tampered: str) -> None:
    statement, expected = TAMPERED[tampered]
    event = full_event(now)

    with transaction():
        db.session.execute(statement(event.id))

    assert books.Difference("conference", expected) in verify(now).differences


def full_event(now: datetime) -> EventFacts:
    """Make an event with two seats and four people, CODE-1 to CODE-4; the last two wait."""
    event = make_event(slug="conference", size=2)
    own = [make_registration(event, now=now) for _ in range(4)]
    with transaction():
        for number, one in enumerate(own, start=1):
            db.session.execute(update(Registration).where(Registration.id == one.id).values(code=f"CODE-{number}"))
    assert [one.id for one in own] == [1, 2, 3, 4], "the table above counts on it"
    return event


def test_a_cancelled_address_that_was_kept_shows(app: Flask, now: datetime) -> None:
    event = full_event(now)
    with transaction():
        registrations.cancel(4, actor="attendee", now=now)
        db.session.execute(update(Party).where(Party.id == 4).values(contact_key="ana@example.org"))

    found = verify(now).differences

    assert found == [books.Difference(event.slug, "an address kept or freed against the state: party 4")]


def test_a_queue_that_was_not_settled_shows_as_such(app: Flask, now: datetime) -> None:
    event = full_event(now)
    with transaction():
        db.session.execute(in_event(Quota, event.id, size=3))

    report = verify(now)

    assert report.differences == [
        books.Difference("conference", "people wait although places are free", unsettled=True)
    ]
    assert report.only_unsettled


def test_after_serving_has_ended_people_may_wait_beside_free_places(app: Flask, now: datetime) -> None:
    event = full_event(now)
    with transaction():
        db.session.execute(in_event(Quota, event.id, size=3))
        db.session.execute(update(Event).where(Event.id == event.id).values(serve_until=now))

    assert verify(now).differences == []


def test_more_seats_than_were_taken_at_the_lowering_show(app: Flask, now: datetime) -> None:
    event = make_event(slug="conference", size=3)
    make_registration(event, now=now)
    with transaction():
        capacity.resize(event.id, 2, actor="operator", now=now)
    make_registration(event, now=now)
    with transaction():
        db.session.execute(in_event(Quota, event.id, size=1))

    found = verify(now).differences

    assert found == [
        books.Difference("conference", "2 seats given of 1, though no size was lowered and nobody overbooked knowingly")
    ]


def test_an_event_without_a_limit_of_its_own_shows(app: Flask, now: datetime) -> None:
    event = make_event(slug="conference")
    with transaction():
        db.session.execute(delete(Quota).where(Quota.event_id == event.id))

    assert verify(now).differences == [books.Difference("conference", "no limit of its own")]


def test_many_differences_are_named_only_in_part(app: Flask, now: datetime) -> None:
    event = make_event(slug="conference")
    for _ in range(books.MOST_NAMED + 2):
        make_registration(event, now=now)
    with transaction():
        db.session.execute(delete(History))

    (found,) = verify(now).differences

    assert found.what.count("-") == books.MOST_NAMED
    assert found.what.endswith(" and others")


def test_a_change_that_is_committed_meanwhile_is_not_half_seen(app: Flask, now: datetime) -> None:
    event = full_event(now)
    with snapshot() as connection:
        connection.execute(db.select(Event.id))
        with db.engine.connect().execution_options(writes=True) as other, other.begin():
            other.execute(in_event(Quota, event.id, taken=99))

        report = books.verify(connection, now=now)

    assert report.differences == []
    assert verify(now).differences != []
