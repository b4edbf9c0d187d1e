"""The demo events: always of use today, always the same weekdays and local times."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from config import ROOT
from regapp.db import db, snapshot, transaction
from regapp.models import Category, Event, History, OutboxMail, Registration
from regapp.rules.addresses import contact_key
from regapp.rules.window import Phase, phase
from regapp.services import books, demo, events
from regapp.services.demo import DemoEvent

FOLDER = Path(ROOT) / "demo"
ALL = {event.slug: event for event in demo.read(FOLDER)}
TODAY = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
DAYS = [TODAY + timedelta(days=number, hours=number % 24) for number in range(0, 400, 9)]
"""Days on which somebody may load them, both changes of the clocks among them."""


def load_all(now: datetime) -> list[bool]:
    """Load as the command does."""
    made = []
    for event in ALL.values():
        with transaction():
            made.append(demo.load(event, now=now))
    return made


def phase_of(event: DemoEvent, now: datetime) -> Phase:
    """Return where the event would stand right after loading."""
    keys = ("starts_at", "ends_at", "opens_at", "closes_at")
    stored = Event(status="published", **{key: demo.instant(event, getattr(event, key), now=now) for key in keys})
    stored.cancelled = stored.archived = False  # type: ignore[attr-defined]
    return phase(stored, now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("european-cluster-conference", Phase.OPEN),
        ("joint-training-bari", Phase.OPEN),
        ("kayaking-on-the-danube", Phase.UPCOMING),
        ("danube-cluster-week", Phase.OPEN),
        ("clusters-in-europe-iv", Phase.PAST),
    ],
)
def test_on_whatever_day_it_is_loaded_an_event_is_where_it_should_be(slug: str, expected: Phase) -> None:
    assert {phase_of(ALL[slug], day) for day in DAYS} == {expected}


@pytest.mark.parametrize("slug", ALL)
def test_moving_keeps_weekdays_local_times_and_distances(slug: str) -> None:
    event = ALL[slug]
    zone = ZoneInfo(event.tz)
    for day in DAYS:
        for key in ("starts_at", "ends_at", "opens_at", "closes_at"):
            written = getattr(event, key)
            moved = demo.instant(event, written, now=day).astimezone(zone).replace(tzinfo=None)
            assert moved.time() == written.time()
            assert moved.weekday() == written.weekday()
            start = demo.instant(event, event.starts_at, now=day).astimezone(zone).replace(tzinfo=None)
            assert moved - start == written - event.starts_at


def test_the_conference_begins_eight_to_nine_weeks_after_loading() -> None:
    event = ALL["european-cluster-conference"]

    distances = {(demo.instant(event, event.starts_at, now=day) - day).days for day in DAYS}

    assert min(distances) >= 55
    assert max(distances) <= 63


def test_clusters_in_europe_keeps_its_real_dates() -> None:
    event = ALL["clusters-in-europe-iv"]

    assert demo.instant(event, event.starts_at, now=TODAY).isoformat() == "2017-11-30T09:00:00+01:00"


def test_the_events_are_loaded_with_their_limits_and_texts(app: Flask) -> None:
    assert load_all(TODAY) == [True] * 5

    found = {event.slug: event for event in events.list_public()}
    assert {slug: event.size for slug, event in found.items()} == {
        "european-cluster-conference": 250,
        "joint-training-bari": 14,
        "kayaking-on-the-danube": 24,
        "danube-cluster-week": 60,
        "clusters-in-europe-iv": None,
    }
    for event in found.values():
        for key in ("name", "kicker", "summary", "description", "audience", "venue", "languages", "organiser"):
            assert event.text(key, "en"), f"{event.slug} lacks {key}"
    assert "17 countries" in found["clusters-in-europe-iv"].text("after", "en")


def test_the_training_is_full_and_three_wait(app: Flask) -> None:
    load_all(TODAY)

    event = events.get_by_slug("joint-training-bari")
    assert (event.taken, event.waiting, event.places_left) == (14, 3, 0)
    states = db.session.execute(select(Registration.event_id, Registration.state)).all()
    assert Counter(states) == {(event.id, "confirmed"): 14, (event.id, "waitlisted"): 3}
    moments = list(db.session.scalars(select(Registration.registered_at).order_by(Registration.id)))
    assert moments == sorted(moments)
    assert event.opens_at < moments[0] < moments[-1] < TODAY
    with snapshot() as connection:
        assert books.verify(connection, now=TODAY).differences == []


def test_nobody_gets_mail_about_the_demo(app: Flask) -> None:
    load_all(TODAY)

    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 0


def test_loading_twice_doubles_nothing_and_changes_nothing(app: Flask) -> None:
    load_all(TODAY)
    before = counts()
    kinds = events.get_by_slug("danube-cluster-week").categories
    assert [(one.text("name", "en"), one.size, one.counts, one.hidden) for one in kinds] == [
        ("Members", 40, True, False), ("Guests", 40, True, False), ("Speakers", 12, False, True),
        ("Press", 6, False, True),
    ]  # fmt: skip

    assert load_all(TODAY + timedelta(weeks=3)) == [False] * 5
    assert counts() == before


def counts() -> list[object]:
    """Return what a second loading might have changed."""
    tables = [
        db.session.scalar(select(func.count()).select_from(model)) for model in (Event, Registration, History, Category)
    ]
    return [*tables, *db.session.scalars(select(Event.starts_at).order_by(Event.id))]


def test_the_people_are_invented_and_of_many_countries_and_scripts() -> None:
    people = ALL["joint-training-bari"].people

    assert len({contact_key(person["email"]) for person in people}) == len(people) == 17
    assert all(person["email"].endswith("@example.org") for person in people)
    assert len({person["country"] for person in people}) >= 14
    assert not any(event.people for slug, event in ALL.items() if slug != "joint-training-bari")
