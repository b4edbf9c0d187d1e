"""An organizer cancels a crowd while newcomers come and others leave by themselves."""

from __future__ import annotations

from itertools import chain, cycle, zip_longest

import pytest
from sqlalchemy.exc import OperationalError

from regapp.clock import utcnow
from regapp.db import snapshot, transaction
from regapp.errors import RuleViolation
from regapp.links import own_path
from regapp.mail.messages import Message
from regapp.services import bulk, events, selections
from regapp.services.bulk import Deed
from regapp.services.people import View
from regapp.services.selections import Selection
from tests.factories import make_event, make_registration
from tests.races.stage import AS_SHIPPED, UNGUARDED, Outcome, Stage, check_sound
from tests.races.visitors import cancel, register

pytestmark = [pytest.mark.race, pytest.mark.rule("R2"), pytest.mark.rule("R3")]

PLACES = 40
LEAVING = 30
"""People with a place whom the organizer cancels, in several goes; some of them cancel at the same time themselves."""
AT_ONCE = 6
THEMSELVES = 10
WAITING = 20
NEWCOMERS = 60
EVERY = 8
"""Answers after which the organizer cancels some more."""


def run(stage: Stage, app: str = AS_SHIPPED) -> tuple[Outcome, list[str], list[str]]:
    """Return what is left, the addresses of those who waited before in their order, and what went wrong here."""
    event = make_event(size=PLACES)
    seated = [make_registration(event) for _ in range(PLACES)]
    queue = [make_registration(event) for _ in range(WAITING)]
    leaving, turns, failures = seated[:LEAVING], cycle(range(EVERY)), []
    crowds = [leaving[start : start + AT_ONCE] for start in range(0, LEAVING, AT_ONCE)]

    def cancel_some() -> None:
        if next(turns) or not crowds:
            return
        chosen = Selection(View(), tuple(own.code for own in crowds.pop()))
        while True:
            with snapshot():
                plan = bulk.plan(events.get(event.id), chosen, Deed.CANCEL, now=utcnow())
            try:
                with transaction():
                    ids = selections.agree(event.id, chosen, plan.seen)
                    bulk.cancel(event.id, ids, actor="account:1", now=utcnow())
            except selections.SelectionMoved:  # one of them has just left: look again, as an organizer would
                continue
            except RuleViolation as error:
                failures.append(error.code)
            except OperationalError:  # two change the same rows in different order: it is the lock that prevents this
                failures.append("deadlock")
            return

    with stage.open(app) as crowd:
        forms = crowd.open_forms(event.slug, count=NEWCOMERS)
        by_themselves = [cancel(own_path(own.code, own.link_version), forms[0]) for own in leaving[:THEMSELVES]]
        newcomers = [register(event.slug, form, f"{number}@example.com") for number, form in enumerate(forms)]
        turned = chain.from_iterable(zip_longest(by_themselves, newcomers))
        answers = crowd.ask([ask for ask in turned if ask is not None], after_each=cancel_some)
    assert crowds == []
    return stage.look(event, answers), [own.email for own in queue], failures


def check(outcome: Outcome, queue: list[str], failures: list[str]) -> None:
    """Check that each freed place was given once, to those who waited first, and that each left once."""
    assert failures == [], "the organizer was stopped"
    assert len(outcome.confirmed) == PLACES, f"{len(outcome.confirmed)} people on {PLACES} places"
    assert [email for email in outcome.confirmed if email in queue] == queue, "somebody was passed"
    assert len(outcome.waiting) == WAITING + NEWCOMERS - LEAVING, f"{len(outcome.waiting)} people wait"
    assert outcome.statuses == {303: THEMSELVES + NEWCOMERS}
    assert outcome.mails[Message.CANCELLED] == LEAVING
    check_sound(outcome)


def test_places_that_an_organizer_frees_in_bulk_go_to_the_first_in_line(stage: Stage) -> None:
    check(*run(stage))


def test_without_guard_and_lock_the_books_differ(stage: Stage) -> None:
    outcome, queue, failures = run(stage, UNGUARDED)

    with pytest.raises(
        AssertionError, match=f"people on {PLACES} places|the books differ|passed|people wait|was stopped"
    ):
        check(outcome, queue, failures)
