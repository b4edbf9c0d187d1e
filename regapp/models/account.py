"""Who organizes: people with an account, and their role per event."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from regapp.db import Model, UtcDateTime


class Role(StrEnum):
    """What somebody may do at an event, most to least."""

    OWNER = "owner"
    MANAGER = "manager"
    DESK = "desk"
    VIEWER = "viewer"


class Account(Model):
    """A person who can sign in."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Membership(Model):
    """One account's role at one event."""

    __tablename__ = "memberships"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(20))
