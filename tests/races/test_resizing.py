"""An operator raises and lowers the number of places while newcomers come."""

from __future__ import annotations

from itertools import cycle

import pytest
from sqlalchemy import select

from regapp.db import db
from regapp.models import History
from regapp.services.records import Action
from tests.factories import make_event
from tests.races.stage import AS_SHIPPED, UNGUARDED, Outcome, Stage, check_sound
from tests.races.visitors import register

pytestmark = [pytest.mark.race, pytest.mark.rule("R2"), pytest.mark.rule("R4")]

NEWCOMERS = 120
SIZES = (10, 40, 20, 50, 0, 30, 60, 5)
LAST = 70
"""Places in the end, more than ever before."""
EVERY = 4
"""Answers after which the size is changed again."""


def run(stage: Stage, app: str = AS_SHIPPED) -> tuple[Outcome, list[str]]:
    """Change the size again and again while the server is busy with newcomers, who would all wait.

    Return what is left, and what the command said each time that it failed.
    """
    event = make_event(size=SIZES[-1])
    sizes, turns = cycle(SIZES), cycle(range(EVERY))
    failures: list[str] = []

    def resize(size: int) -> None:
        exit_code, said = stage.command("seats", "resize", event.slug, str(size))
        if exit_code:
            failures.append(said)

    def resize_now_and_then() -> None:
        if next(turns) == 0:
            resize(next(sizes))

    with stage.open(app) as crowd:
        forms = crowd.open_forms(event.slug, count=NEWCOMERS)
        asks = [register(event.slug, form, f"{number}@example.org") for number, form in enumerate(forms)]
        answers = crowd.ask(asks, after_each=resize_now_and_then)
    resize(LAST)
    return stage.look(event, answers), failures


def check(outcome: Outcome, failures: list[str]) -> None:
    """Check that in the end every place is taken, and that those who wait came later than all who were promoted."""
    assert len(outcome.confirmed) == LAST, f"{len(outcome.confirmed)} people on {LAST} places"
    assert failures == []
    assert outcome.statuses == {303: NEWCOMERS}
    assert len(outcome.waiting) == NEWCOMERS - LAST
    promoted = sorted(_queue_numbers(Action.PROMOTED))
    assert promoted == list(range(1, len(promoted) + 1)), "somebody was passed"
    assert len(_queue_numbers(Action.REGISTERED)) == len(promoted) + len(outcome.waiting)
    check_sound(outcome)


def _queue_numbers(action: Action) -> list[int]:
    """Return the queue numbers in the history of such changes."""
    numbers = db.session.scalars(select(History.numbers).where(History.action == action))
    return [found["queue_no"] for found in numbers if found]


def test_newcomers_while_the_size_changes_fill_every_place_in_order(stage: Stage) -> None:
    check(*run(stage))


def test_without_guard_and_lock_the_size_is_not_kept(stage: Stage) -> None:
    outcome, failures = run(stage, UNGUARDED)

    with pytest.raises(AssertionError):  # too many people, or a count that would fall below zero and was refused
        check(outcome, failures)
    assert outcome.differences
