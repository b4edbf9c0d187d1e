"""The same form, sent by several connections at once: double click, reload, impatience."""

from __future__ import annotations

import pytest

from regapp.mail.messages import Message
from tests.factories import make_event
from tests.races.stage import AS_SHIPPED, UNCLAIMED, Outcome, Stage, check_sound
from tests.races.visitors import location, register

pytestmark = [pytest.mark.race, pytest.mark.rule("R9")]

VISITORS = 10
PLACES = 6
TIMES = 8


def run(stage: Stage, app: str = AS_SHIPPED) -> Outcome:
    """Send each form eight times at once; there are not enough places for all."""
    event = make_event(size=PLACES)
    with stage.open(app) as crowd:
        forms = crowd.open_forms(event.slug, count=VISITORS)
        answers = crowd.ask([
            register(event.slug, form, f"visitor.{number}@example.org")
            for number, form in enumerate(forms)
            for _ in range(TIMES)
        ])  # fmt: skip
    return stage.look(event, answers)


def check(outcome: Outcome) -> None:
    """Check that each form is one registration with one mail, and that all its senders see the same page."""
    assert outcome.registrations == VISITORS, f"{outcome.registrations} registrations of {VISITORS} visitors"
    assert outcome.statuses == {303: VISITORS * TIMES}
    addresses = [location(answer) for answer in outcome.answers]
    seen = [set(addresses[first : first + TIMES]) for first in range(0, len(addresses), TIMES)]
    assert [len(pages) for pages in seen] == [1] * VISITORS
    assert len(set.union(*seen)) == VISITORS
    assert (len(outcome.confirmed), len(outcome.waiting)) == (PLACES, VISITORS - PLACES)
    assert outcome.mails == {Message.CONFIRMED: PLACES, Message.WAITLISTED: VISITORS - PLACES}
    check_sound(outcome)


def test_a_form_sent_eight_times_at_once_is_one_registration(stage: Stage) -> None:
    check(run(stage))


def test_without_claiming_the_form_it_becomes_several_registrations(stage: Stage) -> None:
    """The unique value of the form protects here, not guard and lock: so this is what is switched off."""
    outcome = run(stage, UNCLAIMED)

    with pytest.raises(AssertionError, match=f"registrations of {VISITORS} visitors"):
        check(outcome)
    assert outcome.registrations > VISITORS
