"""How people and organizers reach each other: the address of a registration, its link, and letters to organizers."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from regapp.db import AnyRow, db
from regapp.errors import AddressTaken, IllegalMove, NotFound
from regapp.mail.messages import MARK, About, Message, compose
from regapp.models import OutboxMail, Party, Registration
from regapp.rules.addresses import ascii_address, contact_key
from regapp.rules.states import LIVING, State
from regapp.rules.window import check_may_change
from regapp.services import current, drafts, events, records, waitlist
from regapp.services.events import EventFacts
from regapp.services.records import Action

REMIND_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Link:
    """What a registration's link is made of."""

    code: str
    link_version: int


def change_email(registration_id: int, email: str, *, actor: str, now: datetime) -> Link:
    """Let all further mails go to another address; links sent before no longer work. Both addresses are told.

    Raises: NotFound; TooLate; IllegalMove for a registration that has ended; AddressTaken. Takes no lock: the unique
    key decides who has an address, and seats are not touched.
    """
    row = current.get(registration_id)
    if State(row.state) not in LIVING:
        raise IllegalMove(before=row.state, after=row.state)
    event = events.get(row.event_id)
    if actor == "attendee":  # organizers may correct it at any time
        check_may_change(event, now)
    if email == row.contact_email:
        return Link(row.code, row.link_version)
    _move_party(row, email)
    stored = update(Registration).where(Registration.id == row.id)
    details = current.details(current.get(row.id))  # as they are now that the party is ours
    values = {
        "email": email,
        **drafts.keys(details, email, row.code),
        "link_version": row.link_version + 1,
        "revision": Registration.revision + 1,
    }
    db.session.execute(stored.values(values))
    _redirect_mails(row, ascii_address(email))
    _tell_both(event, row, email, actor=actor, now=now)
    return Link(row.code, row.link_version + 1)


def _move_party(row: AnyRow, email: str) -> None:
    mine = and_(Party.id == row.party_id, Party.contact_key == row.contact_key)  # it may just be ending
    try:
        moved = db.session.execute(
            update(Party).where(mine).values(contact_email=email, contact_key=contact_key(email))
        )
    except IntegrityError as error:
        raise AddressTaken from error
    if not moved.rowcount:  # type: ignore[attr-defined]  # a cursor result has one
        raise IllegalMove(before=row.state, after=row.state)


def _redirect_mails(row: AnyRow, address: str) -> None:
    """Send what is still waiting to the new address, with the link that works."""
    unsent = select(OutboxMail.id, OutboxMail.facts).where(
        OutboxMail.registration_id == row.id, OutboxMail.sent_at.is_(None)
    )
    for mail in db.session.execute(unsent).all():
        facts = {**mail.facts, "link_version": row.link_version + 1}
        db.session.execute(update(OutboxMail).where(OutboxMail.id == mail.id).values(to_address=address, facts=facts))


def _tell_both(event: EventFacts, row: AnyRow, email: str, *, actor: str, now: datetime) -> None:
    records.remember([
        records.line(
            Action.CHANGED, event_id=event.id, registration_id=row.id, actor=actor, now=now, reason="email"
        )
    ])  # fmt: skip
    before = waitlist.about(event, row)
    after = replace(
        before, address=ascii_address(email), link_version=row.link_version + 1, sequence=before.sequence + 1
    )
    records.post([
        compose(Message.EMAIL_CHANGED, after, now=now, state=row.state, **records.doer(actor)),
        compose(Message.EMAIL_LEFT, replace(before, code="", name=""), now=now, **records.doer(actor)),
    ])  # fmt: skip


def send_link_again(event_id: int, email: str, *, now: datetime) -> None:
    """Send whoever has this address their link, at most once an hour. Tells nobody whether there is such a person."""
    event = events.get(event_id)
    row = current.find_living(event_id, contact_key(email))
    if row is not None:
        remind(event, row, Message.LINK_AGAIN, now=now)


def remind(event: EventFacts, row: AnyRow, message: Message, *, now: datetime) -> bool:
    """Send a person their own link, at most once an hour; say whether the address still takes part. Source: R8."""
    if _take_turn(row, now=now):
        records.post([compose(message, waitlist.about(event, row), now=now, state=row.state)])
        return True
    return db.session.scalar(select(Party.id).where(_living(row))) is not None


def send_link(row: AnyRow, *, now: datetime) -> bool:
    """Send a person their own link for the organizers, at most once an hour; say whether it is sent."""
    due = row.contact_key is not None and _take_turn(row, now=now)
    if due:
        about = waitlist.about(events.get(row.event_id), row)
        records.post([compose(Message.LINK_AGAIN, about, now=now, state=row.state, by_organizers=True)])
    return due


def _take_turn(row: AnyRow, *, now: datetime) -> bool:
    """Say whether the hour since the last reminder is over, and begin the next one."""
    long_ago = or_(Party.reminded_at.is_(None), Party.reminded_at <= now - REMIND_AGAIN_AFTER)
    due = db.session.execute(update(Party).where(_living(row), long_ago).values(reminded_at=now))
    return bool(due.rowcount)  # type: ignore[attr-defined]  # a cursor result has one


def _living(row: AnyRow) -> ColumnElement[bool]:
    return and_(Party.id == row.party_id, Party.contact_key == row.contact_key)  # it may just be cancelling


def is_contactable(event: EventFacts) -> bool:
    """Say whether visitors can write to the organizers of this event."""
    return bool(_organizers_address(event))


def write_to_organizers(event: EventFacts, *, name: str, email: str, body: str, lang: str, now: datetime) -> None:
    """Send a visitor's message to the organizers, whose answer goes to the visitor. Raises: NotFound: no address."""
    address = _organizers_address(event)
    if not address:
        raise NotFound
    about = About(
        event_id=event.id, registration_id=None, code="", link_version=0, sequence=0, lang=lang,
        address=ascii_address(address), name=event.text("organiser", lang),
    )  # fmt: skip
    mark = writers_mark(email, current_app.config["SECRET_KEY"])
    letter: dict[str, Any] = {"from_name": name, "from_address": email, "body": body, MARK: mark}
    records.post([compose(Message.CONTACT, about, now=now, **letter)])


def writers_mark(email: str, secret: str) -> str:
    """Return what stands for the address of a message's writer when the message itself is forgotten."""
    return hmac.digest(f"letters {secret}".encode(), contact_key(email).encode(), hashlib.sha256).hex()[:32]


def _organizers_address(event: EventFacts) -> str:
    return event.contact_address or parseaddr(current_app.config["MAIL_REPLY_TO"])[1]
