"""When one can register. Windows are half-open (R16)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from regapp.errors import EventOver, RegistrationClosed, TooLate
from regapp.rules.window import (
    RETAINED,
    Phase,
    check_alive,
    check_before_start,
    check_may_change,
    check_open,
    is_offered,
    is_serving,
    next_edge,
    phase,
    retain_until,
)

OPENS = datetime(2026, 9, 7, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 20, 17, tzinfo=UTC)
STARTS = datetime(2026, 12, 1, 8, tzinfo=UTC)
ENDS = datetime(2026, 12, 2, 12, 30, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Dates:
    cancelled: bool = False
    archived: bool = False
    serve_until: datetime | None = None
    opens_at: datetime = OPENS
    closes_at: datetime = CLOSES
    starts_at: datetime = STARTS
    ends_at: datetime = ENDS
    change_until: datetime | None = None
    retain_until: datetime | None = None


@pytest.mark.rule("R16")
@pytest.mark.parametrize(
    ("now", "found", "edge", "at"),
    [
        pytest.param(OPENS - TICK, Phase.UPCOMING, OPENS, OPENS, id="one tick before opening"),
        pytest.param(OPENS, Phase.OPEN, CLOSES, None, id="open at opens_at"),
        pytest.param(CLOSES - TICK, Phase.OPEN, CLOSES, None, id="open until the last tick"),
        pytest.param(CLOSES, Phase.CLOSED, STARTS, CLOSES, id="closed at closes_at"),
        pytest.param(STARTS - TICK, Phase.CLOSED, STARTS, CLOSES, id="closed until the start"),
        pytest.param(STARTS, Phase.RUNNING, ENDS, CLOSES, id="running at the start"),
        pytest.param(ENDS, Phase.PAST, None, ENDS, id="past at the end"),
    ],
)
def test_phases_of_an_event(now, found, edge, at) -> None:
    assert phase(Dates(), now) is found
    assert next_edge(Dates(), now) == edge
    if found is Phase.OPEN:
        check_open(Dates(), now)
    else:
        with pytest.raises(RegistrationClosed) as refused:
            check_open(Dates(), now)
        assert refused.value.values == {"reason": found, "at": at}


@dataclass(frozen=True)
class Window:
    hidden: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@pytest.mark.rule("R16")
@pytest.mark.parametrize(
    ("windows", "edge"),
    [
        pytest.param([], CLOSES, id="no category"),
        pytest.param([Window()], CLOSES, id="a category without a window"),
        pytest.param([Window(opens_at=OPENS + 3 * TICK)], OPENS + 3 * TICK, id="one that opens"),
        pytest.param([Window(opens_at=OPENS, closes_at=OPENS + 2 * TICK)], OPENS + 2 * TICK, id="one that closes"),
        pytest.param([Window(hidden=True, opens_at=OPENS + 3 * TICK)], CLOSES, id="one that nobody sees"),
    ],
)
def test_pages_change_when_a_category_opens_or_closes(windows, edge) -> None:
    assert next_edge(Dates(), OPENS + TICK, windows) == edge


@pytest.mark.rule("R16")
def test_registration_may_stay_open_while_the_event_runs() -> None:
    open_door = replace(Dates(), closes_at=ENDS)

    assert phase(open_door, STARTS) is Phase.OPEN
    assert phase(open_door, ENDS) is Phase.PAST


def test_what_has_been_archived_is_past_whatever_the_time() -> None:
    assert phase(Dates(archived=True), OPENS) is Phase.PAST


@pytest.mark.rule("R12")
@pytest.mark.parametrize(
    ("changes", "last"),
    [
        pytest.param({}, CLOSES, id="until registration closes"),
        pytest.param({"serve_until": OPENS}, OPENS, id="until the time that was set"),
        pytest.param({"serve_until": ENDS}, STARTS, id="at most until the start"),
        pytest.param({"closes_at": ENDS}, STARTS, id="at most until the start, though registration goes on"),
    ],
)
def test_those_who_wait_are_served(changes, last) -> None:
    event = replace(Dates(), **changes)

    assert is_serving(event, last - TICK)
    assert not is_serving(event, last)


@pytest.mark.parametrize("off", ["cancelled", "archived"])
def test_nobody_is_served_at_an_event_that_is_off(off) -> None:
    assert not is_serving(replace(Dates(), **{off: True}), OPENS)


def test_a_cancelled_event_is_closed_whatever_the_time() -> None:
    with pytest.raises(RegistrationClosed) as refused:
        check_open(Dates(cancelled=True), OPENS)

    assert refused.value.values == {"reason": Phase.CANCELLED, "at": None}


def test_changing_and_cancelling_end_with_the_start() -> None:
    check_before_start(Dates(), STARTS - TICK)

    with pytest.raises(TooLate):
        check_before_start(Dates(), STARTS)


@pytest.mark.parametrize(
    ("change_until", "last"),
    [
        pytest.param(None, STARTS, id="until the start"),
        pytest.param(CLOSES, CLOSES, id="until the time that was set"),
        pytest.param(ENDS, STARTS, id="at most until the start"),
    ],
)
def test_details_change_until(change_until, last) -> None:
    event = Dates(change_until=change_until)

    check_may_change(event, last - TICK)
    with pytest.raises(TooLate) as refused:
        check_may_change(event, last)
    assert refused.value.values == {"at": last}


@pytest.mark.rule("R18")
def test_people_are_kept_for_a_year_or_as_long_as_was_set() -> None:
    assert retain_until(Dates()) == ENDS + RETAINED
    assert retain_until(Dates(retain_until=CLOSES)) == CLOSES


@pytest.mark.parametrize("changes", [{"cancelled": True}, {"archived": True}, {"ends_at": STARTS}])
def test_an_event_that_is_over_changes_no_more(changes) -> None:
    check_alive(Dates(), STARTS)

    with pytest.raises(EventOver):
        check_alive(replace(Dates(), **changes), STARTS)


@dataclass(frozen=True)
class Category:
    """What the rule reads of a category."""

    hidden: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@pytest.mark.rule("R16")
@pytest.mark.parametrize(
    ("category", "offered"),
    [
        pytest.param(Category(), True, id="no window of its own"),
        pytest.param(Category(hidden=True), False, id="hidden"),
        pytest.param(Category(opens_at=OPENS), True, id="opens now"),
        pytest.param(Category(opens_at=OPENS + TICK), False, id="opens in a second"),
        pytest.param(Category(closes_at=OPENS), False, id="closes now"),
        pytest.param(Category(closes_at=OPENS + TICK), True, id="closes in a second"),
        pytest.param(Category(opens_at=OPENS - TICK, closes_at=OPENS + TICK), True, id="within its window"),
    ],
)
def test_a_category_is_offered_unless_hidden_or_outside_its_window(category: Category, offered: bool) -> None:
    assert is_offered(category, OPENS) is offered
