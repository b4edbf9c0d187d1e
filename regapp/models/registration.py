"""Who takes part: parties, their registrations, what they agreed to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from regapp.db import Model, UtcDateTime


class OrganisationType(StrEnum):
    """What kind of organisation somebody comes from, where an event asks for it."""

    CLUSTER = "cluster"
    COMPANY = "company"
    REGION = "region"
    MINISTRY = "ministry"
    EU_INSTITUTION = "eu_institution"
    RESEARCH = "research"
    ASSOCIATION = "association"
    PRESS = "press"
    OTHER = "other"


class Party(Model):
    """The registrations made together by one contact; one person is a party of one.

    `contact_key` is the address in its comparable form while anybody in the party lives, else None.
    """

    __tablename__ = "parties"
    __table_args__ = (
        Index("uq_parties_contact", "event_id", "contact_key", unique=True),
        Index(
            "ix_parties_queue",
            "event_id",
            "queue_no",
            sqlite_where=text("queue_no IS NOT NULL"),
            postgresql_where=text("queue_no IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    contact_key: Mapped[str | None] = mapped_column(String(320))
    contact_name: Mapped[str] = mapped_column(String(401))
    contact_email: Mapped[str] = mapped_column(String(254))
    lang: Mapped[str] = mapped_column(String(10))
    submission_hash: Mapped[str] = mapped_column(String(64), unique=True)
    queue_no: Mapped[int | None]
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    announcements_ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_UNERASED = text("erased_at IS NULL")
TRIGRAMS = "ix_registrations_search_trigrams"
"""An index of `search_key` that only PostgreSQL has, and only where its extension pg_trgm may be used (0003)."""


def _listing(column: str, *beside: str) -> Index:
    """Return the index by which the table of people is sorted, or counted, without reading the people themselves.

    `beside`: what it is narrowed down by, found in the index too. Lists of 100,000 people need it.
    """
    columns = dict.fromkeys(["event_id", column, "id", *beside])
    return Index(f"ix_registrations_list_{column}", *columns, sqlite_where=_UNERASED, postgresql_where=_UNERASED)


_NARROWING = ("state", "country", "organisation_type", "lang", "registered_at", "erased_at", "category_id")
"""What a view is narrowed down by, beside words and tags. SQLite looks at `erased_at` even where it is known."""


class Registration(Model):
    """One person at one event. `code` is the reference people see; `link_version` makes old links die.

    `search_key`: what organizers search, and how they sort by name; `organisation_key`: how they sort by organisation
    (both from `rules.searching`); `lang`: the party's, here because lists are narrowed down by it; `note`: of the
    organizers, shown to nobody else.
    """

    __tablename__ = "registrations"
    __table_args__ = (
        Index("ix_registrations_figures", "event_id", "state", "country", "organisation_type"),
        _listing("id", *_NARROWING, "queue_no"),
        _listing("search_key", *_NARROWING),
        _listing("organisation_key", *_NARROWING),
        _listing("country", *_NARROWING),
        _listing("state", *_NARROWING),
        Index("ix_registrations_category_id_state", "category_id", "state"),
        Index(
            "ix_registrations_category_queue",
            "event_id",
            "category_id",
            "queue_no",
            sqlite_where=text("queue_no IS NOT NULL"),
            postgresql_where=text("queue_no IS NOT NULL"),
        ),
        Index(
            "ix_registrations_queue",
            "event_id",
            "queue_no",
            "id",
            *_NARROWING,
            sqlite_where=text("queue_no IS NOT NULL"),
            postgresql_where=text("queue_no IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("parties.id"), index=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    link_version: Mapped[int] = mapped_column(server_default="0")
    revision: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(String(20))
    queue_no: Mapped[int | None]
    first_name: Mapped[str | None] = mapped_column(String(200))
    last_name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    organisation: Mapped[str | None] = mapped_column(String(200))
    job_title: Mapped[str | None] = mapped_column(String(200))
    country: Mapped[str | None] = mapped_column(String(2))
    answers: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    organisation_type: Mapped[str | None] = mapped_column(String(20))
    search_key: Mapped[str | None] = mapped_column(Text)
    organisation_key: Mapped[str | None] = mapped_column(Text)
    lang: Mapped[str | None] = mapped_column(String(10))
    note: Mapped[str | None] = mapped_column(Text)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))


class Tag(Model):
    """A word that organizers put on a person, to find them by."""

    __tablename__ = "tags"
    __table_args__ = (Index("ix_tags_event_id_tag", "event_id", "tag", "registration_id"),)

    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))


class SavedView(Model):
    """A view of people that somebody comes back to. `query`: the part of its address after the question mark."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("event_id", "account_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(String(1000))


class Consent(Model):
    """What a person agreed to, in which version, when, and until when."""

    __tablename__ = "consents"

    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    version: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
