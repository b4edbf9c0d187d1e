"""When an event is, as mails write it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from regapp import times

START = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
SUMMER = datetime(2026, 10, 24, 7, 0, tzinfo=UTC)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "tz", "lang", "written"),
    [
        pytest.param(
            START, datetime(2026, 12, 2, 12, 30, tzinfo=UTC), "Europe/Brussels", "en",
            "Tuesday 1 December 2026, 09:00, to Wednesday 2 December 2026, 13:30, Brussels time (CET)",
            id="two days",
        ),
        pytest.param(
            START, datetime(2026, 12, 1, 16, 0, tzinfo=UTC), "Europe/Budapest", "en",
            "Tuesday 1 December 2026, 09:00–17:00, Budapest time (CET)", id="one day",
        ),
        pytest.param(
            SUMMER, datetime(2026, 10, 25, 15, 0, tzinfo=UTC), "Europe/Brussels", "en",
            "Saturday 24 October 2026, 09:00, to Sunday 25 October 2026, 16:00, Brussels time (CEST/CET)",
            id="the clocks change in between",
        ),
        pytest.param(
            START, datetime(2026, 12, 1, 9, 0, tzinfo=UTC), "UTC", "en",
            "Tuesday 1 December 2026, 08:00–09:00, UTC", id="no city",
        ),
        pytest.param(
            START, datetime(2026, 12, 1, 9, 0, tzinfo=UTC), "America/Argentina/Buenos_Aires", "en",
            "Tuesday 1 December 2026, 05:00–06:00, Buenos Aires time (UTC-3)", id="a zone without letters",
        ),
        pytest.param(
            START, datetime(2026, 12, 1, 9, 0, tzinfo=UTC), "Asia/Kathmandu", "en",
            "Tuesday 1 December 2026, 13:45–14:45, Kathmandu time (UTC+5:45)", id="a zone with minutes",
        ),
        pytest.param(
            START, datetime(2026, 12, 1, 9, 0, tzinfo=UTC), "Europe/Budapest", "hu",
            "2026. december 1., kedd, 09:00–10:00, Budapest time (CET)", id="Hungarian dates",
        ),
    ],
)  # fmt: skip
def test_span(app: Flask, starts_at: datetime, ends_at: datetime, tz: str, lang: str, written: str) -> None:
    assert times.span(starts_at, ends_at, tz, lang) == written


def test_a_day_is_that_of_the_events_zone(app: Flask) -> None:
    assert times.day(datetime(2026, 9, 7, 23, 0, tzinfo=UTC), "Europe/Brussels", "en") == "Tuesday 8 September 2026"
