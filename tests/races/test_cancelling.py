"""People cancel while newcomers come, and others wait already."""

from __future__ import annotations

from itertools import chain, zip_longest

import pytest

from regapp.links import own_path
from regapp.mail.messages import Message
from tests.factories import make_event, make_registration
from tests.races.stage import AS_SHIPPED, UNGUARDED, Outcome, Stage, check_sound
from tests.races.visitors import Crowd, cancel, register

pytestmark = [pytest.mark.race, pytest.mark.rule("R2"), pytest.mark.rule("R3")]

PLACES = 30
LEAVING = 20
"""People with a place who cancel."""
GIVING_UP = 4
"""People in the queue who cancel, whether they have been promoted by then or not: every second of the first ones."""
NEWCOMERS = 40
QUEUES = (10, 40)
"""People who wait before it begins."""


def run(stage: Stage, app: str = AS_SHIPPED) -> list[tuple[Outcome, list[str]]]:
    """Let it happen with a queue that runs out meanwhile, and with one that does not."""
    with stage.open(app) as crowd:
        return [_run(stage, crowd, waiting=waiting) for waiting in QUEUES]


def _run(stage: Stage, crowd: Crowd, *, waiting: int) -> tuple[Outcome, list[str]]:
    """Fill an event and its queue, then cancel and register at the same time, in turns.

    Also return the addresses of those who waited before and do not give up, in their order.
    """
    event = make_event(size=PLACES)
    seated = [make_registration(event) for _ in range(PLACES)]
    queue = [make_registration(event) for _ in range(waiting)]
    giving_up = queue[: 2 * GIVING_UP : 2]
    patient = [own.email for own in queue if own not in giving_up]
    forms = crowd.open_forms(event.slug, count=NEWCOMERS)
    cancellations = [cancel(own_path(own.code, own.link_version), forms[0]) for own in seated[:LEAVING] + giving_up]
    registrations = [register(event.slug, form, f"{number}@example.com") for number, form in enumerate(forms)]
    turns = chain.from_iterable(zip_longest(cancellations, registrations))
    answers = crowd.ask([ask for ask in turns if ask is not None])
    return stage.look(event, answers), patient


def check(outcome: Outcome, patient: list[str]) -> None:
    """Check that every freed place was given away again, and to those who had waited before any newcomer."""
    promoted = min(len(patient), LEAVING)
    assert len(outcome.confirmed) == PLACES, f"{len(outcome.confirmed)} people on {PLACES} places"
    assert [email for email in outcome.confirmed if email in patient] == patient[:promoted]
    still_waiting = patient[promoted:]
    assert outcome.waiting[: len(still_waiting)] == still_waiting, "somebody was passed"
    assert len(outcome.waiting) == len(patient) + NEWCOMERS - LEAVING
    assert outcome.statuses == {303: LEAVING + GIVING_UP + NEWCOMERS}
    assert outcome.mails[Message.CANCELLED] == LEAVING + GIVING_UP
    check_sound(outcome)


def test_every_place_that_is_given_back_goes_to_the_first_in_line(stage: Stage) -> None:
    for outcome, patient in run(stage):
        check(outcome, patient)


def test_without_guard_and_lock_places_are_lost_or_given_twice(stage: Stage) -> None:
    for outcome, patient in run(stage, UNGUARDED):
        with pytest.raises(AssertionError, match=f"people on {PLACES} places|the books differ"):
            check(outcome, patient)
        assert outcome.differences
