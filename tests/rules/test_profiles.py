"""What kinds of events begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regapp.rules.local_times import at, shown
from regapp.rules.profiles import NOTHING, OUTLINES, Outline, Profile, outline, windows

NOW = datetime(2026, 1, 15, 9, 30, 12, tzinfo=UTC)
TZ = "Europe/Budapest"
START = at(datetime(2026, 6, 5, 9, 0), TZ)


@pytest.mark.parametrize("profile", Profile)
def test_every_kind_has_times_that_fit_together(profile: Profile) -> None:
    found = windows(outline(profile), START, None, tz=TZ, now=NOW)

    assert NOW - timedelta(minutes=1) < found.opens_at < found.closes_at <= START < found.ends_at
    assert found.change_until is None or found.closes_at <= found.change_until <= START
    assert found.retain_until is None or found.retain_until > found.ends_at
    assert OUTLINES[profile].size


@pytest.mark.parametrize("profile", [None, *Profile])
def test_an_event_that_begins_tomorrow_is_open_until_then(profile: Profile | None) -> None:
    start = NOW + timedelta(hours=20)

    found = windows(outline(profile), start, None, tz=TZ, now=NOW)

    assert found.opens_at == NOW.replace(second=0)
    assert found.closes_at == start
    assert found.change_until is None


def test_windows_keep_the_hour_on_the_clock_over_summer_time() -> None:
    start = at(datetime(2026, 4, 6, 9, 0), TZ)  # the clocks go forward eight days before
    plan = Outline(length=timedelta(days=1, hours=8), opens_weeks=10, closes_days=10, change_days=8, retained_days=365)

    found = windows(plan, start, None, tz=TZ, now=NOW)

    assert shown(found.ends_at, TZ) == datetime(2026, 4, 7, 17, 0)
    assert shown(found.opens_at, TZ) == datetime(2026, 1, 26, 10, 0)
    assert shown(found.closes_at, TZ) == datetime(2026, 3, 27, 18, 0)
    assert found.change_until is not None
    assert shown(found.change_until, TZ) == datetime(2026, 3, 29, 18, 0)
    assert found.retain_until is not None
    assert shown(found.retain_until, TZ) == datetime(2027, 4, 7, 17, 0)


def test_from_nothing_it_is_open_from_now_to_the_start() -> None:
    found = windows(NOTHING, START, START + timedelta(hours=1), tz=TZ, now=NOW)

    assert (found.closes_at, found.ends_at, found.retain_until) == (START, START + timedelta(hours=1), None)
