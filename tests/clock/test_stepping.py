"""Clocks that are put back or change to winter time, and a worker that stood still, change nothing in the end."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from tests.clock.story import HOUR, Clock, End, Story

EVER = 100 * HOUR


def at_eight(*day: int) -> datetime:
    """Return an evening in Budapest."""
    return datetime(*day, 20, tzinfo=ZoneInfo("Europe/Budapest")).astimezone(UTC)  # type: ignore[misc]


WINTER = at_eight(2026, 2, 10)
STEADY = {
    "a steady clock": Clock(WINTER),
    "the night that is an hour longer": Clock(at_eight(2025, 10, 25)),
    "the night that is an hour shorter": Clock(at_eight(2026, 3, 28)),
}
PUT_BACK = {
    "put back while mails wait": Clock(WINTER, slow=(range(26, EVER),)),
    "put back while an announcement waits": Clock(WINTER, slow=(range(301, EVER),)),
    "put back after the digest": Clock(WINTER, slow=(range(11 * HOUR + 1, EVER),)),
    "put back and right again, many times": Clock(
        WINTER, slow=(range(16, 20), range(61, 131), range(141, 183), range(241, 250), range(20 * HOUR + 2, 22 * HOUR))
    ),
}

END = End(
    states={
        "ana": "cancelled", "bela": "cancelled", "csilla": "cancelled", "hanna": "confirmed",
        "dora": "confirmed", "erik": "confirmed", "fanni": "confirmed", "geza": "expired",
    },
    history={
        "ana": ["registered", "cancelled", "erased"],
        "bela": ["registered", "cancelled", "erased"],
        "csilla": ["registered", "cancelled", "erased"],
        "hanna": ["registered", "erased"],
        "dora": ["registered", "promoted", "changed", "erased"],
        "erik": ["registered", "changed", "promoted", "erased"],
        "fanni": ["registered", "changed", "promoted", "erased"],
        "geza": ["registered", "expired", "erased"],
    },
    told={
        "ana": ["confirmed", "cancelled"],
        "bela": ["confirmed", "link_again", "announcement", "erased"],
        "csilla": ["confirmed", "announcement", "cancelled"],
        "hanna": ["confirmed", "event_cancelled"],
        "dora": ["waitlisted", "promoted", "announcement", "email_changed", "email_left"],
        "erik": ["waitlisted", "email_changed", "email_left", "promoted"],
        "fanni": ["waitlisted", "email_changed", "email_left", "promoted"],
        "geza": ["waitlisted", "not_served"],
        "organizer": ["notice_full", "notice_digest"],
    },
    promoted=["dora", "erik", "fanni"],
    seats=[(3, 3, 0, 4), (250, 1, 0, 0)],
    late={"announcement": 12, "email_changed": 12, "email_left": 12},
)  # fmt: skip
"""The end of the story, whatever clocks do. `late`: what waits ten minutes, for a disk, or for a dead worker."""


@pytest.mark.parametrize("clock", STEADY.values(), ids=STEADY)
def test_summer_and_winter_time_change_nothing(app: Flask, clock: Clock) -> None:
    end = Story(app, clock).tell()

    assert end == END
    assert end.late == END.late


@pytest.mark.rule("R13", "R14")
@pytest.mark.parametrize("clock", PUT_BACK.values(), ids=PUT_BACK)
def test_a_clock_that_is_put_back_an_hour_changes_nothing_and_delays_only_what_was_to_wait(
    app: Flask, clock: Clock
) -> None:
    end = Story(app, clock).tell()

    assert end == END
    assert end.late.keys() == END.late.keys()
    assert max(end.late.values()) <= max(END.late.values()) + HOUR + HOUR


def test_a_worker_that_stood_still_for_six_hours_tells_everybody_once_and_at_once(app: Flask) -> None:
    stopped = range(100, 100 + 6 * HOUR)

    end = Story(app, Clock(WINTER, stopped=stopped)).tell()

    assert end == END
    assert max(end.late.values()) <= len(stopped)
