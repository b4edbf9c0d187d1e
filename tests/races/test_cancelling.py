"""People cancel while newcomers come, and others wait already."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, zip_longest

import pytest

from regapp.links import own_path
from regapp.mail.messages import Message
from tests.factories import make_event, make_registration
from tests.races.stage import AS_SHIPPED, UNGUARDED, Outcome, Stage, check_sound
from tests.races.visitors import cancel, register

pytestmark = [pytest.mark.race, pytest.mark.rule("R2"), pytest.mark.rule("R3")]

PLACES = 30
LEAVING = 20
"""People with a place who cancel."""
GIVING_UP = 4
"""People in the queue who cancel, whether they have been promoted by then or not: every second of the first ones."""
NEWCOMERS = 40


@dataclass(frozen=True, slots=True)
class Line:
    """Addresses: who waited before and goes on waiting, in order; and the newcomers."""

    patient: list[str]
    newcomers: list[str]


def run(stage: Stage, app: str, *, waiting: int) -> tuple[Outcome, Line]:
    """Fill the event and its queue, then cancel and register at the same time, in turns."""
    event = make_event(size=PLACES)
    seated = [make_registration(event) for _ in range(PLACES)]
    queue = [make_registration(event) for _ in range(waiting)]
    giving_up = queue[: 2 * GIVING_UP : 2]
    newcomers = [f"newcomer.{number}@example.org" for number in range(NEWCOMERS)]
    with stage.open(app) as crowd:
        forms = crowd.open_forms(event.slug, count=NEWCOMERS)
        cancellations = [cancel(own_path(own.code, own.link_version), forms[0]) for own in seated[:LEAVING] + giving_up]
        registrations = [register(event.slug, form, email) for form, email in zip(forms, newcomers, strict=True)]
        turns = chain.from_iterable(zip_longest(cancellations, registrations))
        answers = crowd.ask([ask for ask in turns if ask is not None])
    patient = [own.email for own in queue if own not in giving_up]
    return stage.look(event, answers), Line(patient, newcomers)


def check(outcome: Outcome, line: Line) -> None:
    """Check that every freed place was given away again, and to those who had waited before any newcomer."""
    promoted = min(len(line.patient), LEAVING)
    assert len(outcome.confirmed) == PLACES, f"{len(outcome.confirmed)} people on {PLACES} places"
    assert [email for email in outcome.confirmed if email in line.patient] == line.patient[:promoted]
    still_waiting = line.patient[promoted:]
    assert outcome.waiting[: len(still_waiting)] == still_waiting, "somebody was passed"
    assert len(outcome.waiting) == len(line.patient) + NEWCOMERS - LEAVING
    assert outcome.statuses == {303: LEAVING + GIVING_UP + NEWCOMERS}
    assert outcome.mails[Message.CANCELLED] == LEAVING + GIVING_UP
    check_sound(outcome)


@pytest.mark.parametrize("waiting", [10, 40], ids=["a queue that runs out meanwhile", "a long queue"])
def test_every_place_that_is_given_back_goes_to_the_first_in_line(stage: Stage, waiting: int) -> None:
    check(*run(stage, AS_SHIPPED, waiting=waiting))


@pytest.mark.parametrize("waiting", [10, 40], ids=["a queue that runs out meanwhile", "a long queue"])
def test_without_guard_and_lock_places_are_lost_or_given_twice(stage: Stage, waiting: int) -> None:
    outcome, line = run(stage, UNGUARDED, waiting=waiting)

    with pytest.raises(AssertionError, match=f"people on {PLACES} places|the books differ"):
        check(outcome, line)
    assert outcome.differences
