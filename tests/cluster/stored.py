"""What a run left in the database, read at once when all is quiet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from regapp.db import db, snapshot, transaction
from regapp.models import Event, History, OutboxMail, Quota, Registration

AnyRow = Row[Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows of one event: its registrations, history and mails in order of their ids, and its number of places."""

    size: int
    registrations: Sequence[AnyRow]
    history: Sequence[AnyRow]
    mails: Sequence[AnyRow]

    def in_state(self, state: str) -> list[AnyRow]:
        """Return the registrations in this state."""
        return [row for row in self.registrations if row.state == state]

    def lines(self, action: str) -> list[AnyRow]:
        """Return the lines of the history about this, in order."""
        return [row for row in self.history if row.action == action]


def read(slug: str) -> Stored:
    """Read everything about an event, as of one moment."""
    with snapshot() as connection:
        event_id, size = connection.execute(
            select(Event.id, Quota.size).join(Quota, Quota.event_id == Event.id).where(Event.slug == slug)
        ).one()
        return Stored(
            size,
            _rows(connection, event_id, Registration, "id", "code", "email", "state", "queue_no", "link_version"),
            _rows(connection, event_id, History, "id", "registration_id", "action", "after", "numbers"),
            _rows(
                connection, event_id, OutboxMail, "id", "registration_id", "message", "lease_until", "sent_at",
                "failed_at", "attempts",
            ),
        )  # fmt: skip


def skip_pauses() -> None:
    """Let mails that were refused be tried now, as if their pause of minutes or hours were over. Leases stay."""
    waits = OutboxMail.sent_at.is_(None) & OutboxMail.lease_until.is_(None) & (OutboxMail.due_at > func.now())
    with transaction():
        db.session.execute(update(OutboxMail).where(waits).values(due_at=func.now()))


def _rows(connection: Connection, event_id: int, model: Any, *columns: str) -> Sequence[AnyRow]:
    wanted = select(*(getattr(model, column) for column in columns)).where(model.event_id == event_id)
    return connection.execute(wanted.order_by(model.id)).all()
