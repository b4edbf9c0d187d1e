"""When one can register, and until when cancel. Windows are half-open: open at opens_at, closed at closes_at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from regapp.errors import EventOver, RegistrationClosed, TooLate

RETAINED = timedelta(days=365)
"""How long after an event people are kept, where the event does not say otherwise."""


class Phase(StrEnum):
    """Where an event stands in its life, as far as registering goes."""

    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"
    RUNNING = "running"
    PAST = "past"
    CANCELLED = "cancelled"


class Dates(Protocol):
    """What the window rules read of an event."""

    @property
    def cancelled(self) -> bool: ...
    @property
    def archived(self) -> bool: ...
    @property
    def opens_at(self) -> datetime: ...
    @property
    def closes_at(self) -> datetime: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def serve_until(self) -> datetime | None: ...
    @property
    def change_until(self) -> datetime | None: ...
    @property
    def retain_until(self) -> datetime | None: ...


def phase(event: Dates, now: datetime) -> Phase:
    """Say where the event stands. Source: R16."""
    if event.cancelled:
        return Phase.CANCELLED
    if event.archived or now >= event.ends_at:
        return Phase.PAST
    if now < event.opens_at:
        return Phase.UPCOMING
    if now < event.closes_at:
        return Phase.OPEN
    return Phase.RUNNING if now >= event.starts_at else Phase.CLOSED


def next_edge(event: Dates, now: datetime, categories: Iterable[Offered] = ()) -> datetime | None:
    """Return the next instant at which the phase, or what is offered, changes by itself, None after the last."""
    edges = [event.opens_at, event.closes_at, event.starts_at, event.ends_at]
    edges += [edge for one in categories if not one.hidden for edge in (one.opens_at, one.closes_at) if edge]
    return min((edge for edge in edges if edge > now), default=None)


def check_open(event: Dates, now: datetime) -> None:
    """Raise RegistrationClosed, with the reason and its time, unless one can register now."""
    found = phase(event, now)
    if found is Phase.OPEN:
        return
    at = {
        Phase.UPCOMING: event.opens_at,
        Phase.CLOSED: event.closes_at,
        Phase.RUNNING: event.closes_at,
        Phase.PAST: event.ends_at,
    }.get(found)
    raise RegistrationClosed(reason=found, at=at)


class Offered(Protocol):
    """What is read of a category to tell whether visitors may choose it."""

    @property
    def hidden(self) -> bool: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...


def is_offered(category: Offered, now: datetime) -> bool:
    """Say whether visitors may choose a category, while registration is open: not hidden, and within its own window."""
    begun = category.opens_at is None or now >= category.opens_at
    return begun and not category.hidden and (category.closes_at is None or now < category.closes_at)


def is_alive(event: Dates, now: datetime) -> bool:
    """Say whether anything about an event may still change: it was not called off, not put away, and has not ended."""
    return not event.cancelled and not event.archived and now < event.ends_at


def check_alive(event: Dates, now: datetime) -> None:
    """Raise EventOver once an event was called off, put away or has ended: nothing about it changes any more."""
    if not is_alive(event, now):
        raise EventOver


def check_before_start(event: Dates, now: datetime) -> None:
    """Raise TooLate once the event has begun: cancelling and changing end there."""
    if now >= event.starts_at:
        raise TooLate(at=event.starts_at)


def change_ends_at(event: Dates) -> datetime:
    """Return until when people may correct what they said: `change_until`, at most the start."""
    return min(event.change_until or event.starts_at, event.starts_at)


def check_may_change(event: Dates, now: datetime) -> None:
    """Raise TooLate once details may no longer be changed."""
    if now >= change_ends_at(event):
        raise TooLate(at=change_ends_at(event))


def retain_until(event: Dates) -> datetime:
    """Return when the people of an event are erased: `retain_until`, else a year after its end. Source: R18."""
    return event.retain_until or event.ends_at + RETAINED


def serving_ends_at(event: Dates) -> datetime:
    """Return until when those who wait are served: `serve_until`, else closing; at most the start. Source: R12."""
    return min(event.serve_until or event.closes_at, event.starts_at)


def is_serving(event: Dates, now: datetime) -> bool:
    """Say whether places still go to those who wait."""
    return not event.cancelled and not event.archived and now < serving_ends_at(event)
