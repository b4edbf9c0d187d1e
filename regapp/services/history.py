"""Reading the history of an event: what happened, newest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from regapp.db import db
from regapp.models import Account, History, Registration
from regapp.services.records import Action

PAGE = 50
"""Lines read at a time."""
ACCOUNT = "account:"
"""What the actor of a line begins with, if it was an organizer; the number of the account follows."""


class Kind(StrEnum):
    """What a line is about: places given, freed, added or taken away; details of people; settings of the event."""

    SEATS = "seats"
    PEOPLE = "people"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and whom it is about: `code` is None for the event as a whole, `name` empty once a person is erased.

    `quota_id`: which limit it is about, if it is about one.

    `actor`: attendee, system, operator or `account:<id>`.
    """

    id: int
    at: datetime
    actor: str
    action: str
    before: str | None
    after: str | None
    reason: str | None
    numbers: dict[str, Any] | None
    code: str | None
    first_name: str | None
    last_name: str | None
    quota_id: int | None = None

    @property
    def name(self) -> str:
        """Return the names that there are, first name first."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


_of_people = History.registration_id.is_not(None)
_of_limits = History.quota_id.is_not(None)
_CONDITIONS: dict[Kind, ColumnElement[bool]] = {
    Kind.SEATS: History.after.is_not(None) | _of_limits,
    Kind.PEOPLE: and_(_of_people, History.after.is_(None)),
    Kind.SETTINGS: and_(~_of_people, ~_of_limits),
}
"""By what a line holds, not by its action: a new action finds its kind by itself."""
_LINES = select(
    History.id, History.at, History.actor, History.action, History.before, History.after, History.reason,
    History.numbers, Registration.code, Registration.first_name, Registration.last_name, History.quota_id,
).outerjoin(Registration, Registration.id == History.registration_id)  # fmt: skip


def list_lines(
    event_id: int, *, kind: Kind | None = None, before: int | None = None, limit: int = PAGE
) -> tuple[list[Line], bool]:
    """Return a page of lines, newest first, older than the line `before`; and whether there are more."""
    wanted = _LINES.where(History.event_id == event_id)
    if kind is not None:
        wanted = wanted.where(_CONDITIONS[kind])
    if before is not None:
        wanted = wanted.where(History.id < before)
    rows = db.session.execute(wanted.order_by(History.id.desc()).limit(limit + 1)).all()
    return [Line(*row) for row in rows[:limit]], len(rows) > limit


def list_sizes(quota_ids: Collection[int], *, limit: int = PAGE) -> list[Line]:
    """Return how limits were changed, and when they were passed, the latest first."""
    of_sizes = (History.quota_id.in_(quota_ids), History.action.in_((Action.RESIZED, Action.OVERBOOKED)))
    wanted = _LINES.where(*of_sizes).order_by(History.id.desc()).limit(limit)
    return [Line(*row) for row in db.session.execute(wanted)]


def name_accounts(lines: Sequence[Line]) -> dict[str, str]:
    """Return the names of the organizers who did something, or to whom it was done: as an actor → name."""
    accounts = {line.actor for line in lines if line.actor.startswith(ACCOUNT)}
    accounts |= {f"{ACCOUNT}{line.numbers['account']}" for line in lines if line.numbers and "account" in line.numbers}
    ids = {int(account.removeprefix(ACCOUNT)) for account in accounts}
    if not ids:
        return {}
    found = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    return {f"{ACCOUNT}{row.id}": row.name for row in found}
