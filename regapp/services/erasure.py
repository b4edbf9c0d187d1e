"""Forgetting people: what they told us goes, counts and the history of seats stay. Source: R18."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import String, case, cast, delete, or_, select, update

from regapp.db import AnyRow, db
from regapp.mail.messages import Message, compose
from regapp.models import Consent, Event, OutboxMail, Party, Registration, Tag
from regapp.rules.states import LIVING, State
from regapp.rules.window import RETAINED
from regapp.services import current, events, records, registrations, waitlist
from regapp.services.events import EventFacts
from regapp.services.records import Action

PAGE = 500
"""Registrations erased in one transaction."""
NOTHING = {
    "first_name": None, "last_name": None, "email": None, "organisation": None, "job_title": None, "answers": None,
    "search_key": None, "organisation_key": None, "note": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, and what is left to do once it is committed: `mails` names the outbox rows with files."""

    people: int
    mails: tuple[int, ...]


def erase(registration_id: int, *, actor: str, now: datetime) -> Erased:
    """Erase a person and send a receipt. Before the start the registration is cancelled first: the place goes on.

    A second time changes nothing. Raises: NotFound.
    """
    event, row = current.lock(registration_id)
    if row.erased_at is not None:
        return Erased(0, ())
    if State(row.state) in LIVING and now < event.starts_at:
        registrations.cancel(registration_id, actor=actor, now=now)
    mails = _forget(event, [row], actor=actor, now=now)
    about = replace(waitlist.about(event, row), code="", name="")
    records.post([compose(Message.ERASED, about, now=now)])
    return Erased(1, mails)


def erase_event(event_id: int, *, now: datetime) -> Erased:
    """Erase the people of an event whose time has come, a page of them; nobody is written to. Raises: NotFound."""
    event = events.get(event_id)
    rows = db.session.execute(current.UNERASED.where(Registration.event_id == event_id).limit(PAGE)).all()
    if not rows:
        return Erased(0, ())
    return Erased(len(rows), _forget(event, rows, actor="system", now=now))


def list_due(*, now: datetime) -> list[int]:
    """Return the ids of events whose people are to be erased now."""
    over = or_(Event.retain_until <= now, Event.retain_until.is_(None) & (Event.ends_at <= now - RETAINED))
    left = select(Registration.id).where(Registration.event_id == Event.id, Registration.erased_at.is_(None))
    return list(db.session.scalars(select(Event.id).where(over, left.exists()).order_by(Event.id)))


def forget_files(erased: Erased) -> None:
    """Delete the files of these mails. Call it when the erasure is committed."""
    folder = Path(current_app.config["INSTANCE_DIR"]) / "mail"
    for number in erased.mails:
        for path in folder.glob(f"{number:06}-*.eml"):
            path.unlink(missing_ok=True)


def _forget(event: EventFacts, rows: Sequence[AnyRow], *, actor: str, now: datetime) -> tuple[int, ...]:
    """Empty what names these people, in a few statements however many they are; return the ids of their mails."""
    ids, parties = [row.id for row in rows], [row.party_id for row in rows]
    mine = Registration.id.in_(ids)
    theirs = Party.id.in_(parties)
    key = case((Party.contact_key.is_(None), None), else_="erased " + cast(Party.id, String))  # of those who were there
    db.session.execute(update(Party).where(theirs).values(contact_name="", contact_email="", contact_key=key))
    db.session.execute(
        update(Registration).where(mine).values(**NOTHING, erased_at=now, link_version=Registration.link_version + 1)
    )
    db.session.execute(delete(Tag).where(Tag.registration_id.in_(ids)))
    consents = update(Consent).where(Consent.registration_id.in_(ids), Consent.withdrawn_at.is_(None))
    db.session.execute(consents.values(withdrawn_at=now))
    records.remember([
        records.line(Action.ERASED, event_id=event.id, registration_id=row.id, actor=actor, now=now) for row in rows
    ])  # fmt: skip
    return _forget_mails(ids)


def _forget_mails(ids: Sequence[int]) -> tuple[int, ...]:
    theirs = OutboxMail.registration_id.in_(ids)
    mails = tuple(db.session.scalars(select(OutboxMail.id).where(theirs)))
    db.session.execute(delete(OutboxMail).where(theirs))
    return mails
