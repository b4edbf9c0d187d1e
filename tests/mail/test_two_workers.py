"""Several workers share one outbox: nothing is sent twice, nothing is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select

from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.mail.messages import Message
from regapp.models import OutboxMail
from regapp.services import registrations
from tests.factories import make_event, make_registration
from tests.mail.conftest import Mailbox

WORKERS = 4
MAILS = 32


@pytest.mark.race
def test_workers_at_once_send_each_mail_once_and_in_order(
    build_app: Callable[..., Flask], serve_mail: Callable[..., str], mailbox: Mailbox, now: datetime
) -> None:
    app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=serve_mail())
    with app.app_context():
        event = make_event()
        for _ in range(MAILS // 2):
            own = make_registration(event, now=now)
            with transaction():
                registrations.cancel(own.id, actor="attendee", now=now)
    start = Barrier(WORKERS)

    def run(_: int) -> int:
        sent = 0
        with app.app_context():
            start.wait()
            # A worker may find everything claimed; the others' next mails of the same people are then still to come.
            while db.session.scalar(select(func.count()).where(OutboxMail.sent_at.is_(None))):
                sent += outbox.send_due(clock=lambda: now).sent
        return sent

    with ThreadPoolExecutor(WORKERS) as pool:
        total = sum(pool.map(run, range(WORKERS)))

    assert total == MAILS == len(mailbox.taken)
    assert max(Counter(mail["Message-ID"] for mail in mailbox.mails).values()) == 1
    kinds: dict[str, list[str]] = {}
    for envelope, mail in zip(mailbox.taken, mailbox.mails, strict=True):
        kinds.setdefault(envelope.rcpt_tos[0], []).append(str(mail["Subject"]).partition(":")[0])
    assert set(map(tuple, kinds.values())) == {("You have a place", "Cancelled")}


@pytest.mark.race
def test_two_claims_at_once_share_what_is_due(app: Flask, now: datetime) -> None:
    event = make_event()
    for _ in range(40):
        make_registration(event, now=now)
    start = Barrier(WORKERS)

    def run(_: int) -> list[int]:
        with app.app_context():
            start.wait()
            return [letter.id for letter in outbox.claim(now=now, limit=10)]

    with ThreadPoolExecutor(WORKERS) as pool:
        claimed = [number for batch in pool.map(run, range(WORKERS)) for number in batch]

    assert len(claimed) == len(set(claimed))
    rest = [letter.id for letter in outbox.claim(now=now)]
    assert sorted(claimed + rest) == list(range(1, 41))
    assert {Message.CONFIRMED} == set(db.session.scalars(select(OutboxMail.message)))
