"""Moving an event and calling it off, on the command line."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from regapp.db import db
from regapp.models import OutboxMail
from regapp.services.events import get
from tests.factories import make_event, make_registration


def _run(app: Flask, *args: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["event", *args])
    return result.exit_code, result.output


def _mails() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(OutboxMail)) or 0


def test_times_are_local_and_everybody_is_told(app: Flask) -> None:
    event = make_event(slug="conference")
    make_registration(event)

    done = _run(
        app, "change", "conference", "--starts", "2036-12-03T10:00", "--ends", "2036-12-04 12:00", "--venue", "New Hall"
    )
    after = get(event.id)

    assert done == (0, "conference: 1 people are told\n")
    assert after.starts_at.isoformat() == "2036-12-03T09:00:00+00:00"
    assert after.text("venue", "en") == "New Hall"


def test_calling_off_tells_everybody_once(app: Flask) -> None:
    event = make_event(slug="conference")
    make_registration(event)

    assert _run(app, "cancel", "conference") == (0, "conference is called off: 1 people are told\n")
    assert _run(app, "cancel", "conference") == (0, "conference is called off: 0 people are told\n")
    assert get(event.id).cancelled


@pytest.mark.parametrize(
    ("args", "words"),
    [
        pytest.param(["change", "none"], "there is no event “none”", id="unknown"),
        pytest.param(["cancel", "none"], "there is no event “none”", id="unknown, to cancel"),
        pytest.param(["change", "conference", "--starts", "2037-01-01T10:00"], "it would go from 2037", id="no end"),
        pytest.param(["change", "conference", "--starts", "2001-01-01T10:00"], "begin in the future", id="past"),
        pytest.param(["change", "conference", "--starts", "soon"], "'soon' does not match", id="no date"),
    ],
)
def test_what_cannot_be_is_refused_in_words(app: Flask, args: list[str], words: str) -> None:
    event = make_event(slug="conference")
    before = get(event.id)

    code, output = _run(app, *args)

    assert code != 0
    assert words in output
    assert get(event.id) == before


def test_an_event_asks_browsers_for_a_calculation_and_nobody_is_told(app: Flask) -> None:
    event = make_event(slug="conference")
    make_registration(event)
    mails = _mails()

    assert _run(app, "robots", "conference", "work") == (0, "conference: robots are checked by work\n")
    assert get(event.id).robot_check == "work"
    assert _run(app, "robots", "conference", "none") == (0, "conference: robots are checked by none\n")
    assert get(event.id).robot_check == "none"
    assert _mails() == mails
