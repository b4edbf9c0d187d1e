"""The event as a calendar file. Source: RFC 5545."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import current_app
from icalendar import Calendar, Event

from regapp import links
from regapp.errors import NotFound
from regapp.rules.states import State
from regapp.services.own import Own
from regapp.web import languages

PRODUCT = "-//regapp//event registration//EN"


def build(own: Own, *, now: datetime) -> bytes:
    """Return the calendar file of somebody who has a place. Raises: NotFound for everybody else (R15).

    The UID never changes and SEQUENCE rises with every change, so that a newer file replaces an older one.
    """
    if own.state != State.CONFIRMED:
        raise NotFound
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(_entry(own, now=now))
    calendar.add_missing_timezones(*_years(own))
    return bytes(calendar.to_ical())


def _entry(own: Own, *, now: datetime) -> Event:
    event, lang, zone = own.event, languages.current(), ZoneInfo(own.event.tz)
    address = current_app.config["PUBLIC_URL"] + links.own_path(own.code, own.link_version)
    place = [text for key in ("venue", "address") if (text := event.text(key, lang))]
    entry = Event()
    entry.add("uid", f"{own.code}@regapp")
    entry.add("sequence", event.revision + own.revision)
    entry.add("dtstamp", now)
    entry.add("dtstart", event.starts_at.astimezone(zone))
    entry.add("dtend", event.ends_at.astimezone(zone))
    entry.add("summary", event.text("name", lang))
    entry.add("description", "\n\n".join(filter(None, [event.text("summary", lang), address])))
    entry.add("url", address)
    entry.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    if place:
        entry.add("location", ", ".join(place))
    return entry


def _years(own: Own) -> tuple[date, date]:
    """Return the time for which the file must know the clock changes: the years of the event."""
    return date(own.event.starts_at.year, 1, 1), date(own.event.ends_at.year + 1, 1, 1)
