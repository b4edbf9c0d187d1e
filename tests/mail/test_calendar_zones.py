"""Zones in calendar files, read by another parser than the one that wrote them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from regapp.mail.calendar import Entry, build

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _entry(tz: str, starts_at: datetime) -> Entry:
    return Entry("x@regapp", 0, tz, starts_at, starts_at + timedelta(hours=2), "Title", "Text", "", "https://e.example")


@pytest.mark.parametrize("year", [2026, 2028, 2037])
@pytest.mark.parametrize(
    "tz", ["Europe/Brussels", "Europe/Budapest", "Australia/Sydney", "America/Bogota", "Europe/London", "Asia/Tehran"]
)
def test_every_hour_of_the_year_has_the_offset_of_the_zone(tz: str, year: int) -> None:
    entries = [_entry(tz, datetime(each, 6, 1, 12, 0, tzinfo=UTC)) for each in (2026, year)]
    file = build(entries, now=NOW).decode().replace("\r\n ", "")

    found = tzical(StringIO(file.replace("\r\n", "\n"))).get(tz)

    local, known = datetime(year, 1, 2), ZoneInfo(tz)
    while local.year == year:
        there, here = local.replace(tzinfo=found), local.replace(tzinfo=known)
        exists = here.astimezone(UTC).astimezone(known).replace(tzinfo=None) == local
        twice = here.utcoffset() != here.replace(fold=1).utcoffset()
        if exists and not twice:
            assert there.utcoffset() == here.utcoffset(), local
        local += timedelta(hours=1)


def test_a_change_begins_in_the_time_that_it_ends() -> None:
    file = build([_entry("Europe/Brussels", datetime(2026, 6, 1, 12, 0, tzinfo=UTC))], now=NOW).decode()

    assert "BEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\n" in file
    assert "BEGIN:STANDARD\r\nDTSTART:20261025T030000\r\n" in file


def test_later_changes_begin_in_the_time_that_they_end_too() -> None:
    entries = [_entry("Europe/Budapest", datetime(year, 6, 1, 12, 0, tzinfo=UTC)) for year in (2026, 2028)]
    file = build(entries, now=NOW).decode()

    assert "DTSTART:20260329T020000\r\nRDATE:20270328T020000,20280326T020000\r\n" in file
    assert "DTSTART:20261025T030000\r\nRDATE:20271031T030000,20281029T030000\r\n" in file


def test_lines_are_short_and_end_as_the_standard_says() -> None:
    entry = _entry("Europe/Brussels", datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    file = build([entry, entry], now=NOW)

    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    assert b"\n" not in file.replace(b"\r\n", b"")
