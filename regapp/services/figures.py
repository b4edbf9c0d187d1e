"""Figures of an event. Who is confirmed is counted each time; what happened on days long past is counted once.

Erased people still count (R18); people who wait are no attendees (R15).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import ColumnElement, bindparam, case, exists, func, literal, select

from regapp.db import db
from regapp.models import Event, EventStatus, History, Membership, Quota, Registration
from regapp.rules.states import SEATED, State
from regapp.services.events import FACTS, OWN_QUOTA, EventFacts

SETTLED = timedelta(hours=1)
"""Age at which no line of the history can still be on its way: lines are written within a transaction."""
RENEWED = timedelta(minutes=10)
"""How often what is remembered is brought nearer to now."""
DAYS, DAYS_OF_NEWS = 600, 3
"""Days told apart, of all lines and of those that are new; what is older counts as of the first of these."""
KEPT = 128
"""Events remembered per process."""
_STORE = "regapp.days_counted"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who has a place: how many from each country and kind of organisation, most first; None where it is not known."""

    people: int
    countries: list[tuple[str | None, int]]
    organisation_types: list[tuple[str | None, int]]


@dataclass(frozen=True, slots=True)
class Days:
    """What happened on each local day.

    `gained`: people who got a place, less those who left one; `cancelled`: people who left a place or the queue.
    """

    gained: Counter[date] = field(default_factory=Counter)
    cancelled: Counter[date] = field(default_factory=Counter)

    def plus(self, other: Days) -> Days:
        """Return both together."""
        both = Days(Counter(self.gained), Counter(self.cancelled))
        both.gained.update(other.gained)
        both.cancelled.update(other.cancelled)
        return both


@dataclass(frozen=True, slots=True)
class _Counted:
    """Days as far as the lines up to this one tell; a history is only ever added to, so they stay true."""

    tz: str
    up_to: int
    at: datetime
    days: Days


def count_confirmed(event_id: int) -> Confirmed:
    """Count the people who have a place, in one statement. Source: R15, R18."""
    of = (Registration.country, Registration.organisation_type)
    mine = (Registration.event_id == event_id, Registration.state == State.CONFIRMED)
    countries: Counter[str | None] = Counter()
    types: Counter[str | None] = Counter()
    for country, organisation_type, people in db.session.execute(select(*of, func.count()).where(*mine).group_by(*of)):
        countries[country] += people
        types[organisation_type] += people
    return Confirmed(countries.total(), _most_first(countries), _most_first(types))


def _most_first(counted: Counter[str | None]) -> list[tuple[str | None, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0] or ""))


_BEGUN = select(History.at).where(History.event_id == bindparam("event")).order_by(History.id).limit(1)
"""When the first thing happened."""


def count_days(event: EventFacts, *, now: datetime) -> Days:
    """Count who came and who left on which local day. Of an event that was looked at before, only what is new."""
    store: dict[int, _Counted] = current_app.extensions.setdefault(_STORE, {})
    counted = store.get(event.id)
    if counted is None or counted.tz != event.tz or not timedelta() <= now - counted.at < RENEWED:
        counted = _count_settled(event, counted if counted and counted.tz == event.tz else None, now=now)
        if len(store) >= KEPT:
            store.clear()
        store[event.id] = counted
    return counted.days.plus(_count(event, now, History.id > counted.up_to, days=DAYS_OF_NEWS))


def find_edition_before(event: EventFacts, account_id: int, *, now: datetime) -> EventFacts | None:
    """Return the edition of the same series that began last before this one, None if there is none.

    Of those that take place, whose registration has closed, and in whose team the account is: figures of others are
    not theirs to see.
    """
    if event.series_id is None:
        return None
    shown = Event.status.in_([EventStatus.PUBLISHED, EventStatus.ARCHIVED])
    mine = exists().where(Membership.event_id == Event.id, Membership.account_id == account_id)
    closed = Event.closes_at <= now
    earlier = (Event.series_id == event.series_id, Event.starts_at < event.starts_at, shown, closed, mine)
    wanted = select(*FACTS).join_from(Event, Quota, OWN_QUOTA).where(*earlier).order_by(Event.starts_at.desc()).limit(1)
    row = db.session.execute(wanted).one_or_none()
    return None if row is None else EventFacts(*row)


def _count_settled(event: EventFacts, known: _Counted | None, *, now: datetime) -> _Counted:
    """Count up to the last line that is old enough, beginning with what is known."""
    after, days = (known.up_to, known.days) if known else (0, Days())
    lines = select(History.id).where(History.event_id == event.id, History.at < now - SETTLED)
    up_to = db.session.scalar(lines.order_by(History.id.desc()).limit(1)) or 0
    if up_to > after:
        days = days.plus(_count(event, now, History.id > after, History.id <= up_to, days=DAYS))
    return _Counted(event.tz, max(up_to, after), now, days)


def _count(event: EventFacts, now: datetime, *lines: ColumnElement[bool], days: int) -> Days:
    first, edges = _midnights(event, now, days=days)
    place = list(SEATED)
    has, had = History.after.in_(place), History.before.in_(place) & History.before.is_not(None)
    gained = case((has, 1), else_=0) - case((had, 1), else_=0)
    cancelled = case((History.after == State.CANCELLED, 1), else_=0)
    day = _bucket(edges).label("day")
    found = db.session.execute(
        select(day, func.sum(gained), func.sum(cancelled))
        .where(History.event_id == event.id, History.after.is_not(None), *lines)
        .group_by(day)
    )
    counted = Days()
    for number, people, left in found:
        counted.gained[first + timedelta(days=number)] += people
        counted.cancelled[first + timedelta(days=number)] += left
    return counted


def _midnights(event: EventFacts, now: datetime, *, days: int) -> tuple[date, list[datetime]]:
    """Return the first of so many local days, and the instants at which each further one begins, up to the last."""
    zone = ZoneInfo(event.tz)
    last = min(now, event.ends_at).astimezone(zone).date()
    first = last - timedelta(days=days - 1)
    if days > DAYS_OF_NEWS:  # people may be added before the opening
        begun: datetime = db.session.scalar(_BEGUN, {"event": event.id}) or event.opens_at
        first = max(first, min(begun.astimezone(zone).date(), last))
    following = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    return first, [datetime.combine(day, time(), zone) for day in following]


def _bucket(edges: Sequence[datetime], lowest: int = 0) -> ColumnElement[Any]:
    """Return how many of the edges lie at or before a line, by halving: the same expression on every database."""
    if not edges:
        return literal(lowest)
    middle = len(edges) // 2
    earlier, later = _bucket(edges[:middle], lowest), _bucket(edges[middle + 1 :], lowest + middle + 1)
    return case((History.at < edges[middle], earlier), else_=later)
