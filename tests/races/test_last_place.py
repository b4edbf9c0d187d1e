"""20 visitors for the last place, of whom only every second would wait."""

from __future__ import annotations

import pytest

from tests.factories import make_event, make_registration
from tests.races.stage import AS_SHIPPED, UNGUARDED, Outcome, Stage, check_sound
from tests.races.visitors import Crowd, register

pytestmark = [pytest.mark.race, pytest.mark.rule("R1"), pytest.mark.rule("R7")]

ROUNDS = 3
VISITORS = 20
PLACES = 3


def run(stage: Stage, app: str = AS_SHIPPED) -> list[Outcome]:
    """Take all places but one, then let everybody ask for it; once for each of several events."""
    with stage.open(app) as crowd:
        return [_run(stage, crowd) for _ in range(ROUNDS)]


def _run(stage: Stage, crowd: Crowd) -> Outcome:
    event = make_event(size=PLACES)
    for _ in range(PLACES - 1):
        make_registration(event)
    forms = crowd.open_forms(event.slug, count=VISITORS)
    answers = crowd.ask([
        register(event.slug, form, f"{number}@example.org", agrees=bool(number % 2))
        for number, form in enumerate(forms)
    ])  # fmt: skip
    return stage.look(event, answers)


def check(outcomes: list[Outcome]) -> None:
    """Check that one got the place, that who agreed waits, and that nothing is stored about the others."""
    for outcome in outcomes:
        assert len(outcome.confirmed) == PLACES, f"{len(outcome.confirmed)} places given of {PLACES}"
        lucky = outcome.confirmed[-1]
        agreed = {f"{number}@example.org" for number in range(VISITORS) if number % 2}
        assert sorted(outcome.waiting) == sorted(agreed - {lucky})
        stored = len(agreed | {lucky})
        assert outcome.statuses == {303: stored, 409: VISITORS - stored}
        assert outcome.registrations == PLACES - 1 + stored
        check_sound(outcome)


def test_20_visitors_for_the_last_place_leave_one_with_it(stage: Stage) -> None:
    check(run(stage))


def test_without_guard_and_lock_several_get_the_last_place(stage: Stage) -> None:
    outcomes = run(stage, UNGUARDED)

    with pytest.raises(AssertionError, match=f"places given of {PLACES}"):
        check(outcomes)
    assert all(len(outcome.confirmed) > PLACES for outcome in outcomes)
