"""Changing an event: everybody who takes part is told, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.db import db, transaction
from regapp.errors import BadDates, EventOver, NotFound
from regapp.models import OutboxMail
from regapp.services import editing, erasure, registrations, seats, waitlist
from regapp.services.drafts import Details
from regapp.services.editing import EventChange
from regapp.services.events import get
from regapp.services.seats import GuardMissed
from tests.factories import CLOSES_AT, ENDS_AT, STARTS_AT, make_applicant, make_event, make_registration

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def _change(event, **values) -> int:
    with transaction():
        return editing.change_event(event.id, EventChange(**values), actor="operator", now=NOW)


def _mails(message: str) -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).where(OutboxMail.message == message).order_by(OutboxMail.id)))


def test_all_who_take_part_read_what_is_new_and_how_it_was(app: Flask) -> None:
    event = make_event(size=1)
    seated, waiting, gone = [make_registration(event, now=NOW) for _ in range(3)]
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=NOW)

    told = _change(event, starts_at=STARTS_AT + DAY, ends_at=ENDS_AT + DAY, texts={"en": {"venue": "New Hall"}})
    after = get(event.id)

    assert told == 2
    assert (after.starts_at, after.ends_at) == (STARTS_AT + DAY, ENDS_AT + DAY)
    assert (after.revision, after.version) == (event.revision + 1, event.version + 1)
    assert after.text("venue", "en") == "New Hall"
    assert after.text("name", "en") == event.text("name", "en")
    mails = _mails("event_changed")
    assert [(mail.to_address, mail.facts["state"]) for mail in mails] == [
        (seated.email, "confirmed"), (waiting.email, "waitlisted"),
    ]  # fmt: skip
    assert mails[0].facts["was"] == {
        "starts_at": STARTS_AT.isoformat(),
        "ends_at": ENDS_AT.isoformat(),
        "where": {"en": "Crowne Plaza, Rue Gineste 3, 1210 Brussels"},
    }
    assert mails[0].facts["sequence"] == 1


def test_whoever_was_erased_during_the_event_is_not_written_to(app: Flask) -> None:
    event = make_event(starts_at=NOW - DAY, closes_at=NOW - 2 * DAY, ends_at=NOW + DAY)
    there, gone = (make_registration(event, now=NOW - 3 * DAY) for _ in range(2))
    with transaction():
        erasure.erase(gone.id, actor="attendee", now=NOW)

    assert editing.count_told(event.id) == 1
    assert _change(event, texts={"en": {"venue": "New Hall"}}) == 1
    assert [mail.to_address for mail in _mails("event_changed")] == [there.email]
    with pytest.raises(NotFound), transaction():
        registrations.change_details(gone.id, Details("A", "B", "C", None, "HU"), actor="account:1", now=NOW)


def test_whoever_waited_and_was_erased_is_not_told_that_no_place_came(app: Flask) -> None:
    event = make_event(size=0, starts_at=NOW - DAY, closes_at=NOW - 2 * DAY, ends_at=NOW + DAY)
    there, gone = (make_registration(event, now=NOW - 3 * DAY) for _ in range(2))
    with transaction():
        erasure.erase(gone.id, actor="attendee", now=NOW)

    with transaction():
        assert waitlist.end_serving(event.id, now=NOW).people == 2
    assert [mail.to_address for mail in _mails("not_served")] == [there.email]


def test_cancelling_at_an_event_that_was_called_off_writes_no_further_mail(app: Flask) -> None:
    event = make_event()
    person = make_registration(event, now=NOW)
    with transaction():
        editing.cancel_event(event.id, actor="operator", now=NOW)
    with transaction():
        registrations.cancel(person.id, actor="account:1", now=NOW)

    assert len(_mails("event_cancelled")) == 1
    assert not _mails("cancelled")


def test_nothing_new_tells_nobody(app: Flask) -> None:
    event = make_event()
    make_registration(event, now=NOW)
    before = get(event.id)

    assert _change(event, starts_at=STARTS_AT, texts={"en": {"venue": "Crowne Plaza"}}) == 0
    assert get(event.id) == before


@pytest.mark.parametrize(
    "dates",
    [
        pytest.param({"ends_at": STARTS_AT}, id="ends as it begins"),
        pytest.param({"starts_at": ENDS_AT + DAY}, id="begins after its end"),
        pytest.param({"starts_at": NOW}, id="has begun"),
    ],
)
def test_dates_that_make_no_sense_change_nothing(app: Flask, dates: dict[str, datetime]) -> None:
    event = make_event()
    make_registration(event, now=NOW)
    before = get(event.id)

    with pytest.raises(BadDates):
        _change(event, **dates)

    assert get(event.id) == before
    assert _mails("event_changed") == []


def test_registration_never_closes_after_the_start(app: Flask) -> None:
    event = make_event()

    _change(event, starts_at=CLOSES_AT - DAY)

    assert get(event.id).closes_at == CLOSES_AT - DAY


def test_who_registers_meanwhile_is_decided_by_the_new_settings(app: Flask) -> None:
    event = make_event()
    draft = registrations.drafts.prepare(event, make_applicant(), now=NOW)
    _change(event, starts_at=STARTS_AT + DAY)

    with pytest.raises(GuardMissed), transaction():
        registrations.register_at_once(draft)
    with transaction():
        assert seats.lock(event.id).taken == 0


def test_a_cancelled_event_tells_everybody_once_and_nobody_afterwards(app: Flask) -> None:
    event = make_event(size=1)
    people = [make_registration(event, now=NOW) for _ in range(2)]

    told = []
    for _ in range(2):
        with transaction():
            told.append(editing.cancel_event(event.id, actor="operator", now=NOW))
    with pytest.raises(EventOver):
        _change(event, starts_at=STARTS_AT + DAY)

    assert told == [2, 0]
    assert [mail.to_address for mail in _mails("event_cancelled")] == [own.email for own in people]
    assert get(event.id).cancelled


def test_what_is_over_is_changed_no_more(app: Flask) -> None:
    event = make_event()

    with pytest.raises(EventOver), transaction():
        editing.cancel_event(event.id, actor="operator", now=ENDS_AT)
