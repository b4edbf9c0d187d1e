"""Dates, times and zones in words: pages and mails put the same ones into their sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, get_timezone_location
from flask_babel import gettext as _


@dataclass(frozen=True, slots=True)
class Patterns:
    """How a language writes dates (patterns of Unicode TR 35, or CLDR's own forms).

    `in_year`, `in_month`: the first and the last day of an event within one year, within one month.
    """

    day: str = "full"
    in_year: tuple[str, str] = ("full", "full")
    in_month: tuple[str, str] = ("full", "full")
    short_day: str = "long"
    brief_day: str | None = None
    weekday: str | None = None


PATTERNS = {
    "en": Patterns(
        "EEEE d MMMM y", ("EEEE d MMMM", "EEEE d MMMM y"), ("EEEE d", "EEEE d MMMM y"), "d MMMM y", "d MMM", "EEE d MMM"
    ),
    "hu": Patterns(
        "y. MMMM d., EEEE", ("y. MMMM d., EEEE", "MMMM d., EEEE"), ("y. MMMM d., EEEE", "d., EEEE"), "y. MMMM d."
    ),
}
"""Language → its patterns; the other languages take CLDR's own forms."""


def patterns(lang: str) -> Patterns:
    """Return how this language writes dates."""
    return PATTERNS.get(lang, Patterns())


def written(value: date, pattern: str, lang: str) -> str:
    """Return a date by one of the language's patterns."""
    return format_date(value, pattern, locale=lang)


def day(instant: datetime, tz: str, lang: str) -> str:
    """Return the day on which an instant falls in this zone: Tuesday 1 December 2026."""
    return written(instant.astimezone(ZoneInfo(tz)).date(), patterns(lang).day, lang)


def brief_day(value: date, lang: str) -> str:
    """Return a day where there is little room, and the year is known: 7 Sep."""
    pattern = patterns(lang).brief_day
    return written(value, pattern, lang) if pattern else str(format_skeleton("MMMd", value, locale=lang))


def weekday(value: date, lang: str) -> str:
    """Return a day of an event where there is little room: Mon 7 Sep."""
    pattern = patterns(lang).weekday
    return written(value, pattern, lang) if pattern else str(format_skeleton("MMMEd", value, locale=lang))


def moment(instant: datetime, tz: str, lang: str) -> str:
    """Return the whole instant: Friday 20 November 2026, 18:00 Brussels time (CET)."""
    local = instant.astimezone(ZoneInfo(tz))
    named = zone(local, local, tz, lang)
    return str(_("%(day)s, %(time)s %(zone)s", day=day(instant, tz, lang), time=f"{local:%H:%M}", zone=named))


def span(starts_at: datetime, ends_at: datetime, tz: str, lang: str) -> str:
    """Return from when until when: Tuesday 1 December 2026, 09:00–17:30, Brussels time (CET)."""
    start, end = starts_at.astimezone(ZoneInfo(tz)), ends_at.astimezone(ZoneInfo(tz))
    named = zone(start, end, tz, lang)
    if start.date() == end.date():
        return f"{day(start, tz, lang)}, {start:%H:%M}–{end:%H:%M}, {named}"
    first, last = f"{day(start, tz, lang)}, {start:%H:%M}", f"{day(end, tz, lang)}, {end:%H:%M}"
    return str(_("%(first)s, to %(last)s, %(zone)s", first=first, last=last, zone=named))


def zone(start: datetime, end: datetime, tz: str, lang: str) -> str:
    """Name the zone by its city and short name; by both short names if the clocks change in between. Local times."""
    short = "/".join(dict.fromkeys([short_zone(start), short_zone(end)]))
    if "/" not in tz or tz.startswith("Etc/"):
        return short
    city = get_timezone_location(tz, locale=lang, return_city=True).rpartition("/")[2]
    return str(_("%(city)s time (%(zone)s)", city=city, zone=short))


def short_zone(local: datetime) -> str:
    """Return CET, or UTC+3 where the zone has no letters of its own."""
    name = local.tzname() or ""
    if name.isalpha():
        return name
    sign, hours, minutes = name[:1], name[1:3].lstrip("0") or "0", name[3:5]
    return f"UTC{sign}{hours}{':' + minutes if minutes.strip('0') else ''}"
