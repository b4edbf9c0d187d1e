"""The list that people sign on the day: who has a place, by last name, and the days of the event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from regapp.db import db
from regapp.models import Registration
from regapp.rules.searching import search_key
from regapp.rules.states import State
from regapp.services.events import EventFacts

MOST_DAYS = 4
"""Columns to sign in that fit beside each other on paper; a longer event has several lists."""
MOST_PEOPLE = 1000
"""People on one page of the screen; more are printed in parts."""

_EXPECTED = select(
    Registration.last_name,
    Registration.first_name,
    Registration.organisation,
    Registration.code,
    Registration.category_id,
).where(  # a few hundred as a rule, and at most all that one room holds
    Registration.event_id == bindparam("event"),
    Registration.state == State.CONFIRMED,
    Registration.erased_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody who has a place. `number` counts from 1 in the order of the list; one of the names may be empty."""

    number: int
    last_name: str
    first_name: str
    organisation: str
    code: str
    category_id: int | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One list to print. `people` by last name; `part` of `parts` of them, `days` that are group `group` of `groups`.

    `total`: everybody who has a place.
    """

    people: list[Expected]
    total: int
    part: int
    parts: int
    days: list[date]
    group: int
    groups: int


def sheet(event: EventFacts, *, part: int = 1, days: int = 1) -> Sheet:
    """Return the list with this part of the people and this group of days; the nearest where there is none. R15."""
    rows = sorted(
        (row.last_name or "", row.first_name or "", row.organisation or "", row.code, row.category_id)
        for row in db.session.execute(_EXPECTED, {"event": event.id})
    )
    rows.sort(key=lambda row: (search_key(row[0] or row[1]), search_key(row[1])))  # Őrsi under O
    parts = max(1, -(-len(rows) // MOST_PEOPLE))
    part = min(max(1, part), parts)
    every = list_days(event)
    groups = -(-len(every) // MOST_DAYS)
    group = min(max(1, days), groups)
    first = (part - 1) * MOST_PEOPLE
    people = [Expected(first + n, *row) for n, row in enumerate(rows[first : first + MOST_PEOPLE], start=1)]
    chosen = every[(group - 1) * MOST_DAYS : group * MOST_DAYS]
    return Sheet(people, len(rows), part, parts, chosen, group, groups)


def list_days(event: EventFacts) -> list[date]:
    """Return the days of an event in its zone, first to last; a day that it only touches at midnight is none of them.

    Source: R16.
    """
    zone = ZoneInfo(event.tz)
    first = event.starts_at.astimezone(zone).date()
    last = max(first, (event.ends_at - timedelta(microseconds=1)).astimezone(zone).date())
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
