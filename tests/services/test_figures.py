"""The figures of the overview beside a plain recount."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from regapp.db import db, transaction
from regapp.models import Event, History, Registration, Role, Series
from regapp.services import capacity, erasure, events, figures, overview, registrations, teams
from regapp.services.events import EventFacts
from tests.factories import make_event, make_registration
from tests.statements import counting
from tests.web.organizers import make_account

NOW = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)


def opened(days_ago: int, **values: object) -> EventFacts:
    return make_event(
        opens_at=NOW - timedelta(days=days_ago), closes_at=NOW + timedelta(days=10), starts_at=NOW + timedelta(days=20),
        ends_at=NOW + timedelta(days=21), **values,
    )  # fmt: skip


def live(event: EventFacts, *, days: int, steps: int, seed: int) -> None:
    """Let people come, leave and be promoted at random times, earliest first, until now."""
    choice = random.Random(seed)
    people = []
    for at in sorted(NOW - timedelta(days=days * choice.random()) for _ in range(steps)):
        act = choice.random()
        if act < 0.7 or not people:
            people.append(make_registration(event, now=at, country=choice.choice(["HU", "BE", None])))
        elif act < 0.9:
            with transaction():
                registrations.cancel(people.pop(choice.randrange(len(people))).id, actor="attendee", now=at)
        else:
            with transaction():
                capacity.resize(event.id, choice.randint(2, 12), actor="operator", now=at)


def plain_recount(event: EventFacts) -> Counter[date]:
    """Walk all lines, one by one."""
    gained: Counter[date] = Counter()
    lines = select(History).where(History.event_id == event.id, History.after.is_not(None))
    for line in db.session.scalars(lines):
        day = line.at.astimezone(ZoneInfo(event.tz)).date()
        gained[day] += (line.after == "confirmed") - (line.before == "confirmed")
    return gained


@pytest.mark.parametrize("tz", ["Europe/Budapest", "Asia/Kolkata", "America/New_York", "Pacific/Auckland"])
def test_days_are_local_days(app: Flask, tz: str) -> None:
    event = opened(30, size=6, tz=tz)
    live(event, days=29, steps=60, seed=len(tz))

    days = figures.count_days(event, now=NOW)

    recount = plain_recount(event)
    assert {day: people for day, people in days.gained.items() if people} == {
        day: people for day, people in recount.items() if people
    }
    assert days.gained.total() == events.get(event.id).taken


def test_days_around_a_change_of_the_clocks(app: Flask) -> None:
    zone = ZoneInfo("Europe/Budapest")
    night = datetime(2026, 10, 25, 0, 0, tzinfo=zone).astimezone(UTC)
    event = make_event(tz="Europe/Budapest", opens_at=night - timedelta(days=2))
    for hours in (-0.5, 0.5, 24.5, 25.5):  # this day has 25 hours
        make_registration(event, now=night + timedelta(hours=hours))

    days = figures.count_days(event, now=night + timedelta(days=3))

    assert days.gained == {date(2026, 10, 24): 1, date(2026, 10, 25): 2, date(2026, 10, 26): 1}


def test_what_is_remembered_and_what_is_new_make_the_whole(app: Flask) -> None:
    event = opened(10, size=None)
    for hours in (100, 50, 2, 1, 0.5):
        make_registration(event, now=NOW - timedelta(hours=hours))
    figures.count_days(event, now=NOW)

    for minutes in range(1, 121, 7):  # what is remembered is renewed on the way
        now = NOW + timedelta(minutes=minutes)
        make_registration(event, now=now)
        assert figures.count_days(event, now=now).gained == plain_recount(event)


def test_an_event_looked_at_again_costs_one_statement(app: Flask) -> None:
    event = opened(10)
    live(event, days=9, steps=20, seed=1)
    figures.count_days(event, now=NOW)

    with counting() as statements:
        figures.count_days(event, now=NOW + timedelta(minutes=1))

    assert len(statements) == 1


@pytest.mark.rule("R15")
def test_only_who_is_confirmed_is_counted(app: Flask) -> None:
    event = opened(10, size=2)
    people = [make_registration(event, now=NOW, country=country) for country in ("HU", "BE", "FR", "FR")]
    with transaction():
        db.session.execute(update(Registration).values(organisation_type="cluster"))
        registrations.cancel(people[1].id, actor="attendee", now=NOW)

    found = figures.count_confirmed(event.id)

    assert (found.people, found.countries) == (2, [("FR", 1), ("HU", 1)])
    assert found.organisation_types == [("cluster", 2)]


@pytest.mark.rule("R18")
def test_people_who_were_erased_after_the_event_still_count(app: Flask) -> None:
    event = opened(10, size=None)
    people = [make_registration(event, now=NOW, country=country) for country in ("HU", "HU", "BE")]
    before = figures.count_confirmed(event.id)
    after_the_event = NOW + timedelta(days=30)
    with transaction():
        for person in people:
            erasure.erase(person.id, actor="attendee", now=after_the_event)

    assert figures.count_confirmed(event.id) == before
    assert figures.count_days(event, now=after_the_event).gained.total() == 3


def test_the_curve_by_day_reaches_what_is_confirmed(app: Flask) -> None:
    event = opened(20, size=8)
    live(event, days=19, steps=60, seed=3)

    curve = overview.look(events.get(event.id), 1, now=NOW).curve

    assert curve is not None
    assert not curve.weekly
    recount = plain_recount(event)
    for step in curve.steps:
        assert step.confirmed == sum(people for day, people in recount.items() if day < step.until)
    assert curve.steps[-1].confirmed == events.get(event.id).taken
    assert curve.steps[-1].until == date(2026, 9, 15)


def test_the_curve_by_week_and_the_edition_before(app: Flask) -> None:
    with transaction():
        series = Series(slug="conference", texts={})
        db.session.add(series)
    old = opened(500, size=None, series_id=series.id)
    with transaction():
        moved = {"opens_at": NOW - timedelta(days=500), "closes_at": NOW - timedelta(days=420)}
        over = {"starts_at": NOW - timedelta(days=410), "ends_at": NOW - timedelta(days=409)}
        db.session.execute(update(Event).where(Event.id == old.id).values(**moved, **over))
    for day in (1, 8, 9, 70, 75):
        make_registration(old, now=NOW - timedelta(days=500 - day))
    event = opened(60, size=None, series_id=series.id)
    for day in (3, 20, 59):
        make_registration(event, now=NOW - timedelta(days=60 - day))

    me, stranger = make_account(), make_account()
    with transaction():
        teams.add(old.id, me.id, Role.VIEWER)

    curve = overview.look(event, me.id, now=NOW).curve
    without = overview.look(event, stranger.id, now=NOW).curve

    assert without is not None
    assert without.closed_with is None
    assert curve is not None
    assert curve.weekly
    assert [step.confirmed for step in curve.steps] == [1, 1, 2, 2, 2, 2, 2, 2, 3]
    assert [step.before for step in curve.steps] == [1, 3, 3, 3, 3, 3, 3, 3, 3]
    assert (curve.before_now, curve.closed_with) == (3, 5)


def test_an_edition_whose_registration_is_open_is_not_compared_with(app: Flask) -> None:
    with transaction():
        series = Series(slug="conference", texts={})
        db.session.add(series)
    sooner, later = opened(60, series_id=series.id), opened(50, series_id=series.id)
    with transaction():
        db.session.execute(update(Event).where(Event.id == sooner.id).values(starts_at=later.starts_at - timedelta(1)))
    for event in (sooner, later):
        make_registration(event, now=NOW - timedelta(days=40))
    me = make_account()
    with transaction():
        teams.add(sooner.id, me.id, Role.VIEWER)

    while_open = overview.look(later, me.id, now=NOW).curve
    with transaction():
        db.session.execute(update(Event).where(Event.id == sooner.id).values(closes_at=NOW))
    closed = overview.look(later, me.id, now=NOW).curve

    assert while_open is not None
    assert while_open.closed_with is None
    assert closed is not None
    assert closed.closed_with == 1


def test_before_registration_opens_there_is_no_curve(app: Flask) -> None:
    event = make_event(opens_at=NOW + timedelta(days=2), closes_at=NOW + timedelta(days=3))

    assert overview.look(event, 1, now=NOW).curve is None


def test_the_overview_needs_few_statements_however_many_people_there_are(app: Flask) -> None:
    event = opened(20, size=1)
    for _ in range(2):
        make_registration(event, now=NOW - timedelta(days=20))
    counts = []
    for people in (8, 40):
        live(event, days=19, steps=people, seed=people)
        overview.look(events.get(event.id), 1, now=NOW)
        with counting() as statements:
            overview.look(events.get(event.id), 1, now=NOW)
        counts.append(len(statements))

    assert max(counts) <= 8
