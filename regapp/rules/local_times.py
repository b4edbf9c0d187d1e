"""What a clock on the wall means. Clocks skip an hour in spring and show one twice in autumn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def instants(local: datetime, tz: str) -> tuple[datetime, ...]:
    """Return the instants at which clocks in this zone show this time: none, one, or two, the earlier one first."""
    zone = ZoneInfo(tz)
    found = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    shown = [instant for instant in found if instant.astimezone(zone).replace(tzinfo=None) == local]
    return tuple(dict.fromkeys(shown))


def at(local: datetime, tz: str) -> datetime:
    """Return the instant of a local time: the first of two; a time that is skipped is as much later as is skipped."""
    return local.replace(tzinfo=ZoneInfo(tz)).astimezone(UTC)


def shown(instant: datetime, tz: str) -> datetime:
    """Return what clocks in this zone show, without a zone; `fold` 1 is the second of two."""
    return instant.astimezone(ZoneInfo(tz)).replace(tzinfo=None)


def shift(instant: datetime, tz: str, span: timedelta) -> datetime:
    """Return the instant at which clocks show that much more: 10:00 stays 10:00 when whole days are added."""
    local = shown(instant, tz)
    return at((local + span).replace(fold=local.fold), tz)
