"""Reading announcements, and what became of their mails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select, update

from regapp.db import AnyRow, db
from regapp.errors import NotFound
from regapp.mail.letters import Letter, Written
from regapp.mail.messages import Message
from regapp.models import Account, Announcement, OutboxMail, Party, Registration
from regapp.services import health
from regapp.services.events import EventFacts

LARGEST_ID = 2**31 - 1
LATE = 300
"""Seconds that a due mail may wait before we say that mails do not leave."""


@dataclass(frozen=True, slots=True)
class Announced:
    """An announcement and its mails. Units: mails. `waiting`: still to be sent, `troubled` of them refused once.

    `recipients`: for how many addresses it was written. `author`: who wrote it.
    """

    id: int
    subject: str
    body: str
    query: str
    recipients: int
    created_at: datetime
    due_at: datetime
    undone_at: datetime | None
    author: str
    waiting: int
    troubled: int
    sent: int
    failed: int

    @property
    def dropped(self) -> int:
        """Return how many mails are gone: called back, or their people erased or not meant any more."""
        return self.recipients - self.waiting - self.sent - self.failed


_unsent = OutboxMail.sent_at.is_(None) & OutboxMail.failed_at.is_(None)


def get(event_id: int, announcement_id: int) -> Announced:
    """Return an announcement of this event. Raises: NotFound."""
    if announcement_id > LARGEST_ID:
        raise NotFound
    row = db.session.execute(_announced(event_id).where(Announcement.id == announcement_id)).one_or_none()
    if row is None:
        raise NotFound
    return Announced(*row)


def list_all(event_id: int) -> list[Announced]:
    """Return the announcements of an event, the latest first."""
    return [Announced(*row) for row in db.session.execute(_announced(event_id).order_by(Announcement.id.desc()))]


def is_mail_stuck(*, now: datetime) -> bool:
    """Say whether mails do not leave at present: due ones wait, or no worker is there to send them."""
    silent = health.find_worker_age(now=now)
    return (
        silent is None
        or silent > health.WORKER_SILENT_AFTER
        or health.count_backlog(now=now).oldest_seconds > LATE
    )  # fmt: skip


def set_wanted(registration_id: int, *, wanted: bool, now: datetime) -> None:
    """Let somebody end messages from the organizers, or get them again. Never touches the registration."""
    ended = Party.announcements_ended_at
    party = select(Registration.party_id).where(Registration.id == registration_id).scalar_subquery()
    db.session.execute(
        update(Party)
        .where(Party.id == party, ended.is_not(None) if wanted else ended.is_(None))
        .values(announcements_ended_at=None if wanted else now)
    )


def letter_to(event: EventFacts, row: AnyRow, written: Written, *, now: datetime) -> Letter:
    """Return the mail that this person would get, to be looked at; it is stored nowhere."""
    return Letter(
        id=0, message=Message.ANNOUNCEMENT, lang=row.lang, to_address=row.contact_email, to_name=row.contact_name,
        facts={"code": row.code, "link_version": row.link_version, "sequence": 0, "state": row.state},
        created_at=now, attempts=0, lease_until=now, registered_at=None, slug=event.slug, tz=event.tz,
        starts_at=event.starts_at, ends_at=event.ends_at, closes_at=event.closes_at, serve_until=event.serve_until,
        change_until=event.change_until, online_url=None, contact_address=event.contact_address, texts=event.texts,
        size=event.size, announced_subject=written.subject, announced_body=written.body,
    )  # fmt: skip


def _announced(event_id: int) -> Select[*tuple[Any, ...]]:
    mails = (
        select(
            OutboxMail.announcement_id,
            func.sum(case((_unsent, 1), else_=0)).label("waiting"),
            func.sum(case((_unsent & OutboxMail.error.is_not(None), 1), else_=0)).label("troubled"),
            func.sum(case((OutboxMail.sent_at.is_not(None), 1), else_=0)).label("sent"),
            func.sum(case((OutboxMail.failed_at.is_not(None), 1), else_=0)).label("failed"),
        )
        .join(Announcement, Announcement.id == OutboxMail.announcement_id)
        .where(Announcement.event_id == event_id)
        .group_by(OutboxMail.announcement_id)
        .subquery()
    )
    counts = [func.coalesce(column, 0) for column in (mails.c.waiting, mails.c.troubled, mails.c.sent, mails.c.failed)]
    return (
        select(
            Announcement.id, Announcement.subject, Announcement.body, Announcement.query, Announcement.recipients,
            Announcement.created_at, Announcement.due_at, Announcement.undone_at, Account.name, *counts,
        )
        .join(Account, Account.id == Announcement.account_id)
        .outerjoin(mails, mails.c.announcement_id == Announcement.id)
        .where(Announcement.event_id == event_id)
    )  # fmt: skip
