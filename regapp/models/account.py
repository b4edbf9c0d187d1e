"""Who organizes: people with an account, and their role per event."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from regapp.db import Model, UtcDateTime


class Role(StrEnum):
    """What somebody may do at an event, most to least."""

    OWNER = "owner"
    MANAGER = "manager"
    DESK = "desk"
    VIEWER = "viewer"

    def includes(self, other: Role) -> bool:
        """Say whether whoever has this role may do what the other role may."""
        ranks = list(Role)
        return ranks.index(self) <= ranks.index(other)


class Account(Model):
    """A person who can sign in. `email` is in its comparable form (`rules.addresses.contact_key`).

    Raising `session_version` signs out everywhere and ends every link that sets a password. `totp_step`: the time step
    of the last one-time code, used once only. `reminded_at`: when a link was last sent to whoever forgot the password.
    """

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lang: Mapped[str] = mapped_column(String(10), server_default="en")
    session_version: Mapped[int] = mapped_column(server_default="0")
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Model):
    """One of the codes that stand in for a lost telephone; each opens once. Only its hash is stored."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("account_id", "hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Membership(Model):
    """One account's role at one event, and of what it wants to be told by mail."""

    __tablename__ = "memberships"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(20))
    tells_full: Mapped[bool] = mapped_column(server_default=true())
    tells_mail: Mapped[bool] = mapped_column(server_default=true())
    tells_digest: Mapped[bool] = mapped_column(server_default=false())
    digest_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
