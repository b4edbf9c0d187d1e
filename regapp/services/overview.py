"""How an event stands at one glance, and what needs somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from regapp.db import db
from regapp.models import EventStatus, Registration
from regapp.rules.window import is_serving
from regapp.services import figures, history, mails
from regapp.services.events import EventFacts
from regapp.services.figures import Confirmed, Days
from regapp.services.history import Line
from regapp.services.mails import Trouble

LATEST = 8
"""Lines of the history that the overview shows."""
WEEKLY_AFTER = timedelta(days=42)
"""Longest time that is told day by day."""
SOON = timedelta(days=7)
"""How long before registration opens a draft is mentioned."""


@dataclass(frozen=True, slots=True)
class Step:
    """How many people were confirmed when the local day `until` began, and the edition before after the same time."""

    until: date
    confirmed: int
    before: int | None


@dataclass(frozen=True, slots=True)
class Curve:
    """Confirmed people over time, a step a day or a week; `first` and `last` are the local days of the whole time.

    `before`: how many were confirmed at the edition before, step by step; `before_now`: as long after its opening as it
    is now; `closed_with`: in the end. The last step may be of a day or a week that is not over.
    """

    first: date
    last: date
    weekly: bool
    steps: list[Step]
    before: list[int]
    before_now: int | None
    closed_with: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the first page of an event shows. `waiting_since`: when the first of those who wait registered."""

    confirmed: Confirmed
    cancelled: int
    cancelled_lately: int
    curve: Curve | None
    trouble: Trouble
    waiting_since: datetime | None
    latest: list[Line]


def look(event: EventFacts, account_id: int, *, now: datetime) -> Overview:
    """Read the overview of an event for one of its team, in a few statements however many people there are."""
    days, lines = figures.count_days(event, now=now), history.list_lines(event.id, limit=LATEST)[0]
    today = now.astimezone(ZoneInfo(event.tz)).date()
    lately = (people for day, people in days.cancelled.items() if day > today - timedelta(days=7))
    return Overview(
        confirmed=figures.count_confirmed(event.id),
        cancelled=days.cancelled.total(),
        cancelled_lately=sum(lately),
        curve=_curve(event, account_id, days, now=now),
        trouble=mails.find_trouble(event.id),
        waiting_since=_waiting_since(event) if event.waiting else None,
        latest=lines,
    )


def needs_publishing(event: EventFacts, *, now: datetime) -> bool:
    """Say whether registration opens soon, or should be open, while nobody outside sees the event."""
    return event.status == EventStatus.DRAFT and event.opens_at - SOON <= now < event.starts_at


def is_unserved(event: EventFacts, *, now: datetime) -> bool:
    """Say whether people wait to whom places no longer go."""
    return event.waiting > 0 and not is_serving(event, now) and not event.cancelled and not event.archived


def _waiting_since(event: EventFacts) -> datetime | None:
    first = select(Registration.registered_at).where(
        Registration.event_id == event.id, Registration.queue_no.is_not(None)
    )
    return db.session.scalar(first.order_by(Registration.queue_no).limit(1))


def _curve(event: EventFacts, account_id: int, days: Days, *, now: datetime) -> Curve | None:
    """Return the curve from opening to closing, as far as now; None before anything has happened."""
    first, last, present = _span(event, days, now=now)
    if present < first:
        return None
    weekly = last - first > WEEKLY_AFTER
    step = timedelta(days=7 if weekly else 1)
    shown = min(present, last)
    counted = _cumulate(days, first, shown, step)
    was, was_now, closed_with = _edition_before(event, account_id, (first, last, shown), step, now=now)
    edges = [min(first + (number + 1) * step, shown + timedelta(days=1)) for number in range(len(counted))]
    steps = [
        Step(until, people, was[number] if number < len(was) else None)
        for number, (until, people) in enumerate(zip(edges, counted, strict=True))
    ]
    return Curve(first, last, weekly, steps, was, was_now, closed_with)


def _span(event: EventFacts, days: Days, *, now: datetime) -> tuple[date, date, date]:
    """Return the local days of the opening, of the end of what is told, and the present one."""
    zone = ZoneInfo(event.tz)
    happened = [day for day, people in days.gained.items() if people]
    first = min([event.opens_at.astimezone(zone).date(), *happened])
    last = max([event.closes_at.astimezone(zone).date(), first, *happened])
    return first, last, now.astimezone(zone).date()


def _edition_before(
    event: EventFacts, account_id: int, span: tuple[date, date, date], step: timedelta, *, now: datetime
) -> tuple[list[int], int | None, int | None]:
    """Return the steps of the edition before, as far as this one's reach; its people after the same time, and at last.

    `span`: first and last day, and the last one shown. Without an edition, or if nobody came to it, there are none.
    """
    first, last, shown = span
    earlier = figures.find_edition_before(event, account_id, now=now)
    days = figures.count_days(earlier, now=now) if earlier else Days()
    if earlier is None or not any(days.gained.values()):
        return [], None, None
    began, ended, present = _span(earlier, days, now=now)
    counted = _cumulate(days, began, min(began + (last - first), ended, present), step)
    so_far = sum(people for day, people in days.gained.items() if day - began <= shown - first)
    return counted, so_far, days.gained.total()


def _cumulate(days: Days, first: date, last: date, step: timedelta) -> list[int]:
    """Return how many had a place at the end of each step from the first day to the last one."""
    people, counted, day = 0, [], first
    while day <= last:
        end = day + step
        people += sum(days.gained[day + timedelta(days=number)] for number in range(step.days))
        counted.append(people)
        day = end
    return counted
