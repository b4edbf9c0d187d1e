"""20 visitors for the last place of a category, while others take the places of another one."""

from __future__ import annotations

import pytest

from tests.factories import make_category, make_event, make_registration
from tests.races.stage import AS_SHIPPED, UNGUARDED, Outcome, Stage, check_sound
from tests.races.visitors import register

pytestmark = [
    pytest.mark.race,
    pytest.mark.rule("R1"),
    pytest.mark.rule("R3"),
    pytest.mark.parametrize("database", ["postgresql"], indirect=True),
]

VISITORS = 40
"""Every second one wants the category with one place left, every second one of these would wait for it."""
PLACES = 3


def run(stage: Stage, app: str = AS_SHIPPED) -> Outcome:
    """Take all places of a category but one, then let everybody ask at once."""
    event = make_event(size=100)
    scarce, plenty = make_category(event, size=PLACES), make_category(event, size=None)
    for _ in range(PLACES - 1):
        make_registration(event, category_id=scarce)
    with stage.open(app) as crowd:
        forms = crowd.open_forms(event.slug, count=VISITORS)
        answers = crowd.ask([
            register(
                event.slug, form, f"{number}@example.org", agrees=number % 4 == 0,
                category=plenty if number % 2 else scarce,
            )
            for number, form in enumerate(forms)
        ])  # fmt: skip
        return stage.look(event, answers)


def check(outcome: Outcome) -> None:
    """Check that one got the place, that nobody of the other category had to wait, and who is told what."""
    wanted = {f"{number}@example.org" for number in range(0, VISITORS, 2)}
    others = {f"{number}@example.org" for number in range(1, VISITORS, 2)}
    agreed = {f"{number}@example.org" for number in range(0, VISITORS, 4)}
    lucky = wanted & set(outcome.confirmed)
    assert len(lucky) == 1, f"{len(lucky)} people got the last place"
    assert others <= set(outcome.confirmed)
    assert sorted(outcome.waiting) == sorted(agreed - lucky)
    stored = len(others | agreed | lucky)
    assert outcome.statuses == {303: stored, 409: VISITORS - stored}
    assert outcome.registrations == PLACES - 1 + stored
    check_sound(outcome)


def test_20_visitors_for_the_last_place_of_a_category_leave_one_with_it(stage: Stage) -> None:
    check(run(stage))


def test_without_guard_and_lock_several_get_the_last_place_of_a_category(stage: Stage) -> None:
    with pytest.raises(AssertionError, match="people got the last place"):
        check(run(stage, UNGUARDED))
