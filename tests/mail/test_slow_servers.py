"""A mail server that is slow, or does not answer at all, holds up mails and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median
from threading import Thread
from time import perf_counter

import pytest
from flask import Flask
from flask.testing import FlaskClient

from regapp.mail.outbox import Report, send_due
from regapp.services.events import EventFacts
from tests.factories import make_event, make_registration
from tests.mail.conftest import Mailbox
from tests.web.visitor import fill


def test_a_slow_server_gets_every_mail_once(smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
    event = make_event()
    people = [make_registration(event, now=now) for _ in range(3)]
    mailbox.seconds = 0.3

    report = send_due(clock=lambda: now)

    assert report == Report(sent=3)
    assert mailbox.recipients == [own.email for own in people]


@pytest.mark.rule("R14")
def test_a_worker_whose_own_clock_is_put_back_begins_no_mail_after_its_lease(
    build_app: Callable[..., Flask], serve_mail: Callable[..., str], mailbox: Mailbox, now: datetime
) -> None:
    mailbox.seconds = 0.1
    app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=serve_mail(), MAIL_TIMEOUT="0.5", MAIL_BATCH_SECONDS="0.25")
    with app.app_context():
        event = make_event()
        for _ in range(6):
            make_registration(event, now=now)
        moments = iter([now, now])  # looks, and claims

        report = send_due(clock=lambda: next(moments, now - timedelta(hours=1)))

    assert 0 < report.sent < 6
    assert report == Report(sent=len(mailbox.taken))


def test_while_the_mail_server_hangs_people_register_as_fast_as_before(
    build_app: Callable[..., Flask], serve_mail: Callable[..., str], mailbox: Mailbox
) -> None:
    app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=serve_mail(), MAIL_TIMEOUT="8")
    mailbox.hangs = True
    with app.app_context():
        event, client = make_event(), app.test_client()
        before = [_register(client, event, f"before{number}") for number in range(10)]
        worker = Thread(target=_send_once, args=(app,))
        worker.start()
        while not mailbox.connections:
            pass

        meanwhile = [_register(client, event, f"meanwhile{number}") for number in range(10)]

        assert worker.is_alive(), "the worker was to hang all the time"
        assert median(meanwhile) < 3 * median(before) + 0.05
    worker.join()


def _register(client: FlaskClient, event: EventFacts, name: str) -> float:
    """Register somebody; return the seconds that it took."""
    began = perf_counter()
    assert fill(client, f"/events/{event.slug}/register", email=f"{name}@example.org").status_code == 303
    return perf_counter() - began


def _send_once(app: Flask) -> None:
    with app.app_context():
        assert not send_due().reachable
