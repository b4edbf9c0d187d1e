"""Programs open every link of every mail before its reader does: nothing may change by that (R10)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.mail.letters import Written
from regapp.mail.messages import Message
from regapp.models import Role
from regapp.services import (
    accounts,
    announcements,
    contacts,
    editing,
    erasure,
    records,
    registrations,
    teams,
    waitlist,
)
from regapp.services.drafts import Details
from regapp.services.editing import EventChange
from regapp.services.events import EventFacts
from regapp.services.people import View
from regapp.services.selections import Selection
from regapp.services.teams import Invited
from tests.factories import attempt, make_applicant, make_event, make_registration
from tests.web.organizers import give_password, make_account

pytestmark = pytest.mark.rule("R10")

HOURS = timedelta(hours=2)


def _everything() -> dict[str, list[Any]]:
    db.session.rollback()
    return {
        table.name: list(db.session.execute(select(table).order_by(*table.primary_key)))
        for table in db.metadata.sorted_tables
    }


def _have_every_mail_sent() -> None:
    """Let happen whatever makes us write."""
    now = utcnow()
    event = make_event(size=2, contact_address="office@example.org", online_url="https://meet.example/x")
    ana, ben, _eva, late = (make_registration(event) for _ in range(4))
    off, empty = make_event(), make_event(size=0, serve_until=now + HOURS)
    make_registration(off)
    make_registration(empty)
    attempt(event, make_applicant(email=late.email), now=now)
    with transaction():
        registrations.change_details(ana.id, Details("A", "B", "C", None, "HU"), actor="attendee", now=now)
        contacts.change_email(ana.id, "ana.new@example.org", actor="attendee", now=now)
        contacts.send_link_again(event.id, ben.email, now=now)
        contacts.write_to_organizers(event, name="P", email="p@example.org", body="Hello", lang="en", now=now)
        editing.change_event(event.id, EventChange(texts={"en": {"venue": "New Hall"}}), actor="operator", now=now)
        editing.cancel_event(off.id, actor="operator", now=now)
        registrations.cancel(ben.id, actor="attendee", now=now)
        waitlist.end_serving(empty.id, now=now + 2 * HOURS)
    _write_to_many(event, now)
    _send_all()
    with transaction():
        erasure.erase(late.id, actor="operator", now=now)
    _send_all()


def _write_to_many(event: EventFacts, now: datetime) -> None:
    """Write what organizers write, and what is written to them."""
    me, everybody, written = give_password(make_account()), Selection(View()), Written("Trams", "Take tram 2.")
    figures = {"size": 2, "taken": 2, "waiting": 1, "registered": 4, "failing": 1}
    notices = (Message.NOTICE_FULL, Message.NOTICE_MAIL, Message.NOTICE_DIGEST)
    with transaction():
        seen = announcements.count(event.id, everybody).seen
        announcements.send(event, me, everybody, written, query="", submission="f" * 32, seen=seen, now=now)
        accounts.send_reset(me.email, now=now)
        teams.invite(event.id, Invited("eva@example.org", "Éva Nagy", Role.DESK, "en"), actor=me.actor, now=now)
        records.post([accounts.write_to(me, notice, now=now, event_id=event.id, **figures) for notice in notices])


def _send_all() -> None:
    while outbox.send_due(clock=lambda: utcnow() + 2 * HOURS).sent:
        pass


def _links(path: Path) -> set[str]:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    parts = [str(part.get_content()) for part in mail.iter_parts()]
    text = "\n".join(part.replace("\r\n ", "").replace("\n ", "") for part in parts)
    return set(re.findall(r"""https?://[^\s"'<>)\\]+""", text))


def test_opening_every_link_of_every_mail_changes_nothing(app: Flask, client: FlaskClient) -> None:
    _have_every_mail_sent()
    paths = sorted((Path(app.config["INSTANCE_DIR"]) / "mail").iterdir())
    ours = str(app.config["PUBLIC_URL"])
    found = {link.removeprefix(ours) for path in paths for link in _links(path) if link.startswith(ours)}
    before = _everything()

    answers = {
        (link, method): client.open(link, method=method).status_code for link in found for method in ("GET", "HEAD")
    }

    assert {path.stem.partition("-")[2] for path in paths} == {message.value for message in Message}
    assert len(found) >= 6
    assert set(answers.values()) <= {200, 303, 404}  # links from before the move to another address open nothing
    assert 200 in answers.values()
    assert _everything() == before
