"""Dates and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from markupsafe import Markup

from regapp.web import dates

NOON = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)


def _read(markup: Markup) -> str:
    return markup.striptags()


def test_a_day_stands_in_a_time_element() -> None:
    assert dates.day(NOON, "Europe/Brussels") == '<time datetime="2026-12-01">Tuesday 1 December 2026</time>'


def test_a_moment_names_weekday_date_time_and_zone() -> None:
    markup = dates.moment(NOON, "Europe/Brussels")

    assert _read(markup) == "Tuesday 1 December 2026, 14:00 Brussels time (CET)"
    assert 'datetime="2026-12-01T14:00+01:00"' in markup


@pytest.mark.parametrize(
    ("month", "zone", "text"),
    [
        pytest.param(7, "Europe/Brussels", "15:00 Brussels time (CEST)", id="summer time"),
        pytest.param(12, "Europe/London", "13:00 London time (GMT)", id="London in winter"),
        pytest.param(12, "Europe/Istanbul", "16:00 Istanbul time (UTC+3)", id="a zone without letters"),
        pytest.param(12, "Asia/Kolkata", "18:30 Kolkata time (IST)", id="half an hour off"),
        pytest.param(12, "Asia/Kathmandu", "18:45 Kathmandu time (UTC+5:45)", id="three quarters off"),
        pytest.param(12, "America/Sao_Paulo", "10:00 Sao Paulo time (UTC-3)", id="behind, without letters"),
        pytest.param(12, "America/Argentina/Buenos_Aires", "10:00 Buenos Aires time (UTC-3)", id="a nested name"),
        pytest.param(12, "UTC", "13:00 UTC", id="UTC"),
    ],
)
def test_a_zone_is_named_by_its_city_and_short_name(month: int, zone: str, text: str) -> None:
    assert _read(dates.moment(NOON.replace(month=month), zone)).endswith(text)


def test_the_day_is_that_of_the_event_not_of_utc() -> None:
    late = datetime(2026, 12, 1, 23, 30, tzinfo=UTC)

    assert _read(dates.day(late, "Europe/Brussels")) == "Wednesday 2 December 2026"


def test_a_short_moment_has_the_short_zone_only() -> None:
    assert _read(dates.short_moment(NOON, "Europe/Brussels")) == "1 December 2026, 14:00 (CET)"


@pytest.mark.parametrize(
    ("first", "last", "days", "hours"),
    [
        pytest.param(
            NOON, NOON.replace(hour=15), "Tuesday 1 December 2026", "14:00–16:00 Brussels time (CET)", id="one day"
        ),
        pytest.param(
            NOON,
            NOON.replace(day=2),
            "Tuesday 1 and Wednesday 2 December 2026",
            "From 14:00 on the first day to 14:00 on the second, Brussels time (CET)",
            id="two days",
        ),
        pytest.param(
            NOON,
            NOON.replace(day=4),
            "Tuesday 1 to Friday 4 December 2026",
            "From 14:00 on the first day to 14:00 on the last, Brussels time (CET)",
            id="four days",
        ),
        pytest.param(
            NOON.replace(month=11, day=30),
            NOON,
            "Monday 30 November and Tuesday 1 December 2026",
            "From 14:00 on the first day to 14:00 on the second, Brussels time (CET)",
            id="over the end of a month",
        ),
        pytest.param(
            NOON.replace(day=31),
            NOON.replace(year=2027, month=1),
            "Thursday 31 December 2026 and Friday 1 January 2027",
            "From 14:00 on the first day to 14:00 on the second, Brussels time (CET)",
            id="over the end of a year",
        ),
        pytest.param(
            datetime(2026, 10, 24, 7, tzinfo=UTC),
            datetime(2026, 10, 25, 15, tzinfo=UTC),
            "Saturday 24 and Sunday 25 October 2026",
            "From 09:00 on the first day to 16:00 on the second, Brussels time (CEST/CET)",
            id="the clocks change in between",
        ),
    ],
)
def test_the_days_and_hours_of_an_event(first: datetime, last: datetime, days: str, hours: str) -> None:
    assert _read(dates.days(first, last, "Europe/Brussels")) == days
    assert _read(dates.hours(first, last, "Europe/Brussels")) == hours


@pytest.mark.parametrize(
    ("last", "days"),
    [
        pytest.param(NOON.replace(day=2), "2026. december 1., kedd és 2., szerda", id="two days"),
        pytest.param(NOON.replace(day=4), "2026. december 1., kedd – 4., péntek", id="four days"),
        pytest.param(
            NOON.replace(year=2027, month=1),
            "2026. december 1., kedd – 2027. január 1., péntek",
            id="over a year's end",
        ),
    ],
)
def test_hungarian_says_year_and_month_once(app: Flask, last: datetime, days: str) -> None:
    with app.test_request_context("/?lang=hu"):
        assert _read(dates.days(NOON, last, "Europe/Brussels")) == days
