"""Registering by hand: what organizers may do that visitors may not, and what even they may not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.db import db, snapshot, transaction
from regapp.errors import EventOver
from regapp.models import Consent, History, OutboxMail, Party
from regapp.services import adding, books, events, registrations
from regapp.services.adding import Added, Full, Known, Outcome, WhenFull
from regapp.services.events import EventFacts
from regapp.services.own import get_own
from tests.everything import everything
from tests.factories import CLOSES_AT, OPENS_AT, STARTS_AT, make_applicant, make_event, make_registration

ACTOR = "account:1"


def add(event: EventFacts, now: datetime, when_full: WhenFull = WhenFull.REFUSE, **values: Any) -> Outcome:
    tells = values.pop("tells", True)
    draft = adding.prepare(events.get(event.id), make_applicant(**values), actor=ACTOR, tells=tells, now=now)
    with transaction():
        return adding.add(draft, when_full=when_full)


def differences(now: datetime) -> list[str]:
    with snapshot() as connection:
        return [difference.what for difference in books.verify(connection, now=now).differences]


def test_somebody_added_by_hand_has_a_place_a_mail_and_a_history_that_says_who_did_it(
    app: Flask, now: datetime
) -> None:
    event = make_event()

    outcome = add(event, now, lang="hu", privacy_version="2026-12")

    assert isinstance(outcome, Added)
    assert (outcome.state, events.get(event.id).taken) == ("confirmed", 1)
    line, consent = db.session.scalars(select(History)).one(), db.session.scalars(select(Consent)).one()
    assert (line.actor, line.action, line.after) == (ACTOR, "registered", "confirmed")
    assert (consent.kind, consent.version) == ("organizer", "2026-12")
    assert [(mail.message, mail.lang) for mail in db.session.scalars(select(OutboxMail))] == [("confirmed", "hu")]
    assert differences(now) == []


def test_nobody_is_told_if_that_is_not_wanted(app: Flask, now: datetime) -> None:
    assert isinstance(add(make_event(), now, tells=False), Added)

    assert db.session.scalars(select(OutboxMail)).all() == []


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(OPENS_AT - timedelta(days=1), id="before registration opens"),
        pytest.param(CLOSES_AT + timedelta(days=1), id="after it has closed"),
        pytest.param(STARTS_AT + timedelta(hours=1), id="while the event goes on"),
    ],
)
def test_organizers_may_add_people_when_visitors_may_not_register(app: Flask, at: datetime) -> None:
    assert isinstance(add(make_event(), at), Added)


@pytest.mark.parametrize("status", ["cancelled", "archived"])
def test_nobody_is_added_to_what_will_not_take_place(app: Flask, now: datetime, status: str) -> None:
    event = make_event(status=status)
    before = everything()

    with pytest.raises(EventOver):
        add(event, now)

    assert everything() == before


@pytest.mark.rule("R3")
def test_a_full_event_refuses_and_stores_nothing(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    make_registration(event, now=now)
    make_registration(event, now=now)
    before = everything()

    assert add(event, now) == Full(waiting=1, can_wait=True)

    assert everything() == before


@pytest.mark.rule("R3")
def test_whoever_is_put_on_the_waiting_list_is_the_last_on_it(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    first, waits = make_registration(event, now=now), make_registration(event, now=now)

    outcome = add(event, now, WhenFull.WAIT)
    with transaction():
        registrations.cancel(first.id, actor="attendee", now=now)

    assert isinstance(outcome, Added)
    assert (outcome.state, outcome.position) == ("waitlisted", 2)
    assert get_own(waits.code).state == "confirmed"
    assert get_own(outcome.code).position == 1
    assert differences(now) == []


def test_the_waiting_list_keeps_its_limit_and_its_end(app: Flask, now: datetime) -> None:
    event = make_event(size=0, waitlist_limit=1)
    make_registration(event, now=now)

    assert add(event, now, WhenFull.WAIT) == Full(waiting=1, can_wait=False)
    assert add(make_event(size=0), CLOSES_AT, WhenFull.WAIT) == Full(waiting=0, can_wait=False)


@pytest.mark.rule("R1")
def test_going_over_the_limit_knowingly_is_remembered_with_its_numbers_and_accepted_by_the_books(
    app: Flask, now: datetime
) -> None:
    event = make_event(size=1)
    first, waits = make_registration(event, now=now), make_registration(event, now=now)

    outcome = add(event, now, WhenFull.EXCEED)

    assert isinstance(outcome, Added)
    assert (outcome.state, outcome.taken, outcome.size) == ("confirmed", 2, 1)
    assert get_own(waits.code).position == 1
    line = db.session.scalars(select(History).where(History.action == "overbooked")).one()
    assert (line.actor, line.numbers) == (ACTOR, {"size": 1, "taken": 2, "waiting": 1})
    assert differences(now) == []

    with transaction():
        registrations.cancel(first.id, actor="attendee", now=now)

    assert get_own(waits.code).position == 1  # one seat of one is taken still
    assert differences(now) == []


@pytest.mark.rule("R1")
def test_an_event_that_is_fuller_than_somebody_made_it_is_found_out(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    make_registration(event, now=now)
    add(event, now, WhenFull.EXCEED)
    unknown = make_registration(event, now=now)
    with transaction():
        db.session.execute(
            db.text("UPDATE registrations SET state = 'confirmed', queue_no = NULL WHERE id = :id"), {"id": unknown.id}
        )
        db.session.execute(db.text("UPDATE quotas SET taken = 3, waiting = 0"))

    assert "3 seats given of 1, though no size was lowered and nobody overbooked knowingly" in differences(now)


def test_a_free_place_is_no_overbooking(app: Flask, now: datetime) -> None:
    event = make_event(size=1)

    outcome = add(event, now, WhenFull.EXCEED)

    assert isinstance(outcome, Added)
    assert outcome.taken is None
    assert db.session.scalars(select(History.action)).all() == ["registered"]


@pytest.mark.rule("R8")
def test_an_address_that_takes_part_is_named_and_gets_no_mail(app: Flask, now: datetime) -> None:
    event = make_event()
    own = make_registration(event, now=now, email="ana@example.org")
    before = everything()

    assert add(event, now, WhenFull.EXCEED, email="ANA@Example.org") == Known(own.code)

    assert everything() == before


@pytest.mark.rule("R9")
def test_the_same_form_twice_is_one_registration(app: Flask, now: datetime) -> None:
    event = make_event(size=0)
    same = {"submission": "ab" * 16, "email": "ana@example.org"}

    first, second = (add(event, now, WhenFull.WAIT, **same) for _ in range(2))

    assert first == second
    assert db.session.scalars(select(Party.queue_no)).all() == [1]
