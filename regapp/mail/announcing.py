"""Announcements on their way: to whom they no longer go. Source: ADR 0012."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from regapp.db import AnyRow, db
from regapp.models import Announcement, Event, OutboxMail, Party, Registration
from regapp.models.event import CALLED_OFF

_MEANT = (
    select(
        OutboxMail.id, OutboxMail.facts, Registration.state, Registration.erased_at, Party.announcements_ended_at,
        Announcement.undone_at, Event.status,
    )
    .join(Announcement, Announcement.id == OutboxMail.announcement_id)
    .join(Registration, Registration.id == OutboxMail.registration_id)
    .join(Party, Party.id == Registration.party_id)
    .join(Event, Event.id == OutboxMail.event_id)
)  # fmt: skip


def withhold(ids: Sequence[int]) -> list[int]:
    """Delete those of these mails that announce to somebody who is not meant any more; return the others, in order.

    Not meant: who stands otherwise than when it was written (has cancelled, has got a place), who was
    erased or has ended announcements, everybody once it was undone or the event was called off.
    """
    found = db.session.execute(_MEANT.where(OutboxMail.id.in_(ids)))
    gone = {row.id for row in found if not _is_meant(row)}
    if gone:
        db.session.execute(delete(OutboxMail).where(OutboxMail.id.in_(gone)))
    return [id_ for id_ in ids if id_ not in gone]


def _is_meant(row: AnyRow) -> bool:
    stands = row.state == row.facts.get("state")
    ended = row.erased_at or row.announcements_ended_at or row.undone_at or row.status in CALLED_OFF
    return stands and not ended
