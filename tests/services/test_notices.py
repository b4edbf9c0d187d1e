"""What organizers are told by mail, and that they are told it once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from regapp.cli.worker import tell_organizers
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.models import Event, Membership, OutboxMail, Role
from regapp.services import accounts, capacity, events, notices, registrations, teams
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.own import Own
from regapp.services.teams import Notices
from tests.everything import everything
from tests.factories import make_event, make_registration

BUDAPEST = ZoneInfo("Europe/Budapest")


def organizer(event: EventFacts, **wants: Any) -> Me:
    """Make somebody who organizes the event and wants to be told nothing, except what is said."""
    count = len(everything()["accounts"])
    with transaction():
        me = accounts.create(f"organizer.{count}@example.org", "Eszter Varga", now=utcnow(), lang="hu")
        teams.add(event.id, me.id, Role.VIEWER)
        switches = {"tells_full": False, "tells_mail": False, "tells_digest": False} | wants
        db.session.execute(update(Membership).where(Membership.account_id == me.id).values(switches))
    return me


def tell(now: datetime) -> list[OutboxMail]:
    """Do the duty of the worker; return the notices that it wrote."""
    last = max((mail.id for mail in db.session.scalars(select(OutboxMail))), default=0)
    with time_machine.travel(now, tick=False):
        tell_organizers()
    wanted = select(OutboxMail).where(OutboxMail.id > last).order_by(OutboxMail.id)
    return list(db.session.scalars(wanted))


def fail_mail(registration: Own, at: datetime, **values: Any) -> None:
    with transaction():
        mine = update(OutboxMail).where(OutboxMail.registration_id == registration.id)
        db.session.execute(mine.values(**{"failed_at": at, "error": "550 no such user"} | values))


def quiet(now: datetime) -> bool:
    """Say whether nothing is told, and nothing even written."""
    before = everything()
    told = tell(now)
    return not told and everything() == before


@pytest.mark.rule("R13")
def test_a_full_event_is_told_once_in_the_organizers_language(app: Flask, now: datetime) -> None:
    event = make_event(size=2)
    me, _other = organizer(event, tells_full=True), organizer(event)
    for _ in range(2):
        assert quiet(now)
        make_registration(event, now=now)

    (mail,) = tell(now)

    assert (mail.message, mail.lang, mail.to_address, mail.account_id) == ("notice_full", "hu", me.email, me.id)
    assert (mail.event_id, mail.registration_id) == (event.id, None)
    assert (mail.facts["size"], mail.facts["taken"], mail.facts["waiting"]) == (2, 2, 0)
    assert quiet(now + timedelta(days=3))


def test_it_is_told_again_when_it_becomes_full_again(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    organizer(event, tells_full=True)
    first = make_registration(event, now=now)
    assert len(tell(now)) == 1
    with transaction():
        registrations.cancel(first.id, actor="attendee", now=now)
    assert tell(now) == []
    assert quiet(now)

    make_registration(event, now=now)

    assert len(tell(now)) == 1


def test_a_limit_that_is_lifted_and_set_again_is_a_new_one(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    organizer(event, tells_full=True)
    make_registration(event, now=now)
    counts = []
    for size in (1, None, 1):
        with transaction():
            capacity.resize(event.id, size, actor="operator", now=now)
        counts.append(len(tell(now)))

    assert counts == [1, 0, 1]


@pytest.mark.parametrize("size", [0, None])
def test_an_interest_list_and_an_event_without_limit_are_never_full(
    app: Flask, now: datetime, size: int | None
) -> None:
    event = make_event(size=size)
    organizer(event, tells_full=True)
    make_registration(event, now=now)

    assert quiet(now)


def test_mails_that_fail_are_told_at_most_once_a_day_and_only_if_there_are_new_ones(app: Flask, now: datetime) -> None:
    event = make_event()
    organizer(event, tells_mail=True)
    people = [make_registration(event, now=now) for _ in range(4)]
    assert quiet(now)
    for person in people[:2]:
        fail_mail(person, now)

    (mail,) = tell(now + timedelta(minutes=1))

    assert (mail.message, mail.facts["failing"]) == ("notice_mail", 2)
    assert quiet(now + timedelta(days=2))
    fail_mail(people[2], now + timedelta(days=2))
    (again,) = tell(now + timedelta(days=2, minutes=1))
    assert again.facts["failing"] == 1
    fail_mail(people[3], now + timedelta(days=2, hours=1))
    assert quiet(now + timedelta(days=3))
    assert len(tell(now + timedelta(days=3, minutes=2))) == 1


def test_a_mail_that_is_refused_again_and_again_counts_before_it_is_given_up(app: Flask, now: datetime) -> None:
    event = make_event()
    organizer(event, tells_mail=True)
    person = make_registration(event, now=now)
    fail_mail(person, now, failed_at=None, attempts=notices.OFTEN - 1)
    assert quiet(now)

    fail_mail(person, now, failed_at=None, attempts=notices.OFTEN)

    assert len(tell(now)) == 1


def test_a_notice_that_fails_causes_no_further_one(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    organizer(event, tells_full=True, tells_mail=True)
    make_registration(event, now=now)
    (notice,) = tell(now)
    with transaction():
        db.session.execute(update(OutboxMail).where(OutboxMail.id == notice.id).values(failed_at=now, error="550"))

    assert quiet(now + timedelta(days=2))


def since(event: EventFacts, at: datetime) -> None:
    with transaction():
        db.session.execute(update(Membership).where(Membership.event_id == event.id).values(digest_at=at))


def test_a_digest_says_what_happened(app: Flask) -> None:
    event = make_event(size=2, tz="Europe/Budapest")
    me = organizer(event, tells_digest=True)
    yesterday = datetime(2026, 9, 14, 7, 0, tzinfo=BUDAPEST)
    during = yesterday + timedelta(hours=3)
    make_registration(event, now=yesterday - timedelta(minutes=1))
    people = [make_registration(event, now=during) for _ in range(3)]
    with transaction():
        registrations.cancel(people[0].id, actor="attendee", now=during)
    fail_mail(people[1], during)
    since(event, yesterday)
    before_seven, seven = (datetime(2026, 9, 15, *clock, tzinfo=BUDAPEST) for clock in ((6, 59), (7, 0)))

    assert tell(before_seven) == []
    (mail,) = tell(seven)

    assert (mail.message, mail.account_id) == ("notice_digest", me.id)
    figures = ("registered", "cancelled", "promoted", "failing", "taken", "size", "waiting")
    assert {name: mail.facts[name] for name in figures} == {
        "registered": 3, "cancelled": 1, "promoted": 1, "failing": 2, "taken": 2, "size": 2, "waiting": 1,
    }  # fmt: skip
    assert datetime.fromisoformat(mail.facts["since"]) == yesterday
    assert quiet(seven + timedelta(hours=3))


def test_a_day_on_which_nothing_happened_is_not_told(app: Flask) -> None:
    event = make_event(tz="Europe/Budapest")
    organizer(event, tells_digest=True)
    monday = datetime(2026, 9, 14, 7, 0, tzinfo=BUDAPEST)
    since(event, monday)

    assert tell(monday + timedelta(days=1)) == []
    make_registration(event, now=monday + timedelta(days=1, hours=1))
    (mail,) = tell(monday + timedelta(days=2))

    assert datetime.fromisoformat(mail.facts["since"]) == monday + timedelta(days=1)


def test_a_digest_that_was_just_switched_on_begins_then(app: Flask) -> None:
    event = make_event(tz="Europe/Budapest")
    organizer(event, tells_digest=True)
    noon = datetime(2026, 9, 14, 12, 0, tzinfo=BUDAPEST)
    make_registration(event, now=noon - timedelta(hours=1))

    assert tell(noon) == []
    make_registration(event, now=noon + timedelta(hours=1))
    (mail,) = tell(noon + timedelta(hours=19))

    assert mail.facts["registered"] == 1


def test_a_digest_that_was_off_for_days_tells_nothing_of_them(app: Flask) -> None:
    event = make_event(tz="Europe/Budapest")
    account = organizer(event, tells_digest=True)
    monday = datetime(2026, 9, 14, 7, 0, tzinfo=BUDAPEST)
    since(event, monday)
    with transaction():
        teams.choose_notices(event.id, account.id, Notices(full=True, mail=True, digest=False))
    make_registration(event, now=monday + timedelta(hours=1))
    assert quiet(monday + timedelta(days=1))

    with transaction():
        teams.choose_notices(event.id, account.id, Notices(full=True, mail=True, digest=True))
    friday = monday + timedelta(days=4)
    assert tell(friday) == []
    make_registration(event, now=friday + timedelta(hours=1))
    (mail,) = tell(friday + timedelta(days=1))

    assert mail.facts["registered"] == 1


def test_after_days_without_a_worker_one_digest_tells_of_all_of_them(app: Flask) -> None:
    event = make_event(tz="Europe/Budapest")
    organizer(event, tells_digest=True)
    monday = datetime(2026, 9, 14, 7, 0, tzinfo=BUDAPEST)
    since(event, monday)
    for day in range(4):
        make_registration(event, now=monday + timedelta(days=day, hours=1))
    thursday_noon = monday + timedelta(days=3, hours=5)

    (mail,) = tell(thursday_noon)

    assert mail.facts["registered"] == 4
    assert quiet(thursday_noon + timedelta(hours=1))


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(datetime(2025, 3, 30), 23, id="the night that is an hour shorter"),
        pytest.param(datetime(2025, 10, 26), 25, id="the night that is an hour longer"),
    ],
)
def test_a_digest_comes_at_seven_whatever_the_clocks_do(app: Flask, day: datetime, hours: int) -> None:
    event = make_event(tz="Europe/Budapest")
    organizer(event, tells_digest=True)
    seven = day.replace(hour=7, tzinfo=BUDAPEST)
    before = seven - timedelta(days=1)  # on the clock
    assert seven.astimezone(UTC) - before.astimezone(UTC) == timedelta(hours=hours)
    since(event, before)
    make_registration(event, now=before.astimezone(UTC) + timedelta(hours=1))
    told_at = []

    for minutes in range(0, 26 * 60, 10):
        now = before.astimezone(UTC) + timedelta(minutes=minutes)
        told_at += [now for _ in tell(now)]

    assert told_at == [seven]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"status": "draft"}, id="a draft"),
        pytest.param({"status": "cancelled"}, id="called off"),
        pytest.param({"status": "archived"}, id="put away"),
        pytest.param({"ends_at": datetime(2026, 9, 14, tzinfo=UTC)}, id="over"),
    ],
)
def test_an_event_that_nobody_can_come_to_tells_nothing(app: Flask, now: datetime, values: dict[str, Any]) -> None:
    event = make_event(size=1)
    organizer(event, tells_full=True, tells_mail=True, tells_digest=True)
    fail_mail(make_registration(event, now=now), now)
    since(event, now - timedelta(days=2))
    with transaction():
        db.session.execute(update(Event).values(values))

    assert quiet(now)
    with transaction():
        assert notices.tell(event.id, now=now) == 0


@pytest.mark.rule("R13")
def test_what_is_rolled_back_is_told_later(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    organizer(event, tells_full=True)
    make_registration(event, now=now)
    with pytest.raises(ZeroDivisionError), transaction():
        assert notices.tell(event.id, now=now) == 1
        raise ZeroDivisionError

    assert len(tell(now)) == 1


def test_notices_leave_like_other_mails(app: Flask) -> None:
    event = make_event(size=1)
    organizer(event, tells_full=True)
    make_registration(event)

    assert len(tell(utcnow())) == 1

    assert outbox.send_due().sent == 2


def test_no_seat_is_moved_by_telling(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    organizer(event, tells_full=True)
    make_registration(event, now=now)
    before = events.get(event.id)

    tell(now)

    assert events.get(event.id) == before
