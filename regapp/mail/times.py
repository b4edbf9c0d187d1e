"""Dates and times as mails write them: weekday, date, time, and the zone by a city in it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location
from flask_babel import gettext as _

DAYS = {"en": "EEEE d MMMM y", "hu": "y. MMMM d., EEEE"}
"""Language → how a day is written (CLDR pattern); others take CLDR's own full form."""


def span(starts_at: datetime, ends_at: datetime, tz: str, lang: str) -> str:
    """Return from when until when, e.g. "Tuesday 1 December 2026, 09:00–17:30, Brussels time (CET)"."""
    start, end = starts_at.astimezone(ZoneInfo(tz)), ends_at.astimezone(ZoneInfo(tz))
    zone = _zone(start, end, tz, lang)
    if start.date() == end.date():
        return f"{_day(start, lang)}, {start:%H:%M}–{end:%H:%M}, {zone}"
    first, last = f"{_day(start, lang)}, {start:%H:%M}", f"{_day(end, lang)}, {end:%H:%M}"
    return str(_("%(first)s, to %(last)s, %(zone)s", first=first, last=last, zone=zone))


def day(instant: datetime, tz: str, lang: str) -> str:
    """Return the day on which an instant falls in this zone, e.g. "Tuesday 1 December 2026"."""
    return _day(instant.astimezone(ZoneInfo(tz)), lang)


def _day(local: datetime, lang: str) -> str:
    return format_date(local.date(), DAYS.get(lang, "full"), locale=lang)


def _zone(start: datetime, end: datetime, tz: str, lang: str) -> str:
    """Name the zone; both short names if the clocks change in between."""
    short = "/".join(dict.fromkeys([_short_name(start), _short_name(end)]))
    if "/" not in tz or tz.startswith("Etc/"):
        return short
    city = get_timezone_location(tz, locale=lang, return_city=True).rpartition("/")[2]
    return str(_("%(city)s time (%(zone)s)", city=city, zone=short))


def _short_name(local: datetime) -> str:
    """Return CET, or UTC+3 where the zone has no letters of its own."""
    name = local.tzname() or ""
    if name.isalpha():
        return name
    sign, hours, minutes = name[:1], name[1:3].lstrip("0") or "0", name[3:5]
    return f"UTC{sign}{hours}{':' + minutes if minutes.strip('0') else ''}"
