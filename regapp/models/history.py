"""What happened: an append-only record without personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from regapp.db import Model, UtcDateTime


class History(Model):
    """One change of a state or of a limit: who, when, what, why. Lines of one registration are in order of `id`."""

    __tablename__ = "history"
    __table_args__ = (
        Index("ix_history_registration_id_id", "registration_id", "id"),
        Index("ix_history_event_id_id", "event_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"))
    quota_id: Mapped[int | None] = mapped_column(ForeignKey("quotas.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(40))
    before: Mapped[str | None] = mapped_column(String(20))
    after: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(80))
    numbers: Mapped[dict[str, Any] | None] = mapped_column(JSON)
