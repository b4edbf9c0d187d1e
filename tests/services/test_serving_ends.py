"""Those who wait in vain are told once (R12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.db import db, snapshot, transaction
from regapp.models import EventStatus, OutboxMail
from regapp.services import books, editing, waitlist
from regapp.services.events import get
from regapp.services.own import get_own
from tests.factories import make_event, make_registration
from tests.statements import counting

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
ENDS = NOW + timedelta(days=10)
AFTER = ENDS + timedelta(minutes=1)

pytestmark = pytest.mark.rule("R12")


def _end(event_id: int, *, now: datetime = AFTER) -> waitlist.Ended:
    with transaction():
        return waitlist.end_serving(event_id, now=now)


def _told() -> list[str]:
    db.session.rollback()
    wanted = select(OutboxMail.to_address).where(OutboxMail.message == "not_served").order_by(OutboxMail.id)
    return list(db.session.scalars(wanted))  # type: ignore[arg-type]


def test_who_still_waits_is_told_and_the_registration_expires(app: Flask) -> None:
    event = make_event(size=1, serve_until=ENDS)
    seated, *waiting = [make_registration(event, now=NOW) for _ in range(4)]

    assert waitlist.list_unserved(now=ENDS - timedelta(seconds=1)) == []
    assert _end(event.id, now=ENDS - timedelta(seconds=1)) == waitlist.Ended(0, more=False)
    assert waitlist.list_unserved(now=ENDS) == [event.id]
    assert _end(event.id) == waitlist.Ended(3, more=False)

    after = [get_own(own.code) for own in waiting]
    assert get_own(seated.code).state == "confirmed"
    assert [(own.state, own.position, own.ended_why, own.ended_by) for own in after] == [
        ("expired", None, "serving_ended", "system")
    ] * 3
    assert _told() == [own.email for own in waiting]
    assert (get(event.id).waiting, get(event.id).taken) == (0, 1)
    with snapshot() as connection:
        assert books.verify(connection, now=AFTER).differences == []


def test_a_second_time_tells_nobody(app: Flask) -> None:
    event = make_event(size=0, serve_until=ENDS)
    make_registration(event, now=NOW)

    ended = [_end(event.id).people for _ in range(3)]

    assert ended == [1, 0, 0]
    assert len(_told()) == 1
    assert waitlist.list_unserved(now=AFTER) == []


def test_whoever_waited_in_vain_may_use_the_address_again(app: Flask) -> None:
    event = make_event(size=0, serve_until=ENDS)
    first = make_registration(event, email="ana@example.org", now=NOW)
    _end(event.id)

    assert get_own(first.code).state == "expired"
    assert not get_own(first.code).can_cancel(AFTER)


def test_a_cancelled_event_has_told_them_already(app: Flask) -> None:
    event = make_event(size=0, serve_until=ENDS)
    make_registration(event, now=NOW)
    with transaction():
        editing.cancel_event(event.id, actor="operator", now=NOW)

    assert waitlist.list_unserved(now=AFTER) == []
    assert _end(event.id).people == 0
    assert get(event.id).status == EventStatus.CANCELLED
    assert _told() == []


def test_many_cost_as_many_statements_as_few(app: Flask) -> None:
    costs = []
    for people in (3, 30):
        event = make_event(size=0, serve_until=ENDS)
        for _ in range(people):
            make_registration(event, now=NOW)
        with counting() as statements:
            _end(event.id)
        costs.append(len(statements))

    assert costs[0] == costs[1]
