"""One person as organizers see them: the registration, notes and tags, what happened, which mails went out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from regapp.db import db
from regapp.errors import NotFound
from regapp.models import Consent, History, OutboxMail, Registration, Tag
from regapp.services.history import Line
from regapp.services.own import Own, get_own

MOST_MAILS = 200
MOST_LINES = 500
"""The latest of a person that are read."""


@dataclass(frozen=True, slots=True)
class Person:
    """A registration and what belongs to it. `tags` in their order; `agreed_at`: to the privacy notice, if kept."""

    own: Own
    note: str
    tags: tuple[str, ...]
    agreed_at: datetime | None
    agreed_to: str | None

    @property
    def name(self) -> str:
        """Return the names that there are, first name first."""
        return self.own.details.name


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to a person and its fate."""

    id: int
    message: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    attempts: int
    error: str | None


def get_person(event_id: int, code: str) -> Person:
    """Return the person with this reference. Raises: NotFound, at another event and once they are erased too."""
    own = get_own(code)
    if own.event.id != event_id:
        raise NotFound
    consent = db.session.execute(
        select(Consent.at, Consent.version).where(Consent.registration_id == own.id, Consent.kind == "privacy")
    ).one_or_none()
    note = db.session.scalar(select(Registration.note).where(Registration.id == own.id))
    return Person(
        own=own,
        note=note or "",
        tags=tuple(list_tags(own.id)),
        agreed_at=consent.at if consent else None,
        agreed_to=consent.version if consent else None,
    )


def list_tags(registration_id: int) -> list[str]:
    """Return the tags of a person, in their order."""
    found = select(Tag.tag).where(Tag.registration_id == registration_id).order_by(Tag.tag)
    return list(db.session.scalars(found))


def list_mails(registration_id: int) -> list[Mail]:
    """Return the mails to a person, the latest first."""
    found = (
        select(
            OutboxMail.id, OutboxMail.message, OutboxMail.created_at, OutboxMail.due_at, OutboxMail.sent_at,
            OutboxMail.failed_at, OutboxMail.attempts, OutboxMail.error,
        )
        .where(OutboxMail.registration_id == registration_id)
        .order_by(OutboxMail.id.desc())
        .limit(MOST_MAILS)
    )  # fmt: skip
    return [Mail(*row) for row in db.session.execute(found)]


def list_history(registration_id: int) -> list[Line]:
    """Return what happened to a person, the latest first."""
    found = (
        select(
            History.id, History.at, History.actor, History.action, History.before, History.after, History.reason,
            History.numbers, Registration.code, Registration.first_name, Registration.last_name,
        )
        .join(Registration, Registration.id == History.registration_id)
        .where(History.registration_id == registration_id)
        .order_by(History.id.desc())
        .limit(MOST_LINES)
    )  # fmt: skip
    return [Line(*row) for row in db.session.execute(found)]
