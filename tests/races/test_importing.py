"""Two organizers import lists while newcomers register, over real connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from regapp.mail.messages import Message
from regapp.models import Role
from tests.factories import make_event
from tests.races.stage import AS_SHIPPED, UNGUARDED, Outcome, Stage, check_sound
from tests.races.visitors import register
from tests.services.test_sheets import csv_of
from tests.web.organizers import sign_in
from tests.web.test_importing import HEADER, choose
from tests.web.visitor import read

pytestmark = [pytest.mark.race, pytest.mark.rule("R1"), pytest.mark.rule("R3"), pytest.mark.rule("R8")]

PLACES, NEWCOMERS = 100, 80
LISTS = (range(90), range(149, 59, -1))
"""Numbers of the people in each list, in its order; 30 stand in both."""
LISTED = 150
MOST_TRIES = 100


def run(stage: Stage, app: str = AS_SHIPPED) -> Outcome:
    """Import both lists while the forms come, looking again each time that things have moved."""
    event = make_event(slug="conference", size=PLACES)
    ready = []
    for numbers in LISTS:
        client = stage.app.test_client()
        sign_in(client, event, Role.MANAGER)
        rows = [["Ana", f"Őrsi {number}", f"{number}@list.example", "Danube", "HU"] for number in numbers]
        ready.append((client, choose(client, csv_of([HEADER, *rows]))))
    with stage.open(app) as crowd, ThreadPoolExecutor(len(ready)) as pool:
        forms = crowd.open_forms(event.slug, count=NEWCOMERS)
        jobs = [pool.submit(_import, stage.app, *one) for one in ready]
        answers = crowd.ask([register(event.slug, form, f"{n}@new.example") for n, form in enumerate(forms)])
        for job in jobs:
            job.result()
    return stage.look(event, answers)


def _import(app: Flask, client: FlaskClient, address: str) -> None:
    with app.app_context():
        answer = client.get(address)
        for _ in range(MOST_TRIES):
            answer = client.post(address, data=read(answer).inputs)
            if answer.status_code == 303:
                return
            assert answer.status_code == 409
    raise AssertionError(f"moved {MOST_TRIES} times")


def check(outcome: Outcome) -> None:
    """Check that everybody is there once, that every place is taken, and that lists wait in their own order."""
    assert len(outcome.confirmed) == PLACES, f"{len(outcome.confirmed)} places given of {PLACES}"
    assert len({*outcome.confirmed, *outcome.waiting}) == outcome.registrations == LISTED + NEWCOMERS
    assert outcome.statuses == {303: NEWCOMERS}
    assert outcome.mails == {Message.CONFIRMED: PLACES, Message.WAITLISTED: LISTED + NEWCOMERS - PLACES}
    listed = [int(email.partition("@")[0]) for email in outcome.waiting if email.endswith("@list.example")]
    for numbers, direction in ((range(60), 1), (range(90, 150), -1)):
        own = [number for number in listed if number in numbers]
        assert own == sorted(own, key=lambda number: direction * number)
    check_sound(outcome)


def test_lists_and_newcomers_at_once_leave_everybody_in_once_and_in_order(stage: Stage) -> None:
    check(run(stage))


def test_without_guard_and_lock_of_the_newcomers_places_are_given_twice(stage: Stage) -> None:
    outcome = run(stage, UNGUARDED)

    with pytest.raises(AssertionError):
        check(outcome)
    assert outcome.differences
