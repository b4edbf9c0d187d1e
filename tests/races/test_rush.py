"""500 visitors for 250 places."""

from __future__ import annotations

from collections import Counter

import pytest

from regapp.mail.messages import Message
from tests.factories import make_event
from tests.races.stage import AS_SHIPPED, UNGUARDED, Outcome, Stage, check_sound
from tests.races.visitors import location, look, register, standing

pytestmark = [pytest.mark.race, pytest.mark.rule("R1"), pytest.mark.rule("R3")]

VISITORS = 500
PLACES = 250


def run(stage: Stage, app: str = AS_SHIPPED) -> Outcome:
    """Send all forms at once; everybody would wait. Afterwards everybody opens their own page."""
    event = make_event(size=PLACES)
    with stage.open(app) as crowd:
        forms = crowd.open_forms(event.slug, count=VISITORS)
        answers = crowd.ask([
            register(event.slug, form, f"visitor.{number}@example.org") for number, form in enumerate(forms)
        ])  # fmt: skip
        pages = crowd.ask([look(location(answer)) for answer in answers if location(answer)])
    return stage.look(event, answers, pages)


def check(outcome: Outcome) -> None:
    """Check that every place is taken, that everybody else waits, and that all have been told so."""
    assert len(outcome.confirmed) == PLACES, f"{len(outcome.confirmed)} places given of {PLACES}"
    assert outcome.statuses == {303: VISITORS}, f"answers: {outcome.statuses}"
    shown = Counter(standing(page) for page in outcome.pages)
    expected = Counter({("confirmed", None): PLACES})
    expected.update(("waitlisted", position) for position in range(1, VISITORS - PLACES + 1))
    assert shown == expected
    assert outcome.mails == {Message.CONFIRMED: PLACES, Message.WAITLISTED: VISITORS - PLACES}
    check_sound(outcome)


def test_500_visitors_for_250_places_leave_250_confirmed_and_250_in_line(stage: Stage) -> None:
    check(run(stage))


def test_without_guard_and_lock_more_places_are_given_than_there_are(stage: Stage) -> None:
    outcome = run(stage, UNGUARDED)

    with pytest.raises(AssertionError, match="places given of 250"):
        check(outcome)
    assert len(outcome.confirmed) > PLACES
