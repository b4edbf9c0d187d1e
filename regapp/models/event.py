"""What is offered: events and their limits."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, text, true
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from regapp.db import Model, UtcDateTime


class EventStatus(StrEnum):
    """Drafts are seen by nobody outside; cancelled and archived events keep their pages.

    `WITHDRAWN`: called off and then archived.
    """

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"
    WITHDRAWN = "withdrawn"


CALLED_OFF = (EventStatus.CANCELLED, EventStatus.WITHDRAWN)
PUT_AWAY = (EventStatus.ARCHIVED, EventStatus.WITHDRAWN)


class RobotCheck(StrEnum):
    """How robots are kept from registering, beyond the field that only they fill in."""

    NONE = "none"
    WORK = "work"


class QuotaKind(StrEnum):
    """What a quota limits. The row of kind EVENT is the lock of its event."""

    EVENT = "event"
    CATEGORY = "category"


class Series(Model):
    """The editions of a recurring event. `texts`: language code → name, summary."""

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    texts: Mapped[dict[str, dict[str, Any]]] = mapped_column(JSON)


class Event(Model):
    """One occasion. `texts`: language code → name, kicker, summary, description (Markdown), venue and so on.

    `change_until`: details may be changed before it (None: before the start). `online_url`: for those who have a place.
    `contact_address`: where messages to the organizers go; shown to nobody. `retain_until`: then people are erased.
    `…_told_at`: when the organizers were last told that it is full (None once it is not), that mails fail.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    status: Mapped[str] = mapped_column(String(20))
    tz: Mapped[str] = mapped_column(String(60))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    serve_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fit: Mapped[str] = mapped_column(String(10), server_default="strict")
    waitlist_limit: Mapped[int | None]
    revision: Mapped[int] = mapped_column(server_default="0")
    texts: Mapped[dict[str, dict[str, Any]]] = mapped_column(JSON)
    change_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    online_url: Mapped[str | None] = mapped_column(String(500))
    contact_address: Mapped[str | None] = mapped_column(String(254))
    retain_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    robot_check: Mapped[str] = mapped_column(String(10), server_default="none")
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"), index=True)
    asks_organisation_type: Mapped[bool] = mapped_column(server_default=false())
    full_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mail_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def text_in(texts: dict[str, dict[str, Any]], key: str, lang: str) -> str:
    """Return one of an event's texts in this language, else in English, else in any; empty if there is none."""
    for found in (texts.get(lang, {}), texts.get("en", {}), *texts.values()):
        if found.get(key):
            return str(found[key])
    return ""


class Quota(Model):
    """One limit and how much of it is taken. Units: seats; `size` None is unlimited; `waiting` counts people.

    The event's own quota counts all who wait, also those who will need no seat of it.
    """

    __tablename__ = "quotas"
    __table_args__ = (
        Index(
            "uq_quotas_event",
            "event_id",
            unique=True,
            sqlite_where=text("kind = 'event'"),
            postgresql_where=text("kind = 'event'"),
        ),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("taken >= 0", name="taken"),
        CheckConstraint("waiting >= 0", name="waiting"),
        CheckConstraint("held >= 0", name="held"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    kind: Mapped[str] = mapped_column(String(20))
    size: Mapped[int | None]
    taken: Mapped[int] = mapped_column(server_default="0")
    waiting: Mapped[int] = mapped_column(server_default="0")
    held: Mapped[int] = mapped_column(server_default="0")
    last_seq: Mapped[int] = mapped_column(server_default="0")
    next_expiry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(server_default="0")


class Category(Model):
    """A kind of attendee that applicants choose. `texts`: language code → name, text; shown in the order of `rank`.

    `counts`: whether its people take seats of the event too; `hidden`: offered to nobody on public pages; `opens_at`,
    `closes_at`: its own window, within that of the event.
    """

    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    quota_id: Mapped[int] = mapped_column(ForeignKey("quotas.id"), unique=True)
    texts: Mapped[dict[str, dict[str, Any]]] = mapped_column(JSON)
    counts: Mapped[bool] = mapped_column(server_default=true())
    hidden: Mapped[bool] = mapped_column(server_default=false())
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rank: Mapped[int] = mapped_column(server_default="0")
