"""Several forms with the same address at once."""

from __future__ import annotations

import pytest

from regapp.mail.messages import Message
from tests.factories import make_event
from tests.races.stage import AS_SHIPPED, UNCLAIMED, Outcome, Stage, check_sound
from tests.races.visitors import register

pytestmark = [pytest.mark.race, pytest.mark.rule("R8")]

FORMS = 20
SPELLINGS = ("ana@example.org", "Ana@Example.org", " ANA@EXAMPLE.ORG ")


def run(stage: Stage, app: str = AS_SHIPPED) -> Outcome:
    """Send 20 forms, each opened by itself, with one address in several spellings."""
    event = make_event()
    with stage.open(app) as crowd:
        forms = crowd.open_forms(event.slug, count=FORMS)
        answers = crowd.ask([
            register(event.slug, form, SPELLINGS[number % len(SPELLINGS)]) for number, form in enumerate(forms)
        ])  # fmt: skip
    return stage.look(event, answers)


def check(outcome: Outcome) -> None:
    """Check that one form was the first, and that all others get the page that says nothing, and together one mail."""
    assert outcome.registrations == 1, f"{outcome.registrations} registrations of one address"
    assert outcome.statuses == {303: 1, 200: FORMS - 1}
    neutral = {answer.body.lower() for answer in outcome.answers if answer.status == 200}
    assert len(neutral) == 1
    assert outcome.mails == {Message.CONFIRMED: 1, Message.ALREADY_REGISTERED: 1}
    check_sound(outcome)


def test_20_forms_with_the_same_address_are_one_registration(stage: Stage) -> None:
    check(run(stage))


def test_without_claiming_the_address_it_registers_several_times(stage: Stage) -> None:
    """The unique address protects here, not guard and lock: so this is what is switched off."""
    outcome = run(stage, UNCLAIMED)

    with pytest.raises(AssertionError, match="registrations of one address"):
        check(outcome)
    assert outcome.registrations > 1
