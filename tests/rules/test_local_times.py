"""What clocks show, and when: Budapest, in the nights in which they change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regapp.rules.local_times import at, instants, shift, shown

BUDAPEST = "Europe/Budapest"


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        pytest.param(datetime(2025, 3, 30, 1, 59), [datetime(2025, 3, 30, 0, 59)], id="before the clocks go forward"),
        pytest.param(datetime(2025, 3, 30, 2, 0), [], id="the first minute that is skipped"),
        pytest.param(datetime(2025, 3, 30, 2, 59), [], id="the last minute that is skipped"),
        pytest.param(datetime(2025, 3, 30, 3, 0), [datetime(2025, 3, 30, 1, 0)], id="after they have gone forward"),
        pytest.param(datetime(2025, 10, 26, 1, 59), [datetime(2025, 10, 25, 23, 59)], id="before the doubled hour"),
        pytest.param(
            datetime(2025, 10, 26, 2, 0), [datetime(2025, 10, 26, 0, 0), datetime(2025, 10, 26, 1, 0)],
            id="the first minute that comes twice",
        ),
        pytest.param(
            datetime(2025, 10, 26, 2, 59), [datetime(2025, 10, 26, 0, 59), datetime(2025, 10, 26, 1, 59)],
            id="the last minute that comes twice",
        ),
        pytest.param(datetime(2025, 10, 26, 3, 0), [datetime(2025, 10, 26, 2, 0)], id="after the doubled hour"),
        pytest.param(datetime(2025, 7, 1, 10, 0), [datetime(2025, 7, 1, 8, 0)], id="an ordinary summer day"),
    ],
)  # fmt: skip
def test_a_local_time_means_no_instant_or_one_or_two(local: datetime, expected: list[datetime]) -> None:
    assert instants(local, BUDAPEST) == tuple(instant.replace(tzinfo=UTC) for instant in expected)


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        pytest.param(datetime(2025, 3, 29, 10, 0), 1, datetime(2025, 3, 30, 10, 0), id="into summer"),
        pytest.param(datetime(2025, 10, 25, 10, 0), 1, datetime(2025, 10, 26, 10, 0), id="into winter"),
        pytest.param(datetime(2025, 6, 1, 9, 0), 183, datetime(2025, 12, 1, 9, 0), id="half a year"),
        pytest.param(datetime(2025, 12, 1, 9, 0), -183, datetime(2025, 6, 1, 9, 0), id="half a year back"),
        pytest.param(datetime(2025, 3, 29, 2, 30), 1, datetime(2025, 3, 30, 3, 30), id="to a time that is skipped"),
    ],
)
def test_ten_o_clock_stays_ten_o_clock(start: datetime, days: int, expected: datetime) -> None:
    assert shown(shift(at(start, BUDAPEST), BUDAPEST, timedelta(days=days)), BUDAPEST) == expected


def test_the_second_of_two_stays_the_second() -> None:
    second = datetime(2025, 10, 26, 1, 30, tzinfo=UTC)

    assert shift(second, BUDAPEST, timedelta(0)) == second


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), st.sampled_from([BUDAPEST, "UTC", "Asia/Kathmandu"]))
def test_what_a_clock_shows_leads_back_to_its_instant(moment: datetime, tz: str) -> None:
    instant = moment.replace(tzinfo=UTC)

    assert instant in instants(shown(instant, tz).replace(fold=0), tz)
