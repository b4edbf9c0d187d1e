"""Kinds of events, and what each begins with: sizes, lengths, windows. Plain data, to be changed by whoever plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from regapp.rules.local_times import at, shift, shown

EVENING, MORNING = time(18, 0), time(10, 0)
"""Local times at which registration closes and opens, unless the event itself comes first."""


class Profile(StrEnum):
    """What kind of event somebody plans."""

    CONFERENCE = "conference"
    MEETING = "meeting"
    TRAINING = "training"
    STUDY_VISIT = "study_visit"
    SOCIAL_DAY = "social_day"
    SCHOOL_VISIT = "school_visit"


@dataclass(frozen=True, slots=True)
class Outline:
    """What a kind of event begins with. Units: `size` in seats; `waitlist_limit` in people, None is without limit.

    `length` on the clock. Registration opens `opens_weeks` before the start (None: at once) and closes `closes_days`
    before it (0: at the start). `retained_days` after the end people are erased; None leaves that to the usual rule.
    """

    size: int | None = None
    length: timedelta = timedelta(hours=8)
    opens_weeks: int | None = None
    closes_days: int = 0
    change_days: int | None = None
    waitlist_limit: int | None = None
    retained_days: int | None = None
    asks_organisation_type: bool = False


@dataclass(frozen=True, slots=True)
class Windows:
    """The instants that follow from an outline and a start."""

    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    change_until: datetime | None
    retain_until: datetime | None


NOTHING = Outline()
"""For who begins from nothing."""
OUTLINES = {
    Profile.CONFERENCE: Outline(
        size=250, length=timedelta(days=1, hours=8), opens_weeks=12, closes_days=10, change_days=7,
        retained_days=730, asks_organisation_type=True,
    ),
    Profile.MEETING: Outline(size=60, length=timedelta(hours=4), closes_days=3, asks_organisation_type=True),
    Profile.TRAINING: Outline(size=14, closes_days=7, waitlist_limit=14, retained_days=730),
    Profile.STUDY_VISIT: Outline(
        size=12, length=timedelta(days=1, hours=8), closes_days=21, change_days=14, waitlist_limit=12,
        retained_days=730, asks_organisation_type=True,
    ),
    Profile.SOCIAL_DAY: Outline(size=24, closes_days=3, retained_days=90),
    Profile.SCHOOL_VISIT: Outline(
        size=3, length=timedelta(hours=6), closes_days=7, waitlist_limit=3, retained_days=90
    ),
}  # fmt: skip


def outline(profile: Profile | None) -> Outline:
    """Return what this kind of event begins with."""
    return NOTHING if profile is None else OUTLINES[profile]


def windows(plan: Outline, starts_at: datetime, ends_at: datetime | None, *, tz: str, now: datetime) -> Windows:
    """Work out the times of an event. What would lie in the past is not: it opens now, closes at the start.

    `ends_at` None: as long as is usual for its kind.
    """
    ends_at = ends_at or shift(starts_at, tz, plan.length)
    closes_at = starts_at
    if plan.closes_days and (early := _before(starts_at, tz, plan.closes_days, EVENING)) > now:
        closes_at = early
    change_until = None
    if plan.change_days and (early := _before(starts_at, tz, plan.change_days, EVENING)) > now:
        change_until = early
    opens_at = now.replace(second=0, microsecond=0)
    if plan.opens_weeks:
        opens_at = max(opens_at, _before(starts_at, tz, 7 * plan.opens_weeks, MORNING))
    retain_until = None if plan.retained_days is None else shift(ends_at, tz, timedelta(days=plan.retained_days))
    return Windows(ends_at, opens_at, closes_at, change_until, retain_until)


def _before(starts_at: datetime, tz: str, days: int, hour: time) -> datetime:
    day = shown(starts_at, tz).date() - timedelta(days=days)
    return at(datetime.combine(day, hour), tz)
