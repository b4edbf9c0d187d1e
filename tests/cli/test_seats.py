"""`seats verify` and `seats resize`."""

from __future__ import annotations

from datetime import datetime

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Quota
from regapp.rules.states import State
from regapp.services import waitlist
from regapp.services.events import EventFacts, get
from regapp.services.own import get_own
from tests.factories import make_event, make_registration


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["seats", *args])


@pytest.fixture
def full(app: Flask) -> EventFacts:
    """Return an event with two places, two people in them and two who wait."""
    event = make_event(slug="conference", size=2)
    for _ in range(4):
        make_registration(event, now=utcnow())
    return event


def tamper(event: EventFacts, **values: int) -> None:
    with transaction():
        db.session.execute(update(Quota).where(Quota.event_id == event.id).values(**values))


def test_verify_prints_both_numbers_of_every_event(app: Flask, full: EventFacts) -> None:
    make_event(slug="other", size=None)

    found = run(app, "verify")

    assert found.exit_code == 0
    assert found.output == (
        "conference: size 2, taken 2 stored 2 counted, waiting 2 stored 2 counted\n"
        "other: size none, taken 0 stored 0 counted, waiting 0 stored 0 counted\n"
    )


def test_verify_catches_a_tampered_counter(app: Flask, full: EventFacts) -> None:
    tamper(full, taken=1)

    found = run(app, "verify")

    assert found.exit_code == 1
    assert "conference: size 2, taken 1 stored 2 counted" in found.output
    assert "DIFFERENCE in conference: 1 seats stored as taken, 2 counted" in found.output


def test_verify_reports_a_queue_that_nobody_serves(app: Flask, full: EventFacts) -> None:
    tamper(full, size=3)

    found = run(app, "verify", "--patience", "0")

    assert found.exit_code == 1
    assert "DIFFERENCE in conference: people wait although places are free" in found.output


def test_verify_waits_for_a_queue_that_is_being_served(
    app: Flask, full: EventFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(full, size=3)
    waited = []

    def serve_meanwhile(seconds: float) -> None:
        waited.append(seconds)
        with transaction():
            waitlist.settle(full.id, now=utcnow())

    monkeypatch.setattr("regapp.cli.seats.sleep", serve_meanwhile)

    assert run(app, "verify").exit_code == 0
    assert waited == [1]


@pytest.mark.rule("R4")
def test_a_larger_size_serves_the_queue_and_says_so(app: Flask, full: EventFacts) -> None:
    found = run(app, "resize", "conference", "3")

    assert (found.exit_code, found.output) == (0, "conference: size 2 → 3, 3 taken, 1 promoted\n")
    event = get(full.id)
    assert (event.size, event.taken, event.waiting) == (3, 3, 1)
    assert run(app, "verify").exit_code == 0


@pytest.mark.rule("R4")
def test_a_smaller_size_drops_nobody(app: Flask, full: EventFacts) -> None:
    found = run(app, "resize", "conference", "1")

    assert found.output == "conference: size 2 → 1, 2 taken, 0 promoted\n"
    assert run(app, "verify").exit_code == 0


def test_no_limit_seats_everybody(app: Flask, full: EventFacts) -> None:
    found = run(app, "resize", "conference", "none")

    assert found.output == "conference: size 2 → none, 4 taken, 2 promoted\n"
    assert run(app, "resize", "conference", "4").output == "conference: size none → 4, 4 taken, 0 promoted\n"


def test_a_queue_longer_than_one_transaction_serves_is_served_whole(
    app: Flask, full: EventFacts, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    last = make_registration(full, now=now)
    monkeypatch.setattr(waitlist, "MOST", 1)
    monkeypatch.setattr(waitlist, "PAGE", 1)

    found = run(app, "resize", "conference", "none")

    assert found.output == "conference: size 2 → none, 5 taken, 3 promoted\n"
    assert get_own(last.code).state == State.CONFIRMED


@pytest.mark.parametrize("size", ["-1", "1.5", "many", "", "1000001", "٣"])
def test_a_size_that_is_none_is_refused_with_what_to_write(app: Flask, full: EventFacts, size: str) -> None:
    found = run(app, "resize", "conference", "--", size)

    assert found.exit_code == 2
    assert "write a whole number from 0 to 1,000,000, or none for no limit" in found.output
    assert get(full.id).size == 2


def test_an_unknown_event_is_answered_with_those_that_there_are(app: Flask, full: EventFacts) -> None:
    found = run(app, "resize", "nowhere", "3")

    assert found.exit_code == 1
    assert "there is no event “nowhere”. Events: conference" in found.output
