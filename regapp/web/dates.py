"""Instants as people read them: weekday, date, time and the event's own zone by its city. Each inside <time>."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from markupsafe import Markup

from regapp import times
from regapp.web import languages

REMEMBERED = 4096
"""Formatted instants kept per process: formatting costs 100 times as much as looking up."""


def day(instant: datetime, tz: str) -> Markup:
    """Return the day: Tuesday 1 December 2026."""
    return _day(instant, tz, languages.current())


def moment(instant: datetime, tz: str) -> Markup:
    """Return the whole instant: Friday 20 November 2026, 18:00 Brussels time (CET)."""
    return _moment(instant, tz, languages.current())


def short_moment(instant: datetime, tz: str) -> Markup:
    """Return the instant where the zone has been named before: 7 September 2026, 10:04 (CEST)."""
    return _short_moment(instant.replace(second=0, microsecond=0), tz, languages.current())


def short_day(value: date) -> Markup:
    """Return a day in a column of a table: Tue 1 Dec."""
    return _short_day(value, languages.current())


def days(starts_at: datetime, ends_at: datetime, tz: str) -> Markup:
    """Return the days of an event: one, two, or from the first to the last."""
    return _days(starts_at, ends_at, tz, languages.current())


def hours(starts_at: datetime, ends_at: datetime, tz: str) -> Markup:
    """Return the times of an event, with the zone; to be read after its days."""
    return _hours(starts_at, ends_at, tz, languages.current())


@lru_cache(REMEMBERED)
def _day(instant: datetime, tz: str, lang: str) -> Markup:
    local = instant.astimezone(ZoneInfo(tz))
    return _date(local.date(), times.patterns(lang).day, lang)


@lru_cache(REMEMBERED)
def _moment(instant: datetime, tz: str, lang: str) -> Markup:
    local = instant.astimezone(ZoneInfo(tz))
    return _time(local.isoformat("T", "minutes"), times.moment(instant, tz, lang))


@lru_cache(REMEMBERED)
def _short_moment(instant: datetime, tz: str, lang: str) -> Markup:
    local = instant.astimezone(ZoneInfo(tz))
    written = times.written(local.date(), times.patterns(lang).short_day, lang)
    return _time(local.isoformat("T", "minutes"), f"{written}, {local:%H:%M} ({times.short_zone(local)})")


@lru_cache(REMEMBERED)
def _short_day(value: date, lang: str) -> Markup:
    return _time(value.isoformat(), times.weekday(value, lang))


@lru_cache(REMEMBERED)
def _days(starts_at: datetime, ends_at: datetime, tz: str, lang: str) -> Markup:
    first, last = starts_at.astimezone(ZoneInfo(tz)).date(), ends_at.astimezone(ZoneInfo(tz)).date()
    patterns = times.patterns(lang)
    if first == last:
        return _date(first, patterns.day, lang)
    same_month = (first.year, first.month) == (last.year, last.month)
    pair = patterns.in_month if same_month else patterns.in_year
    if first.year != last.year:
        pair = (patterns.day, patterns.day)
    ends = {"first": _date(first, pair[0], lang), "last": _date(last, pair[1], lang)}
    sentence = _("%(first)s and %(last)s") if (last - first).days == 1 else _("%(first)s to %(last)s")
    return Markup(sentence) % ends  # noqa: S704  our own sentence, and values that are markup already


@lru_cache(REMEMBERED)
def _hours(starts_at: datetime, ends_at: datetime, tz: str, lang: str) -> Markup:
    first, last = starts_at.astimezone(ZoneInfo(tz)), ends_at.astimezone(ZoneInfo(tz))
    values = {
        "from": _time(first.isoformat("T", "minutes"), f"{first:%H:%M}"),
        "to": _time(last.isoformat("T", "minutes"), f"{last:%H:%M}"),
        "zone": times.zone(first, last, tz, lang),
    }
    if first.date() == last.date():
        sentence = _("%(from)s–%(to)s %(zone)s")
    elif (last.date() - first.date()).days == 1:
        sentence = _("From %(from)s on the first day to %(to)s on the second, %(zone)s")
    else:
        sentence = _("From %(from)s on the first day to %(to)s on the last, %(zone)s")
    return Markup(sentence) % values  # noqa: S704  as above


def _date(value: date, pattern: str, lang: str) -> Markup:
    return _time(value.isoformat(), times.written(value, pattern, lang))


def _time(machine: str, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine, text)
