"""Rows that every change writes: lines of the history and mails of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert

from regapp.db import db, table
from regapp.models import History, OutboxMail

_HISTORY = insert(table(History))
_OUTBOX = insert(table(OutboxMail))


class Action(StrEnum):
    """What a history line says was done."""

    REGISTERED = "registered"
    PROMOTED = "promoted"
    CANCELLED = "cancelled"
    CHANGED = "changed"
    EXPIRED = "expired"
    ERASED = "erased"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    ANNOUNCED = "announced"
    ANNOUNCEMENT_UNDONE = "announcement_undone"
    NOTED = "noted"
    EVENT_CREATED = "event_created"
    EVENT_CHANGED = "event_changed"
    SETTINGS_CHANGED = "settings_changed"
    TEXTS_CHANGED = "texts_changed"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    ARCHIVED = "archived"
    EVENT_CANCELLED = "event_cancelled"
    RESIZED = "resized"
    TEAM_JOINED = "team_joined"
    TEAM_ROLE_CHANGED = "team_role_changed"
    TEAM_LEFT = "team_left"
    OVERBOOKED = "overbooked"
    IMPORTED = "imported"
    CATEGORY_CREATED = "category_created"
    CATEGORY_CHANGED = "category_changed"
    CATEGORY_DELETED = "category_deleted"
    RECATEGORISED = "recategorised"


def line(action: Action, *, event_id: int, actor: str, now: datetime, **values: Any) -> dict[str, Any]:
    """Return a history line, not yet stored. `values`: any of the table's other columns."""
    empty = {"registration_id": None, "quota_id": None, "before": None, "after": None, "reason": None, "numbers": None}
    return {**empty, "event_id": event_id, "action": action, "actor": actor, "at": now, **values}


def doer(actor: str) -> dict[str, bool]:
    """Return the fact by which a mail says that the organizers did it, not the person whom it goes to."""
    return {} if actor == "attendee" else {"by_organizers": True}


def remember(lines: Sequence[dict[str, Any]]) -> None:
    """Store history lines, in one statement."""
    db.session.execute(_HISTORY, list(lines))


def post(mails: Sequence[dict[str, Any]]) -> None:
    """Store mails to be sent, in one statement."""
    db.session.execute(_OUTBOX, list(mails))
