"""Forgetting people: what they told us goes, counts and the history of seats stay. Source: R18."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import String, case, cast, delete, or_, select, update

from regapp.db import AnyRow, db
from regapp.mail.messages import MARK, Message, compose
from regapp.mail.transport import file_name
from regapp.models import Consent, Event, OutboxMail, Party, Registration, Tag
from regapp.rules.states import LIVING, State
from regapp.rules.window import RETAINED
from regapp.services import contacts, current, events, records, registrations, waitlist
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
    """What was erased, and what is left to do once it is committed: `files` of mails are to be deleted."""

    people: int
    files: tuple[str, ...]


def erase(registration_id: int, *, actor: str, now: datetime) -> Erased:
    """Erase a person and send a receipt. Before the start the registration is cancelled first: the place goes on.

    A second time changes nothing. Raises: NotFound.
    """
    event, row = current.lock(registration_id)
    if row.erased_at is not None:
        return Erased(0, ())
    ends = State(row.state) in LIVING and now < event.starts_at
    if ends:
        registrations.cancel(registration_id, actor=actor, now=now)
    files = _forget(event, [row], actor=actor, now=now) + _forget_letters(event.id, row.contact_email)
    about = replace(waitlist.about(event, row), code="", name="", sequence=event.revision + row.revision + 1)
    facts = {"before": row.state, "entry": row.code} if ends else {}  # what calendars take out
    records.post([compose(Message.ERASED, about, now=now, **facts)])
    return Erased(1, files)


def erase_event(event_id: int, *, now: datetime) -> Erased:
    """Erase the people of an event whose time has come, a page of them, and what visitors wrote to its organizers.

    Nobody is written to. Raises: NotFound.
    """
    event = events.get(event_id)
    rows = db.session.execute(current.UNERASED.where(Registration.event_id == event_id).limit(PAGE)).all()
    letters = _forget_letters(event_id)
    return Erased(len(rows), (_forget(event, rows, actor="system", now=now) if rows else ()) + letters)


def list_due(*, now: datetime) -> list[int]:
    """Return the ids of events whose people are to be erased now."""
    over = or_(Event.retain_until <= now, Event.retain_until.is_(None) & (Event.ends_at <= now - RETAINED))
    left = select(Registration.id).where(Registration.event_id == Event.id, Registration.erased_at.is_(None))
    letters = select(OutboxMail.id).where(OutboxMail.event_id == Event.id, OutboxMail.message == Message.CONTACT)
    return list(db.session.scalars(select(Event.id).where(over, left.exists() | letters.exists()).order_by(Event.id)))


def forget_files(erased: Erased) -> None:
    """Delete the files of these mails. Call it when the erasure is committed."""
    folder = Path(current_app.config["INSTANCE_DIR"]) / "mail"
    for name in erased.files:
        (folder / name).unlink(missing_ok=True)


def _forget(event: EventFacts, rows: Sequence[AnyRow], *, actor: str, now: datetime) -> tuple[str, ...]:
    """Empty what names these people, in a few statements however many they are; return the files of their mails."""
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


def _forget_mails(ids: Sequence[int]) -> tuple[str, ...]:
    theirs = OutboxMail.registration_id.in_(ids)
    mails = db.session.execute(select(OutboxMail.id, OutboxMail.message).where(theirs)).all()
    db.session.execute(delete(OutboxMail).where(theirs))
    return tuple(file_name(id_, message) for id_, message in mails)


def _forget_letters(event_id: int, email: str | None = None) -> tuple[str, ...]:
    """Forget what was written to the organizers of an event, by the owner of this address or by anybody."""
    written = select(OutboxMail.id, OutboxMail.facts).where(
        OutboxMail.event_id == event_id, OutboxMail.message == Message.CONTACT
    )
    secrets = [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]
    marks = {contacts.writers_mark(email, secret) for secret in secrets} if email else None
    found = db.session.execute(written).all()
    letters = [id_ for id_, facts in found if marks is None or facts.get(MARK) in marks]
    if letters:
        db.session.execute(delete(OutboxMail).where(OutboxMail.id.in_(letters)))
    return tuple(file_name(id_, Message.CONTACT) for id_ in letters)
