"""What is still to be said: mails that wait for the worker, and the worker's sign of life."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from regapp.db import Model, UtcDateTime

_UNSENT = text("sent_at IS NULL AND failed_at IS NULL")
_NOT_SENT = text("sent_at IS NULL")
_FAILED = text("failed_at IS NOT NULL")
_ANNOUNCED = text("announcement_id IS NOT NULL")


class OutboxMail(Model):
    """One mail, written with the change that caused it. `facts` are as of that commit.

    `event_id` is None for mails about an account, which `account_id` then names.
    Waiting: neither `sent_at` nor `failed_at`. Claimed: `lease_until` in the future. Lower `priority` goes first.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "priority", "due_at", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
        Index("ix_outbox_failed", "failed_at", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("ix_outbox_event_id_id", "event_id", "id"),
        Index("ix_outbox_not_sent", "event_id", "id", sqlite_where=_NOT_SENT, postgresql_where=_NOT_SENT),
        Index("ix_outbox_registration_id_id", "registration_id", "id"),
        Index("ix_outbox_announcement_id", "announcement_id", sqlite_where=_ANNOUNCED, postgresql_where=_ANNOUNCED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"))
    message: Mapped[str] = mapped_column(String(40))
    lang: Mapped[str] = mapped_column(String(10))
    to_address: Mapped[str | None] = mapped_column(String(254))
    to_name: Mapped[str | None] = mapped_column(String(401))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    priority: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    announcement_id: Mapped[int | None] = mapped_column(ForeignKey("announcements.id"))


class Announcement(Model):
    """What organizers write to the people of a view. Its mails leave at `due_at`; until then it can be undone.

    `query`: the view, as in its address. `recipients`: addresses it was written for. `submission_hash`: of the form.
    """

    __tablename__ = "announcements"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(String(1000))
    recipients: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submission_hash: Mapped[str] = mapped_column(String(64), unique=True)


class Heartbeat(Model):
    """When a worker was last alive; one row per worker name."""

    __tablename__ = "heartbeats"

    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
