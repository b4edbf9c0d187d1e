"""The clock is put back by an hour: what holds at the moment goes on, and nobody is taken for alive or for late."""

from __future__ import annotations

from datetime import datetime, timedelta

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from regapp import links
from regapp.db import db, transaction
from regapp.models import Heartbeat
from regapp.services import health
from tests.factories import make_event
from tests.web.organizers import make_account, sign_in
from tests.web.visitor import FIELDS, read

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
LIFETIME = timedelta(minutes=30)


def at(moment: datetime) -> time_machine.travel:
    """Let all clocks show this."""
    return time_machine.travel(moment, tick=False)


def test_a_form_that_is_open_may_still_be_sent(client: FlaskClient, now: datetime) -> None:
    path = f"/events/{make_event().slug}/register"
    with at(now):
        form = read(client.get(path)).inputs | FIELDS

    with at(now - HOUR):
        answer = client.post(path, data=form)

    assert answer.status_code == 303


def test_organizers_stay_signed_in(client: FlaskClient, now: datetime) -> None:
    event = make_event()
    with at(now):
        sign_in(client, event)
        assert client.get(f"/organizer/events/{event.slug}/").status_code == 200

    with at(now - HOUR):
        answer = client.get(f"/organizer/events/{event.slug}/")

    assert answer.status_code == 200


def test_a_link_that_sets_a_password_works_and_still_ends(app: Flask, now: datetime) -> None:
    me = make_account()
    with at(now):
        token = links.password_url(me.id, me.session_version, LIFETIME).rpartition("/")[2]

    with at(now - HOUR):
        assert links.read_password_token(token)
    with at(now + LIFETIME + SECOND):
        assert links.read_password_token(token) is None


def test_a_worker_that_died_before_is_not_taken_for_alive(app: Flask, now: datetime) -> None:
    with transaction():
        db.session.execute(insert(Heartbeat).values(worker="dead", seen_at=now))
        db.session.execute(insert(Heartbeat).values(worker="alive", seen_at=now - HOUR))

    assert health.find_worker_age(now=now - HOUR + SECOND) == 1
    assert health.find_worker_age(now=now - HOUR / 2) == HOUR.total_seconds() / 2
